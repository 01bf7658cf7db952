/**
 * Folders and composers, each at an address of its own, and what is known about the playing tune. The views are loaded
 * when there is something to show.
 */

import { element } from "./elements.js";

/** @typedef {import("./tune-index.js").Place} Place */

export class Places {
  #collection;
  #onChange;
  #onPlay;
  #onStation;
  /** @type {Place} */
  #place = placeAt(location.hash);
  #song = { sidPath: "", song: 0 };
  #follow = false;

  /**
   * @param {import("./collection.js").Collection} collection
   * @param {() => void} onChange  the list must show another place
   * @param {(name: string) => void} onPlay  the tunes of the place must play; gets its name
   * @param {(composer: string, name: string) => void} onStation  what sounds like a composer's tunes must play
   */
  constructor(collection, onChange, onPlay, onStation) {
    this.#onStation = onStation;
    this.#collection = collection;
    this.#onChange = onChange;
    this.#onPlay = onPlay;
    addEventListener("popstate", () => this.#useAddress());
  }

  /** The place that is shown, as JSON. */
  get json() {
    return JSON.stringify(this.#place);
  }

  /** Whether a folder or a composer is shown, not all tunes. */
  get isSet() {
    return Boolean(this.#place.folder || this.#place.composer);
  }

  /**
   * Show an added folder.
   * @param {string} id  "": all tunes
   */
  openFolder(id) {
    this.#go(id ? { folder: id } : {});
  }

  /**
   * Show the composer of a tune, or the folder that it is in.
   * @param {string} sidPath
   * @param {"composer" | "folder"} kind
   */
  async openOf(sidPath, kind) {
    const info = await this.#ask("about", { sidPath, song: 0 });
    const link = kind === "composer" ? info?.composers[0] : info?.trail.at(-1);
    if (link) this.#open(link.place);
  }

  /**
   * Go where the page's address leads; if no tune is there, show all tunes.
   * @returns {Promise<string>} what isn't there, such as `composer:rob hubbard`; else ""
   */
  async findMissing() {
    const { hash } = location;
    const place = placeAt(hash);
    const name = place.composer ?? place.path ?? place.folder;
    const isMissing = name !== undefined && !(await this.#ask("place", place));
    if (location.hash !== hash) return ""; // the listener has gone elsewhere meanwhile
    const target = isMissing ? {} : place;
    if (JSON.stringify(target) !== this.json) this.#use(target);
    return isMissing ? `${place.composer === undefined ? "folder" : "composer"}:${name}` : "";
  }

  /** Show the place, and what is known about the tune: at first, and whenever the tunes have changed. */
  refresh() {
    const folder = /** @type {HTMLSelectElement} */ (document.getElementById("folder"));
    folder.value = folder.dataset.place = this.#place.folder ?? "";
    this.#showPlace();
    this.#showTune();
  }

  /**
   * Show what is known about a song.
   * @param {string} sidPath
   * @param {number} song
   */
  showTune(sidPath, song) {
    if (sidPath === this.#song.sidPath && song === this.#song.song) return;
    this.#song = { sidPath, song };
    this.#showTune();
  }

  /**
   * Go where a link leads.
   * @param {Place} place
   */
  #open(place) {
    this.#follow = true;
    this.#go(place);
  }

  /** @param {Place} place */
  #go(place) {
    location.hash = addressOf(place); // a link, as any other
  }

  /** Go where the page's address leads, if that is another place. */
  #useAddress() {
    const place = placeAt(location.hash);
    if (JSON.stringify(place) !== this.json) this.#use(place);
  }

  /** @param {Place} place */
  #use(place) {
    this.#place = place;
    this.#onChange();
    this.refresh();
  }

  async #showPlace() {
    const place = this.#place;
    const panel = /** @type {HTMLElement} */ (document.getElementById("place"));
    const info = place.folder || place.composer ? await this.#ask("place", place) : null;
    if (place !== this.#place) return;
    panel.hidden = !info;
    element("second-column").textContent = info?.kind === "composer" ? "Release" : "Composer";
    if (!info) return;
    const { showPlace } = await import("./place-views.js");
    const actions = {
      open: (/** @type {Place} */ place) => this.#open(place),
      play: this.#onPlay,
      station: () => this.#onStation(place.composer ?? "", info.name),
    };
    showPlace(panel, info, place, actions, this.#follow);
    this.#follow = false;
  }

  async #showTune() {
    const song = this.#song;
    const info = song.sidPath ? await this.#ask("about", song) : null;
    if (song !== this.#song || !info) return;
    const { showTune } = await import("./place-views.js");
    showTune(info, (place) => this.#open(place));
  }

  /**
   * @template {"place" | "about"} Name
   * @param {Name} command
   * @param {Parameters<import("./collection-worker.js").Commands[Name]>[0]} args
   */
  #ask(command, args) {
    return this.#collection.call(command, args).catch(() => null); // the list says why the worker has stopped
  }
}

/**
 * @param {string} hash  such as `#/composer/rob hubbard?year=1985`, or `#/folder/ID/PATH`
 * @returns {Place}
 */
function placeAt(hash) {
  const [, kind, name, path, query] =
    /^#\/(composer|folder)\/([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(hash) ?? [];
  if (!name) return {};
  const year = new URLSearchParams(query).get("year");
  const chosen = year === null ? {} : { year };
  if (kind === "composer") return { composer: decode(name), ...chosen };
  return { folder: decode(name), ...(path === undefined ? {} : { path: decode(path) }), ...chosen };
}

/**
 * @param {Place} place
 * @returns {string} its address on this page
 */
function addressOf({ folder, path, composer, year }) {
  const query = year === undefined ? "" : `?year=${encodeURIComponent(year)}`;
  if (composer !== undefined) return `#/composer/${encodeURIComponent(composer)}${query}`;
  if (folder === undefined) return "#/";
  const parts = path === undefined ? [folder] : [folder, ...path.split("/")];
  return `#/folder/${parts.map(encodeURIComponent).join("/")}${query}`;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // edited by hand
  }
}
