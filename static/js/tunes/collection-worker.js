/** The collection's worker: the tunes in memory, in the database, and on the listener's disk. */

import { notify, serve } from "../worker-client.js";
import { BestEffortDatabase } from "./best-effort-database.js";
import { Indexing, nameOf } from "./indexing.js";
import { fileAt, mayRead, walk } from "./reading.js";
import { parseSonglengths } from "./songlengths.js";
import { FILES, TuneIndex } from "./tune-index.js";

const SONGLENGTHS = "Songlengths.md5";

/** Tunes that are written in one transaction. */
const BATCH = 500;

/** Shortest time between two reports of the same kind, so that the page stays responsive. */
const REPORT_INTERVAL_MS = 300;

/** Limits for storing the files themselves if the browser offers no way to reach them again. */
const MAX_STORED = { files: 200, bytes: 20 * 2 ** 20 };

const FILE_UNREACHABLE =
  "The browser can't reach this file anymore. Add the file or its folder again.";
const FILE_CHANGED = "The file has changed since it was added. Add the file or its folder again.";

const index = new TuneIndex();

/** Files that this page can read, by `sidPath`. */
const openFiles = new Map();
const folders = new Map([[FILES, { id: FILES, name: "Single files" }]]);

/** Files that the listener has choices and `index` hasn't indexed yet, by choice. */
const choices = new Map();

/** Time of the last report, by kind. */
const lastReported = new Map();

/** Reports that wait for their interval, by kind. */
const pendingReports = new Map();

let lengths = null;
let view = [];

/** First position in view, and the one after the last. */
let visible = [0, 0];
let indexing = null;
let problem = "";
let running = Promise.resolve();

/** @type {Promise<import("../sid/emulator.js").SidEmulator> | null} */
let emulator = null;

const database = new BestEffortDatabase((reason) => {
  problem = reason;
  report("problem", { problem });
});
const loaded = load();

async function load() {
  for (const folder of await database.read((tables) => tables.folders(), [])) folders.set(folder.id, folder);
  await forEachRow("tunes", (tune) => index.get(tune.sidPath) ?? index.add(tune));
  await forEachRow("analyses", applyAnalysis);
  index.arrange(folders.keys());
  report("changed", {});
}

/** Call `action` with each row of a store. */
async function forEachRow(store, action) {
  await database.read(async (tables) => {
    for await (const rows of tables[store]()) {
      for (const row of rows) action(row);
      reportThrottled("changed", {});
    }
  });
}

function applyAnalysis({ sidPath, version, features, problems, lengths }) {
  const tune = index.get(sidPath);
  if (!tune) return;
  if (version) Object.assign(tune, { version, features, problems });
  if (lengths) tune.measured = { lengths, lengthSource: "measured" };
}

/** What an Indexing needs of the collection. */
const collection = {
  index,
  openFiles,
  loadEmulator,

  async save(tunes, contents) {
    const removed = tunes.filter((tune) => tune.places.length === 0);
    if (removed.length) index.remove(removed);
    reportThrottled("changed", {});
    for (let at = 0; at < tunes.length; at += BATCH) await write(tunes.slice(at, at + BATCH));
    if (contents.length) await database.write((tables) => tables.putContents(contents));
  },

  lengthsOf: (md5) => lengths?.get(md5) ?? [],

  /** Apply a Songlengths.md5 to present and future tunes. */
  async useLengths(text) {
    lengths = parseSonglengths(text);
    await database.write((tables) => tables.putNote(SONGLENGTHS, new Blob([text])));
    const changed = [...index.values()].filter((tune) => tune.places && lengths.has(tune.md5));
    for (const tune of changed) tune.lengths = lengths.get(tune.md5);
    await collection.save(changed, []);
    return lengths.size;
  },

  reportProgress: (progress) => reportThrottled("progress", progress),
};

/** Load the SID emulator for the first file to index; the page may never need it here. */
function loadEmulator() {
  emulator ??= import("../sid/emulator.js").then(({ SidEmulator, WASM_URL }) => SidEmulator.fetch(WASM_URL));
  emulator.catch(() => {
    emulator = null; // try again next time
  });
  return emulator;
}

function write(tunes) {
  const present = tunes.filter((tune) => tune.places.length > 0);
  const removed = tunes.filter((tune) => tune.places.length === 0);
  return database.write(async (tables) => {
    await tables.putTunes(present.map(toDatabaseRow));
    await tables.deleteTunes(removed.map((tune) => tune.sidPath));
  });
}

/** Convert a tune for the database, without the fields that only this page needs. */
function toDatabaseRow({ sidPath, md5, title, author, released, songs, startSong, lengths, places, added }) {
  return { sidPath, md5, title, author, released, songs, startSong, lengths, places, added };
}

/** Convert a tune for the page's Python. */
function toPageTune(tune) {
  if (!tune) return null;
  const { text, row, md5, places, added, measured, ...fields } = tune;
  if (!places) return fields;
  const lengths = tune.lengths.length
    ? { lengths: tune.lengths, lengthSource: "songlengths" }
    : (measured ?? { lengths: [], lengthSource: "default" });
  // The length may have been added after the analysis.
  const features = (tune.features ?? []).map(
    (song, i) => song && { ...song, duration: lengths.lengths[i] ?? song.duration },
  );
  return { ...fields, features, ...lengths, own: true };
}

/** Convert a tune for the list. */
function toListRow(tune) {
  const { sidPath, title, author, lengths } = tune;
  const length = lengths[0] ?? tune.measured?.lengths[0] ?? null;
  return { sidPath, title, author, length, prediction: index.prediction(tune) };
}

async function runIndexing(folder, entries, storeBytes) {
  await loaded;
  lengths ??= await storedSonglengths();
  indexing = new Indexing(collection, folder.id, entries, storeBytes);
  try {
    return { folder: folder.id, ...(await indexing.run()), problem };
  } finally {
    indexing = null;
    lengths = null;
    cancelReport("progress");
    index.arrange(folders.keys());
    report("changed", {});
  }
}

async function storedSonglengths() {
  const blob = await database.read((tables) => tables.note(SONGLENGTHS));
  return blob ? parseSonglengths(await blob.text()) : null;
}

/** Run `work` after all earlier work. */
function enqueue(work) {
  const done = running.then(work);
  running = done.catch(() => {});
  return done;
}

/** Find the folder if it was added before; else create one. */
async function folderFor(name, handle) {
  for (const folder of folders.values()) {
    const same = handle && folder.handle ? await folder.handle.isSameEntry(handle) : folder.name === name;
    if (same && folder.id !== FILES) return folder;
  }
  return { id: crypto.randomUUID(), name };
}

async function saveFolder(folder) {
  folders.set(folder.id, folder);
  await database.write((tables) => tables.putFolder(folder));
}

async function* entriesOf(files) {
  for (const { path, file } of files) yield { path, open: async () => file };
}

async function bytesOf(tune) {
  const stored = await database.read((tables) => tables.content(tune.sidPath));
  if (stored) return { bytes: stored };
  if (openFiles.has(tune.sidPath)) return { bytes: await openFiles.get(tune.sidPath).arrayBuffer() };
  for (const place of tune.places) {
    const { handle } = folders.get(place.folder) ?? {};
    if (!handle) continue;
    if (!(await mayRead(handle))) return { ask: handle };
    return { bytes: await (await fileAt(handle, place.path)).arrayBuffer() };
  }
  throw new Error(FILE_UNREACHABLE);
}

const hasFeatures = (tune) => tune.features?.some((song) => song !== null) ?? false;

const commands = {
  /** Add the tunes of the site. */
  site({ tunes }) {
    for (const tune of tunes) index.add(tune);
    index.arrange(folders.keys());
  },

  /** Add files to a choice of the listener, for `index`. */
  choose({ choice, files }) {
    if (!choices.has(choice)) choices.set(choice, []);
    choices.get(choice).push(...files);
  },

  /** Index a choice: single files (`name` is null), or the files of a folder with this name. */
  async index({ choice, name }) {
    const files = choices.get(choice) ?? [];
    choices.delete(choice);
    const folder = name === null ? folders.get(FILES) : await folderFor(name, null);
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    const storeBytes = !folder.handle && files.length <= MAX_STORED.files && bytes <= MAX_STORED.bytes;
    return enqueue(async () => {
      await saveFolder(folder);
      return runIndexing(folder, entriesOf(files), storeBytes);
    });
  },

  /** Index a folder that its handle can reach now and later. */
  async walk({ handle }) {
    return enqueue(async () => {
      const folder = { ...(await folderFor(handle.name, handle)), handle };
      await saveFolder(folder);
      return runIndexing(folder, walk(handle), false);
    });
  },

  cancel() {
    indexing?.cancel();
  },

  async folders() {
    const counts = index.counts();
    const rows = [...folders.values()].map(({ id, name, handle }) => ({
      id,
      name,
      again: Boolean(handle),
      tunes: counts[id] ?? 0,
    }));
    return { folders: rows.filter(({ id, tunes }) => id !== FILES || tunes), problem };
  },

  handle: ({ id }) => folders.get(id)?.handle ?? null,

  /** Remove a folder and the tunes that are in no other folder. */
  removeFolder: ({ id }) =>
    enqueue(async () => {
      await loaded;
      const changed = [...index.values()].filter((tune) => tune.places?.some((place) => place.folder === id));
      for (const tune of changed) tune.places = tune.places.filter((place) => place.folder !== id);
      if (id !== FILES) folders.delete(id);
      await collection.save(changed, []);
      await database.write((tables) => tables.deleteFolder(id));
      index.arrange(folders.keys());
      report("changed", {});
    }),

  /** Set the tunes that the list shows, and their order. */
  view(query) {
    view = index.view(query);
    return { count: view.length, all: index.size };
  },

  /** Return the tunes at these positions of the view. */
  slice({ from, to }) {
    visible = [from, to];
    return view.slice(from, to).map(toListRow);
  },

  position: ({ sidPath }) => view.findIndex((tune) => tune.sidPath === sidPath),

  /** Return the tunes that follow one in the view, which wraps around; an empty view means all tunes. */
  following({ sidPath, count }) {
    const list = view.length ? view : index.view({});
    const start = list.findIndex((tune) => tune.sidPath === sidPath) + 1;
    const after = list.slice(start, start + count);
    const before = list.slice(0, Math.max(0, Math.min(start - 1, count - after.length)));
    return [...after, ...before].map(toPageTune);
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

  /** Save the analysis of a tune. */
  async saveAnalysis(row) {
    applyAnalysis(row);
    await database.write((tables) => tables.putAnalysis(row));
    reportThrottled("analyzed", {});
    return toPageTune(index.get(row.sidPath));
  },

  /** Return own tunes that this version hasn't analyzed: first the visible ones, then in the list's order. */
  async unanalyzed({ limit, version }) {
    await loaded;
    const found = new Set();
    for (const tunes of [view.slice(...visible), view.slice(visible[1]), index.values()]) {
      for (const tune of tunes) {
        if (found.size >= limit) return [...found].map(toPageTune);
        if (tune.places && tune.version !== version) found.add(tune);
      }
    }
    return [...found].map(toPageTune);
  },

  /** Count the tunes that were analyzed, and those that can't be. */
  async analysisCounts({ version }) {
    await loaded;
    const tunes = [...index.values()];
    const analyzed = tunes.filter(hasFeatures).length;
    const failed = tunes.filter((tune) => tune.version === version && !hasFeatures(tune)).length;
    return { analyzed, failed, all: tunes.length };
  },

  /** Return own tunes with features, from position `after` on. */
  async analyzed({ after, limit }) {
    await loaded;
    const known = [...index.values()].filter((tune) => tune.places && hasFeatures(tune));
    return known.slice(after, after + limit).map(toPageTune);
  },

  assignRows({ sidPaths, rows, reset }) {
    index.assignRows(sidPaths, rows, reset);
  },

  setScores({ scores }) {
    const bytes = Uint8Array.from(atob(scores), (letter) => letter.charCodeAt(0));
    index.setScores(new Float32Array(bytes.buffer));
  },

  /** Delete all own music from the list and from the browser. */
  async wipe() {
    indexing?.cancel();
    return enqueue(async () => {
      await loaded;
      index.remove([...index.values()].filter((tune) => tune.places));
      for (const id of [...folders.keys()]) if (id !== FILES) folders.delete(id);
      openFiles.clear();
      await database.write((tables) => tables.wipe());
      index.arrange(folders.keys());
      report("changed", {});
    });
  },
};

function cancelReport(kind) {
  clearTimeout(pendingReports.get(kind)?.timer);
  pendingReports.delete(kind);
}

function report(kind, value) {
  cancelReport(kind);
  lastReported.set(kind, performance.now());
  notify({ kind, value });
}

/** Report at most once per interval; of the reports that come too soon, only the last is sent. */
function reportThrottled(kind, value) {
  const delay = REPORT_INTERVAL_MS - performance.now() + (lastReported.get(kind) ?? 0);
  const timer =
    pendingReports.get(kind)?.timer ?? setTimeout(() => report(kind, pendingReports.get(kind).value), delay);
  pendingReports.set(kind, { timer, value });
}

serve(commands);
