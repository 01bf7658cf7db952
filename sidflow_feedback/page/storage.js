/** What the browser promises about this page's data. Never throws: MicroPython could not catch it. */

/** @returns {Promise<boolean>} whether the browser keeps the data even when space is short */
export async function persist() {
  try {
    return await navigator.storage.persist();
  } catch {
    return false;
  }
}

/**
 * @returns {Promise<string>} JSON: the bytes that this page's data takes (`used`) and may take (`quota`), and whether
 *   the browser has promised to keep it (`persisted`); null for what the browser doesn't report
 */
export async function estimate() {
  /** @type {{used: number | null, quota: number | null, persisted: boolean | null}} */
  const report = { used: null, quota: null, persisted: null };
  try {
    const { usage, quota } = await navigator.storage.estimate();
    report.used = usage ?? null;
    report.quota = quota ?? null;
    report.persisted = await navigator.storage.persisted();
  } catch {
    // Not reported here.
  }
  return JSON.stringify(report);
}

/** @returns {Promise<string>} why a database can't be opened here, such as blocked storage; empty when it can */
export async function databaseProblem() {
  const probe = "sidflow-probe";
  try {
    await /** @type {Promise<void>} */ (
      new Promise((resolve, reject) => {
        const opening = indexedDB.open(probe);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          opening.result.close();
          indexedDB.deleteDatabase(probe);
          resolve();
        };
      })
    );
    return "";
  } catch (error) {
    return error.message || String(error);
  }
}
