// Where Pyodide's files are.

const at = (path) => new URL(`../../../static/vendor/${path}`, import.meta.url).href;

export const START = at("engine/start.json");

/** Options of `loadPyodide`: the compiled standard library, and the lock of the compiled packages. */
export const configuration = {
  indexURL: at("pyodide/"),
  stdLibURL: at("engine/python_stdlib.zip"),
  lockFileURL: at("engine/pyodide-lock.json"),
};
