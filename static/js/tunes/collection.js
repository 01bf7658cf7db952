/** The page's side of the collection: asks the worker, and hands it the files that the listener chooses or drops. */

import { Request } from "../../../sidflow_feedback/page/messages.js";
import { removeRoms, showRoms, takeRoms } from "../sid/rom-files.js";
import { WorkerClient } from "../worker-client.js";

/** Files per message to the worker: more would block the page. */
const FILES_PER_MESSAGE = 100;

/** Tunes per message to the engine. */
const TUNES_PER_MESSAGE = 4000;

const NO_PERMISSION = "The browser doesn't let this page read the folder. Allow it, or add the folder again.";

/** @typedef {import("../../../sidflow_feedback/page/channel.js").EngineChannel} EngineChannel */
/** @typedef {import("./collection-worker.js").ChosenFile} ChosenFile */
/** @typedef {import("./collection-worker.js").Commands} Commands */
/** @typedef {import("./collection-worker.js").IndexingResult} IndexingResult */

export class Collection {
  #worker = new WorkerClient(new URL("./collection-worker.js", import.meta.url), {
    describeFailure: (reason) =>
      `The worker that manages the list of tunes stopped (${reason}). Reload the page to start it again.`,
    onEvent: ({ kind, value }) => this.#emit(kind, value),
    onFailure: (message) => this.#onFailure(message),
  });
  #failure = "";

  /** The round for which the engine knows what the codes mean, and the name of their space. */
  #space = { round: -1, name: "" };
  /** @type {Map<string, (json: string) => void>} */
  #listeners = new Map();

  constructor() {
    this.#worker.start();
  }

  /**
   * Listen to the worker's reports, and to the outcome when ROMs were dropped.
   * @param {import("./collection-worker.js").ReportKind | "roms"} kind
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
   * @returns {Promise<string>} name of the space; "" if there are no codes
   */
  async #sendSpace(channel) {
    const found = await this.call("space", {});
    if (!found) return "";
    return JSON.parse(await channel.request(Request.SIMILARITY, JSON.stringify(found.space), found.codebook));
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
   * Index files that were chosen one by one, or the files of a chosen folder.
   * @param {FileList} list
   * @returns {Promise<string>} the result as JSON
   */
  async addFiles(list) {
    /** @type {ChosenFile[]} */
    const files = [];
    for (let at = 0; at < list.length; at++) {
      files.push({ path: list[at].webkitRelativePath || list[at].name, file: list[at] });
      if (at % FILES_PER_MESSAGE === FILES_PER_MESSAGE - 1) await idle();
    }
    return JSON.stringify(await this.#indexTunes(files));
  }

  /** Let the listener choose a folder, and index it. Null if they chose none, or if the browser can't do it. */
  async pickFolder() {
    if (!globalThis.showDirectoryPicker) return null;
    try {
      const handle = await globalThis.showDirectoryPicker({ id: "sid-music", mode: "read" });
      return JSON.stringify(await this.call("walk", { handle }));
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw new Error(error.message);
    }
  }

  /** Show the C64's ROMs on their card. */
  showRoms = showRoms;

  /** Delete the C64's ROMs from this browser. */
  removeRoms = removeRoms;

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
    return JSON.stringify(await this.call("walk", { handle }));
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
    const found = await Promise.all(items.map(openItem));
    const files = found.flatMap(({ files }) => files ?? []);
    /** @type {IndexingResult[]} */
    const results = [];
    for (const { handle } of found) if (handle) results.push(await this.call("walk", { handle }));
    const single = files.length || !results.length ? await this.#indexTunes(files) : null;
    if (single) results.push(single);
    return JSON.stringify(results.length ? results.reduce(addResults) : null);
  }

  /**
   * Index files, except for those that are ROMs of the C64.
   * @param {ChosenFile[]} files
   * @returns {Promise<IndexingResult | null>} null: there were only ROMs
   */
  async #indexTunes(files) {
    if (folderOf(files) !== null) return this.#index(files);
    const { rest, text } = await takeRoms(files.map(({ file }) => file));
    if (text) this.#emit("roms", { text });
    if (text && rest.length === 0) return null;
    return this.#index(files.filter(({ file }) => rest.includes(file)));
  }

  /**
   * Index zips, each as a folder, and the other files of a choice.
   * @param {ChosenFile[]} chosen
   */
  async #index(chosen) {
    const zips = chosen.filter(({ path }) => isZip(path));
    const files = chosen.filter(({ path }) => !isZip(path));
    /** @type {IndexingResult[]} */
    const results = [];
    for (const { file } of zips) results.push(await this.call("unpack", { file }));
    if (files.length || !zips.length) results.push(await this.#indexFiles(files));
    return results.reduce(addResults);
  }

  /** @param {ChosenFile[]} files */
  async #indexFiles(files) {
    const choice = crypto.randomUUID();
    for (let at = 0; at < files.length; at += FILES_PER_MESSAGE) {
      await this.call("choose", {
        choice,
        files: files.slice(at, at + FILES_PER_MESSAGE).map(relativeToFolder),
      });
    }
    return this.call("index", { choice, name: folderOf(files) });
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

/**
 * @param {DataTransferItem} item
 * @returns {Promise<{handle?: FileSystemDirectoryHandle, files?: ChosenFile[]}>} the handle of a dropped folder if the
 *   browser provides one, else the files
 */
function openItem(item) {
  const entry = item.webkitGetAsEntry?.();
  const file = item.getAsFile();
  const handle = entry?.isDirectory ? item.getAsFileSystemHandle?.() : null;
  return Promise.resolve(handle).then(async (handle) => {
    if (handle) return { handle };
    if (isFolder(entry)) return { files: await filesIn(entry) };
    return { files: file ? [{ path: file.name, file }] : [] };
  });
}

/**
 * @param {string} path
 * @returns {boolean} whether it is a zip that was chosen itself, not one in a chosen folder
 */
const isZip = (path) => /^[^/]+\.zip$/i.test(path);

/**
 * @param {FileSystemEntry | null} entry
 * @returns {entry is FileSystemDirectoryEntry}
 */
const isFolder = (entry) => entry?.isDirectory ?? false;

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<ChosenFile[]>}
 */
async function filesIn(folder) {
  const files = [];
  for (const entry of await entriesOf(folder)) {
    if (isFolder(entry)) files.push(...(await filesIn(entry)));
    else files.push({ path: entry.fullPath.slice(1), file: await fileOf(entry) });
  }
  return files;
}

/** @param {FileSystemDirectoryEntry} folder */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return entries;
    entries.push(...some);
  }
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File>}
 */
const fileOf = (entry) =>
  new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));

/**
 * @param {ChosenFile[]} files
 * @returns {string | null} the name of the chosen folder; null for files that were chosen one by one
 */
function folderOf(files) {
  const names = new Set(files.map(({ path }) => (path.includes("/") ? path.split("/")[0] : null)));
  return names.size === 1 ? [...names][0] : null;
}

/**
 * @param {ChosenFile} chosen
 * @returns {ChosenFile}
 */
const relativeToFolder = ({ path, file }) => ({ path: path.slice(path.indexOf("/") + 1), file });

/**
 * @param {IndexingResult} one
 * @param {IndexingResult} other
 * @returns {IndexingResult}
 */
function addResults(one, other) {
  return {
    ...one,
    found: one.found + other.found,
    indexed: one.indexed + other.indexed,
    fresh: one.fresh + other.fresh,
    skipped: one.skipped + other.skipped,
    songlengths: one.songlengths + other.songlengths,
    stil: one.stil + other.stil,
    analyses: Math.max(one.analyses, other.analyses),
    similarity: Math.max(one.similarity, other.similarity),
    manifest: Math.max(one.manifest, other.manifest),
    documents: [...one.documents, ...other.documents],
    reasons: [...one.reasons, ...other.reasons],
    tunes: [...one.tunes, ...other.tunes],
    canceled: one.canceled || other.canceled,
  };
}

const idle = () => new Promise((resolve) => setTimeout(resolve));
