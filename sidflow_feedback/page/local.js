/**
 * localStorage that never throws. Access throws where storage is blocked or full, and MicroPython can't catch what
 * JavaScript throws.
 */

/**
 * @param {string} key
 * @returns {string | null}
 */
export const getItem = (key) => attempt(() => localStorage.getItem(key), null);

/**
 * @param {string} key
 * @param {string} value
 * @returns {boolean} whether it is stored
 */
export const setItem = (key, value) =>
  attempt(() => {
    localStorage.setItem(key, value);
    return true;
  }, false);

/** @param {string} key */
export const removeItem = (key) => attempt(() => localStorage.removeItem(key), undefined);

/**
 * @param {string} prefix
 * @returns {string[]} the keys that begin with it
 */
export const keys = (prefix) =>
  attempt(() => Object.keys(localStorage), []).filter((key) => key.startsWith(prefix));

/**
 * @template T
 * @param {() => T} access
 * @param {T} fallback
 * @returns {T}
 */
function attempt(access, fallback) {
  try {
    return access();
  } catch {
    return fallback;
  }
}
