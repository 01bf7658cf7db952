/** The collection's worker: answers the page's commands. */

import { ANALYSIS_VERSION } from "../../../sidflow_feedback/page/messages.js";
import { serve, transfer } from "../worker-client.js";
import { countAnalyses, unanalyzed } from "./analysis-backlog.js";
import { decodeBase64 } from "./base64.js";
import { BestEffortDatabase } from "./best-effort-database.js";
import { Folders } from "./folders.js";
import { FullAnalysis } from "./full-analysis.js";
import { composersOf, frequentComposers } from "./hvsc.js";
import { IndexingQueue } from "./indexing-queue.js";
import { KeptTunes } from "./kept-tunes.js";
import { ListView } from "./list-view.js";
import { describePlace, describeTune } from "./place-info.js";
import { readPlaylist } from "./playlist.js";
import { Playlists } from "./playlists.js";
import { Reports } from "./reports.js";
import { SiteTunes } from "./site-tunes.js";
import { FILE_UNREACHABLE, TuneFiles } from "./tune-files.js";
import { isOwn } from "./tune-index.js";
import { TuneRecords } from "./tune-records.js";
import { Tunes } from "./tunes.js";

/** @typedef {import("./folders.js").FolderInfo} FolderInfo */
/** @typedef {import("./indexing-queue.js").IndexingResult} IndexingResult */
/** @typedef {import("./row.js").ListedTune} ListedTune */
/** @typedef {import("./song-analysis.js").SongAnalysis} SongAnalysis */
/** @typedef {import("./tune-files.js").Content} Content */
/** @typedef {import("./tune-index.js").Tune} Tune */
/** @typedef {import("./tune-records.js").Predictions} Predictions */
/** @typedef {import("./tune-records.js").TuneRecord} TuneRecord */

/**
 * The worker's commands, for `Collection.call`.
 * @typedef {object} Commands
 * @property {(args: {tunes: Tune[]}) => void} site
 * @property {(args: {root: string}) => Promise<void>} openSite
 * @property {(args: {catalog: string}) => Promise<void>} readKept  without a network
 * @property {(args: object) => void} clearKept
 * @property {(args: {from: number, count: number}) => string[]} kept  addresses
 * @property {(args: object) => string | null} keptRows
 * @property {(args: {choice: string, files: import("./choice.js").ChosenFile[]}) => boolean} choose
 * @property {(args: import("./indexing-queue.js").ChoiceInfo) => Promise<IndexingResult>} index
 * @property {(args: {handle: FileSystemDirectoryHandle}) => Promise<IndexingResult>} walk
 * @property {(args: {file: File}) => Promise<IndexingResult>} unpack
 * @property {(args: object) => void} cancel
 * @property {(args: object) => {folders: FolderInfo[], problem: string}} folders
 * @property {(args: {id: string}) => FileSystemDirectoryHandle | null} handle
 * @property {(args: {id: string}) => Promise<void>} removeFolder
 * @property {(query: import("./tune-index.js").Query & {playlist?: string}) => {count: number, all: number}} view
 * @property {(place: import("./tune-index.js").Place) => Promise<import("./place-info.js").PlaceInfo | null>} place
 * @property {(args: {sidPath: string, song: number}) => Promise<import("./place-info.js").TuneInfo | null>} about
 * @property {(args: object) => TuneRecord} playView
 * @property {(args: object) => void} endProgram
 * @property {(args: {from: number, to: number}) => ListedTune[]} slice
 * @property {(args: {sidPaths: string[] | null}) => string} playlist  in M3U format
 * @property {(args: {sidPath: string}) => number} position
 * @property {(args: {sidPath: string, count: number} & import("./list-view.js").Exclusions) => TuneRecord[]} following
 * @property {(args: object) => Promise<string[]>} lostFolders
 * @property {(args: {sidPath: string}) => Promise<TuneRecord>} find
 * @property {(args: {sidPath: string}) => Promise<Content>} read
 * @property {(args: {sidPath: string, song: number, found: SongAnalysis}) => Promise<TuneRecord>} saveSong
 * @property {(args: {sidPath: string, lengths: (number | null)[]}) => Promise<TuneRecord>} saveLengths
 * @property {(args: {limit: number, version: number}) => Promise<TuneRecord[]>} unanalyzed
 * @property {(args: {version: number}) => Promise<import("./analysis-backlog.js").AnalysisCounts>} analysisCounts
 * @property {(args: object) => Promise<FileSystemDirectoryHandle[]>} lockedFolders
 * @property {(args: {defaultLength: number}) => Promise<void>} analyzeAll
 * @property {(args: object) => void} stopAnalysis
 * @property {(args: object) => Promise<void>} useRoms
 * @property {(args: object) => void} restartFeed
 * @property {(args: {limit: number}) => import("./engine-feed.js").Batch | null} unsent
 * @property {(args: object) => import("./engine-feed.js").Space} space  of the codes
 * @property {(args: {round: number, rows: number[]}) => void} assignRows
 * @property {(args: {rows: number[]}) => TuneRecord[]} atRows
 * @property {(args: {sidPath?: string, composer?: string}) => number[]} rowsOfComposer
 * @property {(args: object) => string} paths  of what the list shows
 * @property {(args: object) => string[]} composers  names of those with most tunes
 * @property {(args: object) => Promise<import("./playlists.js").Playlist[]>} playlists
 * @property {(args: {name: string, tunes: string[]}) => Promise<string>} createPlaylist  its name
 * @property {(args: {id: string, name: string}) => Promise<string>} renamePlaylist  its name
 * @property {(args: {id: string}) => Promise<import("./playlists.js").Playlist | null>} deletePlaylist
 * @property {(args: {list: import("./playlists.js").Playlist}) => Promise<string>} restorePlaylist  its name
 * @property {(args: {id: string, tunes: string[]}) => Promise<number | null>} addToPlaylist  new tunes of it
 * @property {(args: {id: string, sidPath: string}) => Promise<void>} removeFromPlaylist
 * @property {(args: {id: string, sidPath: string, step: number}) => Promise<void>} moveInPlaylist
 * @property {(args: {name: string, text: string}) => Promise<ImportedPlaylist>} importPlaylist
 * @property {(args: {sidPaths: string[]}) => Predictions[]} predictions
 * @property {(args: {scores: string, sureness: string}) => void} setScores  base64, see TuneIndex
 * @property {(args: object) => Promise<void>} wipe
 */

/** @typedef {{name: string, total: number, missing: string[]}} ImportedPlaylist  missing: lines that name no tune */

/** Shortest time between two reports on the analysis of all tunes. */
const ANALYZING_INTERVAL_MS = 1000;

/** Tunes that a composer's station is made from. */
const MAX_SEEDS = 100;

/** Composers that the page offers for the filter. */
const MAX_COMPOSERS = 500;

const LOCKED =
  "The browser doesn't let this page read the tune's folder. Play a tune of that folder to allow it.";

const reports = new Reports();
const database = new BestEffortDatabase((problem) => reports.send("problem", { problem }));
const folders = new Folders(database);
const files = new TuneFiles(database, folders);
const tunes = new Tunes(database, folders, files, reports);
const { index, analyses, documents, feed } = tunes;
const queue = new IndexingQueue(tunes, folders, files, database, reports);
const site = new SiteTunes(tunes, folders);
const records = new TuneRecords(index, analyses);
const playlists = new Playlists(database, (isWiped) => reports.send("playlists", { isWiped }));
const kept = new KeptTunes();
const view = new ListView(index, analyses, playlists, kept);
const analysis = new FullAnalysis(
  {
    next: (limit, except) => unanalyzed(view, analyses, ANALYSIS_VERSION, limit, site.isDescribed, except),
    read: bytesOf,
    lengths: (tune) => records.lengthsOf(tune).lengths,
    save: (tune, found) => tunes.saveSong(tune.sidPath, tune.startSong, found),
  },
  () => reports.sendThrottled("analyzing", analysis.state, ANALYZING_INTERVAL_MS),
);

/** @type {Commands} */
const commands = {
  /** Add the tunes of the site. */
  site({ tunes: found }) {
    for (const tune of found) tunes.add(tune);
    index.arrange(folders.ids());
  },

  openSite: ({ root }) => site.open(root),

  /** Read which tunes of the site are kept: there is no network, and no others follow. */
  readKept: ({ catalog }) => kept.read(catalog),

  clearKept() {
    kept.clear();
  },

  kept: ({ from, count }) => kept.slice(from, count),
  keptRows: () => kept.rows(index.listed()),

  choose: ({ choice, files }) => queue.choose(choice, files),
  index: (choice) => queue.index(choice),
  walk: ({ handle }) => queue.walk(handle),
  unpack: ({ file }) => queue.unpack(file),

  cancel() {
    queue.cancel();
  },

  folders: () => ({ folders: folders.describe(index.counts()), problem: database.problem }),
  handle: ({ id }) => folders.get(id)?.handle ?? null,
  removeFolder: ({ id }) => queue.enqueue(() => tunes.removeFolder(id)),

  view: (query) => view.show(query),
  slice: ({ from, to }) => view.slice(from, to),
  playlist: ({ sidPaths }) => view.playlist(sidPaths),
  position: ({ sidPath }) => view.position(sidPath),
  playView: () => records.of(view.startProgram()),

  endProgram() {
    view.endProgram();
  },

  following: ({ sidPath, count, ...exclusions }) =>
    view.following(sidPath, count, exclusions).map((tune) => records.of(tune)),

  /** Describe a folder or a composer; null if there is no such tune. */
  async place(place) {
    await tunes.loaded;
    return describePlace(index, folders, documents.stil, place);
  },

  /** Return what is known about a song besides its header. */
  async about({ sidPath, song }) {
    const tune = await tunes.find(sidPath);
    return tune ? describeTune(tune, folders, documents.stil, song) : null;
  },

  /** Return the folders of which no file can be read without asking the listener. */
  async lostFolders() {
    await tunes.loaded;
    const candidates = folders.removable();
    const lost = await Promise.all(candidates.map((folder) => files.isLost(folder, index)));
    return candidates.filter((_, number) => lost[number]).map(({ id }) => id);
  },

  find: async ({ sidPath }) => records.of(await tunes.find(sidPath)),

  /** Return the bytes of a tune, or the folder for which the listener must grant access. */
  async read({ sidPath }) {
    const tune = index.get(sidPath);
    if (!tune) throw new Error(FILE_UNREACHABLE);
    return files.read(tune);
  },

  saveSong: async ({ sidPath, song, found }) => records.of(await tunes.saveSong(sidPath, song, found)),
  saveLengths: async ({ sidPath, lengths }) => records.of(await tunes.saveLengths(sidPath, lengths)),

  /** Return tunes that this version hasn't analyzed: first the visible ones, then the listener's, then the site's. */
  async unanalyzed({ limit, version }) {
    await tunes.loaded;
    const found = unanalyzed(view, analyses, version, limit, site.isDescribed);
    return found.map((tune) => records.of(tune));
  },

  async analysisCounts({ version }) {
    await tunes.loaded;
    return countAnalyses(index.listed(), analyses, version);
  },

  /** Return the folders that the browser reads only if the listener allows it again. */
  lockedFolders: () => folders.locked(),

  async analyzeAll({ defaultLength }) {
    await tunes.loaded;
    analysis.run(defaultLength);
  },

  stopAnalysis() {
    analysis.stop();
  },

  /** Take note that the listener has added or removed ROMs of the C64. */
  useRoms: () => tunes.useRoms(),

  restartFeed() {
    tunes.restartFeed();
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

  /** Return the listed tunes with these rows, null for others. */
  atRows({ rows }) {
    const found = rows.map((row) => index.at(row));
    return found.map((tune) => (tune && index.hasOwnCopy(tune) ? null : records.of(tune)));
  },

  /** Return the rows of the start songs of some tunes by the composer of a tune. */
  rowsOfComposer({ sidPath = "", composer }) {
    const key = composer ?? composersOf(index.get(sidPath)?.author ?? "")[0]?.key;
    if (!key) return [];
    const theirs = index.view({ composer: key });
    const rows = theirs.flatMap(({ row, startSong }) => (row === undefined ? [] : [row + startSong - 1]));
    return rows.slice(0, MAX_SEEDS);
  },

  predictions: ({ sidPaths }) => sidPaths.map((sidPath) => records.predictionsOf(index.get(sidPath))),

  setScores({ scores, sureness }) {
    index.setScores(new Float32Array(decodeBase64(scores).buffer), decodeBase64(sureness));
  },

  paths: () => view.paths(),
  composers: () => frequentComposers(index.listed()).slice(0, MAX_COMPOSERS),

  async playlists() {
    await playlists.loaded;
    return playlists.all();
  },

  createPlaylist: ({ name, tunes }) => playlists.create(name, tunes),
  renamePlaylist: ({ id, name }) => playlists.rename(id, name),
  deletePlaylist: ({ id }) => playlists.delete(id),
  restorePlaylist: ({ list }) => playlists.restore(list),
  addToPlaylist: ({ id, tunes }) => playlists.add(id, tunes),
  removeFromPlaylist: ({ id, sidPath }) => playlists.remove(id, sidPath),

  /** Move a tune by so many positions of the list, which shows the playlist in its own order. */
  async moveInPlaylist({ id, sidPath, step }) {
    const other = view.at(view.position(sidPath) + step);
    if (other) await playlists.move(id, sidPath, other.sidPath);
  },

  /** Make a playlist of the tunes that a file names. */
  async importPlaylist({ name, text }) {
    await tunes.loaded;
    const { tunes: found, missing } = readPlaylist(text, index.listed());
    const given = found.length ? await playlists.create(name, found) : name;
    return { name: given, total: found.length + missing.length, missing };
  },

  /** Delete all own music from the list and from the browser. */
  async wipe() {
    queue.cancel();
    analysis.stop();
    return queue.enqueue(async () => {
      await tunes.wipe();
      playlists.clear();
      files.open.clear();
      site.describe();
    });
  },
};

/**
 * @param {import("./tune-index.js").IndexedTune} tune
 * @returns {Promise<ArrayBuffer>}
 */
async function bytesOf(tune) {
  if (!isOwn(tune)) return site.read(tune);
  const { bytes } = await files.read(tune);
  if (!bytes) throw new Error(LOCKED);
  return bytes;
}

serve(commands);
