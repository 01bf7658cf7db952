/** MicroPython as PyScript loads it, with the page's Python in place: its bytecode arrives as one file, in parallel. */

import { loadMicroPython as load } from "../vendor/micropython/micropython.mjs";

const RUNTIME = new URL("../vendor/micropython/micropython.wasm", import.meta.url).href;
const MODULES = new URL("../vendor/page/modules.bin", import.meta.url).href;

/** PyScript's first program writes its package `pyscript`, which `MODULES` has, before this line. */
const WRITTEN = "import pyscript as _pyscript\n";
/** What it defines before and deletes after it. */
const HELPERS = "_os = _Path = _path = None\n";

/** @param {import("../vendor/micropython/micropython.mjs").Options} options */
export async function loadMicroPython(options) {
  const [python, modules] = await Promise.all([load({ ...options, url: RUNTIME }), readModules()]);
  for (const [path, code] of modules) write(python.FS, path, code);
  const run = python.runPythonAsync.bind(python);
  python.runPythonAsync = (program, ...rest) => run(withoutWriting(program), ...rest);
  return python;
}

/** @param {string} program */
function withoutWriting(program) {
  const start = program.indexOf(WRITTEN);
  return start > 0 ? HELPERS + program.slice(start) : program;
}

/** @returns {Promise<[path: string, code: Uint8Array][]>} this release's modules */
async function readModules() {
  const response = await fetch(MODULES);
  if (!response.ok) {
    throw new Error(
      `The page's program can't be loaded: the server answered ${response.status}. Reload the page.`,
    );
  }
  const content = new Uint8Array(await response.arrayBuffer());
  let end = content.indexOf("\n".charCodeAt(0)) + 1;
  /** @type {Record<string, number>} */
  const sizes = JSON.parse(new TextDecoder().decode(content.subarray(0, end)));
  return Object.entries(sizes).map(([path, size]) => {
    const start = end;
    end += size;
    return [path, content.subarray(start, end)];
  });
}

/**
 * Write a file, creating its folders.
 * @param {import("../vendor/micropython/micropython.mjs").FileSystem} files
 * @param {string} path
 * @param {Uint8Array} content
 */
function write(files, path, content) {
  const folders = path.split("/").slice(0, -1);
  folders.forEach((_, depth) => {
    const folder = folders.slice(0, depth + 1).join("/");
    if (!files.analyzePath(folder).exists) files.mkdir(folder);
  });
  files.writeFile(path, content);
}
