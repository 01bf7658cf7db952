/** Starts Pyodide and the engine in a worker, from a package that a page has installed. */

import { CHANNEL, Publication } from "../page/messages.js";

const START = `
from sidflow_feedback.engine.start import start
await start(database, site=site)
`;

/**
 * @typedef {object} Setup
 * @property {string} indexURL       where the page's Pyodide is
 * @property {string} [lockFileURL]  its lock, where that is somewhere else
 * @property {Uint8Array} archive    the package as a zip file
 * @property {string} folder         where the page has it installed
 * @property {string} database       address of `store/indexeddb.js`
 * @property {string} model          address of the first global model
 */

addEventListener("message", ({ data }) => start(data).catch(reportOff), { once: true });

/** @param {Setup} setup */
async function start({ indexURL, lockFileURL, archive, folder, database, model }) {
  const { loadPyodide } = await import(`${indexURL}pyodide.mjs`);
  const [python, module] = await Promise.all([
    loadPyodide({ indexURL, lockFileURL, packages: ["numpy"] }),
    import(database),
  ]);
  python.unpackArchive(archive, "zip", { extractDir: folder });
  python.globals.set("database", module);
  python.globals.set("site", { server: false, model });
  await python.runPythonAsync(START);
}

/** @param {Error} error */
function reportOff({ message }) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ to: "pages", type: Publication.OFF, json: JSON.stringify(message) });
  channel.close();
}
