/** Starts Pyodide and the engine in a worker. */

import { nameSpace, Publication } from "../page/messages.js";

const START = `
from sidflow_feedback.engine.start import start
runtime = await start(name, database, model=model, sync=sync, excerpts=excerpts)
`;

/** @typedef {import("../page/host.js").Setup} Setup */

addEventListener("message", ({ data }) => start(data), { once: true });

/** @param {Setup} setup */
async function start(setup) {
  const channel = new BroadcastChannel(nameSpace(setup.name));
  if (setup.lock) holdLock(setup.lock);
  try {
    await runEngine(setup, (progress) => {
      channel.postMessage({
        to: "pages",
        type: Publication.BOOT_PROGRESS,
        json: JSON.stringify(progress),
      });
      report({ type: "progress" });
    });
    report({ type: "started" });
  } catch (error) {
    console.error(error);
    report({ type: "failed", reason: reasonOf(error) });
  } finally {
    channel.close();
  }
}

/**
 * Hold a lock for the life of this worker: the page that started it learns from its release that the worker is gone.
 * @param {string} name
 */
function holdLock(name) {
  navigator.locks?.request(name, () => {
    report({ type: "locked" });
    return new Promise(() => {});
  });
}

/** @param {import("../page/host.js").Report} message */
const report = (message) => postMessage(message);

/**
 * @param {Error} error
 * @returns {string} its message; of Python's traceback, the message of the exception
 */
const reasonOf = ({ message }) => (message.trim().split("\n").at(-1) ?? "").replace(/^[\w.]+: /, "");

/**
 * @param {Setup} setup
 * @param {(progress: object) => void} report
 */
async function runEngine(setup, report) {
  const [python, database, excerpts] = await Promise.all([
    import(setup.interpreter).then(({ loadPyodide }) => loadPyodide(setup.options ?? {}, report)),
    import(setup.database),
    setup.excerpts ? import(setup.excerpts) : undefined,
  ]);
  if (setup.archive) python.unpackArchive(setup.archive, "zip", { extractDir: setup.folder });
  // Must be undefined, not null: Python sees that as None.
  const values = { name: setup.name, model: setup.model, sync: setup.sync ?? undefined, database, excerpts };
  for (const [name, value] of Object.entries(values)) python.globals.set(name, value);
  await python.runPythonAsync(START);
}
