// What the browser promises about this page's data. Must not throw: MicroPython could not catch it.

/** @returns {Promise<boolean>} whether the browser will keep it even when space is short */
export async function persist() {
  try {
    return await navigator.storage.persist();
  } catch {
    return false;
  }
}

/**
 * What this page's data takes, as JSON: `used` and `most` in bytes, and whether the browser has promised to
 * keep it (`persisted`); null where it does not say.
 * @returns {Promise<string>}
 */
export async function figures() {
  let [used, most, persisted] = [null, null, null];
  try {
    ({ usage: used = null, quota: most = null } = await navigator.storage.estimate());
    persisted = await navigator.storage.persisted();
  } catch {
    // Then it does not say.
  }
  return JSON.stringify({ used, most, persisted });
}

/**
 * Why there can be no database here (storage is forbidden, or the browser has none); empty where there can.
 * @returns {Promise<string>}
 */
export async function databaseProblem() {
  const probe = "sidflow-probe";
  try {
    await new Promise((resolve, reject) => {
      const opening = indexedDB.open(probe);
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        opening.result.close();
        indexedDB.deleteDatabase(probe);
        resolve();
      };
    });
    return "";
  } catch (error) {
    return error.message || String(error);
  }
}
