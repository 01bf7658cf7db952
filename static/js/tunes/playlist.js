/** Playlists as files: in the extended M3U format, and as a list of paths. */

/** @typedef {import("./tune-index.js").IndexedTune} IndexedTune */
/** @typedef {import("./tune-index.js").Tune} Tune */

/** After the path of an entry: a song of the tune. */
const SONG = /(?:[#?](?:song=|subsong=)?|,)\d+$/;

/**
 * @param {Tune[]} tunes
 * @param {(tune: Tune) => number | null} lengthOf  seconds of the start song
 * @returns {string} a playlist: paths as in HVSC if the tunes are from its folder
 */
export function playlistOf(tunes, lengthOf) {
  const entries = tunes.map((tune) => {
    const seconds = lengthOf(tune);
    const length = seconds === null ? -1 : Math.round(seconds);
    return `#EXTINF:${length},${oneLine(`${tune.author} - ${tune.title}`)}\n${oneLine(pathOf(tune))}\n`;
  });
  return `#EXTM3U\n${entries.join("")}`;
}

/**
 * @param {Tune[]} tunes
 * @returns {string} a line for each: its path in the HVSC, or the path that it has here
 */
export const pathsOf = (tunes) => tunes.map((tune) => `${oneLine(tune.hvscPath || pathOf(tune))}\n`).join("");

/**
 * Find the tunes that a playlist, or a list of paths, names.
 * @param {string} text
 * @param {Iterable<IndexedTune>} tunes
 * @returns {{tunes: string[], missing: string[]}} `sidPath`s, each once, and the lines that name no tune
 */
export function readPlaylist(text, tunes) {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"));
  const files = byFile(tunes);
  /** @type {string[]} */
  const found = [];
  /** @type {string[]} */
  const missing = [];
  for (const line of lines) {
    const sidPath = find(files, line) ?? find(files, line.replace(SONG, ""));
    if (sidPath) found.push(sidPath);
    else missing.push(line);
  }
  return { tunes: [...new Set(found)], missing };
}

/**
 * @param {Iterable<IndexedTune>} tunes
 * @returns {Map<string, {parts: string[], sidPath: string}[]>} their paths by the name of the file
 */
function byFile(tunes) {
  /** @type {Map<string, {parts: string[], sidPath: string}[]>} */
  const files = new Map();
  for (const { sidPath, hvscPath, locations } of tunes) {
    for (const path of [hvscPath, ...(locations ?? [{ path: sidPath }]).map(({ path }) => path)]) {
      if (!path) continue;
      const parts = partsOf(path);
      const file = parts.at(-1) ?? "";
      const known = files.get(file);
      if (known) known.push({ parts, sidPath });
      else files.set(file, [{ parts, sidPath }]);
    }
  }
  return files;
}

/**
 * @param {Map<string, {parts: string[], sidPath: string}[]>} files
 * @param {string} line
 * @returns {string | undefined} the tune of which one path ends with the other one: the folders above may differ
 */
function find(files, line) {
  const parts = partsOf(line);
  return files
    .get(parts.at(-1) ?? "")
    ?.find(({ parts: known }) =>
      Array.from({ length: Math.min(parts.length, known.length) }).every(
        (_, at) => parts.at(-1 - at) === known.at(-1 - at),
      ),
    )?.sidPath;
}

/** @param {string} path */
const partsOf = (path) =>
  path
    .toLowerCase()
    .split(/[\\/]+/)
    .filter((part) => part && part !== ".");

/** @param {Tune} tune */
const pathOf = ({ sidPath, locations }) => locations?.[0].path ?? sidPath;

/** @param {string} text */
const oneLine = (text) => text.replace(/[\r\n]+/g, " ");
