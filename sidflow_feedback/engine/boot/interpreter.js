// Pyodide as PyScript loads it, with what makes it start sooner: packages compiled in advance, and the memory of an
// interpreter that has started here before.

import { loadPyodide as load, version } from "../../../static/vendor/pyodide/pyodide.mjs";
import { followStart } from "./progress.js";
import { configuration } from "./runtime.js";
import { forget, read } from "./snapshot.js";

export { version };

const PACKAGES = ["sidflow-feedback"]; // With numpy, on which it depends.

export async function loadPyodide(options) {
  const settings = { ...options, ...configuration, packages: PACKAGES };
  const stopFollowing = followStart();
  try {
    return (await resumed(settings)) ?? (await load(settings));
  } finally {
    stopFollowing();
  }
}

/** An interpreter from the kept memory; null where there is none, or none that this browser can use. */
async function resumed(settings) {
  const snapshot = await read();
  if (!snapshot) return null;
  try {
    const python = await load({ ...settings, _loadSnapshot: snapshot });
    // Must not draw the same numbers at each start.
    python.runPython("import random; random.seed()");
    return python;
  } catch (error) {
    console.warn("The kept start of the engine can't be used; it starts anew.", error);
    await forget();
    return null;
  }
}
