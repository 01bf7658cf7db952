/** The head of the list: a click on a column sorts by it, the next one the other way round, the third no more. */

/** Names of orders, as the preferences have them. */
const LISTED = "catalog";
const REVERSED = "-reversed";

/** The column that shows the highest values first, unless it is reversed. */
const BEST_FIRST = "for-you";

export class ListHead {
  #cells;
  #order = LISTED;
  /** @type {(order: string) => void} */
  #onSort = () => {};

  /** @param {HTMLElement} head  has a button in each cell */
  constructor(head) {
    this.#cells = /** @type {HTMLElement[]} */ ([...head.querySelectorAll("th[data-order]")]);
    head.addEventListener("click", ({ target }) => this.#onClick(/** @type {Element} */ (target)));
    head.addEventListener("focusin", ({ target }) => this.#activate(/** @type {Element} */ (target)));
    this.#activate(this.#buttons[0]);
  }

  /** @param {(order: string) => void} onSort  receives the order that the listener chooses */
  onSort(onSort) {
    this.#onSort = onSort;
  }

  /** @param {string} order  of the list */
  show(order) {
    this.#order = order;
    for (const cell of this.#cells) {
      const way = [cell.dataset.order, cell.dataset.order + REVERSED].indexOf(order);
      const first = cell.dataset.order === BEST_FIRST ? "descending" : "ascending";
      const second = cell.dataset.order === BEST_FIRST ? "ascending" : "descending";
      if (way < 0) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", way ? second : first);
    }
  }

  /** Focus the button that the Tab key reaches. */
  focus() {
    this.#buttons.find(({ tabIndex }) => tabIndex === 0)?.focus();
  }

  /**
   * @param {Element} button  of the head, which has the focus
   * @param {number} step  columns to go
   */
  move(button, step) {
    const buttons = this.#buttons.filter((button) => button.offsetParent);
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (button)) + step;
    buttons[at]?.focus();
  }

  get #buttons() {
    return this.#cells.flatMap((cell) => cell.querySelector("button") ?? []);
  }

  /** @param {Element} target */
  #activate(target) {
    for (const button of this.#buttons) button.tabIndex = button === target ? 0 : -1;
  }

  /** @param {Element} target */
  #onClick(target) {
    const column = target.closest("button") && target.closest("th")?.dataset.order;
    if (!column) return;
    if (this.#order === column) this.#onSort(column + REVERSED);
    else this.#onSort(this.#order === column + REVERSED ? LISTED : column);
  }
}
