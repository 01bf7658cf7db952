/** Runs Python for a test as the engine does: in a worker, with our wheel from our own server. */

import { loadPyodide } from "/static/vendor/pyodide/pyodide.mjs";

const MODULES = {
  feedback_store: "/sidflow_feedback/store/indexeddb.js",
  sid_excerpt: "/static/js/sid/excerpt.js",
};
const CALL = `
import importlib, inspect, json

async def call(module, name, arguments):
    answer = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    return json.dumps(await answer if inspect.isawaitable(answer) else answer)

call
`;

/** @type {(module: string, name: string, json: string) => Promise<string>} */
let call;

/** @param {{wheel: string, files: Record<string, string>}} setup */
async function start({ wheel, files }) {
  const python = await loadPyodide();
  await python.loadPackage(["numpy", "micropip"]);
  await python.pyimport("micropip").install(wheel);
  for (const [name, url] of Object.entries(MODULES)) python.registerJsModule(name, await import(url));
  for (const [path, text] of Object.entries(files)) {
    python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    python.FS.writeFile(path, text);
  }
  call = python.runPython(CALL);
}

globalThis.onmessage = async ({ data: { id, setup, module, name, json } }) => {
  try {
    postMessage({ id, value: setup ? await start(setup) : await call(module, name, json) });
  } catch (error) {
    postMessage({ id, error: error.message || String(error) });
  }
};
