/**
 * One row of the list. Rows are reused for other tunes instead of replaced, because PyScript scans each element that is
 * added to the page, which costs more than the row itself.
 */

const UNKNOWN = "–:––";

/** Which prediction the match is. */
const PREFERENCE = 3;

/** By level, as in `app/page/views/sureness.py`. */
const SURENESS = ["not sure yet", "a guess", "fairly sure", "sure"];

/** What stands instead of a match, and why. */
const UNHEARD = { known: "", unknown: "not heard yet", failed: "can’t tell" };
const WHEN = {
  known: "",
  unknown: "It is analyzed when it plays, or while the browser is idle, if Preferences say so.",
  failed: "It can’t be analyzed.",
};

/**
 * A tune as the list shows it.
 * @typedef {object} ListedTune
 * @property {string} sidPath
 * @property {string} title
 * @property {string} author
 * @property {string} year  "" if unknown
 * @property {number | null} length  of the start song, in seconds
 * @property {number[] | null} prediction  of the start song: energy, mood, complexity, preference
 * @property {boolean} favorite
 * @property {boolean} inFolder  whether it is in a folder that has a view
 * @property {"known" | "unknown" | "failed"} sound  what the analysis has found of it
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
    this.menu = part(".menu");
    this.unheard = part(".unheard");
    this.#parts = Object.fromEntries(
      [".name", ".author", ".composer", ".year", ".length", ".match"].map((name) => [name, part(name)]),
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
    this.#parts[".author"].textContent = this.#parts[".composer"].textContent = tune.author;
    this.#parts[".year"].textContent = tune.year;
    this.#parts[".length"].textContent = minutes(tune.length);
    this.element.toggleAttribute("data-favorite", tune.favorite);
    this.element.toggleAttribute("data-folder", tune.inFolder);
    this.menu.setAttribute("aria-label", `Actions for ${tune.title}`);
    this.#showPrediction(tune);
  }

  /** @param {boolean} active  whether the Tab key reaches the row */
  activate(active) {
    for (const button of [this.tune, this.why, this.menu]) button.tabIndex = active ? 0 : -1;
  }

  /**
   * Move the focus to another of the row's buttons.
   * @param {Element} button  has it now
   * @param {number} step
   */
  move(button, step) {
    const buttons = [this.tune, this.why, this.menu].filter(({ hidden }) => !hidden);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (button)) + step;
    buttons[at]?.focus({ preventScroll: true });
  }

  /** @param {boolean} playing */
  mark(playing) {
    if (playing) this.element.setAttribute("aria-current", "true");
    else this.element.removeAttribute("aria-current");
  }

  /**
   * @param {Set<string>} liked  `sidPath`s
   * @param {Set<string>} disliked
   */
  markJudged(liked, disliked) {
    this.element.toggleAttribute("data-liked", liked.has(this.sidPath ?? ""));
    this.element.toggleAttribute("data-disliked", disliked.has(this.sidPath ?? ""));
  }

  /** @param {ListedTune} tune */
  #showPrediction({ title, prediction, sureness, sound }) {
    this.why.hidden = !prediction;
    const unheard = prediction ? "" : UNHEARD[sound];
    this.unheard.hidden = !unheard;
    this.unheard.textContent = unheard;
    const preference = prediction?.[PREFERENCE] ?? 1;
    const level = sureness[PREFERENCE];
    this.element.dataset.prediction = prediction?.map((value) => value.toFixed(1)).join(" ") ?? "";
    this.element.dataset.sureness = sureness.join(" ");
    this.why.dataset.sureness = String(level);
    this.why.style.setProperty("--level", String((preference - 1) / 4));
    const told = level ? `${preference.toFixed(1)} of 5, ${SURENESS[level]}` : SURENESS[0];
    this.#parts[".match"].title = prediction ? told : unheard && WHEN[sound];
    this.why.setAttribute("aria-label", `Why ${told}${level ? "," : ""} for ${title}?`);
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
