// The list of tunes: only the rows in sight, and some around them, are in the document.

/** Rows that are kept ready above and below those in sight. */
const MARGIN = 64;

const UNKNOWN = "–:––";

export class TuneList {
  #collection;
  #scroller;
  #space;
  #table;
  #body;
  #count = 0;
  #from = 0;
  #rows = new Map();
  /** What each row shows: filling it again with the same would cost as much. */
  #shown = new WeakMap();
  #height = 44;
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
    new ResizeObserver(() => this.#scrolled()).observe(scroller);
  }

  /**
   * Show the collection's view, which has changed.
   * @param {number} count of its tunes
   * @param {boolean} fromTop it is another view; else the same place stays in sight, and the focus on its tune
   */
  async show(count, fromTop) {
    const path = this.#rows.get(this.#active)?.dataset.path;
    this.#count = count;
    if (fromTop) {
      this.closeReasons();
      this.#scroller.scrollTop = this.#active = 0;
    } else if (path && this.#hasFocus) await this.#follow(path);
    this.#active = Math.max(0, Math.min(this.#active, count - 1));
    await this.refresh();
  }

  /** Mark the tune that plays. */
  mark(sidPath) {
    this.#current = sidPath;
    for (const row of this.#rows.values()) this.#showCurrent(row);
  }

  /** @returns {HTMLElement | null} the place for the reasons of a tune, opened below it; null if it is not here */
  openReasons(sidPath) {
    this.closeReasons();
    const row = [...this.#rows.values()].find((row) => row.dataset.path === sidPath);
    if (!row) return null;
    const reasons = document.getElementById("why-row").content.cloneNode(true).firstElementChild;
    row.after(reasons);
    row.querySelector(".why").setAttribute("aria-expanded", "true");
    this.#reasons = { row, reasons, sidPath };
    return reasons.firstElementChild;
  }

  closeReasons() {
    this.#reasons?.reasons.remove();
    this.#reasons?.row.querySelector(".why").setAttribute("aria-expanded", "false");
    this.#reasons = null;
    this.place();
  }

  get #hasFocus() {
    return this.#scroller.contains(document.activeElement);
  }

  async #follow(sidPath) {
    const position = await this.#collection.call("position", { sidPath });
    if (position < 0) return;
    this.#scroller.scrollTop += (position - this.#active) * this.#height;
    this.#active = position;
  }

  /** Show the same tunes anew: what is said of them may have changed. */
  refresh() {
    this.#stale = true;
    this.#busy ??= this.#catchUp();
    return this.#busy;
  }

  async #catchUp() {
    while (this.#stale) {
      this.#stale = false;
      this.place();
      const [from, to] = this.#wanted(MARGIN);
      this.#lay(from, await this.#collection.call("slice", { from, to }));
    }
    this.#busy = null;
  }

  /** Positions in sight, and `margin` more at either side. */
  #wanted(margin) {
    const first = Math.floor(this.#scroller.scrollTop / this.#height);
    const last = first + Math.ceil(this.#scroller.clientHeight / this.#height);
    return [Math.max(0, Math.min(first, this.#count) - margin), Math.min(this.#count, last + margin)];
  }

  #scrolled() {
    const [from, to] = this.#wanted(MARGIN / 2);
    if (from < this.#from || to > this.#from + this.#rows.size) this.refresh();
  }

  /** Put these tunes into the table; rows that stay are not moved, lest they lose the focus. */
  #lay(from, tunes) {
    const focus = this.#hasFocus;
    for (const [position, row] of this.#rows) {
      if (position < from || position >= from + tunes.length) this.#drop(position, row);
    }
    let next = this.#body.firstElementChild;
    tunes.forEach((tune, number) => {
      const row = this.#rowAt(from + number);
      if (row === next) next = row.nextElementSibling;
      else this.#body.insertBefore(row, next);
      this.#fill(row, tune, from + number);
      if (next && next === this.#reasons?.reasons) next = next.nextElementSibling;
    });
    this.#from = from;
    this.#measure();
    this.place();
    if (focus) this.#focus();
  }

  #drop(position, row) {
    if (row === this.#reasons?.row) this.closeReasons();
    if (row.contains(document.activeElement)) this.#scroller.focus({ preventScroll: true });
    row.remove();
    this.#rows.delete(position);
  }

  #rowAt(position) {
    if (!this.#rows.has(position)) {
      this.#rows.set(position, document.getElementById("tune-row").content.cloneNode(true).firstElementChild);
    }
    return this.#rows.get(position);
  }

  #fill(row, tune, position) {
    if (row === this.#reasons?.row && tune.sidPath !== this.#reasons.sidPath) this.closeReasons();
    const shown = JSON.stringify(tune);
    if (this.#shown.get(row) !== shown) fill(row, tune, position);
    this.#shown.set(row, shown);
    this.#showCurrent(row);
    this.#showActive(row, position);
  }

  #showCurrent(row) {
    if (row.dataset.path === this.#current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }

  #showActive(row, position) {
    for (const button of row.querySelectorAll("button")) button.tabIndex = position === this.#active ? 0 : -1;
  }

  #measure() {
    const { height } = this.#body.firstElementChild?.getBoundingClientRect() ?? { height: 0 };
    if (height && height !== this.#height) {
      this.#height = height;
      this.#scrolled();
    }
  }

  /** Give the list its height; to be called too when reasons were filled in. */
  place() {
    const more = this.#reasons?.reasons.offsetHeight ?? 0;
    this.#space.style.height = `${this.#table.tHead.offsetHeight + this.#count * this.#height + more}px`;
    this.#table.style.marginTop = `${this.#from * this.#height}px`;
    this.#table.setAttribute("aria-rowcount", this.#count + 1);
  }

  #focused({ target }) {
    const row = target.closest("tr[data-path]");
    if (row) this.#activate(Number(row.getAttribute("aria-rowindex")) - 2);
  }

  #activate(position) {
    this.#active = position;
    for (const [at, row] of this.#rows) this.#showActive(row, at);
  }

  /** Give the focus to the active row, if it is in the document and has it not. */
  #focus() {
    const row = this.#rows.get(this.#active);
    if (row && !row.contains(document.activeElement))
      row.querySelector(".tune").focus({ preventScroll: true });
  }

  #pressed(event) {
    const page = Math.max(1, Math.floor(this.#seen / this.#height) - 1);
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
      const aim = event.key === "ArrowRight" ? ".why:not([hidden])" : ".tune";
      this.#rows.get(this.#active)?.querySelector(aim)?.focus({ preventScroll: true });
    }
  }

  /** Pixels of the scroller that rows can use. */
  get #seen() {
    return this.#scroller.clientHeight - this.#table.tHead.offsetHeight;
  }

  async #moveTo(position) {
    this.#activate(Math.max(0, Math.min(position, this.#count - 1)));
    const top = this.#active * this.#height;
    const { scrollTop } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#height > scrollTop + this.#seen)
      this.#scroller.scrollTop = top + this.#height - this.#seen;
    if (!this.#rows.has(this.#active)) {
      this.#scroller.focus({ preventScroll: true });
      await this.refresh();
    }
    this.#focus();
  }
}

function fill(row, tune, position) {
  row.dataset.path = tune.sidPath;
  row.setAttribute("aria-rowindex", position + 2); // The head is the first.
  row.querySelector(".name").textContent = tune.title;
  row.querySelector(".author").textContent = tune.author;
  row.querySelector(".length").textContent = minutes(tune.length);
  fillPrediction(row, tune);
}

function fillPrediction(row, { title, prediction }) {
  ["e", "m", "c", "p"].forEach((name, number) => {
    const cell = row.querySelector(`td.${name}`);
    cell.style.setProperty("--level", prediction ? (prediction[number] - 1) / 4 : 0);
    if (name !== "p") cell.textContent = prediction ? prediction[number].toFixed(1) : "";
  });
  const why = row.querySelector(".why");
  why.hidden = !prediction;
  if (!prediction) return;
  why.textContent = prediction[3].toFixed(1);
  why.setAttribute("aria-label", `Why ${why.textContent} for ${title}?`);
}

function minutes(seconds) {
  if (seconds === null) return UNKNOWN;
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
