/** Playlists in the extended M3U format. */

/** @typedef {import("./tune-index.js").Tune} Tune */

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

/** @param {Tune} tune */
const pathOf = ({ sidPath, locations }) => locations?.[0].path ?? sidPath;

/** @param {string} text */
const oneLine = (text) => text.replace(/[\r\n]+/g, " ");
