/** MicroPython with the library's Python files in place. PyScript pages name it as their interpreter. */

import { loadMicroPython as load } from "../../static/vendor/micropython/micropython.mjs";

const RUNTIME = new URL("../../static/vendor/micropython/micropython.wasm", import.meta.url).href;

/** All of the library's Python that runs on a page, by path: `export-library` makes it. */
const SOURCES = new URL("./sources.json", import.meta.url).href;

/** @typedef {import("../../static/vendor/micropython/micropython.mjs").MicroPython} MicroPython */

/** @param {import("../../static/vendor/micropython/micropython.mjs").Options} [options] */
export async function loadMicroPython(options) {
  const [python, sources] = await Promise.all([load({ ...options, url: RUNTIME }), readSources()]);
  for (const [path, text] of Object.entries(sources)) write(python.FS, path, text);
  return python;
}

/** @returns {Promise<Record<string, string>>} texts by path */
async function readSources() {
  const response = await fetch(SOURCES);
  if (!response.ok) {
    throw new Error(
      `${SOURCES} can't be loaded: the server answered ${response.status}. Copy the whole folder.`,
    );
  }
  return response.json();
}

/**
 * Write a file, creating its folders.
 * @param {import("../../static/vendor/micropython/micropython.mjs").FileSystem} files
 * @param {string} path
 * @param {string} text
 */
function write(files, path, text) {
  const folders = path.split("/").slice(0, -1);
  folders.forEach((_, depth) => {
    const folder = folders.slice(0, depth + 1).join("/");
    if (!files.analyzePath(folder).exists) files.mkdir(folder);
  });
  files.writeFile(path, text);
}
