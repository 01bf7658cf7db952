/** The listener's files: walking through a folder, and opening one of its files later. */

import { bytesToHex } from "../../vendor/noble-hashes/utils.js";
import { isFirst, isSecondOf, joinEntries, joinFiles } from "./two-files.js";

/**
 * A file on the disk or in a zip.
 * @typedef {Pick<File, "size" | "lastModified" | "arrayBuffer">} SourceFile
 */

/** @typedef {{path: string, open: () => Promise<SourceFile>}} Entry  path: below the folder */

/** @typedef {"songlengths" | "stil" | "analyses" | "similarity" | "manifest"} DocumentKind */

/**
 * @param {string} path
 * @returns {boolean} whether the name is that of a SID file or of Sidplayer music
 */
export const isTune = (path) => /\.(sid|mus|str)$/i.test(path);

/**
 * @param {string} path
 * @returns {DocumentKind | null} what the file says about tunes, by its name
 */
export function documentKind(path) {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (name === "songlengths.md5" || name === "songlengths.txt") return "songlengths";
  if (name.endsWith(".sidan")) return "analyses";
  if (/\.sidcorr(\.gz)?$/.test(name)) return "similarity";
  if (name.endsWith(".manifest.json")) return "manifest";
  return name === "stil.txt" ? "stil" : null;
}

/**
 * @param {ArrayBuffer} bytes
 * @returns {Promise<string>} the `sidPath` of an own tune: a hash of its content
 */
export async function nameOf(bytes) {
  return `sha256:${bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}`;
}

/**
 * Yield all files below a folder: those in it first, then those in each folder in it, ordered by name.
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} prefix  of the paths
 * @returns {AsyncGenerator<Entry>}
 */
export async function* walk(folder, prefix = "") {
  const entries = [];
  for await (const entry of folder.values()) entries.push(entry);
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  const files = entries.filter((entry) => entry.kind === "file");
  yield* joinEntries(files.map((file) => ({ path: prefix + file.name, open: () => file.getFile() })));
  for (const entry of entries) {
    if (entry.kind === "directory") yield* walk(entry, `${prefix}${entry.name}/`);
  }
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} path  below the folder
 * @returns {Promise<SourceFile>} with the second file of the tune, if it has one
 */
export async function fileAt(folder, path) {
  const names = path.split("/");
  const fileName = names.pop() ?? "";
  let parent = folder;
  for (const name of names) parent = await parent.getDirectoryHandle(name);
  const first = await (await parent.getFileHandle(fileName)).getFile();
  const second = isFirst(path) ? await secondOf(parent, fileName) : undefined;
  return second ? joinFiles(first, second) : first;
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} name  of the first file
 * @returns {Promise<SourceFile | undefined>}
 */
async function secondOf(folder, name) {
  for await (const entry of folder.values()) {
    if (entry.kind === "file" && isSecondOf(entry.name, name)) return entry.getFile();
  }
  return undefined;
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @returns {Promise<boolean>} whether the folder is still there
 */
export async function exists(folder) {
  try {
    await folder.values().next();
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @returns {Promise<boolean>} whether the folder can be read without asking the listener
 */
export async function mayRead(folder) {
  return !folder.queryPermission || (await folder.queryPermission({ mode: "read" })) === "granted";
}
