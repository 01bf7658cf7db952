/** What the listener has added and isn't indexed yet: choices of files, folders, and zips, one after the other. */

import { Choice } from "./choice.js";
import { SINGLE_FILES } from "./folders.js";
import { walk } from "./reading.js";
import { areStorable } from "./storable.js";

/** @typedef {import("./reading.js").Entry} Entry */
/** @typedef {import("./schema.js").Folder} Folder */

/** @typedef {{choice: string, name: string | null, total: number, storeBytes: boolean}} ChoiceInfo  total: its files */
/** @typedef {import("./indexing.js").Progress & {folder: string, canceled: boolean, problem: string}} IndexingResult */

const NOTHING_INDEXED = { indexed: 0, skipped: 0 };

export class IndexingQueue {
  #tunes;
  #folders;
  #files;
  #database;
  #reports;
  /**
   * What the listener has chosen and isn't indexed yet.
   * @type {Map<string, Choice>}
   */
  #choices = new Map();
  /** @type {import("./indexing.js").Indexing | null} */
  #indexing = null;
  /** How often the listener has stopped indexing, also before it began. */
  #stops = 0;
  /** @type {Promise<unknown>} */
  #running = Promise.resolve();
  /** @type {Promise<import("../sid/emulator.js").SidEmulator> | null} */
  #emulator = null;

  /**
   * @param {import("./tunes.js").Tunes} tunes
   * @param {import("./folders.js").Folders} folders
   * @param {import("./tune-files.js").TuneFiles} files
   * @param {import("./best-effort-database.js").BestEffortDatabase} database
   * @param {import("./reports.js").Reports} reports
   */
  constructor(tunes, folders, files, database, reports) {
    this.#tunes = tunes;
    this.#folders = folders;
    this.#files = files;
    this.#database = database;
    this.#reports = reports;
  }

  /**
   * Add files to a choice that is being indexed, or will be.
   * @param {string} id
   * @param {import("./choice.js").ChosenFile[]} files
   * @returns {boolean} false if no more are wanted
   */
  choose(id, files) {
    const choice = this.#choices.get(id);
    if (!choice || choice.ended) return false;
    choice.add(files);
    const { received, total } = choice;
    if (!this.#indexing) this.#reports.sendThrottled("progress", { ...NOTHING_INDEXED, received, total });
    return true;
  }

  /**
   * Index a choice while its files arrive: single files (`name` is null), or a folder with this name.
   * @param {ChoiceInfo} info
   */
  async index({ choice: id, name, total, storeBytes }) {
    const begun = this.#stops;
    const choice = new Choice(total);
    this.#choices.set(id, choice);
    return this.enqueue(async () => {
      try {
        const folder = name === null ? SINGLE_FILES : await this.#find(name);
        return await this.#run(folder, choice.entries(), storeBytes && !folder.handle, begun, total);
      } finally {
        this.#choices.delete(id);
      }
    });
  }

  /**
   * Index a folder that its handle can reach now and later.
   * @param {FileSystemDirectoryHandle} handle
   */
  async walk(handle) {
    const begun = this.#stops;
    return this.enqueue(async () => {
      const folder = { ...(await this.#find(handle.name, handle)), handle };
      return this.#run(folder, walk(handle), false, begun);
    });
  }

  /**
   * Index the files in a zip, as a folder with the name of the zip.
   * @param {File} file
   */
  async unpack(file) {
    const begun = this.#stops;
    const { Archive } = await import("./archive.js");
    const archive = await Archive.open(file);
    return this.enqueue(async () => {
      const folder = await this.#find(archive.name);
      return this.#run(folder, archive.entries(), !folder.handle && isStorable(archive), begun);
    });
  }

  /** Stop what is indexed or waits for it. */
  cancel() {
    this.#stops += 1;
    this.#indexing?.cancel();
    for (const choice of this.#choices.values()) choice.end(); // the page sends no more
  }

  /**
   * Run `work` after all earlier work.
   * @template Result
   * @param {() => Promise<Result>} work
   */
  enqueue(work) {
    const done = this.#running.then(work);
    this.#running = done.catch(() => {});
    return done;
  }

  /**
   * Find a folder that was added before. To be called in the queue: earlier work may add it.
   * @param {string} name
   * @param {FileSystemDirectoryHandle | null} [handle]
   */
  async #find(name, handle = null) {
    await this.#tunes.loaded;
    return this.#folders.find(name, handle);
  }

  /**
   * @param {Folder} folder
   * @param {AsyncGenerator<Entry>} entries
   * @param {boolean} storeBytes
   * @param {number} begun  `#stops` when the listener chose it
   * @param {number} [total]  number of the files, if it is known
   * @returns {Promise<IndexingResult>}
   */
  async #run(folder, entries, storeBytes, begun, total) {
    if (!this.#folders.get(folder.id)) this.#tunes.disarrange();
    await this.#folders.save(folder);
    const { Indexing } = await import("./indexing.js");
    const { documents } = this.#tunes;
    await documents.openLengths();
    this.#indexing = new Indexing(this.#collection(total), folder, entries, storeBytes);
    if (this.#stops !== begun) this.#indexing.cancel();
    try {
      const result = await this.#indexing.run();
      if (result.stil) this.#tunes.disarrange(); // the page may show comments
      return { folder: folder.id, ...result, problem: this.#database.problem };
    } finally {
      this.#indexing = null;
      documents.closeLengths();
      this.#reports.cancel("progress");
      this.#tunes.arrangeIfNeeded();
    }
  }

  /**
   * @param {number} [total]  number of the files, if it is known
   * @returns {import("./indexing.js").IndexedCollection}
   */
  #collection(total) {
    const tunes = this.#tunes;
    return {
      index: tunes.index,
      documents: tunes.documents,
      openFiles: this.#files.open,
      add: (tune) => tunes.add(tune),
      save: (changed, contents) => tunes.save(changed, contents),
      loadEmulator: () => this.#loadEmulator(),
      reportProgress: (progress) => this.#reports.sendThrottled("progress", { ...progress, total }),
    };
  }

  /** Load the SID emulator for the first file to index; the page may never need it here. */
  #loadEmulator() {
    this.#emulator ??= import("../sid/emulator.js").then(({ SidEmulator, WASM_URL }) =>
      SidEmulator.fetch(WASM_URL),
    );
    this.#emulator.catch(() => {
      this.#emulator = null; // try again next time
    });
    return this.#emulator;
  }
}

/** @param {import("./archive.js").Archive} archive */
const isStorable = ({ files }) => areStorable(files.length, (number) => files[number]);
