/** Whether the browser keeps a copy of files that it can't reach again. */

/** Limits for keeping the files themselves. */
const MAX_STORED = { files: 200, bytes: 20 * 2 ** 20 };

/**
 * @param {number} count  of files
 * @param {(number: number) => {size: number}} fileAt
 * @returns {boolean} whether they are few and small enough to be kept
 */
export function areStorable(count, fileAt) {
  if (count > MAX_STORED.files) return false;
  let bytes = 0;
  for (let number = 0; number < count; number++) bytes += fileAt(number).size;
  return bytes <= MAX_STORED.bytes;
}
