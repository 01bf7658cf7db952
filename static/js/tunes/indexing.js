/** One run through a folder or a set of files: reads new files, and removes missing ones. */

import { md5 } from "../../vendor/noble-hashes/legacy.js";
import { bytesToHex } from "../../vendor/noble-hashes/utils.js";
import { hvscPath } from "./hvsc.js";
import { FILES } from "./place.js";
import { documentKind, isTune, nameOf } from "./reading.js";
import { ownTunes } from "./tune-index.js";

/** Files that are read at the same time, because the disk is the bottleneck, not the processor. */
const READERS = 8;

/** Changed tunes after which they are saved. */
const BATCH = 500;

/** Most skipped files that are reported with a reason. All of them are counted. */
const MAX_REASONS = 50;

/** @typedef {import("../sid/emulator.js").SidEmulator} SidEmulator */
/** @typedef {import("../sid/emulator.js").TuneInfo} TuneInfo */
/** @typedef {import("./reading.js").DocumentKind} DocumentKind */
/** @typedef {import("./reading.js").Entry} Entry */
/** @typedef {import("./reading.js").SourceFile} SourceFile */
/** @typedef {import("./schema.js").FileLocation} FileLocation */
/** @typedef {import("./schema.js").TuneRow} TuneRow */

/**
 * What a run needs of the collection.
 * @typedef {object} IndexedCollection
 * @property {import("./tune-index.js").TuneIndex} index
 * @property {(tune: Tune) => void} add  a tune that isn't in the index
 * @property {Map<string, SourceFile>} openFiles  by `sidPath`
 * @property {() => Promise<SidEmulator>} loadEmulator
 * @property {(tunes: Tune[], contents: [string, ArrayBuffer][]) => Promise<void>} save
 * @property {Pick<import("./documents.js").Documents, "use" | "lengthsOf" | "pathOf">} documents
 * @property {(progress: Progress) => void} reportProgress
 */

/**
 * @typedef {object} Progress
 * @property {number} found  SID files
 * @property {number} indexed  tunes
 * @property {number} fresh  tunes that were not known before
 * @property {number} skipped  files
 * @property {[string, string][]} reasons  path and reason of skipped files
 * @property {string[]} tunes  `sidPath` of the first ones
 * @property {number} songlengths  tunes in Songlengths.md5
 * @property {number} stil  entries in STIL.txt
 * @property {number} analyses  tunes that the analysis file knows
 * @property {number} similarity  tunes that the similarity bundle knows
 * @property {number} manifest  similarity bundles that got weights from a manifest
 * @property {DocumentKind[]} documents  kinds of documents that were used
 */

/** @typedef {TuneRow & import("./tune-index.js").TuneState} Tune  of the listener */

export class Indexing {
  #collection;
  #folder;
  #folderName;
  #entries;
  #storeBytes;
  /**
   * The folder's tunes by path.
   * @type {Map<string, Tune>}
   */
  #known = new Map();
  /** @type {Set<string>} */
  #seen = new Set();
  /** @type {Set<Tune>} */
  #changed = new Set();
  /** @type {[string, ArrayBuffer][]} */
  #contents = [];
  #canceled = false;
  /** @type {Progress} */
  progress = {
    ...{ found: 0, indexed: 0, fresh: 0, skipped: 0, songlengths: 0, stil: 0, analyses: 0 },
    ...{ similarity: 0, manifest: 0, documents: [], reasons: [], tunes: [] },
  };

  /**
   * @param {IndexedCollection} collection
   * @param {import("./schema.js").Folder} folder
   * @param {AsyncGenerator<Entry>} entries
   * @param {boolean} storeBytes  whether to store the files themselves
   */
  constructor(collection, folder, entries, storeBytes) {
    this.#collection = collection;
    this.#folder = folder.id;
    this.#folderName = folder.name;
    this.#entries = entries;
    this.#storeBytes = storeBytes;
  }

  cancel() {
    this.#canceled = true;
  }

  /** @returns {Promise<Progress & {canceled: boolean}>} the final `progress`, and whether the run was canceled */
  async run() {
    for (const tune of ownTunes(this.#collection.index)) {
      for (const { folder, path } of tune.locations) if (folder === this.#folder) this.#known.set(path, tune);
    }
    try {
      await Promise.all(Array.from({ length: READERS }, () => this.#readEntries()));
    } catch (error) {
      this.#canceled = true; // stops the other readers
      throw error;
    }
    if (this.#folder !== FILES && !this.#canceled) this.#removeMissing();
    await this.#save();
    this.progress.reasons.sort();
    return { ...this.progress, canceled: this.#canceled };
  }

  async #readEntries() {
    for (;;) {
      const { value, done } = await this.#entries.next();
      if (done || this.#canceled) return;
      await this.#add(value);
      if (this.#changed.size >= BATCH) await this.#save();
      this.#collection.reportProgress(this.progress);
    }
  }

  /** @param {Entry} entry */
  async #add({ path, open }) {
    const kind = documentKind(path);
    const emulator = isTune(path) ? await this.#collection.loadEmulator() : null;
    try {
      if (kind) await this.#useDocument(kind, await open());
      else if (emulator) await this.#addTune(path, open, emulator);
    } catch (error) {
      this.progress.skipped += 1;
      if (this.progress.reasons.length < MAX_REASONS) this.progress.reasons.push([path, error.message]);
    }
  }

  /**
   * @param {DocumentKind} kind
   * @param {SourceFile} file
   */
  async #useDocument(kind, file) {
    const { size, changed } = await this.#collection.documents.use(kind, file);
    this.progress[kind] += size;
    this.progress.documents.push(kind);
    for (const tune of changed) this.#changed.add(tune);
  }

  /**
   * @param {string} path
   * @param {() => Promise<SourceFile>} open
   * @param {SidEmulator} emulator
   */
  async #addTune(path, open, emulator) {
    this.progress.found += 1;
    this.#seen.add(path);
    const file = await open();
    const tune = this.#unchanged(path, file) ?? (await this.#read(path, file, emulator));
    this.#collection.openFiles.set(tune.sidPath, file);
    this.progress.indexed += 1;
    if (this.progress.tunes.length < 2) this.progress.tunes.push(tune.sidPath);
  }

  /**
   * @param {string} path
   * @param {SourceFile} file
   */
  #unchanged(path, file) {
    const tune = this.#known.get(path);
    const location = tune?.locations.find((location) => this.#isAt(location, path));
    if (location?.size !== file.size || location.modified !== file.lastModified) return undefined;
    return tune?.chip ? tune : undefined; // older versions of this page didn't keep the chip
  }

  /**
   * @param {string} path
   * @param {SourceFile} file
   * @param {SidEmulator} emulator
   */
  async #read(path, file, emulator) {
    emulator.checkSize(file.size);
    const bytes = await file.arrayBuffer();
    const { tune: header, problem } = emulator.inspect(new Uint8Array(bytes));
    if (problem || !header) throw new Error(problem);
    const sidPath = await nameOf(bytes);
    const location = { folder: this.#folder, path, size: file.size, modified: file.lastModified };
    const known = /** @type {Tune | undefined} */ (this.#collection.index.get(sidPath));
    const tune = known ?? this.#newTune(sidPath, header, bytes, location);
    tune.chip = header.chip;
    if (!tune.hvscPath) this.#setHvscPath(tune, path);
    this.#replace(tune, location);
    if (this.#storeBytes) this.#contents.push([sidPath, bytes]);
    return tune;
  }

  /**
   * @param {string} sidPath
   * @param {TuneInfo} header
   * @param {ArrayBuffer} bytes
   * @param {FileLocation} location
   * @returns {Tune}
   */
  #newTune(sidPath, header, bytes, location) {
    const { title, author, released, songs, startSong } = header;
    const { documents } = this.#collection;
    const hash = bytesToHex(md5(new Uint8Array(bytes)));
    const path = this.#hvscPath(location.path) || documents.pathOf(hash);
    const tune = {
      ...{ sidPath, md5: hash, hvscPath: path, title, author, released, songs, startSong },
      lengths: documents.lengthsOf({ md5: hash, hvscPath: path }, bytes),
      locations: [location],
      added: Date.now(),
    };
    tune.title ||= location.path.slice(location.path.lastIndexOf("/") + 1);
    this.#collection.add(tune);
    this.progress.fresh += 1;
    return tune;
  }

  /**
   * @param {string} path  below the folder
   * @returns {string} in the HVSC; "" if the folder isn't the HVSC or a part of it
   */
  #hvscPath(path) {
    return this.#folder === FILES ? "" : hvscPath(`${this.#folderName}/${path}`);
  }

  /**
   * @param {Tune} tune  that was known before
   * @param {string} path  below the folder
   */
  #setHvscPath(tune, path) {
    tune.hvscPath = this.#hvscPath(path);
    this.#collection.index.refreshText([tune]);
  }

  /**
   * Set the tune at a location, which another tune may have had before.
   * @param {Tune} tune
   * @param {FileLocation} location
   */
  #replace(tune, location) {
    const before = this.#known.get(location.path);
    if (before && before !== tune && this.#folder !== FILES) this.#removeLocation(before, location.path);
    tune.locations = [...tune.locations.filter((other) => !this.#isAt(other, location.path)), location];
    this.#changed.add(tune);
  }

  /**
   * @param {Tune} tune
   * @param {string} path
   */
  #removeLocation(tune, path) {
    tune.locations = tune.locations.filter((location) => !this.#isAt(location, path));
    this.#changed.add(tune);
    const other = tune.locations.find(({ folder }) => folder === this.#folder);
    if (other && tune.hvscPath === this.#hvscPath(path)) this.#setHvscPath(tune, other.path);
  }

  #removeMissing() {
    for (const [path, tune] of this.#known) if (!this.#seen.has(path)) this.#removeLocation(tune, path);
  }

  /**
   * @param {FileLocation} location
   * @param {string} path
   */
  #isAt(location, path) {
    return location.folder === this.#folder && location.path === path;
  }

  async #save() {
    const [tunes, contents] = [[...this.#changed], this.#contents];
    this.#changed = new Set();
    this.#contents = [];
    await this.#collection.save(tunes, contents);
  }
}
