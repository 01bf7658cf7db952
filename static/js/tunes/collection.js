// The page's side of the collection: asks the worker, and brings it what the listener has chosen or dropped.

/** Files that are handed over in one message: more would hold up the page. */
const HANDED = 100;

export class Collection {
  #worker = new Worker(new URL("./collection-worker.js", import.meta.url), { type: "module" });
  #calls = new Map();
  #listeners = new Map();
  #lastId = 0;

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) =>
      this.#say("problem", { problem: event.message ?? "its script can't be loaded" });
  }

  /** Hear what the worker reports: `changed`, `progress`, `problem`; the listener gets a JSON text. */
  on(kind, listener) {
    this.#listeners.set(kind, listener);
  }

  /**
   * @param {string} command of `collection-worker.js`
   * @param {object} args plain values, files and handles
   * @returns {Promise<any>} rejects with an Error whose message is for the listener
   */
  call(command, args = {}) {
    const id = ++this.#lastId;
    this.#worker.postMessage({ id, command, args });
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  /** The same in JSON, for the page's Python. */
  async ask(command, json = "{}") {
    return JSON.stringify((await this.call(command, JSON.parse(json))) ?? null);
  }

  /** The bytes of a tune; asks the listener for its folder where the browser wants that, if it may. */
  async read(sidPath, mayAsk) {
    const { bytes, ask } = await this.call("read", { sidPath });
    if (bytes) return bytes;
    if (!mayAsk) throw new Error("The browser wants the listener to be asked for the folder first.");
    await permitted(ask);
    return (await this.call("read", { sidPath })).bytes;
  }

  /** Index files, or what was chosen of a folder; a JSON text says what came of it. */
  async addFiles(list) {
    const files = [];
    for (let at = 0; at < list.length; at++) {
      files.push({ path: list[at].webkitRelativePath || list[at].name, file: list[at] });
      if (at % HANDED === HANDED - 1) await idle();
    }
    return JSON.stringify(await this.#index(files));
  }

  /** Let the listener choose a folder; null when they chose none, or where the browser can't. */
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

  /** Whether folders can be chosen by `pickFolder`. */
  get canPick() {
    return Boolean(globalThis.showDirectoryPicker);
  }

  /** Go through a remembered folder again. */
  async again(id) {
    const handle = await this.call("handle", { id });
    await permitted(handle);
    return JSON.stringify(await this.call("walk", { handle }));
  }

  /**
   * Take files and folders that are dropped anywhere on the page.
   * @param {HTMLElement} hint shown while something is dragged over the page
   * @param {(adding: Promise<string>) => void} onDrop
   */
  watchDrops(hint, onDrop) {
    let depth = 0;
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

  /** Must ask for all items before it waits: they are gone when the event is over. */
  async #addDropped(transfer) {
    const items = [...transfer.items].filter((item) => item.kind === "file");
    const found = await Promise.all(items.map(opened));
    const files = found.flatMap(({ files }) => files ?? []);
    const results = [];
    for (const { handle } of found) if (handle) results.push(await this.call("walk", { handle }));
    if (files.length || !results.length) results.push(await this.#index(files));
    return JSON.stringify(results.reduce(together));
  }

  async #index(files) {
    const choice = crypto.randomUUID();
    for (let at = 0; at < files.length; at += HANDED) {
      await this.call("choose", { choice, files: files.slice(at, at + HANDED).map(belowItsFolder) });
    }
    return this.call("index", { choice, name: folderOf(files) });
  }

  #receive({ id, result, error, event, value }) {
    if (event) return this.#say(event, value);
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  }

  #say(kind, value) {
    this.#listeners.get(kind)?.(JSON.stringify(value));
  }
}

async function permitted(handle) {
  if (
    !handle ||
    (handle.requestPermission && (await handle.requestPermission({ mode: "read" })) !== "granted")
  ) {
    throw new Error("The browser does not let this page read the folder. Add the folder again, or allow it.");
  }
}

/** What was dropped: a folder's handle where the browser gives one, else the files in it. */
function opened(item) {
  const entry = item.webkitGetAsEntry?.();
  const file = item.getAsFile();
  const handle = entry?.isDirectory ? item.getAsFileSystemHandle?.() : null;
  return Promise.resolve(handle).then(async (handle) => {
    if (handle) return { handle };
    if (entry?.isDirectory) return { files: await filesIn(entry) };
    return { files: file ? [{ path: file.name, file }] : [] };
  });
}

async function filesIn(folder) {
  const files = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.isDirectory) files.push(...(await filesIn(entry)));
    else files.push({ path: entry.fullPath.slice(1), file: await promised(entry, "file") });
  }
  return files;
}

async function entriesOf(folder) {
  const [reader, entries] = [folder.createReader(), []];
  for (;;) {
    const some = await promised(reader, "readEntries");
    if (!some.length) return entries;
    entries.push(...some);
  }
}

const promised = (object, method) => new Promise((resolve, reject) => object[method](resolve, reject));

/** The name of the folder that all files were chosen with; null for files that were chosen one by one. */
function folderOf(files) {
  const names = new Set(files.map(({ path }) => (path.includes("/") ? path.split("/")[0] : null)));
  return names.size === 1 ? [...names][0] : null;
}

const belowItsFolder = ({ path, file }) => ({ path: path.slice(path.indexOf("/") + 1), file });

function together(one, other) {
  const sum = (name) => one[name] + other[name];
  return {
    ...one,
    ...Object.fromEntries(
      ["found", "indexed", "fresh", "skipped", "lengths"].map((name) => [name, sum(name)]),
    ),
    reasons: [...one.reasons, ...other.reasons],
    tunes: [...one.tunes, ...other.tunes],
    canceled: one.canceled || other.canceled,
  };
}

const idle = () => new Promise((resolve) => setTimeout(resolve));
