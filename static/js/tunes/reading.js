/** The listener's files: walking through a folder, and opening one of its files later. */

/** @returns {boolean} whether the name is that of a SID file */
export const isTune = (path) => /\.sid$/i.test(path);

/**
 * Yield all files below a folder, ordered by name in each folder.
 *
 * @param {FileSystemDirectoryHandle} folder
 * @returns {AsyncGenerator<{path: string, open: () => Promise<File>}>} path is relative to the folder
 */
export async function* walk(folder, prefix = "") {
  const entries = [];
  for await (const entry of folder.values()) entries.push(entry);
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    const path = prefix + entry.name;
    if (entry.kind === "directory") yield* walk(entry, `${path}/`);
    else yield { path, open: () => entry.getFile() };
  }
}

/** @returns {Promise<File>} the file at a path below a folder */
export async function fileAt(folder, path) {
  const names = path.split("/");
  let at = folder;
  for (const name of names.slice(0, -1)) at = await at.getDirectoryHandle(name);
  return (await at.getFileHandle(names.at(-1))).getFile();
}

/** @returns {Promise<boolean>} whether the folder can be read without asking the listener */
export async function mayRead(folder) {
  return !folder.queryPermission || (await folder.queryPermission({ mode: "read" })) === "granted";
}
