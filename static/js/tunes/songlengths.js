/** HVSC's Songlengths.md5: the lengths of a tune's songs, by hashes and paths of the tunes. */

const PATH = /^;\s*(\/.+?)\s*$/;
const LINE = /^([0-9a-f]{32})\s*=\s*(.+)$/i;
/** `3:57` or `0:38.253`; older files add the kind of ending: `1:02(G)`. */
const LENGTH = /^(\d{1,3}):([0-5]?\d)(?:\.(\d{1,3}))?(?:\([A-Z]\))?$/i;

/** @typedef {{path: string, lengths: number[]}} ListedLengths  path: in the HVSC, "" if unknown; lengths: seconds */

export class SongLengths {
  /** @type {Map<string, ListedLengths>} */
  #byHash = new Map();
  /** @type {Map<string, ListedLengths>} by path in lowercase, because some systems change the case */
  #byPath = new Map();

  /** Whether the hashes may be those of `dataMd5`. Lists with milliseconds have hashes of whole files. */
  mayHashData = true;

  /** @param {string} content  of the file; unknown lines are ignored */
  constructor(content) {
    let path = "";
    for (const line of content.split(/\r?\n/)) {
      const match = LINE.exec(line);
      if (match) this.#add(match[1].toLowerCase(), path, match[2]);
      path = PATH.exec(line)?.[1] ?? "";
    }
  }

  /** Number of tunes in the list. */
  get size() {
    return this.#byHash.size;
  }

  /**
   * @param {string} md5  of the file
   * @returns {string} path of the tune in the HVSC; "" if unknown
   */
  pathOf(md5) {
    return this.#byHash.get(md5)?.path ?? "";
  }

  /**
   * @param {string} md5  of the file, or of the tune's data (`dataMd5`) if the list has no hashes of files
   * @returns {number[]} seconds of each song; empty if unknown
   */
  ofHash(md5) {
    return this.#byHash.get(md5)?.lengths ?? [];
  }

  /**
   * @param {string} path  in the HVSC
   * @returns {number[]} seconds of each song; empty if unknown
   */
  ofPath(path) {
    return this.#byPath.get(path.toLowerCase())?.lengths ?? [];
  }

  /**
   * @param {string} md5
   * @param {string} path
   * @param {string} text
   */
  #add(md5, path, text) {
    const lengths = parseLengths(text);
    if (!lengths) return;
    if (text.includes(".")) this.mayHashData = false;
    const entry = { path, lengths };
    this.#byHash.set(md5, entry);
    if (path) this.#byPath.set(path.toLowerCase(), entry);
  }
}

/**
 * @param {string} text
 * @returns {number[] | null} null if one of them is invalid, because the songs after it would get wrong lengths
 */
function parseLengths(text) {
  const lengths = text.trim().split(/\s+/).map(seconds);
  return lengths.every((length) => length > 0) ? lengths : null;
}

/**
 * @param {string} text
 * @returns {number} NaN if it is invalid
 */
function seconds(text) {
  const match = LENGTH.exec(text);
  if (!match) return Number.NaN;
  const [, minutes, whole, part = ""] = match;
  return Number(minutes) * 60 + Number(whole) + Number(part.padEnd(3, "0")) / 1000;
}
