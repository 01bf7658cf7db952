/**
 * One row of the list. Rows are reused for other tunes instead of replaced, because PyScript scans each element that is
 * added to the page, which costs more than the row itself.
 */

const UNKNOWN = "–:––";

export class TuneRow {
  #parts;
  #shown = "";

  constructor() {
    this.element = document.getElementById("tune-row").content.cloneNode(true).firstElementChild;
    const part = (selector) => this.element.querySelector(selector);
    this.tune = part(".tune");
    this.why = part(".why");
    this.#parts = Object.fromEntries(
      [".name", ".author", ".length", "td.e", "td.m", "td.c", "td.p"].map((name) => [name, part(name)]),
    );
  }

  get sidPath() {
    return this.element.dataset.path;
  }

  show(tune, position) {
    const shown = JSON.stringify([tune, position]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.dataset.path = tune.sidPath;
    this.element.setAttribute("aria-rowindex", position + 2); // the head is row 1
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

  #showPrediction({ title, prediction }) {
    ["e", "m", "c", "p"].forEach((name, number) => {
      const cell = this.#parts[`td.${name}`];
      cell.style.setProperty("--level", prediction ? (prediction[number] - 1) / 4 : 0);
      if (name !== "p") cell.textContent = prediction ? prediction[number].toFixed(1) : "";
    });
    this.why.hidden = !prediction;
    if (!prediction) return;
    this.why.textContent = prediction[3].toFixed(1);
    this.why.setAttribute("aria-label", `Why ${this.why.textContent} for ${title}?`);
  }
}

function minutes(seconds) {
  if (seconds === null) return UNKNOWN;
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
