/** The list of tunes: only visible rows, and some around them, are in the document. */

import { ListHead } from "./list-head.js";
import { cloneRow, TuneRow } from "./row.js";

/** A list of at most this many tunes is in the document completely. */
const SHORT = 100;

/** Rows of a longer list that are in the document above and below the visible ones. */
const MARGIN = 24;

/** @type {Record<string, number>} */
const SIDEWAYS = { ArrowRight: 1, ArrowLeft: -1 };

export class TuneList {
  #collection;
  #scroller;
  #space;
  #table;
  #body;
  #count = 0;
  #from = 0;
  /** @type {TuneRow[]} */
  #rows = [];
  #height = 44;
  #head = 0;
  #active = 0;
  #current = "";
  /** @type {Set<string>} */
  #liked = new Set();
  #disliked = new Set();
  /** @type {{row: TuneRow, element: HTMLElement, sidPath: string} | null} */
  #reasons = null;
  #stale = false;
  /** @type {Promise<void> | null} */
  #busy = null;

  /**
   * @param {import("./collection.js").Collection} collection  its view is shown
   * @param {HTMLElement} scroller  contains an element that gets the list's height, which contains a table
   */
  constructor(collection, scroller) {
    this.#collection = collection;
    this.#scroller = scroller;
    this.#space = /** @type {HTMLElement} */ (scroller.firstElementChild);
    this.#table = /** @type {HTMLTableElement} */ (scroller.querySelector("table"));
    this.#body = this.#table.tBodies[0];
    this.head = new ListHead(/** @type {HTMLElement} */ (this.#table.tHead));
    scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    scroller.addEventListener("keydown", (event) => this.#onKeyDown(event));
    scroller.addEventListener("focusin", (event) => this.#onFocusIn(event));
    collection.on("analyzed", () => this.refresh());
    new ResizeObserver(() => this.#measure()).observe(scroller);
  }

  /**
   * Show the collection's view after a change.
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

  /**
   * Mark the playing tune.
   * @param {string} sidPath
   */
  mark(sidPath) {
    this.#current = sidPath;
    for (const row of this.#rows) row.mark(row.sidPath === sidPath);
  }

  /**
   * Mark the tunes that the listener likes, and those that they dislike.
   * @param {string[]} liked  `sidPath`s
   * @param {string[]} disliked
   */
  showJudgments(liked, disliked) {
    this.#liked = new Set(liked);
    this.#disliked = new Set(disliked);
    for (const row of this.#rows) row.markJudged(this.#liked, this.#disliked);
  }

  /**
   * Open a row for reasons below a tune.
   * @param {string} sidPath
   * @returns {Element | null} the element to fill; null if the tune isn't shown
   */
  openReasons(sidPath) {
    this.closeReasons();
    const row = this.#rows.find((row) => row.sidPath === sidPath);
    if (!row) return null;
    const element = cloneRow("why-row");
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
    this.#table.setAttribute("aria-rowcount", String(this.#count + 1));
  }

  /** Whether a row has the focus, or the list while that row isn't in the document. */
  get #hasFocus() {
    const focused = document.activeElement;
    return this.#scroller.contains(focused) && !this.#table.tHead?.contains(focused);
  }

  /**
   * @param {number} position
   * @returns {TuneRow | undefined}
   */
  #rowAt(position) {
    return this.#rows[position - this.#from];
  }

  /** @param {string} sidPath  of the active tune, which stays in sight */
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

  /** @returns {[number, number]} the first visible position, and the one after the last */
  #visibleRange() {
    const first = Math.floor(this.#scroller.scrollTop / this.#height);
    return [first, first + Math.ceil(this.#scroller.clientHeight / this.#height)];
  }

  /**
   * @returns {[number, number]} the range of positions for the document; its size is constant, so that rows needn't be
   *   added
   */
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

  /**
   * @param {number} from  position of the first tune
   * @param {import("./row.js").ListedTune[]} tunes
   */
  #render(from, tunes) {
    const focus = this.#hasFocus;
    this.#from = from;
    this.#setRowCount(tunes.length);
    tunes.forEach((tune, number) => {
      const row = this.#rows[number];
      if (row === this.#reasons?.row && tune.sidPath !== this.#reasons.sidPath) this.closeReasons();
      row.show(tune, from + number);
      row.mark(tune.sidPath === this.#current);
      row.markJudged(this.#liked, this.#disliked);
      row.activate(from + number === this.#active);
    });
    this.layout();
    if (!this.#head) this.#measure();
    if (focus) this.#focus();
  }

  /** @param {number} count  of rows in the document */
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
      this.#head = this.#table.tHead?.offsetHeight ?? 0;
      this.layout();
    }
    this.#onScroll();
  }

  /** @param {FocusEvent} event */
  #onFocusIn({ target }) {
    const row = /** @type {Element} */ (target).closest("tr[data-path]");
    if (row) this.#activate(Number(row.getAttribute("aria-rowindex")) - 2);
  }

  /** @param {number} position */
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

  /** @param {KeyboardEvent} event */
  #onKeyDown(event) {
    const page = Math.max(1, Math.floor(this.#rowsHeight / this.#height) - 1);
    /** @type {Record<string, number>} */
    const moves = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.#count,
      End: this.#count,
    };
    const target = /** @type {Element} */ (event.target);
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (target.closest("thead")) this.#onHeadKey(event, target);
    else if (event.key === "ArrowUp" && this.#active === 0) {
      event.preventDefault();
      this.head.focus();
    } else if (event.key in moves) {
      event.preventDefault();
      this.#moveTo(this.#active + moves[event.key]);
    } else if (event.key in SIDEWAYS) this.#rowAt(this.#active)?.move(target, SIDEWAYS[event.key]);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Element} target
   */
  #onHeadKey(event, target) {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      this.#moveTo(this.#active);
    } else if (event.key in SIDEWAYS) this.head.move(target, SIDEWAYS[event.key]);
  }

  /** Height of the scroller without the head. */
  get #rowsHeight() {
    return this.#scroller.clientHeight - this.#head;
  }

  /** @param {number} position */
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
