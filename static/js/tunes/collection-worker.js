/** The collection's worker: the tunes in memory, in the database, and on the listener's disk. */

import { EMBEDDING_WIDTH } from "../../../sidflow_feedback/page/messages.js";
import { nextTask } from "../next-task.js";
import { notify, serve, transfer } from "../worker-client.js";
import { Analyses } from "./analyses.js";
import { BestEffortDatabase } from "./best-effort-database.js";
import { Choice } from "./choice.js";
import { Documents } from "./documents.js";
import { EngineFeed } from "./engine-feed.js";
import { composersOf } from "./hvsc.js";
import { describePlace, describeTune } from "./place-info.js";
import { playlistOf } from "./playlist.js";
import { exists, fileAt, mayRead, nameOf, walk } from "./reading.js";
import { SiteCollection } from "./site-collection.js";
import { areStorable } from "./storable.js";
import { COLLECTION, FILES, isOwn, ownTunes, TuneIndex } from "./tune-index.js";

/** @typedef {import("./best-effort-database.js").TunesDatabase} TunesDatabase */
/** @typedef {import("./indexing.js").Tune} OwnTune */
/** @typedef {import("./place-info.js").PlaceInfo} PlaceInfo */
/** @typedef {import("./place-info.js").TuneInfo} TuneInfo */
/** @typedef {import("./reading.js").Entry} Entry */
/** @typedef {import("./row.js").ListedTune} ListedTune */
/** @typedef {import("./schema.js").AnalysisRow} AnalysisRow */
/** @typedef {import("./schema.js").Folder} Folder */
/** @typedef {import("./schema.js").TuneRow} TuneRow */
/** @typedef {import("./tune-index.js").Tune} Tune */

/** @typedef {import("./indexing.js").Progress & {folder: string, canceled: boolean, problem: string}} IndexingResult */
/** @typedef {{bytes?: ArrayBuffer, ask?: FileSystemDirectoryHandle}} Content  ask: the folder that needs permission */
/**
 * @typedef {{id: string, name: string, again: boolean, site: boolean, tunes: number}} FolderInfo  again: it can be read
 *   again; site: it is the site's collection
 */
/** @typedef {"changed" | "progress" | "problem" | "analyzed" | "fresh"} ReportKind */
/** @typedef {{choice: string, name: string | null, total: number, storeBytes: boolean}} ChoiceInfo  total: its files */
/** @typedef {object | null} PageTune  a tune for the page's Python */

/**
 * What the engine knows of a tune.
 * @typedef {object} Predictions
 * @property {number | null} row  of its song 1
 * @property {(number[] | null)[]} predictions  of each song: energy, mood, complexity, preference
 * @property {number[]} sureness  of each song, two bits for each prediction
 */

/**
 * The worker's commands, for `Collection.call`.
 * @typedef {object} Commands
 * @property {(args: {tunes: Tune[]}) => void} site
 * @property {(args: {root: string}) => Promise<void>} openSite
 * @property {(args: {choice: string, files: import("./choice.js").ChosenFile[]}) => boolean} choose
 * @property {(args: ChoiceInfo) => Promise<IndexingResult>} index
 * @property {(args: {handle: FileSystemDirectoryHandle}) => Promise<IndexingResult>} walk
 * @property {(args: {file: File}) => Promise<IndexingResult>} unpack
 * @property {(args: object) => void} cancel
 * @property {(args: object) => Promise<{folders: FolderInfo[], problem: string}>} folders
 * @property {(args: {id: string}) => FileSystemDirectoryHandle | null} handle
 * @property {(args: {id: string}) => Promise<void>} removeFolder
 * @property {(query: import("./tune-index.js").Query) => {count: number, all: number}} view
 * @property {(place: import("./tune-index.js").Place) => Promise<PlaceInfo | null>} place
 * @property {(args: {sidPath: string, song: number}) => Promise<TuneInfo | null>} about
 * @property {(args: object) => PageTune} playView
 * @property {(args: object) => void} endProgram
 * @property {(args: {from: number, to: number}) => ListedTune[]} slice
 * @property {(args: {sidPaths: string[] | null}) => string} playlist  in M3U format
 * @property {(args: {sidPath: string}) => number} position
 * @property {(args: {sidPath: string, count: number, unplayable: string[], lost: string[]}) => PageTune[]} following
 * @property {(args: object) => Promise<string[]>} lostFolders
 * @property {(args: {sidPath: string}) => Promise<PageTune>} find
 * @property {(args: {sidPath: string}) => Promise<Content>} read
 * @property {(row: AnalysisRow) => Promise<PageTune | null>} saveAnalysis
 * @property {(args: {limit: number, version: number}) => Promise<PageTune[]>} unanalyzed
 * @property {(args: {version: number}) => Promise<{analyzed: number, failed: number, all: number}>} analysisCounts
 * @property {(args: object) => void} restartFeed
 * @property {(args: {limit: number}) => import("./engine-feed.js").Batch | null} unsent
 * @property {(args: object) => {space: object | null, codebook: Float32Array | null} | null} space  of the codes
 * @property {(args: {round: number, rows: number[]}) => void} assignRows
 * @property {(args: {rows: number[]}) => PageTune[]} atRows
 * @property {(args: {sidPath: string}) => number[]} rowsOfComposer
 * @property {(args: {sidPaths: string[]}) => Predictions[]} predictions
 * @property {(args: {scores: string, sureness: string}) => void} setScores  base64, see TuneIndex
 * @property {(args: object) => Promise<void>} wipe
 */

/** Tunes that are written in one transaction. */
const BATCH = 500;

/** Shortest time between two reports of the same kind, so that the page stays responsive. */
const REPORT_INTERVAL_MS = 300;

/** Tunes of the site that are added in one task, so that the list answers meanwhile. */
const TUNES_PER_TASK = 5000;

/** The list is shown again less often the more tunes are in it, because they are sorted each time. */
const TUNES_PER_MS = 20;

/** Shortest time between two reports that the engine is to know tunes, after which it predicts all tunes again. */
const FRESH_INTERVAL_MS = 3000;

/** Tunes that a composer's station is made from. */
const MAX_SEEDS = 100;

const FILE_UNREACHABLE = "The browser can't reach this file anymore. Add the file or its folder again.";
const FILE_CHANGED = "The file has changed since it was added. Add the file or its folder again.";

/** @type {TuneIndex} */
const index = new TuneIndex((tune) => documents.stil?.words(tune.hvscPath ?? "") ?? "");

const analyses = new Analyses();
const feed = new EngineFeed(analyses);

/** Codes that are the embeddings of an analysis file. */
const embeddings = {
  width: EMBEDDING_WIDTH,
  code: (/** @type {Tune} */ tune, /** @type {number} */ song) => analyses.embedding(tune, song),
};

const NOTHING_INDEXED = { indexed: 0, skipped: 0 };

const NO_CODES = { width: 0, code: () => null };

/**
 * Files that this page can read, by `sidPath`.
 * @type {Map<string, import("./reading.js").SourceFile>}
 */
const openFiles = new Map();
/** @type {Folder} */
const singleFiles = { id: FILES, name: "Single files" };
/** @type {Map<string, Folder>} */
const folders = new Map([[FILES, singleFiles]]);

/**
 * What the listener has chosen and isn't indexed yet.
 * @type {Map<string, Choice>}
 */
const choices = new Map();

/**
 * Time of the last report, by kind.
 * @type {Map<ReportKind, number>}
 */
const lastReported = new Map();

/**
 * Reports that wait for their interval, by kind.
 * @type {Map<ReportKind, {timer: ReturnType<typeof setTimeout>, value: object}>}
 */
const pendingReports = new Map();

/** @type {import("./tune-index.js").IndexedTune[]} */
let view = [];

/** Whether the list is in order, and the page knows of it. */
let isArranged = true;

/** Whether the view has the tunes of a composer. */
let viewsComposer = false;

/** @type {import("./tune-index.js").IndexedTune[] | null} tunes that play in this order, whatever the view is now */
let program = null;

/** @type {[number, number]} first visible position, and the one after the last */
let visible = [0, 0];
/** @type {import("./indexing.js").Indexing | null} */
let indexing = null;
/** How often the listener has stopped indexing, also before it began. */
let stops = 0;
let problem = "";
/** @type {Promise<unknown>} */
let running = Promise.resolve();

/** @type {SiteCollection | null} */
let site = null;

/** @type {Promise<import("../sid/emulator.js").SidEmulator> | null} */
let emulator = null;

const database = new BestEffortDatabase((reason) => {
  problem = reason;
  report("problem", { problem });
});
const documents = new Documents(
  database,
  index,
  (tune) =>
    bytesOf(tune).then(
      ({ bytes }) => bytes,
      () => undefined,
    ),
  { analyses: useAnalyses, similarity: useSimilarity },
);
const loaded = load();

async function load() {
  for (const folder of await database.read((tables) => tables.folders(), [])) folders.set(folder.id, folder);
  await documents.loadAnalyses();
  await forEachRow(
    (tables) => tables.tunes(),
    (tune) => index.get(tune.sidPath) ?? addTune(tune),
  );
  await forEachRow((tables) => tables.analyses(), applyAnalysis);
  await documents.load();
  index.arrange(folders.keys());
  report("changed", {});
  report("fresh", {});
  report("analyzed", {});
}

/** Read the rest of what the site knows about its tunes, unless the listener has better. */
async function describeSite() {
  await loaded;
  try {
    await site?.identify(index);
    const file = analyses.file ? undefined : await site?.analyses();
    const stil = documents.stil ? undefined : await site?.stil();
    await documents.offer(file, stil);
  } catch (error) {
    console.warn(error); // the tunes can be played all the same
  }
  for (const tune of index.values()) if (tune.url && analyses.match(tune)) feedTune(tune);
  report("changed", {});
}

/** @param {Tune} tune  that isn't in the index */
function addTune(tune) {
  index.add(tune);
  analyses.match(tune);
  feedTune(tune);
}

/** @param {Tune} tune  of whose sound more may be known now */
function feedTune(tune) {
  const indexed = index.get(tune.sidPath);
  if (indexed && feed.add(indexed)) reportThrottled("fresh", {}, FRESH_INTERVAL_MS);
}

/**
 * Use an analysis file from now on.
 * @param {import("./analysis-file.js").AnalysisFile} file
 * @returns {number} tunes that are in it
 */
function useAnalyses(file) {
  const known = analyses.use(file, index.values());
  feed.restart(index.values(), file.width ? embeddings : undefined);
  report("fresh", {});
  report("analyzed", {});
  return known;
}

/**
 * Compare tunes by a bundle's codes from now on, instead of an analysis file's.
 * @param {import("./sidcorr.js").SimilarityBundle} bundle
 * @returns {number} tunes that are in it
 */
function useSimilarity(bundle) {
  feed.restart(index.values(), bundle);
  report("fresh", {});
  return [...index.values()].filter((tune) => bundle.knows(tune)).length;
}

/**
 * Call `action` with each row of a store.
 * @template Row
 * @param {(tables: TunesDatabase) => AsyncIterable<Row[]>} batchesOf
 * @param {(row: Row) => unknown} action
 */
async function forEachRow(batchesOf, action) {
  await database.read(async (tables) => {
    for await (const rows of batchesOf(tables)) {
      for (const row of rows) action(row);
      reportThrottled("changed", {});
    }
  }, undefined);
}

/** @param {AnalysisRow} row */
function applyAnalysis({ sidPath, version, features, problems, lengths }) {
  const tune = index.get(sidPath);
  if (!tune) return;
  if (version) Object.assign(tune, { version, features, problems });
  if (lengths) tune.measured = { lengths, lengthSource: "measured" };
  feedTune(tune);
}

/** @type {Omit<import("./indexing.js").IndexedCollection, "reportProgress">} */
const collection = {
  index,
  add: addTune,
  openFiles,
  documents,
  loadEmulator,

  async save(tunes, contents) {
    const removed = tunes.filter((tune) => tune.locations.length === 0);
    if (removed.length) removeTunes(removed);
    if (tunes.length) {
      isArranged = false;
      reportThrottled("changed", {}, Math.max(REPORT_INTERVAL_MS, index.size / TUNES_PER_MS));
    }
    for (let at = 0; at < tunes.length; at += BATCH) await write(tunes.slice(at, at + BATCH));
    if (contents.length) await database.write((tables) => tables.putContents(contents));
  },
};

/** Load the SID emulator for the first file to index; the page may never need it here. */
function loadEmulator() {
  emulator ??= import("../sid/emulator.js").then(({ SidEmulator, WASM_URL }) => SidEmulator.fetch(WASM_URL));
  emulator.catch(() => {
    emulator = null; // try again next time
  });
  return emulator;
}

/** @param {OwnTune[]} tunes */
function removeTunes(tunes) {
  feed.remove(/** @type {import("./tune-index.js").IndexedTune[]} */ (tunes));
  index.remove(tunes);
}

/** @param {OwnTune[]} tunes */
function write(tunes) {
  const present = tunes.filter((tune) => tune.locations.length > 0);
  const removed = tunes.filter((tune) => tune.locations.length === 0);
  return database.write(async (tables) => {
    await tables.putTunes(present.map(toDatabaseRow));
    await tables.deleteTunes(removed.map((tune) => tune.sidPath));
  });
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
  lengths,
  locations,
  added,
}) {
  return { sidPath, md5, hvscPath, title, author, released, songs, startSong, lengths, locations, added };
}

/**
 * Convert a tune for the page's Python.
 * @param {import("./tune-index.js").IndexedTune | undefined} tune
 * @returns {PageTune}
 */
function toPageTune(tune) {
  if (!tune) return null;
  const {
    text,
    row: _row,
    fileNumber: _number,
    md5,
    hvscPath,
    locations,
    added,
    measured: _measured,
    ...fields
  } = tune;
  const predicted = predictionsOf(tune);
  if (!locations) return { ...fields, ...predicted };
  const measured = analyses.lengthsOf(tune);
  const lengthSource = measured.some(Boolean) ? "measured" : "default";
  const lengths = tune.lengths.length
    ? { lengths: tune.lengths, lengthSource: "songlengths" }
    : { lengths: measured, lengthSource };
  const known = analyses.of(tune);
  // The length may have been added after the analysis.
  const features = (known.features ?? []).map(
    (song, i) => song && { ...song, duration: lengths.lengths[i] ?? song.duration },
  );
  const own = isOwn(tune) ? { own: true, folders: locations.map(({ folder }) => folder) } : {};
  return { ...fields, ...known, features, ...lengths, ...own, ...predicted };
}

/**
 * @param {import("./tune-index.js").IndexedTune | undefined} tune
 * @returns {Predictions}
 */
function predictionsOf(tune) {
  if (tune?.row === undefined) return { row: null, predictions: [], sureness: [] };
  const songs = Array.from({ length: tune.songs }, (_, number) => number + 1);
  return {
    row: tune.row,
    predictions: songs.map((song) => index.prediction(tune, song)),
    sureness: songs.map((song) => index.levels(tune, song)),
  };
}

/**
 * @param {Tune} tune
 * @returns {number | null} seconds of its start song
 */
function startLength(tune) {
  return tune.lengths[tune.startSong - 1] ?? analyses.lengthsOf(tune)[tune.startSong - 1] ?? null;
}

/**
 * Convert a tune for the list.
 * @param {Tune} tune
 * @returns {ListedTune}
 */
function toListRow(tune) {
  const { sidPath, title } = tune;
  return {
    sidPath,
    title,
    author: viewsComposer ? tune.released : tune.author,
    length: startLength(tune),
    prediction: index.prediction(tune),
    sureness: index.sureness(tune),
  };
}

/**
 * @param {Tune} tune
 * @param {Set<string>} gone  folders
 * @returns {boolean} whether the tune is in these folders only
 */
const isIn = ({ locations }, gone) => locations?.every(({ folder }) => gone.has(folder)) ?? false;

/**
 * @template Item
 * @param {Item[]} list
 * @param {number} start
 * @param {(item: Item) => boolean} wanted
 * @param {number} count
 * @returns {Item[]} at most so many wanted items from `start` on, around to the one before it
 */
function firstOf(list, start, wanted, count) {
  /** @type {Item[]} */
  const found = [];
  for (let number = 0; number < list.length && found.length < count; number++) {
    const item = list[(start + number) % list.length];
    if (wanted(item)) found.push(item);
  }
  return found;
}

/** @param {string} text  base64 */
function toBytes(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length); // a loop is 20 times as fast as `Uint8Array.from`
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

/**
 * @param {Folder} folder
 * @param {AsyncGenerator<Entry>} entries
 * @param {boolean} storeBytes
 * @param {number} begun  `stops` when the listener chose it
 * @param {number} [total]  number of the files, if it is known
 * @returns {Promise<IndexingResult>}
 */
async function runIndexing(folder, entries, storeBytes, begun, total) {
  /** @param {import("./indexing.js").Progress} progress */
  const reportProgress = (progress) => reportThrottled("progress", { ...progress, total });
  await loaded;
  const { Indexing } = await import("./indexing.js");
  await documents.openLengths();
  indexing = new Indexing({ ...collection, reportProgress }, folder, entries, storeBytes);
  if (stops !== begun) indexing.cancel();
  try {
    const result = await indexing.run();
    if (result.stil) isArranged = false; // the page may show comments
    return { folder: folder.id, ...result, problem };
  } finally {
    indexing = null;
    documents.closeLengths();
    cancelReport("progress");
    if (!isArranged) arrange();
  }
}

/** Stop what is indexed or waits for it. */
function cancelIndexing() {
  stops += 1;
  indexing?.cancel();
  for (const choice of choices.values()) choice.end(); // the page sends no more
}

/** Bring the list into order, and report that it has changed. */
function arrange() {
  index.arrange(folders.keys());
  isArranged = true;
  report("changed", {});
}

/**
 * Run `work` after all earlier work.
 * @template Result
 * @param {() => Promise<Result>} work
 */
function enqueue(work) {
  const done = running.then(work);
  running = done.catch(() => {});
  return done;
}

/**
 * Find the folder if it was added before; else create one.
 * @param {string} name
 * @param {FileSystemDirectoryHandle | null} handle
 * @returns {Promise<Folder>}
 */
async function folderFor(name, handle) {
  for (const folder of folders.values()) {
    const same = handle && folder.handle ? await folder.handle.isSameEntry(handle) : folder.name === name;
    if (same && !isFixed(folder.id)) return folder;
  }
  return { id: crypto.randomUUID(), name };
}

/**
 * @param {string} id  of a folder
 * @returns {boolean} whether the listener can neither add nor remove it
 */
const isFixed = (id) => id === FILES || id === COLLECTION;

/** @param {Folder} folder */
async function saveFolder(folder) {
  if (!folders.has(folder.id)) isArranged = false;
  folders.set(folder.id, folder);
  await database.write((tables) => tables.putFolder(folder));
}

/** @param {import("./archive.js").Archive} archive */
const isStorable = ({ files }) => areStorable(files.length, (number) => files[number]);

/**
 * @param {Tune} tune
 * @returns {Promise<Content>}
 */
async function bytesOf(tune) {
  const bytes =
    (await database.read((tables) => tables.content(tune.sidPath), undefined)) ??
    (await openFiles
      .get(tune.sidPath)
      ?.arrayBuffer()
      .catch(() => undefined)); // it has moved or changed
  if (bytes) return { bytes };
  /** @type {FileSystemDirectoryHandle | undefined} */
  let ask;
  for (const { folder, path } of tune.locations ?? []) {
    const handle = folders.get(folder)?.handle;
    if (!handle) continue;
    if (await mayRead(handle)) {
      const found = await fileAt(handle, path).then(
        (file) => file.arrayBuffer(),
        () => undefined,
      );
      if (found) return { bytes: found };
    } else ask ??= handle;
  }
  if (ask) return { ask };
  throw new Error(FILE_UNREACHABLE);
}

/**
 * @param {Folder} folder
 * @returns {Promise<boolean>} whether none of its files can be read without asking the listener
 */
async function isLost({ id, handle }) {
  if (handle) return !((await mayRead(handle)) && (await exists(handle)));
  const tunes = ownTunes(index).filter(({ locations }) => locations.some(({ folder }) => folder === id));
  if (tunes.some(({ sidPath }) => openFiles.has(sidPath))) return false;
  const [first] = tunes;
  return !(first && (await database.read((tables) => tables.content(first.sidPath), undefined)));
}

/** @type {Commands} */
const commands = {
  /** Add the tunes of the site. */
  site({ tunes }) {
    for (const tune of tunes) addTune(tune);
    index.arrange(folders.keys());
  },

  /** Add the collection of this site, if it has one, to the list; then read what else is known about its tunes. */
  async openSite({ root }) {
    site = await SiteCollection.find(root);
    if (!site) return;
    const tunes = await site.tunes();
    folders.set(COLLECTION, { id: COLLECTION, name: site.name });
    for (let at = 0; at < tunes.length; at += TUNES_PER_TASK) {
      for (const tune of tunes.slice(at, at + TUNES_PER_TASK)) if (!index.get(tune.sidPath)) addTune(tune);
      await nextTask();
    }
    index.arrange(folders.keys());
    report("changed", {});
    describeSite();
  },

  /** Add files to a choice that is being indexed, or will be. Return false if no more are wanted. */
  choose({ choice, files }) {
    const chosen = choices.get(choice);
    if (!chosen || chosen.ended) return false;
    chosen.add(files);
    const { received, total } = chosen;
    if (!indexing) reportThrottled("progress", { ...NOTHING_INDEXED, received, total });
    return true;
  },

  /** Index a choice while its files arrive: single files (`name` is null), or a folder with this name. */
  async index({ choice, name, total, storeBytes }) {
    const begun = stops;
    const chosen = new Choice(total);
    choices.set(choice, chosen);
    const folder = name === null ? singleFiles : await folderFor(name, null);
    return enqueue(async () => {
      try {
        await saveFolder(folder);
        return await runIndexing(folder, chosen.entries(), storeBytes && !folder.handle, begun, total);
      } finally {
        choices.delete(choice);
      }
    });
  },

  /** Index a folder that its handle can reach now and later. */
  async walk({ handle }) {
    const begun = stops;
    return enqueue(async () => {
      const folder = { ...(await folderFor(handle.name, handle)), handle };
      await saveFolder(folder);
      return runIndexing(folder, walk(handle), false, begun);
    });
  },

  /** Index the files in a zip, as a folder with the name of the zip. */
  async unpack({ file }) {
    const begun = stops;
    const { Archive } = await import("./archive.js");
    const archive = await Archive.open(file);
    const folder = await folderFor(archive.name, null);
    return enqueue(async () => {
      await saveFolder(folder);
      return runIndexing(folder, archive.entries(), !folder.handle && isStorable(archive), begun);
    });
  },

  cancel() {
    cancelIndexing();
  },

  async folders() {
    const counts = index.counts();
    const rows = [...folders.values()].map(({ id, name, handle }) => ({
      id,
      name,
      again: Boolean(handle),
      site: id === COLLECTION,
      tunes: counts[id] ?? 0,
    }));
    return { folders: rows.filter(({ id, tunes }) => id !== FILES || tunes), problem };
  },

  handle: ({ id }) => folders.get(id)?.handle ?? null,

  /** Remove a folder and the tunes that are in no other folder. */
  removeFolder: ({ id }) =>
    enqueue(async () => {
      await loaded;
      const changed = ownTunes(index).filter(({ locations }) =>
        locations.some(({ folder }) => folder === id),
      );
      for (const tune of changed) tune.locations = tune.locations.filter(({ folder }) => folder !== id);
      if (id !== FILES) folders.delete(id);
      await collection.save(changed, []);
      await database.write((tables) => tables.deleteFolder(id));
      index.arrange(folders.keys());
      report("changed", {});
    }),

  /** Set the tunes that the list shows, and their order. */
  view(query) {
    view = index.view(query);
    viewsComposer = Boolean(query.composer);
    return { count: view.length, all: index.size };
  },

  /** Return the tunes at these positions of the view. */
  slice({ from, to }) {
    visible = [from, to];
    return view.slice(from, to).map(toListRow);
  },

  /** Return a playlist of these tunes, or of the view. */
  playlist({ sidPaths }) {
    const tunes = sidPaths?.map((sidPath) => index.get(sidPath)).filter((tune) => tune !== undefined);
    return playlistOf(tunes ?? view, startLength);
  },

  position: ({ sidPath }) => view.findIndex((tune) => tune.sidPath === sidPath),

  /** Describe a folder or a composer; null if there is no such tune. */
  async place(place) {
    await loaded;
    return describePlace(index, folders, documents.stil, place);
  },

  /** Return what is known about a song besides its header. */
  async about({ sidPath, song }) {
    if (!index.get(sidPath)) await loaded;
    const tune = index.get(sidPath);
    return tune ? describeTune(tune, folders, documents.stil, song) : null;
  },

  /** Let the tunes of the view follow each other, whatever the view is later. Return the first one. */
  playView() {
    program = view;
    return toPageTune(view[0]);
  },

  endProgram() {
    program = null;
  },

  /**
   * Return the tunes that follow one in the program or the view, which wrap around. Tunes and folders that can't be
   * played are left out. If nothing is left, all tunes count.
   */
  following({ sidPath, count, unplayable, lost }) {
    const [bad, gone] = [new Set(unplayable), new Set(lost)];
    /** @param {Tune} tune */
    const plays = (tune) => tune.sidPath !== sidPath && !bad.has(tune.sidPath) && !isIn(tune, gone);
    for (const list of [program ?? view, index.view({})]) {
      const start = list.findIndex((tune) => tune.sidPath === sidPath) + 1;
      const found = firstOf(list, start, plays, count);
      if (found.length) return found.map(toPageTune);
    }
    return [];
  },

  /** Return the folders of which no file can be read without asking the listener. */
  async lostFolders() {
    await loaded;
    const candidates = [...folders.values()].filter(({ id }) => !isFixed(id));
    const lost = await Promise.all(candidates.map(isLost));
    return candidates.filter((_, number) => lost[number]).map(({ id }) => id);
  },

  async find({ sidPath }) {
    if (!index.get(sidPath)) await loaded;
    return toPageTune(index.get(sidPath));
  },

  /** Return the bytes of a tune, or the folder for which the listener must grant access. */
  async read({ sidPath }) {
    const tune = index.get(sidPath);
    if (!tune) throw new Error(FILE_UNREACHABLE);
    const found = await bytesOf(tune);
    if (found.bytes && (await nameOf(found.bytes)) !== sidPath) throw new Error(FILE_CHANGED);
    return found;
  },

  /** Save the analysis of a tune, unless the listener has deleted the tune meanwhile. */
  async saveAnalysis(row) {
    if (!index.get(row.sidPath)) await loaded;
    if (!index.get(row.sidPath)) return null;
    applyAnalysis(row);
    await database.write((tables) => tables.putAnalysis(row));
    reportThrottled("analyzed", {});
    return toPageTune(index.get(row.sidPath));
  },

  /** Return own tunes that this version hasn't analyzed: first the visible ones, then in the list's order. */
  async unanalyzed({ limit, version }) {
    await loaded;
    /** @type {Set<import("./tune-index.js").IndexedTune>} */
    const found = new Set();
    for (const tunes of [view.slice(...visible), view.slice(visible[1]), index.values()]) {
      for (const tune of tunes) {
        if (found.size >= limit) return [...found].map(toPageTune);
        if (isOwn(tune) && !analyses.isDone(tune, version)) found.add(tune);
      }
    }
    return [...found].map(toPageTune);
  },

  /** Count the tunes that were analyzed, and those that can't be. */
  async analysisCounts({ version }) {
    await loaded;
    let [analyzed, failed, all] = [0, 0, 0];
    for (const tune of index.values()) {
      if (!isOwn(tune) && tune.locations) continue;
      all += 1;
      if (analyses.hasFeatures(tune)) analyzed += 1;
      else if (analyses.isDone(tune, version)) failed += 1;
    }
    return { analyzed, failed, all };
  },

  /** Send all tunes to an engine that doesn't know them. */
  restartFeed() {
    index.resetRows();
    feed.restart(index.values());
  },

  /** Return tunes that the engine doesn't know yet, or knows less of. */
  unsent({ limit }) {
    const batch = feed.take(limit);
    if (!batch) return null;
    return transfer(
      batch,
      Object.values(batch.columns).map(({ buffer }) => buffer),
    );
  },

  space: () => feed.space,

  assignRows({ round, rows }) {
    index.assignRows(feed.answered(round), rows);
  },

  atRows: ({ rows }) => rows.map((row) => toPageTune(index.at(row))),

  /** Return the rows of the start songs of some tunes by the composer of a tune. */
  rowsOfComposer({ sidPath }) {
    const [composer] = composersOf(index.get(sidPath)?.author ?? "");
    if (!composer) return [];
    const tunes = index.view({ composer: composer.key });
    const rows = tunes.flatMap(({ row, startSong }) => (row === undefined ? [] : [row + startSong - 1]));
    return rows.slice(0, MAX_SEEDS);
  },

  predictions: ({ sidPaths }) => sidPaths.map((sidPath) => predictionsOf(index.get(sidPath))),

  setScores({ scores, sureness }) {
    index.setScores(new Float32Array(toBytes(scores).buffer), toBytes(sureness));
  },

  /** Delete all own music from the list and from the browser. */
  async wipe() {
    cancelIndexing();
    return enqueue(async () => {
      await loaded;
      removeTunes(ownTunes(index));
      analyses.use(null, []);
      feed.restart(index.values(), NO_CODES);
      for (const id of [...folders.keys()]) if (!isFixed(id)) folders.delete(id);
      openFiles.clear();
      documents.clear();
      await database.write((tables) => tables.wipe());
      describeSite();
      index.arrange(folders.keys());
      report("changed", {});
    });
  },
};

/** @param {ReportKind} kind */
function cancelReport(kind) {
  clearTimeout(pendingReports.get(kind)?.timer);
  pendingReports.delete(kind);
}

/**
 * @param {ReportKind} kind
 * @param {object} value
 */
function report(kind, value) {
  cancelReport(kind);
  lastReported.set(kind, performance.now());
  notify({ kind, value });
}

/**
 * Report at most once per interval; of the reports that come too soon, only the last is sent.
 * @param {ReportKind} kind
 * @param {object} value
 * @param {number} interval  in milliseconds
 */
function reportThrottled(kind, value, interval = REPORT_INTERVAL_MS) {
  const delay = interval - performance.now() + (lastReported.get(kind) ?? -interval);
  const timer =
    pendingReports.get(kind)?.timer ??
    setTimeout(() => report(kind, pendingReports.get(kind)?.value ?? {}), delay);
  pendingReports.set(kind, { timer, value });
}

serve(commands);
