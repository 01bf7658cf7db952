// localStorage without surprises. It may be forbidden or full, and then each access throws; MicroPython
// can't catch what JavaScript throws, so nothing here does.

/** @returns {string | null} */
export const getItem = (key) => attempt(() => localStorage.getItem(key), null);

/** @returns {boolean} whether it is kept */
export const setItem = (key, value) =>
  attempt(() => {
    localStorage.setItem(key, value);
    return true;
  }, false);

export const removeItem = (key) => attempt(() => localStorage.removeItem(key), undefined);

/** @returns {string[]} the keys that begin with this */
export const keys = (prefix) =>
  attempt(() => Object.keys(localStorage), []).filter((key) => key.startsWith(prefix));

function attempt(access, otherwise) {
  try {
    return access();
  } catch {
    return otherwise;
  }
}
