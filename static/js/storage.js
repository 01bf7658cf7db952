// What the browser promises about this page's data. Must not throw: MicroPython could not catch it.

/** @returns {Promise<boolean>} whether the browser will keep it even when space is short */
export async function persist() {
  try {
    return await navigator.storage.persist();
  } catch {
    return false;
  }
}
