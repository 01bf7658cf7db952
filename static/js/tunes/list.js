// The list of tunes: only the rows in sight, and some around them, are in the document.

import { TuneRow } from "./row.js";

/** A list of so many tunes is in the document whole. */
const SHORT = 100;

/** Rows of a longer one that are kept ready above and below those in sight. */
const MARGIN = 24;

export class TuneList {
  #collection;
  #scroller;
  #space;
  #table;
  #body;
  #count = 0;
  #from = 0;
  #rows = [];
  #height = 44;
  #head = 0;
  #active = 0;
  #current = "";
  #reasons = null;
  #stale = false;
  #busy = null;

  /**
   * @param {import("./collection.js").Collection} collection whose view is shown
   * @param {HTMLElement} scroller around an element that is given the whole list's height, around a table
   */
  constructor(collection, scroller) {
    this.#collection = collection;
    this.#scroller = scroller;
    this.#space = scroller.firstElementChild;
    this.#table = scroller.querySelector("table");
    this.#body = this.#table.tBodies[0];
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroller.addEventListener("keydown", (event) => this.#pressed(event));
    scroller.addEventListener("focusin", (event) => this.#focused(event));
    collection.on("learned", () => this.refresh());
    new ResizeObserver(() => this.#measure()).observe(scroller);
  }

  /**
   * Show the collection's view, which has changed.
   * @param {number} count of its tunes
   * @param {boolean} fromTop it is another view; else the same place stays in sight, and the focus on its tune
   */
  async show(count, fromTop) {
    const path = this.#rowAt(this.#active)?.sidPath;
    this.#count = count;
    if (fromTop) {
      this.closeReasons();
      this.#scroller.scrollTop = this.#active = 0;
    } else if (path && this.#hasFocus) await this.#follow(path);
    this.#active = Math.max(0, Math.min(this.#active, count - 1));
    await this.refresh();
  }

  /** Show the same tunes anew: what is said of them may have changed. */
  refresh() {
    this.#stale = true;
    this.#busy ??= this.#catchUp();
    return this.#busy;
  }

  /** Mark the tune that plays. */
  mark(sidPath) {
    this.#current = sidPath;
    for (const row of this.#rows) row.mark(row.sidPath === sidPath);
  }

  /** @returns {HTMLElement | null} the place for the reasons of a tune, opened below it; null if it is not here */
  openReasons(sidPath) {
    this.closeReasons();
    const row = this.#rows.find((row) => row.sidPath === sidPath);
    if (!row) return null;
    const element = document.getElementById("why-row").content.cloneNode(true).firstElementChild;
    row.element.after(element);
    row.why.setAttribute("aria-expanded", "true");
    this.#reasons = { row, element, sidPath };
    return element.firstElementChild;
  }

  closeReasons() {
    this.#reasons?.element.remove();
    this.#reasons?.row.why.setAttribute("aria-expanded", "false");
    this.#reasons = null;
    this.place();
  }

  /** Give the list its height; to be called too when reasons were filled in. */
  place() {
    const more = this.#reasons?.element.offsetHeight ?? 0;
    this.#space.style.height = `${this.#head + this.#count * this.#height + more}px`;
    this.#table.style.marginTop = `${this.#from * this.#height}px`;
    this.#table.setAttribute("aria-rowcount", this.#count + 1);
  }

  get #hasFocus() {
    return this.#scroller.contains(document.activeElement);
  }

  #rowAt(position) {
    return this.#rows[position - this.#from];
  }

  async #follow(sidPath) {
    const position = await this.#collection.call("position", { sidPath });
    if (position < 0) return;
    this.#scroller.scrollTop += (position - this.#active) * this.#height;
    this.#active = position;
  }

  async #catchUp() {
    while (this.#stale) {
      this.#stale = false;
      this.place();
      const [from, to] = this.#window();
      this.#lay(from, await this.#collection.call("slice", { from, to }));
    }
    this.#busy = null;
  }

  /** The first position in sight, and that after the last one. */
  #inSight() {
    const first = Math.floor(this.#scroller.scrollTop / this.#height);
    return [first, first + Math.ceil(this.#scroller.clientHeight / this.#height)];
  }

  /** Positions that must be in the document: always as many, so that no row need be added. */
  #window() {
    if (this.#count <= SHORT) return [0, this.#count];
    const [first, last] = this.#inSight();
    const rows = last - first + 2 * MARGIN;
    const from = Math.max(0, Math.min(first - MARGIN, this.#count - rows));
    return [from, Math.min(this.#count, from + rows)];
  }

  #scrolled() {
    const [first, last] = this.#inSight();
    const above = Math.max(0, first - MARGIN / 2);
    const below = Math.min(this.#count, last + MARGIN / 2);
    if (above < this.#from || below > this.#from + this.#rows.length) this.refresh();
  }

  #lay(from, tunes) {
    const focus = this.#hasFocus;
    this.#from = from;
    this.#have(tunes.length);
    tunes.forEach((tune, number) => {
      const row = this.#rows[number];
      if (row === this.#reasons?.row && tune.sidPath !== this.#reasons.sidPath) this.closeReasons();
      row.show(tune, from + number);
      row.mark(tune.sidPath === this.#current);
      row.activate(from + number === this.#active);
    });
    this.place();
    if (!this.#head) this.#measure();
    if (focus) this.#focus();
  }

  /** Have so many rows in the document. */
  #have(count) {
    while (this.#rows.length < count) {
      const row = new TuneRow();
      this.#rows.push(row);
      this.#body.append(row.element);
    }
    for (const row of this.#rows.splice(count)) {
      if (row === this.#reasons?.row) this.closeReasons();
      row.element.remove();
    }
  }

  /** Learn the heights from the document. Asking for them makes the browser lay it out, so not at each change. */
  #measure() {
    const { height } = this.#rows[0]?.element.getBoundingClientRect() ?? { height: 0 };
    if (height) {
      this.#height = height;
      this.#head = this.#table.tHead.offsetHeight;
      this.place();
    }
    this.#scrolled();
  }

  #focused({ target }) {
    const row = target.closest("tr[data-path]");
    if (row) this.#activate(Number(row.getAttribute("aria-rowindex")) - 2);
  }

  #activate(position) {
    this.#rowAt(this.#active)?.activate(false);
    this.#active = position;
    this.#rowAt(position)?.activate(true);
  }

  /** Give the focus to the active row; to the whole list, as long as that row is not in the document. */
  #focus() {
    const row = this.#rowAt(this.#active);
    if (!row) this.#scroller.focus({ preventScroll: true });
    else if (!row.element.contains(document.activeElement)) row.tune.focus({ preventScroll: true });
  }

  #pressed(event) {
    const page = Math.max(1, Math.floor(this.#forRows / this.#height) - 1);
    const moves = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.#count,
      End: this.#count,
    };
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in moves) {
      event.preventDefault();
      this.#moveTo(this.#active + moves[event.key]);
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this.#rowAt(this.#active)?.[event.key === "ArrowRight" ? "why" : "tune"].focus({ preventScroll: true });
    }
  }

  /** Pixels of the scroller that rows can use. */
  get #forRows() {
    return this.#scroller.clientHeight - this.#head;
  }

  async #moveTo(position) {
    this.#activate(Math.max(0, Math.min(position, this.#count - 1)));
    const top = this.#active * this.#height;
    const { scrollTop } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#height > scrollTop + this.#forRows) {
      this.#scroller.scrollTop = top + this.#height - this.#forRows;
    }
    if (!this.#rowAt(this.#active)) await this.refresh();
    this.#focus();
  }
}
