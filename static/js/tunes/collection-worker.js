// The collection's worker: the tunes in memory, in the database, and on the listener's disk.

import { BestEffortDatabase } from "./best-effort-database.js";
import { Indexing, nameOf } from "./indexing.js";
import { fileAt, mayRead, walk } from "./reading.js";
import { parseSonglengths } from "./songlengths.js";
import { FILES, TuneIndex } from "./tune-index.js";

const SONGLENGTHS = "Songlengths.md5";

/** Tunes that are written in one transaction. */
const BATCH = 500;

/** Milliseconds between two reports of the same kind, so that the page has time for the listener. */
const PACE = 300;

/** Up to so much is kept itself where the browser gives no way to reach the files again. */
const MAX_KEPT = { files: 200, bytes: 20 * 2 ** 20 };

const AWAY = "The browser has let go of this file. Add its folder again (Add music), or the file itself.";
const CHANGED = "The file has changed since it was added. Add it, or its folder, again.";

const index = new TuneIndex();
const live = new Map();
const folders = new Map([[FILES, { id: FILES, name: "Single files" }]]);
const chosen = new Map();
const said = new Map();
const waiting = new Map();
let lengths = null;
let view = [];
let lookedAt = [0, 0];
let indexing = null;
let problem = "";
let running = Promise.resolve();

const shelf = new BestEffortDatabase((text) => {
  problem = text;
  report("problem", { problem });
});
const loaded = load();

async function load() {
  for (const folder of await shelf.read((database) => database.folders(), [])) folders.set(folder.id, folder);
  await each("tunes", (tune) => index.get(tune.sidPath) ?? index.add(tune));
  await each("measured", take);
  index.arrange(folders.keys());
  report("changed", {});
}

/** Do something with each row of a store. */
async function each(store, work) {
  await shelf.read(async (database) => {
    for await (const rows of database[store]()) {
      for (const row of rows) work(row);
      pace("changed", {});
    }
  });
}

function take({ sidPath, version, features, problems, lengths }) {
  const tune = index.get(sidPath);
  if (!tune) return;
  if (version) Object.assign(tune, { version, features, problems });
  if (lengths) tune.measured = { lengths, lengthSource: "measured" };
}

const collection = {
  index,
  live,

  async save(tunes, contents) {
    const gone = tunes.filter((tune) => tune.places.length === 0);
    if (gone.length) index.remove(gone);
    pace("changed", {});
    for (let at = 0; at < tunes.length; at += BATCH) await write(tunes.slice(at, at + BATCH));
    if (contents.length) await shelf.write((database) => database.putContents(contents));
  },

  lengthsOf: (md5) => lengths?.get(md5) ?? [],

  /** Take a Songlengths.md5, for the tunes that are here and those that come. */
  async useLengths(text) {
    lengths = parseSonglengths(text);
    await shelf.write((database) => database.putNote(SONGLENGTHS, new Blob([text])));
    const changed = [...index.values()].filter((tune) => tune.places && lengths.has(tune.md5));
    for (const tune of changed) tune.lengths = lengths.get(tune.md5);
    await collection.save(changed, []);
    return lengths.size;
  },

  tell: (progress) => pace("progress", progress),
};

function write(tunes) {
  const there = tunes.filter((tune) => tune.places.length > 0);
  const gone = tunes.filter((tune) => tune.places.length === 0);
  return shelf.write(async (database) => {
    await database.putTunes(there.map(stored));
    await database.deleteTunes(gone.map((tune) => tune.sidPath));
  });
}

/** A tune as the database has it: what only this page needs is left out. */
function stored({ sidPath, md5, title, author, released, songs, startSong, lengths, places, added }) {
  return { sidPath, md5, title, author, released, songs, startSong, lengths, places, added };
}

/** A tune as the page's Python knows it. */
function told(tune) {
  if (!tune) return null;
  const { text, row, md5, places, added, measured, ...told } = tune;
  if (!places) return told;
  const lengths = tune.lengths.length
    ? { lengths: tune.lengths, lengthSource: "songlengths" }
    : (measured ?? { lengths: [], lengthSource: "default" });
  // The length may have become known after the rest was measured.
  const features = (tune.features ?? []).map(
    (song, i) => song && { ...song, duration: lengths.lengths[i] ?? song.duration },
  );
  return { ...told, features, ...lengths, own: true };
}

/** A tune as the list shows it. */
function listed(tune) {
  const { sidPath, title, author, lengths } = tune;
  const length = lengths[0] ?? tune.measured?.lengths[0] ?? null;
  return { sidPath, title, author, length, prediction: index.prediction(tune) };
}

async function run(folder, entries, keep) {
  await loaded;
  lengths ??= await kept();
  indexing = new Indexing(collection, folder.id, entries, keep);
  try {
    return { folder: folder.id, ...(await indexing.run()), problem };
  } finally {
    indexing = null;
    lengths = null;
    forget("progress");
    index.arrange(folders.keys());
    report("changed", {});
  }
}

async function kept() {
  const blob = await shelf.read((database) => database.note(SONGLENGTHS));
  return blob ? parseSonglengths(await blob.text()) : null;
}

/** One run after another. */
function queued(work) {
  const done = running.then(work);
  running = done.catch(() => {});
  return done;
}

/** The folder that this is, if it was added before; else a new one. */
async function folderFor(name, handle) {
  for (const folder of folders.values()) {
    const same = handle && folder.handle ? await folder.handle.isSameEntry(handle) : folder.name === name;
    if (same && folder.id !== FILES) return folder;
  }
  return { id: crypto.randomUUID(), name };
}

async function remember(folder) {
  folders.set(folder.id, folder);
  await shelf.write((database) => database.putFolder(folder));
}

async function* among(files) {
  for (const { path, file } of files) yield { path, open: async () => file };
}

async function bytesOf(tune) {
  const kept = await shelf.read((database) => database.content(tune.sidPath));
  if (kept) return { bytes: kept };
  if (live.has(tune.sidPath)) return { bytes: await live.get(tune.sidPath).arrayBuffer() };
  for (const place of tune.places) {
    const { handle } = folders.get(place.folder) ?? {};
    if (!handle) continue;
    if (!(await mayRead(handle))) return { ask: handle };
    return { bytes: await (await fileAt(handle, place.path)).arrayBuffer() };
  }
  throw new Error(AWAY);
}

const hasFeatures = (tune) => tune.features?.some((song) => song !== null) ?? false;

const commands = {
  /** Take the tunes of the site. */
  site({ tunes }) {
    for (const tune of tunes) index.add(tune);
    index.arrange(folders.keys());
  },

  /** Take some of the files that the listener has chosen; `index` then goes through them. */
  choose({ choice, files }) {
    if (!chosen.has(choice)) chosen.set(choice, []);
    chosen.get(choice).push(...files);
  },

  /** Index what was chosen: files one by one (`name` is null), or a folder of this name. */
  async index({ choice, name }) {
    const files = chosen.get(choice) ?? [];
    chosen.delete(choice);
    const folder = name === null ? folders.get(FILES) : await folderFor(name, null);
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    const keep = !folder.handle && files.length <= MAX_KEPT.files && bytes <= MAX_KEPT.bytes;
    return queued(async () => {
      await remember(folder);
      return run(folder, among(files), keep);
    });
  },

  /** Index a folder that can be reached by its handle, now and later. */
  async walk({ handle }) {
    return queued(async () => {
      const folder = { ...(await folderFor(handle.name, handle)), handle };
      await remember(folder);
      return run(folder, walk(handle), false);
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

  /** Forget a folder and the tunes that are nowhere else. */
  removeFolder: ({ id }) =>
    queued(async () => {
      await loaded;
      const changed = [...index.values()].filter((tune) => tune.places?.some((place) => place.folder === id));
      for (const tune of changed) tune.places = tune.places.filter((place) => place.folder !== id);
      if (id !== FILES) folders.delete(id);
      await collection.save(changed, []);
      await shelf.write((database) => database.deleteFolder(id));
      index.arrange(folders.keys());
      report("changed", {});
    }),

  /** Choose which tunes the list shows, and in which order. */
  view(wanted) {
    view = index.view(wanted);
    return { count: view.length, all: index.size };
  },

  /** @returns the tunes at these positions of the view */
  slice({ from, to }) {
    lookedAt = [from, to];
    return view.slice(from, to).map(listed);
  },

  position: ({ sidPath }) => view.findIndex((tune) => tune.sidPath === sidPath),

  /** The tunes that come after one in the view, the first ones at its end; of all where the view is empty. */
  following({ sidPath, count }) {
    const list = view.length ? view : index.view({});
    const start = list.findIndex((tune) => tune.sidPath === sidPath) + 1;
    const after = list.slice(start, start + count);
    const before = list.slice(0, Math.max(0, Math.min(start - 1, count - after.length)));
    return [...after, ...before].map(told);
  },

  async find({ sidPath }) {
    if (!index.get(sidPath)) await loaded;
    return told(index.get(sidPath));
  },

  /** @returns the bytes of a tune, or the folder that the listener must be asked for */
  async read({ sidPath }) {
    const tune = index.get(sidPath);
    if (!tune) throw new Error(AWAY);
    const found = await bytesOf(tune);
    if (found.bytes && (await nameOf(found.bytes)) !== sidPath) throw new Error(CHANGED);
    return found;
  },

  async learn(row) {
    take(row);
    await shelf.write((database) => database.putMeasured(row));
    pace("learned", {});
    return told(index.get(row.sidPath));
  },

  /** Own tunes that this version has not measured: first those in sight, then as the list goes on. */
  async unmeasured({ limit, version }) {
    await loaded;
    const found = new Set();
    for (const tunes of [view.slice(...lookedAt), view.slice(lookedAt[1]), index.values()]) {
      for (const tune of tunes) {
        if (found.size >= limit) return [...found].map(told);
        if (tune.places && tune.version !== version) found.add(tune);
      }
    }
    return [...found].map(told);
  },

  /** How many tunes were measured, and how many can't be. */
  async progress({ version }) {
    await loaded;
    const tunes = [...index.values()];
    const measured = tunes.filter(hasFeatures).length;
    const failed = tunes.filter((tune) => tune.version === version && !hasFeatures(tune)).length;
    return { measured, failed, all: tunes.length };
  },

  /** Own tunes whose features are known, after the first so many of them. */
  async measured({ after, limit }) {
    await loaded;
    const known = [...index.values()].filter((tune) => tune.places && hasFeatures(tune));
    return known.slice(after, after + limit).map(told);
  },

  place({ sidPaths, rows, anew }) {
    index.place(sidPaths, rows, anew);
  },

  score({ scores }) {
    const bytes = Uint8Array.from(atob(scores), (letter) => letter.charCodeAt(0));
    index.score(new Float32Array(bytes.buffer));
  },

  /** Delete all own music from the list and from the browser. */
  async wipe() {
    indexing?.cancel();
    return queued(async () => {
      await loaded;
      index.remove([...index.values()].filter((tune) => tune.places));
      for (const id of [...folders.keys()]) if (id !== FILES) folders.delete(id);
      live.clear();
      await shelf.write((database) => database.wipe());
      index.arrange(folders.keys());
      report("changed", {});
    });
  },
};

function forget(kind) {
  clearTimeout(waiting.get(kind)?.timer);
  waiting.delete(kind);
}

function report(kind, value) {
  forget(kind);
  said.set(kind, performance.now());
  postMessage({ event: kind, value });
}

/** Report, but not more often than the page can use; of those that come too soon, the last. */
function pace(kind, value) {
  const timer =
    waiting.get(kind)?.timer ??
    setTimeout(() => report(kind, waiting.get(kind).value), PACE - performance.now() + (said.get(kind) ?? 0));
  waiting.set(kind, { timer, value });
}

globalThis.onmessage = async ({ data: { id, command, args } }) => {
  try {
    postMessage({ id, result: await commands[command](args) });
  } catch (error) {
    postMessage({ id, error: error.message || String(error) });
  }
};
