/** A press on "Start listening" before the page's Python is there to hear it: it is made good for then. */

let pressed = false;

/** @param {Event} event */
const onClick = ({ target }) => {
  pressed ||= /** @type {Element} */ (target).closest("#start-listening") !== null;
};

document.addEventListener("click", onClick);

/** Return whether the listener has pressed already. From now on, the page's Python listens. */
export function take() {
  document.removeEventListener("click", onClick);
  return pressed;
}
