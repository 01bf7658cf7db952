/** The page's side of the collection: asks the worker, and hands it the files that the listener chooses or drops. */

import { Request } from "../../../sidflow_feedback/page/messages.js";
import { nextTask } from "../next-task.js";
import { removeRoms, showRoms, takeRoms } from "../sid/rom-files.js";
import { WorkerClient } from "../worker-client.js";
import { addResults, NOTHING } from "./added-music.js";
import { openItem } from "./dropped.js";
import { areStorable } from "./storable.js";

/** Files in the first message to the worker, and the most in a later one: copying one can suddenly take 2 ms. */
const FILES_PER_MESSAGE = { first: 20, most: 32 };

/** Milliseconds that the page may take for such a message: copying a file handle takes up to a millisecond. */
const MESSAGE_MS = 8;

/** Progress of indexing of which nothing more is known. */
const BEGUN = { indexed: 0, skipped: 0 };

/** Addresses of kept tunes per message, which takes a few milliseconds. */
const ADDRESSES_PER_MESSAGE = 4000;

/** Tunes per message to the engine. */
const TUNES_PER_MESSAGE = 8000;

const NO_PERMISSION = "The browser doesn't let this page read the folder. Allow it, or add the folder again.";

/** @typedef {import("../../../sidflow_feedback/page/channel.js").EngineChannel} EngineChannel */
/** @typedef {import("./choice.js").ChosenFile} ChosenFile */
/** @typedef {import("./collection-worker.js").Commands} Commands */
/** @typedef {import("./indexing-queue.js").IndexingResult} IndexingResult */
/** @typedef {import("./added-music.js").AddedMusic} AddedMusic */

export class Collection {
  #worker = new WorkerClient(new URL("./collection-worker.js", import.meta.url), {
    describeFailure: (reason) =>
      `The worker that manages the list of tunes stopped (${reason}). Reload the page to start it again.`,
    onEvent: ({ kind, value }) => this.#emit(kind, value),
    onFailure: (message) => this.#onFailure(message),
  });
  #failure = "";

  /** @type {Set<string> | null} addresses of the site's tunes that can be read without a network; null: there is one */
  #kept = null;

  /** The round for which the engine knows what the codes mean, and the name of their space. */
  #space = { round: -1, name: "" };
  /** @type {Map<string, (json: string) => void>} */
  #listeners = new Map();

  constructor() {
    this.#worker.start();
  }

  /**
   * Listen to the worker's reports, to the outcome when ROMs were dropped, and to changes of ROMs.
   * @param {import("./reports.js").ReportKind | "roms" | "rom-change"} kind
   * @param {(json: string) => void} listener
   */
  on(kind, listener) {
    this.#listeners.set(kind, listener);
  }

  /**
   * @template {keyof Commands} Name
   * @param {Name} command
   * @param {Parameters<Commands[Name]>[0]} args
   * @returns {Promise<Awaited<ReturnType<Commands[Name]>>>} rejects with an Error whose message is for the listener
   */
  async call(command, args) {
    if (this.#failure) throw new Error(this.#failure); // a new worker wouldn't know the site's tunes
    return this.#worker.call(command, args);
  }

  /**
   * Same as `call`, with JSON for the page's Python.
   * @param {keyof Commands} command
   * @param {string} json
   */
  async ask(command, json = "{}") {
    return JSON.stringify((await this.call(command, JSON.parse(json))) ?? null);
  }

  /**
   * Take note that the network has gone: read which tunes of the site are kept.
   * @param {string} catalog  address of the site's catalog
   */
  async goOffline(catalog) {
    await this.call("readKept", { catalog });
    /** @type {Set<string>} */
    const found = new Set();
    for (let from = -1; from < found.size; ) {
      from = found.size;
      const addresses = await this.call("kept", { from, count: ADDRESSES_PER_MESSAGE });
      for (const address of addresses) found.add(address);
    }
    this.#kept = found;
  }

  /** Take note that the network is back. */
  async goOnline() {
    this.#kept = null;
    await this.call("clearKept", {});
  }

  /**
   * @param {string} address  of a tune of the site, as the tune has it
   * @returns {boolean} whether it can be read
   */
  isKept(address) {
    return this.#kept?.has(address) ?? true;
  }

  /**
   * Send the engine the tunes that it doesn't know yet.
   * @param {EngineChannel} channel
   * @returns {Promise<boolean>} whether there were any
   */
  async feed(channel) {
    for (let sent = false; ; sent = true) {
      const batch = await this.call("unsent", { limit: TUNES_PER_MESSAGE });
      if (!batch) return sent;
      const { round, columns } = batch;
      if (round !== this.#space.round) this.#space = { round, name: await this.#sendSpace(channel) };
      const question = JSON.stringify({ space: this.#space.name });
      const rows = JSON.parse(await channel.request(Request.COLLECTION, question, columns));
      await this.call("assignRows", { round, rows });
    }
  }

  /**
   * Fetch the predictions of all tunes for the list.
   * @param {EngineChannel} channel
   * @returns {Promise<string>} version of the model that made them
   */
  async fetchScores(channel) {
    const { model, scores, sureness } = JSON.parse(await channel.request(Request.SCORES));
    await this.call("setScores", { scores, sureness });
    return model;
  }

  /**
   * @param {EngineChannel} channel
   * @returns {Promise<string>} name of the space
   */
  async #sendSpace(channel) {
    const { space, codebook } = await this.call("space", {});
    return JSON.parse(await channel.request(Request.SIMILARITY, JSON.stringify(space), codebook));
  }

  /**
   * Read the bytes of a tune.
   * @param {string} sidPath
   * @param {boolean} mayAsk  whether the browser may ask the listener for access to the folder
   * @returns {Promise<ArrayBuffer>}
   */
  async read(sidPath, mayAsk) {
    const { bytes, ask } = await this.call("read", { sidPath });
    if (bytes) return bytes;
    if (!mayAsk) throw new Error("The browser needs the listener's permission to read the folder.");
    await requirePermission(ask);
    const { bytes: permitted } = await this.call("read", { sidPath });
    if (!permitted) throw new Error(NO_PERMISSION);
    return permitted;
  }

  /**
   * Analyze all tunes that aren't analyzed, after the listener was asked for access to their folders.
   * @param {number} defaultLength  in seconds, of songs whose length is unknown
   */
  async analyzeAll(defaultLength) {
    for (const folder of await this.call("lockedFolders", {}))
      await requirePermission(folder).catch(() => {}); // its tunes are skipped
    await this.call("analyzeAll", { defaultLength });
  }

  /**
   * Index files that were chosen one by one, or the files of a chosen folder.
   * @param {FileList} list
   * @returns {Promise<string>} the result as JSON
   */
  async addFiles(list) {
    this.#emit("progress", BEGUN);
    const [root, ...below] = (list[0]?.webkitRelativePath ?? "").split("/");
    if (!below.length) return JSON.stringify(await this.#indexSingle([...list]));
    const start = root.length + 1;
    /** @param {number} number */
    const fileAt = (number) => ({
      path: list[number].webkitRelativePath.slice(start),
      file: list[number],
    });
    return JSON.stringify(await this.#index(root, list.length, fileAt));
  }

  /**
   * Report that the browser reads the folder that the listener has chosen, which can take long, until it hands it over.
   * @param {HTMLInputElement} chooser
   */
  watchChooser(chooser) {
    const report = () => this.#emit("progress", { ...BEGUN, reading: true });
    chooser.addEventListener("click", () => addEventListener("focus", report, { once: true }));
    for (const outcome of ["change", "cancel"]) {
      chooser.addEventListener(outcome, () => removeEventListener("focus", report));
    }
    chooser.addEventListener("cancel", () => this.#emit("progress", null));
  }

  /** Let the listener choose a folder, and index it. Null if they chose none, or if the browser can't do it. */
  async pickFolder() {
    if (!globalThis.showDirectoryPicker) return null;
    try {
      const handle = await globalThis.showDirectoryPicker({ id: "sid-music", mode: "read" });
      return JSON.stringify(await this.#walk(handle));
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw new Error(error.message);
    }
  }

  /** Show the C64's ROMs on their card. */
  showRoms() {
    return showRoms(() => this.#onRoms());
  }

  /** Delete the C64's ROMs from this browser. */
  async removeRoms() {
    await removeRoms();
    await this.#onRoms();
  }

  /** Whether `pickFolder` can choose a folder. */
  get canPick() {
    return Boolean(globalThis.showDirectoryPicker);
  }

  /**
   * Index a stored folder again.
   * @param {string} id
   */
  async again(id) {
    const handle = await requirePermission(await this.call("handle", { id }));
    return JSON.stringify(await this.#walk(handle));
  }

  /**
   * Index files and folders that are dropped anywhere on the page.
   * @param {HTMLElement} hint  visible while something is dragged over the page
   * @param {(adding: Promise<string>) => void} onDrop
   */
  watchDrops(hint, onDrop) {
    let depth = 0;
    /** @type {(change: number) => (event: DragEvent) => void} */
    const over = (change) => (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      depth = Math.max(0, depth + change);
      hint.hidden = depth === 0;
    };
    addEventListener("dragenter", over(1));
    addEventListener("dragleave", over(-1));
    addEventListener("dragover", over(0));
    addEventListener("drop", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      depth = 0;
      hint.hidden = true;
      onDrop(this.#addDropped(event.dataTransfer));
    });
  }

  /**
   * Must request all items before the first `await`: they are gone when the event is over.
   * @param {DataTransfer} transfer
   */
  async #addDropped(transfer) {
    const items = [...transfer.items].filter((item) => item.kind === "file");
    this.#emit("progress", BEGUN);
    /** @param {number} count */
    const received = (count) => this.#emit("progress", { ...BEGUN, received: count });
    const found = await Promise.all(items.map((item) => openItem(item, received)));
    /** @type {AddedMusic[]} */
    const results = [];
    for (const { handle, folder } of found) {
      if (handle) results.push(await this.#walk(handle));
      if (folder) results.push(await this.#index(folder.name, folder.files.length, (at) => folder.files[at]));
    }
    const files = found.flatMap(({ file }) => file ?? []);
    const single = files.length || !results.length ? await this.#indexSingle(files) : null;
    if (single) results.push(single);
    return JSON.stringify(results.length ? results.reduce(addResults) : null);
  }

  /** @param {FileSystemDirectoryHandle} handle */
  #walk(handle) {
    this.#emit("progress", BEGUN);
    return this.call("walk", { handle });
  }

  /**
   * Add the files that are ROMs of the C64, and index the others: zips, each as a folder, single files, and playlists.
   * @param {File[]} files
   * @returns {Promise<AddedMusic | null>} null: there were only ROMs
   */
  async #indexSingle(files) {
    const { rest, text } = await takeRoms(files);
    if (text) {
      this.#emit("roms", { text });
      await this.#onRoms();
    }
    if (text && rest.length === 0) return null;
    const zips = rest.filter(isZip);
    const lists = rest.filter(isPlaylist);
    const others = rest.filter((file) => !isZip(file) && !isPlaylist(file));
    /** @type {AddedMusic[]} */
    const results = [];
    for (const file of zips) results.push(await this.call("unpack", { file }));
    if (others.length || !(zips.length || lists.length)) {
      /** @param {number} at */
      const fileAt = (at) => ({ path: others[at].name, file: others[at] });
      results.push(await this.#index(null, others.length, fileAt));
    }
    const playlists = [];
    for (const file of lists) playlists.push(await this.#importPlaylist(file));
    return { ...results.reduce(addResults, NOTHING), playlists };
  }

  /** @param {File} file */
  async #importPlaylist(file) {
    const name = file.name.replace(/\.[^.]*$/, "");
    return this.call("importPlaylist", { name, text: await file.text() });
  }

  /** Note that the C64's ROMs may have changed: with others, more songs can be analyzed. */
  async #onRoms() {
    await this.call("useRoms", {});
    this.#emit("rom-change", {});
  }

  /**
   * Hand files to the worker, which indexes them while they arrive.
   * @param {string | null} name  of the folder; null for single files
   * @param {number} total
   * @param {(number: number) => ChosenFile} fileAt
   * @returns {Promise<IndexingResult>}
   */
  async #index(name, total, fileAt) {
    const choice = crypto.randomUUID();
    const storeBytes = areStorable(total, (number) => fileAt(number).file);
    const indexing = this.call("index", { choice, name, total, storeBytes });
    const [result] = await Promise.all([indexing, this.#handOver(choice, total, fileAt)]);
    return result;
  }

  /**
   * @param {string} choice
   * @param {number} total
   * @param {(number: number) => ChosenFile} fileAt
   */
  async #handOver(choice, total, fileAt) {
    let count = FILES_PER_MESSAGE.first;
    let wanted = Promise.resolve(true);
    for (let at = 0; at < total && (await wanted); ) {
      await nextTask();
      const begun = performance.now();
      const files = Array.from({ length: Math.min(count, total - at) }, (_, number) => fileAt(at + number));
      wanted = this.call("choose", { choice, files });
      at += files.length;
      const fitting = (count * MESSAGE_MS) / Math.max(performance.now() - begun, 1);
      count = Math.ceil(Math.min(fitting, 2 * count, FILES_PER_MESSAGE.most));
    }
    await wanted;
  }

  /**
   * @param {string} kind
   * @param {unknown} value
   */
  #emit(kind, value) {
    this.#listeners.get(kind)?.(JSON.stringify(value));
  }

  /** @param {string} message */
  #onFailure(message) {
    this.#failure = message;
    this.#emit("problem", { problem: message });
  }
}

/**
 * @param {FileSystemDirectoryHandle | null | undefined} handle
 * @returns {Promise<FileSystemDirectoryHandle>} the same
 */
async function requirePermission(handle) {
  // Without a click a moment ago, the request rejects.
  const permitted = await handle?.requestPermission?.({ mode: "read" }).catch(() => "denied");
  if (!handle || (permitted ?? "granted") !== "granted") throw new Error(NO_PERMISSION);
  return handle;
}

/** @param {File} file */
const isPlaylist = ({ name }) => /\.m3u8?$/i.test(name);

/** @param {File} file */
const isZip = ({ name }) => /\.zip$/i.test(name);
