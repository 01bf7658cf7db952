// One run through a folder, or a handful of files: reads what is new, and forgets what is gone.

import { md5 } from "../../vendor/noble-hashes/legacy.js";
import { bytesToHex } from "../../vendor/noble-hashes/utils.js";
import { MAX_BYTES, parseHeader } from "./header.js";
import { isTune } from "./reading.js";
import { isSonglengths } from "./songlengths.js";
import { FILES } from "./tune-index.js";

/** Files that are read at the same time: the disk is waited for, not the processor. */
const READERS = 8;

/** Tunes that are written in one transaction. */
const BATCH = 500;

/** Reasons that are kept for the listener; all that are skipped are counted. */
const MAX_REASONS = 50;

/** @returns {Promise<string>} what events call a tune of the listener's */
export async function nameOf(bytes) {
  return `sha256:${bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}`;
}

export class Indexing {
  #collection;
  #folder;
  #entries;
  #keep;
  #known = new Map();
  #seen = new Set();
  #changed = new Set();
  #contents = [];
  #canceled = false;
  progress = { found: 0, indexed: 0, fresh: 0, skipped: 0, reasons: [], tunes: [], lengths: 0 };

  /**
   * @param {object} collection with `index`, `live`, `save`, `useLengths`, `lengthsOf` and `tell`
   * @param {string} folder its id
   * @param {AsyncGenerator<{path: string, open: () => Promise<File>}>} entries
   * @param {boolean} keep the bytes too
   */
  constructor(collection, folder, entries, keep) {
    this.#collection = collection;
    this.#folder = folder;
    this.#entries = entries;
    this.#keep = keep;
  }

  cancel() {
    this.#canceled = true;
  }

  /** @returns {Promise<object>} `progress`, with what came of it */
  async run() {
    for (const tune of this.#collection.index.values()) {
      for (const place of tune.places ?? [])
        if (place.folder === this.#folder) this.#known.set(place.path, tune);
    }
    await Promise.all(Array.from({ length: READERS }, () => this.#readOn()));
    if (this.#folder !== FILES && !this.#canceled) this.#forgetMissing();
    await this.#save();
    this.progress.reasons.sort();
    return { ...this.progress, canceled: this.#canceled };
  }

  async #readOn() {
    for (;;) {
      const { value, done } = await this.#entries.next();
      if (done || this.#canceled) return;
      await this.#take(value);
      if (this.#changed.size >= BATCH) await this.#save();
      this.#collection.tell(this.progress);
    }
  }

  async #take({ path, open }) {
    if (isSonglengths(path)) {
      this.progress.lengths += await this.#collection.useLengths(await (await open()).text());
    }
    if (!isTune(path)) return;
    this.progress.found += 1;
    this.#seen.add(path);
    try {
      const file = await open();
      const tune = this.#unchanged(path, file) ?? (await this.#read(path, file));
      this.#collection.live.set(tune.sidPath, file);
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

  async #read(path, file) {
    if (file.size > MAX_BYTES) throw new Error("it is larger than a C64's memory");
    const bytes = await file.arrayBuffer();
    const header = parseHeader(new Uint8Array(bytes));
    const sidPath = await nameOf(bytes);
    const place = { folder: this.#folder, path, size: file.size, modified: file.lastModified };
    const tune = this.#collection.index.get(sidPath) ?? this.#newTune(sidPath, header, bytes, place);
    this.#replace(tune, place);
    if (this.#keep) this.#contents.push([sidPath, bytes]);
    return tune;
  }

  #newTune(sidPath, header, bytes, place) {
    const hash = bytesToHex(md5(new Uint8Array(bytes)));
    const lengths = this.#collection.lengthsOf(hash);
    const tune = { sidPath, md5: hash, ...header, lengths, places: [place], added: Date.now() };
    tune.title ||= place.path.split("/").at(-1);
    this.#collection.index.add(tune);
    this.progress.fresh += 1;
    return tune;
  }

  /** Put a tune at a place, where another one may have been. */
  #replace(tune, place) {
    const before = this.#known.get(place.path);
    if (before && before !== tune && this.#folder !== FILES) this.#takeAway(before, place.path);
    tune.places = [...tune.places.filter((other) => !this.#isHere(other, place.path)), place];
    this.#changed.add(tune);
  }

  #takeAway(tune, path) {
    tune.places = tune.places.filter((place) => !this.#isHere(place, path));
    this.#changed.add(tune);
  }

  #forgetMissing() {
    for (const [path, tune] of this.#known) if (!this.#seen.has(path)) this.#takeAway(tune, path);
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
