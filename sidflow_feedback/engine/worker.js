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
  /** @type {(type: string, value: unknown) => void} */
  const publish = (type, value) => channel.postMessage({ to: "pages", type, json: JSON.stringify(value) });
  try {
    await runEngine(setup, (progress) => publish(Publication.BOOT_PROGRESS, progress));
  } catch ({ message }) {
    publish(Publication.OFF, message);
  } finally {
    channel.close();
  }
}

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
