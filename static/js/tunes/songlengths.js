/** HVSC's Songlengths.md5: the lengths of a tune's songs, by the MD5 of the file. */

const LINE = /^([0-9a-f]{32})\s*=\s*(.+)$/i;
/** `3:57` or `0:38.253`; older files add the kind of ending: `1:02(G)`. */
const LENGTH = /^(\d{1,3}):([0-5]?\d)(?:\.(\d{1,3}))?(?:\([A-Z]\))?$/i;

/**
 * @param {string} content  of the file; unknown lines are ignored
 * @returns {Map<string, number[]>} seconds of each song, by MD5 in lowercase
 */
export function parseSonglengths(content) {
  const found = new Map();
  for (const line of content.split(/\r?\n/)) {
    const match = LINE.exec(line);
    const lengths = match && parseLengths(match[2]);
    if (match && lengths) found.set(match[1].toLowerCase(), lengths);
  }
  return found;
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

/** @param {string} path */
export const isSonglengths = (path) => /(^|\/)songlengths\.md5$/i.test(path);
