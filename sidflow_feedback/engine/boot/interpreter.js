/**
 * Pyodide with two shortcuts to a faster start: packages compiled in advance, and the memory
 * snapshot of an interpreter that has started here before.
 */

import { loadPyodide as load, version } from "../../../static/vendor/pyodide/pyodide.mjs";
import { reportProgress } from "./progress.js";
import { configuration } from "./runtime.js";
import { findSnapshot, removeSnapshots } from "./snapshot.js";

export { version };

const PACKAGES = ["sidflow-feedback"]; // With numpy, on which it depends.

/** @typedef {import("pyodide").PyodideConfig} Options */

/**
 * @param {Options} options
 * @param {(progress: import("./progress.js").Progress) => void} report  called while files arrive
 */
export async function loadPyodide(options, report = () => {}) {
  const settings = { ...options, ...configuration, packages: PACKAGES };
  const stopReporting = reportProgress(report);
  try {
    return (await loadFromSnapshot(settings)) ?? (await load(settings));
  } finally {
    stopReporting();
  }
}

/**
 * @param {Options} settings
 * @returns the interpreter; null without a snapshot, or with one that this browser can't use
 */
async function loadFromSnapshot(settings) {
  const readSnapshot = await findSnapshot();
  if (!readSnapshot) return null;
  try {
    // Read while the runtime loads.
    const python = await load({ ...settings, _loadSnapshot: readSnapshot() });
    // Must not draw the same numbers at each start.
    python.runPython("import random; random.seed()");
    return python;
  } catch (error) {
    console.warn("The engine's snapshot can't be used, so it starts without one.", error);
    await removeSnapshots();
    return null;
  }
}
