/** One run through a folder or a set of files: reads new files, and removes missing ones. */

import { md5 } from "../../vendor/noble-hashes/legacy.js";
import { bytesToHex } from "../../vendor/noble-hashes/utils.js";
import { isTune } from "./reading.js";
import { isSonglengths } from "./songlengths.js";
import { FILES } from "./tune-index.js";

/** Files that are read at the same time, because the disk is the bottleneck, not the processor. */
const READERS = 8;

/** Changed tunes after which they are saved. */
const BATCH = 500;

/** Most skipped files that are reported with a reason. All of them are counted. */
const MAX_REASONS = 50;

/** @returns {Promise<string>} the `sidPath` of an own tune: a hash of its content */
export async function nameOf(bytes) {
  return `sha256:${bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}`;
}

export class Indexing {
  #collection;
  #folder;
  #entries;
  #storeBytes;
  #known = new Map();
  #seen = new Set();
  #changed = new Set();
  #contents = [];
  #canceled = false;
  progress = { found: 0, indexed: 0, fresh: 0, skipped: 0, reasons: [], tunes: [], lengths: 0 };

  /**
   * @param {object} collection  of `collection-worker.js`
   * @param {string} folder  its id
   * @param {AsyncGenerator<{path: string, open: () => Promise<File>}>} entries
   * @param {boolean} storeBytes  whether to store the files themselves
   */
  constructor(collection, folder, entries, storeBytes) {
    this.#collection = collection;
    this.#folder = folder;
    this.#entries = entries;
    this.#storeBytes = storeBytes;
  }

  cancel() {
    this.#canceled = true;
  }

  /** @returns {Promise<object>} the final `progress`, and whether the run was canceled */
  async run() {
    for (const tune of this.#collection.index.values()) {
      for (const place of tune.places ?? [])
        if (place.folder === this.#folder) this.#known.set(place.path, tune);
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

  async #add({ path, open }) {
    if (isSonglengths(path)) {
      this.progress.lengths += await this.#collection.useLengths(await (await open()).text());
    }
    if (!isTune(path)) return;
    this.progress.found += 1;
    this.#seen.add(path);
    const emulator = await this.#collection.loadEmulator();
    try {
      const file = await open();
      const tune = this.#unchanged(path, file) ?? (await this.#read(path, file, emulator));
      this.#collection.openFiles.set(tune.sidPath, file);
      this.progress.indexed += 1;
      if (this.progress.tunes.length < 2) this.progress.tunes.push(tune.sidPath);
    } catch (error) {
      this.progress.skipped += 1;
      if (this.progress.reasons.length < MAX_REASONS) this.progress.reasons.push([path, error.message]);
    }
  }

  #unchanged(path, file) {
    const tune = this.#known.get(path);
    const place = tune?.places.find((place) => this.#isHere(place, path));
    return place?.size === file.size && place.modified === file.lastModified ? tune : null;
  }

  async #read(path, file, emulator) {
    emulator.checkSize(file.size);
    const bytes = await file.arrayBuffer();
    const { tune: header, problem } = emulator.inspect(new Uint8Array(bytes));
    if (problem) throw new Error(problem);
    const sidPath = await nameOf(bytes);
    const place = { folder: this.#folder, path, size: file.size, modified: file.lastModified };
    const tune = this.#collection.index.get(sidPath) ?? this.#newTune(sidPath, header, bytes, place);
    this.#replace(tune, place);
    if (this.#storeBytes) this.#contents.push([sidPath, bytes]);
    return tune;
  }

  #newTune(sidPath, header, bytes, place) {
    const hash = bytesToHex(md5(new Uint8Array(bytes)));
    const lengths = this.#collection.lengthsOf(hash);
    const { title, author, released, songs, startSong } = header;
    const tune = {
      sidPath,
      md5: hash,
      title,
      author,
      released,
      songs,
      startSong,
      lengths,
      places: [place],
      added: Date.now(),
    };
    tune.title ||= place.path.split("/").at(-1);
    this.#collection.index.add(tune);
    this.progress.fresh += 1;
    return tune;
  }

  /** Set the tune at a place, which another tune may have had before. */
  #replace(tune, place) {
    const before = this.#known.get(place.path);
    if (before && before !== tune && this.#folder !== FILES) this.#removePlace(before, place.path);
    tune.places = [...tune.places.filter((other) => !this.#isHere(other, place.path)), place];
    this.#changed.add(tune);
  }

  #removePlace(tune, path) {
    tune.places = tune.places.filter((place) => !this.#isHere(place, path));
    this.#changed.add(tune);
  }

  #removeMissing() {
    for (const [path, tune] of this.#known) if (!this.#seen.has(path)) this.#removePlace(tune, path);
  }

  #isHere(place, path) {
    return place.folder === this.#folder && place.path === path;
  }

  async #save() {
    const [tunes, contents] = [[...this.#changed], this.#contents];
    this.#changed = new Set();
    this.#contents = [];
    await this.#collection.save(tunes, contents);
  }
}
