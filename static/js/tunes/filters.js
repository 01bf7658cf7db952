/** The filters above the list: each that is set is a chip, with which it can be taken away. */

import { element } from "./elements.js";

/** What a chip says before its value, by the name of the field. */
const LABELS = {
  author: "Composer",
  from: "From",
  to: "Until",
  chip: "Chip",
  feeling: "Feeling",
  playlist: "",
};

/** @typedef {keyof typeof LABELS} FilterName */

const NAMES = /** @type {FilterName[]} */ (Object.keys(LABELS));

export class Filters {
  #form = /** @type {HTMLFormElement} */ (element("filter-form"));
  #panel = /** @type {HTMLDetailsElement} */ (element("filter-panel"));
  #onChange;
  #places;
  #search = /** @type {HTMLInputElement} */ (element("search"));

  /**
   * @param {import("./collection.js").Collection} collection
   * @param {import("./places.js").Places} places
   * @param {() => void} onChange  the list must show other tunes
   */
  constructor(collection, places, onChange) {
    this.#places = places;
    this.#onChange = onChange;
    this.#form.addEventListener("input", () => this.#changed());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#close();
    });
    this.#panel.addEventListener("toggle", () => {
      if (this.#panel.open) collection.call("composers", {}).then(offerComposers, () => {});
    });
    this.#panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.#close());
    element("clear-filters").addEventListener("click", () => this.clear());
  }

  /** The filters that are set, as JSON. */
  get json() {
    return JSON.stringify(Object.fromEntries(this.#set().map((name) => [name, this.#field(name).value])));
  }

  /** Offer to take away what narrows the list, if anything does. */
  offerClearing() {
    const narrows = this.#set().length > 0 || this.#search.value.trim() !== "" || this.#places.isSet;
    element("clear-filters").hidden = !narrows;
  }

  /** Take all away that narrows the list: filters, search, folder or composer. */
  clear() {
    this.#form.reset();
    this.#search.value = "";
    this.showChips();
    if (this.#places.isSet) this.#places.openFolder("");
    else this.#onChange();
    this.#search.focus();
  }

  /**
   * @param {FilterName} name
   * @param {string} value
   */
  set(name, value) {
    this.#field(name).value = value;
    this.#changed();
  }

  /** @param {FilterName} name */
  get(name) {
    return this.#field(name).value;
  }

  #close() {
    this.#panel.open = false;
    this.#panel.querySelector("summary")?.focus();
  }

  #changed() {
    this.showChips();
    this.#onChange();
  }

  /** Show a chip for each filter that is set. */
  showChips() {
    element("chips").replaceChildren(...this.#set().map((name) => this.#chip(name)));
    this.offerClearing();
  }

  /** @param {FilterName} name */
  #chip(name) {
    const field = this.#field(name);
    const value = field instanceof HTMLSelectElement ? field.selectedOptions[0].text : field.value;
    const text = [LABELS[name], value].filter(Boolean).join(": ");
    const template = /** @type {HTMLTemplateElement} */ (element("chip-item"));
    const item = /** @type {HTMLElement} */ (template.content.cloneNode(true)).querySelector("li");
    const button = item?.querySelector("button");
    if (!item || !button) throw new Error("The template has no chip.");
    button.prepend(text);
    button.setAttribute("aria-label", `Remove the filter ${text}`);
    button.addEventListener("click", () => {
      this.set(name, "");
      const next = element("chips").querySelector("button");
      (next ?? this.#search).focus();
    });
    return item;
  }

  #set() {
    return NAMES.filter((name) => this.#field(name).value && this.#field(name).validity.valid);
  }

  /** @param {FilterName} name */
  #field(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement} */ (this.#form.elements.namedItem(name));
  }
}

/** @param {string[]} names */
function offerComposers(names) {
  const options = names.map((value) => Object.assign(document.createElement("option"), { value }));
  element("composers").replaceChildren(...options);
}
