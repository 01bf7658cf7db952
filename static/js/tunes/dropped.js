/** What was dropped on the page: files, and folders with all that is in them. */

/** @typedef {import("./choice.js").ChosenFile} ChosenFile */
/** @typedef {{name: string, files: ChosenFile[]}} ChosenFolder */

/** @typedef {(count: number) => void} OnReceived  gets the number of files of a folder that are known so far */

/**
 * @param {DataTransferItem} item
 * @param {OnReceived} onReceived
 * @returns {Promise<{handle?: FileSystemDirectoryHandle, folder?: ChosenFolder, file?: File | null}>} the handle of a
 *   dropped folder if the browser provides one, else its files; or the file
 */
export async function openItem(item, onReceived) {
  const entry = item.webkitGetAsEntry?.();
  const file = item.getAsFile();
  const handle = entry?.isDirectory ? await item.getAsFileSystemHandle?.() : null;
  if (handle) return { handle };
  if (!isFolder(entry)) return { file };
  /** @type {ChosenFolder} */
  const folder = { name: entry.name, files: [] };
  await collectFiles(entry, folder, entry.fullPath.length + 1, onReceived);
  return { folder };
}

/**
 * @param {FileSystemDirectoryEntry} entry
 * @param {ChosenFolder} folder  gets the files
 * @param {number} start  of the paths below the folder
 * @param {OnReceived} onReceived
 */
async function collectFiles(entry, folder, start, onReceived) {
  for (const below of await entriesOf(entry)) {
    if (isFolder(below)) await collectFiles(below, folder, start, onReceived);
    else folder.files.push({ path: below.fullPath.slice(start), file: await fileOf(below) });
  }
  onReceived(folder.files.length);
}

/**
 * @param {FileSystemEntry | null | undefined} entry
 * @returns {entry is FileSystemDirectoryEntry}
 */
const isFolder = (entry) => entry?.isDirectory ?? false;

/** @param {FileSystemDirectoryEntry} folder */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return entries;
    entries.push(...some);
  }
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File>}
 */
const fileOf = (entry) =>
  new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
