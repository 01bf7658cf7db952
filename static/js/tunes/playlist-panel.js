/** Playlists on the page: choosing one, what can be done with it, and the dialogs that ask for one or for a name. */

import { save } from "../files.js";
import { element } from "./elements.js";

/** @typedef {import("./playlists.js").Playlist} Playlist */

const FAVORITES = "favorites";

/** The list of favorites until the stored ones are there. @type {Playlist} */
const NO_FAVORITES = { id: FAVORITES, name: "Favorites", tunes: [] };

export class PlaylistPanel {
  #collection;
  #filters;
  /** @type {Playlist[]} */
  #lists = [];
  #onPlay;
  /** @type {Playlist | null} deleted here or in another tab, and not yet gone for good */
  #deleted = null;
  #dialog = /** @type {HTMLDialogElement} */ (element("playlist-dialog"));
  #name = /** @type {HTMLInputElement} */ (element("playlist-name"));
  #select = /** @type {HTMLSelectElement} */ (element("playlist"));
  /** @type {(name: string) => void} what the dialog is for */
  #onName = () => {};

  /**
   * @param {import("./collection.js").Collection} collection
   * @param {import("./filters.js").Filters} filters
   * @param {() => void} onChange  the list may have to show other tunes
   * @param {(name: string) => void} onPlay  the list must play, which has this name
   */
  constructor(collection, filters, onChange, onPlay) {
    this.#collection = collection;
    this.#filters = filters;
    this.#onPlay = onPlay;
    collection.on("playlists", (json) => this.#load(JSON.parse(json).isWiped).then(onChange));
    /** @type {Record<string, () => void>} */
    const actions = {
      "playlist-play": () => this.#onPlay(this.#shown?.name ?? ""),
      "playlist-m3u": () => this.#save("m3u"),
      "playlist-paths": () => this.#save("txt"),
      "playlist-rename": () => this.#rename(),
      "playlist-delete": () => this.#delete(),
      "playlist-undo": () => this.#undo(),
      "playlist-cancel": () => this.#dialog.close(),
    };
    for (const [id, action] of Object.entries(actions)) element(id).addEventListener("click", action);
    element("playlist-form").addEventListener("submit", (event) => {
      this.#name.value = this.#name.value.trim();
      if (this.#name.reportValidity()) this.#onName(this.#name.value);
      else event.preventDefault();
    });
    element("playlist-choices").addEventListener("click", ({ target }) => {
      const { id } = /** @type {HTMLElement} */ (target);
      const list = this.#offered.find((list) => `add-to-${list.id}` === id);
      if (!list) return;
      this.#dialog.close();
      this.#add(list, this.#adding);
    });
    this.#load();
  }

  /** @type {string[]} what the dialog adds */
  #adding = [];
  /** @type {Playlist[]} to which it can be added */
  #offered = [];

  /**
   * Show what belongs to the playlist that the list shows.
   * @param {number} count  of the list's tunes: if there are none, they can neither play nor be saved
   */
  show(count) {
    for (const id of ["playlist-play", "playlist-m3u", "playlist-paths"]) {
      /** @type {HTMLButtonElement} */ (element(id)).disabled = count === 0;
    }
    this.#showBar();
  }

  #showBar() {
    const list = this.#shown;
    element("playlist-bar").hidden = !list;
    element("tune-list").toggleAttribute("data-playlist", Boolean(list));
    for (const id of ["playlist-rename", "playlist-delete"]) element(id).hidden = list?.id === FAVORITES;
  }

  /**
   * Let the listener choose a playlist for tunes.
   * @param {string[]} tunes  `sidPath`s
   */
  choose(tunes) {
    this.#adding = tunes;
    this.#ask("Add to a playlist", "", "Create", (name) => this.#create(name, tunes));
    this.#offered = this.#lists.filter(({ id }) => id !== FAVORITES);
    const buttons = this.#offered.map(({ id, name }) =>
      Object.assign(document.createElement("button"), {
        type: "button",
        id: `add-to-${id}`,
        textContent: name,
      }),
    );
    element("playlist-choices").replaceChildren(...buttons);
  }

  /**
   * Let the listener name a new playlist of these tunes.
   * @param {string} json  `sidPath`s
   */
  saveAs(json) {
    this.#ask("Save as a playlist", "Queue", "Save", (name) => this.#create(name, JSON.parse(json)));
  }

  /**
   * @param {string} sidPath
   * @param {boolean} wanted
   */
  setFavorite(sidPath, wanted) {
    const favorites = this.#lists.find(({ id }) => id === FAVORITES) ?? NO_FAVORITES;
    if (wanted) this.#add(favorites, [sidPath]);
    else this.#collection.call("removeFromPlaylist", { id: FAVORITES, sidPath });
  }

  /** @param {string} sidPath  leaves the playlist that is shown */
  remove(sidPath) {
    this.#collection.call("removeFromPlaylist", { id: this.#select.value, sidPath });
  }

  /**
   * @param {string} sidPath
   * @param {number} step  positions by which it moves in the playlist that is shown
   */
  move(sidPath, step) {
    this.#collection.call("moveInPlaylist", { id: this.#select.value, sidPath, step });
  }

  get #shown() {
    return this.#lists.find(({ id }) => id === this.#select.value);
  }

  /** @param {boolean} isWiped  whether the listener has deleted everything */
  async #load(isWiped = false) {
    const before = this.#shown;
    this.#lists = await this.#collection.call("playlists", {}).catch(() => []);
    const chosen = this.#select.value;
    const options = this.#lists.map(({ id, name, tunes }) => new Option(`${name} (${tunes.length})`, id));
    this.#select.replaceChildren(new Option("any", ""), ...options);
    this.#select.value = this.#lists.some(({ id }) => id === chosen) ? chosen : "";
    this.#filters.showChips();
    this.#showBar();
    if (isWiped) this.#say("");
    else if (before && !this.#select.value) this.#sayDeleted(before, "");
  }

  /**
   * @param {string} name
   * @param {string[]} tunes
   */
  async #create(name, tunes) {
    const given = await this.#collection.call("createPlaylist", { name, tunes });
    this.#say(`Created the playlist “${given}”.${whyRenamed(name, given)}`);
  }

  /**
   * @param {Playlist} list
   * @param {string[]} tunes
   */
  async #add({ id, name, tunes: before }, tunes) {
    const added = await this.#collection.call("addToPlaylist", { id, tunes });
    if (added === null) {
      const all = [...new Set([...before, ...tunes])];
      this.#sayDeleted({ id, name, tunes: all }, "To get it back, with what you add, press Undo.");
    } else this.#say(added ? `Added to “${name}”.` : `It is in “${name}” already.`);
  }

  async #save(/** @type {"m3u" | "txt"} */ kind) {
    const name = `${this.#shown?.name}.${kind}`;
    if (kind === "txt") save(name, await this.#collection.call("paths", {}), "text/plain");
    else save(name, await this.#collection.call("playlist", { sidPaths: null }), "audio/x-mpegurl");
  }

  #rename() {
    const list = this.#shown;
    if (!list) return;
    this.#ask("Rename the playlist", list.name, "Rename", async (name) => {
      const given = await this.#collection.call("renamePlaylist", { id: list.id, name });
      if (given) this.#say(`The playlist is called “${given}” now.${whyRenamed(name, given)}`);
      else this.#sayDeleted(list, "So it has no new name.");
    });
  }

  async #delete() {
    const list = this.#shown;
    if (!list) return;
    this.#filters.set("playlist", "");
    this.#deleted = await this.#collection.call("deletePlaylist", { id: list.id });
    this.#say(`Deleted the playlist “${list.name}”.`, true);
    element("playlist-undo").focus();
  }

  async #undo() {
    const list = this.#deleted;
    if (!list) return;
    this.#deleted = null;
    const given = await this.#collection.call("restorePlaylist", { list });
    this.#say(`“${given}” is back.${whyRenamed(list.name, given)}`);
    element("search").focus();
  }

  /**
   * Say that a playlist is gone, and offer to bring it back.
   * @param {Playlist} list
   * @param {string} effect  on what the listener does
   */
  #sayDeleted(list, effect) {
    this.#deleted = list;
    this.#say(`Another tab has deleted the playlist “${list.name}”. ${effect}`.trim(), true);
  }

  /**
   * @param {string} text
   * @param {boolean} canUndo
   */
  #say(text, canUndo = false) {
    element("playlist-result").textContent = text;
    element("playlist-undo").hidden = !canUndo;
  }

  /**
   * @param {string} title
   * @param {string} name
   * @param {string} verb
   * @param {(name: string) => void} onName
   */
  #ask(title, name, verb, onName) {
    element("playlist-choices").replaceChildren();
    element("playlist-title").textContent = title;
    element("playlist-submit").textContent = verb;
    this.#name.value = name;
    this.#onName = onName;
    this.#dialog.showModal();
  }
}

/**
 * @param {string} wanted
 * @param {string} given
 * @returns {string} why a playlist has another name than the wanted one; "" if it has that
 */
const whyRenamed = (wanted, given) => (wanted === given ? "" : ` Another playlist is called “${wanted}”.`);
