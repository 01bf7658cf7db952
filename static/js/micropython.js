/** MicroPython as PyScript loads it, with the page's Python files in place: they arrive as one file, in parallel. */

import { loadMicroPython as load } from "../vendor/micropython/micropython.mjs";

const RUNTIME = new URL("../vendor/micropython/micropython.wasm", import.meta.url).href;
const SOURCES = new URL("../../page/sources.json", import.meta.url).href;

/** Where PyScript's first program can be split: in one piece it blocks the page for some 60 ms. */
const SPLIT = "import pyscript as _pyscript\n";

/** @param {import("../vendor/micropython/micropython.mjs").Options} options */
export async function loadMicroPython(options) {
  const [python, sources] = await Promise.all([load({ ...options, url: RUNTIME }), readSources()]);
  for (const [path, text] of Object.entries(sources)) write(python.FS, path, text);
  python.runPythonAsync = inTwoTasks(python.runPythonAsync.bind(python));
  return python;
}

/**
 * @param {import("../vendor/micropython/micropython.mjs").MicroPython["runPythonAsync"]} run
 * @returns {typeof run} runs PyScript's first program in two tasks
 */
function inTwoTasks(run) {
  return async (program, ...options) => {
    const split = Math.max(0, program.indexOf(SPLIT));
    if (split > 0) {
      await run(program.slice(0, split));
      await new Promise((resolve) => setTimeout(resolve));
    }
    return run(program.slice(split), ...options);
  };
}

/** @returns {Promise<Record<string, string>>} this release's texts by path */
async function readSources() {
  const response = await fetch(SOURCES);
  if (!response.ok) {
    throw new Error(
      `The page's program can't be loaded: the server answered ${response.status}. Reload the page.`,
    );
  }
  return response.json();
}

/**
 * Write a file, creating its folders.
 * @param {import("../vendor/micropython/micropython.mjs").FileSystem} files
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
