/** The list of tunes: only visible rows, and some around them, are in the document. */

import { TuneRow } from "./row.js";

/** A list of at most this many tunes is in the document completely. */
const SHORT = 100;

/** Rows of a longer list that are in the document above and below the visible ones. */
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
   * @param {import("./collection.js").Collection} collection  its view is shown
   * @param {HTMLElement} scroller  contains an element that gets the list's height, which contains a table
   */
  constructor(collection, scroller) {
    this.#collection = collection;
    this.#scroller = scroller;
    this.#space = scroller.firstElementChild;
    this.#table = scroller.querySelector("table");
    this.#body = this.#table.tBodies[0];
    scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    scroller.addEventListener("keydown", (event) => this.#onKeyDown(event));
    scroller.addEventListener("focusin", (event) => this.#onFocusIn(event));
    collection.on("analyzed", () => this.refresh());
    new ResizeObserver(() => this.#measure()).observe(scroller);
  }

  /**
   * Show the collection's view after a change.
   *
   * @param {number} count  of the view's tunes
   * @param {boolean} fromTop  scroll to the top; else scroll position and focus stay at the same tune
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

  /** Fetch the shown tunes again, because their data may have changed. */
  refresh() {
    this.#stale = true;
    this.#busy ??= this.#catchUp();
    return this.#busy;
  }

  /** Mark the playing tune. */
  mark(sidPath) {
    this.#current = sidPath;
    for (const row of this.#rows) row.mark(row.sidPath === sidPath);
  }

  /** @returns {HTMLElement | null} an open element below the tune, for its reasons; null if the tune isn't shown */
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
    this.layout();
  }

  /** Update the height of the list. Must also be called after reasons were filled in. */
  layout() {
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
      this.layout();
      const [from, to] = this.#range();
      this.#render(from, await this.#collection.call("slice", { from, to }));
    }
    this.#busy = null;
  }

  /** The first visible position, and the one after the last. */
  #visibleRange() {
    const first = Math.floor(this.#scroller.scrollTop / this.#height);
    return [first, first + Math.ceil(this.#scroller.clientHeight / this.#height)];
  }

  /** The range of positions for the document. Its size is constant, so that rows need not be added. */
  #range() {
    if (this.#count <= SHORT) return [0, this.#count];
    const [first, last] = this.#visibleRange();
    const rows = last - first + 2 * MARGIN;
    const from = Math.max(0, Math.min(first - MARGIN, this.#count - rows));
    return [from, Math.min(this.#count, from + rows)];
  }

  #onScroll() {
    const [first, last] = this.#visibleRange();
    const above = Math.max(0, first - MARGIN / 2);
    const below = Math.min(this.#count, last + MARGIN / 2);
    if (above < this.#from || below > this.#from + this.#rows.length) this.refresh();
  }

  #render(from, tunes) {
    const focus = this.#hasFocus;
    this.#from = from;
    this.#setRowCount(tunes.length);
    tunes.forEach((tune, number) => {
      const row = this.#rows[number];
      if (row === this.#reasons?.row && tune.sidPath !== this.#reasons.sidPath) this.closeReasons();
      row.show(tune, from + number);
      row.mark(tune.sidPath === this.#current);
      row.activate(from + number === this.#active);
    });
    this.layout();
    if (!this.#head) this.#measure();
    if (focus) this.#focus();
  }

  /** Add or remove rows in the document. */
  #setRowCount(count) {
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

  /** Measure the heights of rows and head. This forces a layout, so it isn't done at each change. */
  #measure() {
    const { height } = this.#rows[0]?.element.getBoundingClientRect() ?? { height: 0 };
    if (height) {
      this.#height = height;
      this.#head = this.#table.tHead.offsetHeight;
      this.layout();
    }
    this.#onScroll();
  }

  #onFocusIn({ target }) {
    const row = target.closest("tr[data-path]");
    if (row) this.#activate(Number(row.getAttribute("aria-rowindex")) - 2);
  }

  #activate(position) {
    this.#rowAt(this.#active)?.activate(false);
    this.#active = position;
    this.#rowAt(position)?.activate(true);
  }

  /** Focus the active row, or the whole list while that row isn't in the document. */
  #focus() {
    const row = this.#rowAt(this.#active);
    if (!row) this.#scroller.focus({ preventScroll: true });
    else if (!row.element.contains(document.activeElement)) row.tune.focus({ preventScroll: true });
  }

  #onKeyDown(event) {
    const page = Math.max(1, Math.floor(this.#rowsHeight / this.#height) - 1);
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

  /** Height of the scroller without the head. */
  get #rowsHeight() {
    return this.#scroller.clientHeight - this.#head;
  }

  async #moveTo(position) {
    this.#activate(Math.max(0, Math.min(position, this.#count - 1)));
    const top = this.#active * this.#height;
    const { scrollTop } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#height > scrollTop + this.#rowsHeight) {
      this.#scroller.scrollTop = top + this.#height - this.#rowsHeight;
    }
    if (!this.#rowAt(this.#active)) await this.refresh();
    this.#focus();
  }
}
