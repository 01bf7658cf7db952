/** Sidplayer music in two files, NAME.mus for the first SID and NAME.str for a second one: both together are a tune. */

/** @typedef {import("./reading.js").Entry} Entry */
/** @typedef {import("./reading.js").SourceFile} SourceFile */

/** @param {string} path */
export const isFirst = (path) => /\.mus$/i.test(path);

/** @param {string} path */
const isSecond = (path) => /\.str$/i.test(path);

/** @param {string} path */
const stem = (path) => path.slice(0, path.lastIndexOf(".")).toLowerCase();

/**
 * @param {string} path
 * @param {string} first  path of a first file
 */
export const isSecondOf = (path, first) => isSecond(path) && stem(path) === stem(first);

/**
 * Make one entry of the two files of a tune.
 * @param {Entry[]} entries  of a folder or more
 * @returns {Entry[]} in the same order
 */
export function joinEntries(entries) {
  const seconds = new Map(
    entries.filter(({ path }) => isSecond(path)).map((entry) => [stem(entry.path), entry]),
  );
  if (!seconds.size) return entries;
  /** @type {Set<Entry>} */
  const used = new Set();
  const joined = entries.map((first) => {
    const second = isFirst(first.path) && seconds.get(stem(first.path));
    if (!second) return first;
    used.add(second);
    return { path: first.path, open: async () => joinFiles(await first.open(), await second.open()) };
  });
  return joined.filter((entry) => !used.has(entry));
}

/**
 * @param {SourceFile} first
 * @param {SourceFile} second
 * @returns {SourceFile} the bytes of both
 */
export function joinFiles(first, second) {
  return {
    size: first.size + second.size,
    lastModified: Math.max(first.lastModified, second.lastModified),
    arrayBuffer: async () => new Blob([await first.arrayBuffer(), await second.arrayBuffer()]).arrayBuffer(),
  };
}
