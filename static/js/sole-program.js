/**
 * Lets PyScript run the page's own program and nothing else. By itself it runs any `<script type="mpy">`, `<py-script>`,
 * or `mpy-click="…"` that the document has when it starts, or gets later, and a Content Security Policy doesn't prevent
 * that. To be imported before PyScript.
 */

/** The program, as index.html has it. */
const PROGRAM = "import app.page.main";

/** The names by which PyScript knows Python. */
const LANGUAGES = ["mpy", "py", "micropython", "pyodide"];

const ELEMENTS = LANGUAGES.map((name) => `script[type="${name}"], ${name}-script, ${name}-config`).join();
const ATTRIBUTES = `//@*[${LANGUAGES.map((name) => `starts-with(name(), "${name}-")`).join(" or ")}]`;

const { MutationObserver } = globalThis;

/** What PyScript gets: it never hears of what is added later. */
class BlindObserver extends MutationObserver {
  observe() {}
}

/** Removes what PyScript would run beside the program. */
function removeForeign() {
  for (const element of document.querySelectorAll(ELEMENTS)) if (!isProgram(element)) element.remove();
  const found = document.evaluate(ATTRIBUTES, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
  for (let index = 0; index < found.snapshotLength; index++) {
    const attribute = /** @type {Attr} */ (found.snapshotItem(index));
    attribute.ownerElement?.removeAttributeNode(attribute);
  }
}

/** @param {Element} element */
const isProgram = (element) =>
  element.matches('script[type="mpy"]:not([src], [worker])') && element.textContent.trim() === PROGRAM;

const onReady = () => {
  globalThis.MutationObserver = MutationObserver;
};

globalThis.MutationObserver = BlindObserver;
document.addEventListener("mpy:ready", onReady, { once: true });
// PyScript reads the document in the same task.
removeForeign();
