/**
 * One row of the list. Rows are reused for other tunes instead of replaced, because PyScript scans each element that is
 * added to the page, which costs more than the row itself.
 */

const UNKNOWN = "–:––";

/** In place of a number that the model can't tell. */
const UNSURE = "?";

/** By level, as in `app/page/views/sureness.py`. */
const SURENESS = ["not sure yet", "a guess", "fairly sure", "sure"];

/**
 * A tune as the list shows it.
 * @typedef {object} ListedTune
 * @property {string} sidPath
 * @property {string} title
 * @property {string} author
 * @property {number | null} length  of the start song, in seconds
 * @property {number[] | null} prediction  of the start song: energy, mood, complexity, preference
 * @property {number[]} sureness  of each of them, from 0 (can't tell) to 3
 */

export class TuneRow {
  #parts;
  #shown = "";

  constructor() {
    this.element = cloneRow("tune-row");
    /** @type {(selector: string) => HTMLElement} */
    const part = (selector) => /** @type {HTMLElement} */ (this.element.querySelector(selector));
    this.tune = part(".tune");
    this.why = part(".why");
    this.#parts = Object.fromEntries(
      [".name", ".author", ".length", "td.e", "td.m", "td.c", "td.p"].map((name) => [name, part(name)]),
    );
  }

  get sidPath() {
    return this.element.dataset.path;
  }

  /**
   * @param {ListedTune} tune
   * @param {number} position  in the list, from 0
   */
  show(tune, position) {
    const shown = JSON.stringify([tune, position]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.dataset.path = tune.sidPath;
    this.element.setAttribute("aria-rowindex", String(position + 2)); // the head is row 1
    this.#parts[".name"].textContent = tune.title;
    this.#parts[".author"].textContent = tune.author;
    this.#parts[".length"].textContent = minutes(tune.length);
    this.#showPrediction(tune);
  }

  /** @param {boolean} active  whether the Tab key reaches the row */
  activate(active) {
    for (const button of [this.tune, this.why]) button.tabIndex = active ? 0 : -1;
  }

  /** @param {boolean} playing */
  mark(playing) {
    if (playing) this.element.setAttribute("aria-current", "true");
    else this.element.removeAttribute("aria-current");
  }

  /** @param {ListedTune} tune */
  #showPrediction({ title, prediction, sureness }) {
    this.why.hidden = !prediction;
    ["e", "m", "c", "p"].forEach((name, number) => {
      const cell = this.#parts[`td.${name}`];
      cell.style.setProperty("--level", String(prediction ? (prediction[number] - 1) / 4 : 0));
      cell.dataset.sureness = String(sureness[number]);
      const text = sureness[number] ? (prediction?.[number].toFixed(1) ?? "") : UNSURE;
      (name === "p" ? this.why : cell).textContent = prediction ? text : "";
      cell.title = prediction ? SURENESS[sureness[number]] : "";
    });
    const told = sureness[3] ? `${this.why.textContent}, ${SURENESS[sureness[3]]},` : SURENESS[0];
    this.why.setAttribute("aria-label", `Why ${told} for ${title}?`);
  }
}

/**
 * @param {string} id  of a template
 * @returns {HTMLTableRowElement} a copy of the row in it
 */
export function cloneRow(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  return /** @type {HTMLTableRowElement} */ (copy.firstElementChild);
}

/** @param {number | null} seconds */
function minutes(seconds) {
  if (seconds === null) return UNKNOWN;
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
