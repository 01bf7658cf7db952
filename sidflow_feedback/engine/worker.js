/** Starts Pyodide and the engine in a worker, from a package that a page has installed. */

import { reportOff } from "../page/host.js";

const START = `
from sidflow_feedback.engine.start import start
await start(database, site=site)
`;

addEventListener("message", ({ data }) => start(data).catch(({ message }) => reportOff(message)), {
  once: true,
});

/** @param {import("../page/host.js").Setup} setup */
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
