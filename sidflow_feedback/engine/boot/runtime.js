/** The addresses of Pyodide's files. */

/** @param {string} path */
const vendorUrl = (path) => new URL(`../../../static/vendor/${path}`, import.meta.url).href;

/** What the engine's start fetches, and the version of the runtime. */
export const START = vendorUrl("engine/start.json");

/** Options of `loadPyodide`: the compiled standard library, and the lock of the compiled packages. */
export const configuration = {
  indexURL: vendorUrl("pyodide/"),
  stdLibURL: vendorUrl("engine/python_stdlib.zip"),
  lockFileURL: vendorUrl("engine/pyodide-lock.json"),
};
