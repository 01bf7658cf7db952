/** Functions for tests that start Python in a worker or on the page. */

import { loadMicroPython } from "/static/vendor/micropython/micropython.mjs";

/** @typedef {{resolve: (value: any) => void, reject: (error: Error) => void}} Waiting */

/**
 * Start Pyodide in a worker with our wheel; `python.call` then runs functions there.
 * @param {{wheel: string, files: Record<string, string>}} setup
 * @param {number} patience milliseconds for each call
 */
async function startPyodide(setup, patience) {
  const worker = new Worker("/test/browser/pyodide_worker.js", { type: "module" });
  /** @type {Map<string, Waiting>} */
  const waiting = new Map();
  worker.onmessage = ({ data: { id, error, value } }) => {
    const request = waiting.get(id);
    waiting.delete(id);
    if (error) request?.reject(new Error(error));
    else request?.resolve(value);
  };
  /** @param {object} message */
  const ask = (message) =>
    new Promise((resolve, reject) => {
      const id = crypto.randomUUID();
      const giveUp = () =>
        reject(new Error(`no answer from Pyodide to ${JSON.stringify(message).slice(0, 200)}`));
      setTimeout(giveUp, patience);
      worker.onerror = ({ message }) => reject(new Error(message));
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...message });
    });
  const python = {
    /** @type {(module: string, name: string, json: string) => Promise<unknown>} */
    call: (module, name, json) => ask({ module, name, json }),
    end: () => worker.terminate(),
  };
  Object.assign(globalThis, { python });
  await ask({ setup });
}

/**
 * Start MicroPython on this page and run a program.
 * @param {Record<string, string>} files  texts by path
 * @param {string} source
 * @returns {Promise<string>} its output
 */
async function runMicroPython(files, source) {
  /** @type {string[]} */
  const printed = [];
  const python = await loadMicroPython({ stdout: (line) => printed.push(line), linebuffer: true });
  for (const [path, text] of Object.entries(files)) {
    const folders = path.split("/").slice(0, -1);
    folders.forEach((_, depth) => {
      const folder = folders.slice(0, depth + 1).join("/");
      if (!python.FS.analyzePath(folder).exists) python.FS.mkdir(folder);
    });
    python.FS.writeFile(path, text);
  }
  await python.runPythonAsync(source);
  return printed.join("\n");
}

Object.assign(globalThis, { startPyodide, runMicroPython, harness: "ready" });
