/** The menu of a row: one for all rows, at the row's button, or at the row with the key for menus. */

import { element } from "./elements.js";

/** Distance of the menu from the edges of the window. */
const EDGE = 8;

export class RowMenu {
  #menu = element("row-menu");
  #sidPath = "";
  /** @type {HTMLElement | null} */
  #opener = null;

  /**
   * @param {HTMLElement} list  contains the rows
   * @param {(action: string, sidPath: string) => void} onAction
   */
  constructor(list, onAction) {
    list.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest("button.menu");
      if (button) this.#open(/** @type {HTMLElement} */ (button));
    });
    list.addEventListener("keydown", (event) => {
      const isMenuKey = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
      const row = isMenuKey && /** @type {Element} */ (event.target).closest("tr[data-path]");
      if (!row) return;
      event.preventDefault();
      this.#open(/** @type {HTMLElement} */ (row.querySelector("button.menu")));
    });
    this.#menu.addEventListener("keydown", (event) => this.#onKey(event));
    this.#menu.addEventListener("click", ({ target }) => {
      const item = /** @type {HTMLElement | null} */ (
        /** @type {Element} */ (target).closest("[role=menuitem]")
      );
      if (!item) return;
      this.#close();
      onAction(item.dataset.action ?? "", this.#sidPath);
    });
    this.#menu.addEventListener("toggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === "closed")
        this.#opener?.removeAttribute("aria-expanded");
    });
  }

  /** @param {HTMLElement} button  of the row */
  #open(button) {
    const row = /** @type {HTMLElement} */ (button.closest("tr"));
    this.#sidPath = row.dataset.path ?? "";
    this.#opener = button;
    button.setAttribute("aria-expanded", "true");
    this.#item("like").textContent = row.hasAttribute("data-liked") ? "Take like back" : "Like";
    this.#item("undislike").hidden = !row.hasAttribute("data-disliked");
    const isFavorite = row.hasAttribute("data-favorite");
    this.#item("favorite").hidden = isFavorite;
    this.#item("unfavorite").hidden = !isFavorite;
    this.#item("folder").hidden = !row.hasAttribute("data-folder");
    this.#offerMoves(row);
    this.#menu.setAttribute("aria-label", button.getAttribute("aria-label") ?? "");
    this.#menu.showPopover();
    this.#place(button.getBoundingClientRect());
    this.#items[0].focus();
  }

  /**
   * Offer to move a tune of a playlist where it can go; while the list is sorted, to show the playlist's own order.
   * @param {HTMLElement} row
   */
  #offerMoves(row) {
    const isOfPlaylist = row.closest("[data-playlist]") !== null;
    const table = /** @type {HTMLElement} */ (row.closest("table"));
    const sorted = table.querySelector("th[aria-sort]");
    const position = Number(row.getAttribute("aria-rowindex")) - 2; // the head is row 1
    const last = Number(table.getAttribute("aria-rowcount")) - 2;
    this.#item("up").hidden = !isOfPlaylist || sorted !== null || position === 0;
    this.#item("down").hidden = !isOfPlaylist || sorted !== null || position === last;
    this.#item("remove").hidden = !isOfPlaylist;
    this.#item("unsort").hidden = !isOfPlaylist || sorted === null;
    this.#item("unsort").textContent =
      `Sorted by ${sorted?.textContent?.toLowerCase()}: show your order, to move tunes`;
  }

  /** @param {DOMRect} anchor */
  #place({ right, top, bottom }) {
    const { offsetWidth: width, offsetHeight: height } = this.#menu;
    const below = bottom + height + EDGE <= innerHeight;
    this.#menu.style.left = `${Math.max(EDGE, Math.min(right, innerWidth - EDGE) - width)}px`;
    this.#menu.style.top = `${Math.max(EDGE, below ? bottom : Math.min(top, innerHeight - EDGE) - height)}px`;
  }

  #close() {
    this.#menu.hidePopover();
    this.#opener?.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const items = this.#items;
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const targets = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    if (event.key in targets) items.at(targets[event.key] % items.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") this.#close();
    else return;
    event.preventDefault();
  }

  get #items() {
    const items = /** @type {HTMLElement[]} */ ([...this.#menu.querySelectorAll("[role=menuitem]")]);
    return items.filter(({ hidden }) => !hidden);
  }

  /** @param {string} action */
  #item(action) {
    return /** @type {HTMLElement} */ (this.#menu.querySelector(`[data-action=${action}]`));
  }
}
