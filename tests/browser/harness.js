// What tests find on their page: ways to start Python, in a worker and beside it.

import { loadMicroPython } from "/static/vendor/micropython/micropython.mjs";

const PATIENCE = 120_000; // a busy machine boots Pyodide slowly

/** Start Pyodide in a worker with our wheel; `python.call` then runs functions there. */
globalThis.startPyodide = async (setup) => {
  const worker = new Worker("/test/browser/pyodide_worker.js", { type: "module" });
  const waiting = new Map();
  worker.onmessage = ({ data: { id, error, value } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(value);
  };
  const ask = (message) =>
    new Promise((resolve, reject) => {
      const id = crypto.randomUUID();
      const giveUp = () => reject(new Error(`no answer from Pyodide to ${JSON.stringify(message)}`));
      setTimeout(giveUp, PATIENCE);
      worker.onerror = ({ message }) => reject(new Error(message));
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...message });
    });
  globalThis.python = {
    call: (module, name, json) => ask({ module, name, json }),
    end: () => worker.terminate(),
  };
  await ask({ setup });
};

/** Start MicroPython on this page, with files by path; return what `source` prints. */
globalThis.runMicroPython = async (files, source) => {
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
};

globalThis.harness = "ready";
