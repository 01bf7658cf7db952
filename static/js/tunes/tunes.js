/** The tunes of the list in memory and in the database, and what is known of their sound. */

import { storedRoms } from "../sid/stored-roms.js";
import { Analyses } from "./analyses.js";
import { Documents } from "./documents.js";
import { EngineFeed } from "./engine-feed.js";
import { REPORT_INTERVAL_MS } from "./reports.js";
import { withSong } from "./song-analysis.js";
import { isOfCollection, ownTunes, TuneIndex } from "./tune-index.js";

/** @typedef {import("./best-effort-database.js").BestEffortDatabase} BestEffortDatabase */
/** @typedef {import("./best-effort-database.js").TunesDatabase} TunesDatabase */
/** @typedef {import("./indexing.js").Tune} OwnTune */
/** @typedef {import("./schema.js").AnalysisRow} AnalysisRow */
/** @typedef {import("./schema.js").TuneRow} TuneRow */
/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */
/** @typedef {import("./tune-index.js").Tune} Tune */

/** Tunes that are written in one transaction. */
const BATCH = 500;

/** The list is shown again less often the more tunes are in it, because they are sorted each time. */
const TUNES_PER_MS = 20;

/** Shortest time between two reports that the engine is to know tunes, after which it predicts all tunes again. */
const FRESH_INTERVAL_MS = 3000;

/** What a tune has that nothing is known of. */
const NOT_ANALYZED = Object.fromEntries(
  ["version", "features", "problems", "embeddings", "measured"].map((field) => [field, undefined]),
);

export class Tunes {
  #database;
  #folders;
  #reports;
  /**
   * Analyses of tunes that aren't in the list, or not yet, by `sidPath`.
   * @type {Map<string, AnalysisRow>}
   */
  #waiting = new Map();
  /** Whether the list is in order, and the page knows of it. */
  #isArranged = true;

  analyses = new Analyses();
  index = new TuneIndex(
    (tune) => this.documents.stil?.words(tune.hvscPath ?? "") ?? "",
    (tune) => this.analyses.startLengthOf(tune),
  );
  feed = new EngineFeed(this.analyses);
  documents;
  /** Resolves when what is stored is in the list. */
  loaded;

  /**
   * @param {BestEffortDatabase} database
   * @param {import("./folders.js").Folders} folders
   * @param {Pick<import("./tune-files.js").TuneFiles, "bytesOf">} files
   * @param {import("./reports.js").Reports} reports
   */
  constructor(database, folders, files, reports) {
    this.#database = database;
    this.#folders = folders;
    this.#reports = reports;
    this.documents = new Documents(database, this.index, (tune) => files.bytesOf(tune), {
      analyses: (file) => this.#useAnalyses(file),
      similarity: (bundle) => this.#useSimilarity(bundle),
    });
    this.loaded = this.#load();
  }

  /** @param {Tune} tune  that isn't in the index */
  add(tune) {
    this.index.add(tune);
    this.analyses.match(tune);
    const analysis = this.#waiting.get(tune.sidPath);
    this.#waiting.delete(tune.sidPath);
    if (analysis) this.#applyAnalysis(analysis);
    else this.#feedTune(tune);
  }

  /** @param {Tune[]} tunes  of the site's collection */
  addSite(tunes) {
    for (const tune of tunes) if (!this.index.get(tune.sidPath)) this.add(tune);
  }

  /** Remove the tunes of the site's collection. */
  removeSite() {
    this.#remove([...this.index.values()].filter(isOfCollection));
  }

  /** Look what is known of the tunes of the site's collection, whose MD5s are known now. */
  matchSite() {
    for (const tune of this.index.values()) {
      if (isOfCollection(tune) && this.analyses.match(tune)) this.#feedTune(tune);
    }
    this.arrange();
  }

  /** Take note that the listener has added or removed ROMs of the C64. */
  async useRoms() {
    this.analyses.hasRoms = Object.keys(await storedRoms()).length > 0;
  }

  /** @param {Tune} tune  of whose sound more may be known now */
  #feedTune(tune) {
    const indexed = this.index.get(tune.sidPath);
    if (indexed && !this.index.hasOwnCopy(indexed) && this.feed.add(indexed))
      this.#reports.sendThrottled("fresh", {}, FRESH_INTERVAL_MS);
  }

  /**
   * Save what was found out about a song, unless the listener has deleted the tune meanwhile.
   * @param {string} sidPath
   * @param {number} song  from 1
   * @param {import("./song-analysis.js").SongAnalysis} found
   * @returns {Promise<IndexedTune | undefined>} the tune
   */
  async saveSong(sidPath, song, found) {
    const tune = await this.find(sidPath);
    return tune && this.#saveAnalysis(tune, withSong(tune, song, found));
  }

  /**
   * Save lengths of a tune's songs that were found while they played.
   * @param {string} sidPath
   * @param {(number | null)[]} lengths  in seconds; null where unknown
   */
  async saveLengths(sidPath, lengths) {
    const tune = await this.find(sidPath);
    return tune && this.#saveAnalysis(tune, { sidPath, lengths });
  }

  /**
   * @param {IndexedTune} tune
   * @param {AnalysisRow} row
   */
  async #saveAnalysis(tune, row) {
    this.#applyAnalysis(row);
    await this.#database.write((tables) => tables.putAnalysis(row));
    this.#reports.sendThrottled("analyzed");
    return tune;
  }

  /**
   * @param {string} sidPath
   * @returns {Promise<IndexedTune | undefined>} the tune, for which this waits until all are there
   */
  async find(sidPath) {
    if (!this.index.get(sidPath)) await this.loaded;
    return this.index.get(sidPath);
  }

  /**
   * Write changed tunes of the listener, and remove those that have no location anymore.
   * @param {OwnTune[]} changed
   * @param {[string, ArrayBuffer][]} contents  bytes to keep, by `sidPath`
   */
  async save(changed, contents) {
    const removed = changed.filter((tune) => tune.locations.length === 0);
    if (removed.length) this.#remove(removed);
    if (changed.length) {
      this.#isArranged = false;
      this.#reports.sendThrottled(
        "changed",
        {},
        Math.max(REPORT_INTERVAL_MS, this.index.size / TUNES_PER_MS),
      );
    }
    for (let at = 0; at < changed.length; at += BATCH) await this.#write(changed.slice(at, at + BATCH));
    if (contents.length) await this.#database.write((tables) => tables.putContents(contents));
  }

  /**
   * Remove a folder and the tunes that are in no other folder.
   * @param {string} id
   */
  async removeFolder(id) {
    await this.loaded;
    const changed = ownTunes(this.index).filter(({ locations }) =>
      locations.some(({ folder }) => folder === id),
    );
    for (const tune of changed) tune.locations = tune.locations.filter(({ folder }) => folder !== id);
    await this.save(changed, []);
    await this.#folders.remove(id);
    this.arrange();
  }

  /** The page must be told of a change of the list, when `arrangeIfNeeded` is called. */
  disarrange() {
    this.#isArranged = false;
  }

  arrangeIfNeeded() {
    if (!this.#isArranged) this.arrange();
  }

  /** Bring the list into order, and report that it has changed. */
  arrange() {
    this.index.arrange(this.#folders.ids());
    this.#isArranged = true;
    this.#reports.send("changed");
  }

  /** Send all tunes to an engine that doesn't know them. */
  restartFeed() {
    this.index.resetRows();
    this.feed.restart(this.index.listed());
  }

  /** Delete all own music from the list and from the browser. */
  async wipe() {
    await this.loaded;
    this.#remove(ownTunes(this.index));
    this.#waiting.clear();
    for (const tune of this.index.values()) if (isOfCollection(tune)) Object.assign(tune, NOT_ANALYZED);
    this.analyses.use(null, []);
    this.feed.restart(this.index.listed(), this.feed.embeddings);
    this.#folders.clear();
    this.documents.clear();
    await this.#database.write((tables) => tables.wipe());
    this.arrange();
  }

  async #load() {
    await this.#folders.load();
    await this.useRoms();
    await this.documents.loadAnalyses();
    await this.#forEachRow(
      (tables) => tables.tunes(),
      (tune) => this.index.get(tune.sidPath) ?? this.add(tune),
    );
    await this.#forEachRow(
      (tables) => tables.analyses(),
      (row) => this.#applyAnalysis(row),
    );
    await this.documents.load();
    this.arrange();
    this.#reports.send("fresh");
    this.#reports.send("analyzed");
  }

  /**
   * Call `action` with each row of a store.
   * @template Row
   * @param {(tables: TunesDatabase) => AsyncIterable<Row[]>} batchesOf
   * @param {(row: Row) => unknown} action
   */
  async #forEachRow(batchesOf, action) {
    await this.#database.read(async (tables) => {
      for await (const rows of batchesOf(tables)) {
        for (const row of rows) action(row);
        this.#reports.sendThrottled("changed");
      }
    }, undefined);
  }

  /** @param {AnalysisRow} row */
  #applyAnalysis(row) {
    const { sidPath, version, features, problems, embeddings, lengths } = row;
    const tune = this.index.get(sidPath);
    if (!tune) {
      this.#waiting.set(sidPath, row);
      return;
    }
    if (version) Object.assign(tune, { version, features, problems, embeddings });
    if (lengths) {
      tune.measured = { lengths, lengthSource: "measured" };
      this.index.forgetLengths();
    }
    this.#feedTune(tune);
  }

  /**
   * Use an analysis file from now on.
   * @param {import("./analysis-file.js").AnalysisFile} file
   * @returns {number} tunes that are in it
   */
  #useAnalyses(file) {
    const known = this.analyses.use(file, this.index.values());
    this.index.forgetLengths();
    this.feed.restart(this.index.listed(), file.width ? this.feed.embeddings : undefined);
    this.#reports.send("fresh");
    this.#reports.send("analyzed");
    return known;
  }

  /**
   * Compare tunes by a bundle's codes from now on, instead of an analysis file's.
   * @param {import("./sidcorr.js").SimilarityBundle} bundle
   * @returns {number} tunes that are in it
   */
  #useSimilarity(bundle) {
    this.feed.restart(this.index.listed(), bundle);
    this.#reports.send("fresh");
    return this.index.listed().filter((tune) => bundle.knows(tune)).length;
  }

  /** @param {Tune[]} tunes */
  #remove(tunes) {
    if (!tunes.length) return;
    this.feed.remove(/** @type {IndexedTune[]} */ (tunes));
    this.index.remove(tunes);
    for (const tune of this.index.values()) {
      if (isOfCollection(tune) && tune.row === undefined) this.#feedTune(tune); // a copy may have hidden it
    }
  }

  /** @param {OwnTune[]} tunes */
  #write(tunes) {
    const present = tunes.filter((tune) => tune.locations.length > 0);
    const removed = tunes.filter((tune) => tune.locations.length === 0);
    return this.#database.write(async (tables) => {
      await tables.putTunes(present.map(toDatabaseRow));
      await tables.deleteTunes(removed.map((tune) => tune.sidPath));
    });
  }
}

/**
 * Convert a tune for the database, without the fields that only this page needs.
 * @param {TuneRow} tune
 * @returns {TuneRow}
 */
function toDatabaseRow({
  sidPath,
  md5,
  hvscPath,
  title,
  author,
  released,
  songs,
  startSong,
  chip,
  lengths,
  locations,
  added,
}) {
  const header = { title, author, released, songs, startSong, chip };
  return { sidPath, md5, hvscPath, ...header, lengths, locations, added };
}
