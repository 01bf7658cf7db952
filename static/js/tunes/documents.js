/** The documents of the listener's collection: what Songlengths.md5, STIL.txt, and an analysis file say about it. */

import { dataMd5 } from "./data-md5.js";
import { SongLengths } from "./songlengths.js";
import { decodeStil, Stil } from "./stil.js";
import { ownTunes } from "./tune-index.js";

/** @typedef {import("./indexing.js").Tune} Tune */
/** @typedef {import("./reading.js").SourceFile} SourceFile */

/** Names in the database. */
const SONGLENGTHS = "Songlengths.md5";
const STIL = "STIL.txt";
const ANALYSES = "analysis file";
const SIMILARITY = "similarity bundle";
const MANIFEST = "manifest of a similarity bundle";

/** BroadcastChannel of the workers of all tabs: what kind of document was kept. */
const CHANNEL = "sidflow-tune-documents";

/** The largest document that is read; those of the HVSC have 8 MB. */
const MAX_BYTES = 32 * 2 ** 20;

/**
 * Uses of documents; each returns the number of tunes that are in it.
 * @typedef {object} Users
 * @property {(file: import("./analysis-file.js").AnalysisFile) => number} analyses
 * @property {(bundle: import("./sidcorr.js").SimilarityBundle) => number} similarity
 */

export class Documents {
  #database;
  #index;
  #bytesOf;
  #users;
  /** @type {Promise<unknown>} */
  #using = Promise.resolve();
  #otherTabs = new BroadcastChannel(CHANNEL);
  /** @type {SongLengths | null} only while files are indexed, because it is large */
  #lengths = null;
  /** @type {Stil | null} */
  stil = null;

  /**
   * @param {import("./best-effort-database.js").BestEffortDatabase} database
   * @param {import("./tune-index.js").TuneIndex} index
   * @param {(tune: Tune) => Promise<ArrayBuffer | undefined>} bytesOf  undefined if they can't be reached
   * @param {Users} users
   */
  constructor(database, index, bytesOf, users) {
    this.#database = database;
    this.#index = index;
    this.#bytesOf = bytesOf;
    this.#users = users;
    this.#otherTabs.onmessage = () => this.#enqueue(() => this.loadAnalyses());
  }

  /** Read the stored STIL.txt, and make its words searchable. */
  async load() {
    const stored = await this.#stored(STIL);
    if (stored) this.#useStil(await stored.arrayBuffer());
  }

  /** Use the stored analysis file and similarity bundle, unless they are for another version of this page. */
  async loadAnalyses() {
    const stored = await this.#stored(ANALYSES);
    if (stored) await this.#useAnalyses(await stored.arrayBuffer()).catch(() => {});
    await this.#useStoredSimilarity();
  }

  /**
   * Use what the site has, without keeping it; a bundle of the listener's still says which tunes are alike.
   * @param {ArrayBuffer | undefined} analyses
   * @param {ArrayBuffer | undefined} stil
   */
  async offer(analyses, stil) {
    if (analyses) {
      await this.#useAnalyses(analyses);
      await this.#useStoredSimilarity();
    }
    if (stil) this.#useStil(stil);
  }

  /** Make the stored lengths ready for `lengthsOf`. */
  async openLengths() {
    const stored = await this.#stored(SONGLENGTHS);
    if (stored) this.#lengths = new SongLengths(await stored.text());
  }

  closeLengths() {
    this.#lengths = null;
  }

  /**
   * Apply a document to present and future tunes.
   * @param {import("./reading.js").DocumentKind} kind
   * @param {SourceFile} file
   * @returns {Promise<{size: number, changed: Tune[]}>} number of tunes in the document, and the tunes with other lengths
   */
  async use(kind, file) {
    if (file.size > MAX_BYTES)
      throw new Error("It is too large to be read: at most 32 MB can be. Get the original again.");
    const bytes = await file.arrayBuffer();
    if (kind !== "songlengths" && kind !== "stil") {
      const size = await this.#enqueue(() => this.#useData(kind, new Blob([bytes])));
      this.#otherTabs.postMessage(kind);
      return { size, changed: [] };
    }
    const name = kind === "stil" ? STIL : SONGLENGTHS;
    await this.#database.write((tables) => tables.putNote(name, new Blob([bytes])));
    if (kind === "stil") return { size: this.#useStil(bytes), changed: [] };
    this.#lengths = new SongLengths(new TextDecoder().decode(bytes));
    return { size: this.#lengths.size, changed: await this.#updateLengths() };
  }

  /**
   * @param {{md5: string, hvscPath: string}} tune
   * @param {ArrayBuffer | undefined} bytes  of the file
   * @returns {number[]} seconds of each song; empty if unknown
   */
  lengthsOf({ md5, hvscPath }, bytes) {
    const list = this.#lengths;
    if (!list) return [];
    let found = list.ofHash(md5);
    if (!found.length && list.mayHashData && bytes) found = list.ofHash(dataMd5(bytes));
    return found.length ? found : list.ofPath(hvscPath);
  }

  /**
   * @param {string} md5  of a file
   * @returns {string} its path in the HVSC; "" if unknown
   */
  pathOf(md5) {
    return this.#lengths?.pathOf(md5) ?? "";
  }

  /** Forget everything. */
  clear() {
    this.stil = this.#lengths = null;
  }

  /**
   * Do work on analysis files and bundles after all earlier work: a bundle and its manifest need each other.
   * @template Result
   * @param {() => Promise<Result>} work
   * @returns {Promise<Result>}
   */
  #enqueue(work) {
    const done = this.#using.then(work);
    this.#using = done.catch(() => {});
    return done;
  }

  /** @param {string} name */
  #stored(name) {
    return this.#database.read((tables) => tables.note(name), undefined);
  }

  /**
   * @param {ArrayBuffer} bytes
   * @returns {number} entries
   */
  #useStil(bytes) {
    this.stil = new Stil(decodeStil(bytes));
    this.#index.refreshText([...this.#index.values()]);
    return this.stil.size;
  }

  /**
   * Use a file of data, and keep it; of bundle and analysis file, the last one says which tunes are alike.
   * @param {"analyses" | "similarity" | "manifest"} kind
   * @param {Blob} file
   * @returns {Promise<number>} tunes that are in it
   */
  async #useData(kind, file) {
    if (kind === "analyses") {
      const size = await this.#useAnalyses(await file.arrayBuffer());
      await this.#database.write((tables) => tables.putNote(ANALYSES, file));
      await this.#database.write((tables) => tables.deleteNote(SIMILARITY));
      return size;
    }
    const isBundle = kind === "similarity";
    const other = await this.#stored(isBundle ? MANIFEST : SIMILARITY);
    const size = isBundle ? await this.#useBundle(file, other) : await this.#useSimilarity(other, file);
    await this.#database.write((tables) => tables.putNote(isBundle ? SIMILARITY : MANIFEST, file));
    return size;
  }

  async #useStoredSimilarity() {
    const [bundle, manifest] = [await this.#stored(SIMILARITY), await this.#stored(MANIFEST)];
    await this.#useSimilarity(bundle, manifest).catch(() => {}); // it may be for another version of this page
  }

  /**
   * Use a bundle with its manifest, or without one if that belongs to another bundle.
   * @param {Blob} bundle
   * @param {Blob | undefined} manifest
   */
  async #useBundle(bundle, manifest) {
    try {
      return await this.#useSimilarity(bundle, manifest);
    } catch (error) {
      if (!manifest) throw error;
      return this.#useSimilarity(bundle, undefined);
    }
  }

  /**
   * @param {Blob | undefined} bundle
   * @param {Blob | undefined} manifest
   * @returns {Promise<number>} tunes that are in the bundle; 0 if there is none yet
   */
  async #useSimilarity(bundle, manifest) {
    const described = manifest ? parseManifest(await manifest.text()) : {};
    if (!bundle) return 0;
    const { SimilarityBundle } = await import("./sidcorr.js");
    return this.#users.similarity(await SimilarityBundle.read(await bundle.arrayBuffer(), described));
  }

  /**
   * @param {ArrayBuffer} bytes
   * @returns {Promise<number>} tunes that are in the file
   */
  async #useAnalyses(bytes) {
    const { AnalysisFile } = await import("./analysis-file.js");
    return this.#users.analyses(await AnalysisFile.read(bytes));
  }

  /** @returns {Promise<Tune[]>} the changed tunes */
  async #updateLengths() {
    const changed = [];
    for (const tune of ownTunes(this.#index)) {
      const path = tune.hvscPath || this.pathOf(tune.md5);
      const known = this.lengthsOf({ md5: tune.md5, hvscPath: path }, undefined);
      const found = known.length ? known : await this.#lengthsOfData(tune);
      if (!found.length && path === tune.hvscPath) continue;
      if (found.length) tune.lengths = found;
      tune.hvscPath = path;
      changed.push(tune);
    }
    this.#index.refreshText(changed);
    return changed;
  }

  /**
   * @param {Tune} tune  whose hash and path aren't in the list
   * @returns {Promise<number[]>}
   */
  async #lengthsOfData(tune) {
    if (!this.#lengths?.mayHashData) return [];
    return this.lengthsOf(tune, await this.#bytesOf(tune));
  }
}

/**
 * @param {string} text
 * @returns {import("./sidcorr.js").Manifest}
 */
function parseManifest(text) {
  try {
    const found = JSON.parse(text);
    if (found !== null && typeof found === "object") return found;
  } catch {} // it is no JSON
  throw new Error("It can't be read as a manifest. Get it again.");
}
