/** Reordering of a list by its handles: with the pointer, also on touch screens, or with Alt and an arrow key. */

/** @type {Record<string, number>} */
const STEPS = { ArrowUp: -1, ArrowDown: 1 };

/**
 * @param {HTMLElement} list  whose items have an element with the class `handle` each
 * @param {(from: number, to: number) => void} onMove  receives the positions; must show the new order
 */
export function reorder(list, onMove) {
  list.addEventListener("keydown", (event) => {
    const item = /** @type {Element} */ (event.target).closest("li");
    const step = event.altKey ? STEPS[event.key] : undefined;
    if (!item || !step) return;
    event.preventDefault();
    const from = positionOf(item);
    const to = from + step;
    if (to >= 0 && to < list.children.length) onMove(from, to);
  });
  list.addEventListener("pointerdown", (event) => {
    const handle = /** @type {Element} */ (event.target).closest(".handle");
    const item = handle?.closest("li");
    if (handle && item && event.button === 0) drag(list, item, handle, event, onMove);
  });
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement} item
 * @param {Element} handle
 * @param {PointerEvent} begin
 * @param {(from: number, to: number) => void} onMove
 */
function drag(list, item, handle, begin, onMove) {
  const from = positionOf(item);
  let to = from;
  const ending = new AbortController();
  const { signal } = ending;
  handle.setPointerCapture(begin.pointerId);
  item.dataset.dragged = "";
  handle.addEventListener(
    "pointermove",
    (event) => {
      const { clientY } = /** @type {PointerEvent} */ (event);
      item.style.translate = `0 ${clientY - begin.clientY}px`;
      to = targetOf(list, item, clientY);
      mark(list, from, to);
    },
    { signal },
  );
  /** @param {boolean} drops */
  const end = (drops) => {
    ending.abort();
    delete item.dataset.dragged;
    item.style.translate = "";
    mark(list, from, from);
    onMove(from, drops ? to : from); // even to its place: the list may have changed meanwhile
  };
  handle.addEventListener("pointerup", () => end(true), { signal });
  handle.addEventListener("pointercancel", () => end(false), { signal });
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement} item  that is dragged
 * @param {number} y
 * @returns {number} the position that the item has if it is dropped there
 */
function targetOf(list, item, y) {
  const others = [...list.children].filter((other) => other !== item);
  const before = others.filter((other) => {
    const { top, height } = other.getBoundingClientRect();
    return top + height / 2 < y;
  });
  return before.length;
}

/**
 * Show where the dragged item would go.
 * @param {HTMLElement} list
 * @param {number} from
 * @param {number} to
 */
function mark(list, from, to) {
  [...list.children].forEach((item, at) => {
    item.classList.toggle("drop-above", to < from && at === to);
    item.classList.toggle("drop-below", to > from && at === to);
  });
}

/** @param {Element} item */
const positionOf = (item) => [...(item.parentElement?.children ?? [])].indexOf(item);
