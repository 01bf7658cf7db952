/** The C64's ROMs that the listener has added: recognized by their MD5, kept in IndexedDB, and never uploaded. */

import { openDB } from "../../../sidflow_feedback/store/idb/index.js";
import { md5 } from "../../vendor/noble-hashes/legacy.js";
import { bytesToHex } from "../../vendor/noble-hashes/utils.js";
import { DATABASE } from "./stored-roms.js";

/** @typedef {import("./stored-roms.js").RomKind} RomKind */
/** @typedef {{kind: RomKind, name: string, bytes: Uint8Array}} Rom */
/** @typedef {{roms: {key: RomKind, value: Uint8Array}}} RomTypes */

const STORE = "roms";

/** @type {Record<RomKind, number>} */
export const SIZES = { kernal: 8192, basic: 8192, characters: 4096 };

/** @type {Record<RomKind, string>} */
export const TITLES = { kernal: "KERNAL", basic: "BASIC", characters: "Characters" };

/** Size of a dump of the chip that holds BASIC and then the KERNAL. */
const COMBINED = 16384;

/** The file has the size of a ROM, but isn't a known dump. `kinds` are those that it may be. */
export class UnknownRomError extends Error {
  name = "UnknownRomError";

  /**
   * @param {string} file
   * @param {RomKind[]} kinds
   */
  constructor(file, kinds) {
    super(`${file} is none of the known dumps of a C64 ROM.`);
    this.kinds = kinds;
  }
}

/**
 * @param {number} size  of a file, in bytes
 * @returns {boolean} whether it may be a ROM
 */
const isRomSize = (size) => size === COMBINED || Object.values(SIZES).includes(size);

/**
 * Keep the ROMs in a file, in place of others of their kind.
 * @param {File} file
 * @param {RomKind} [chosen]  what the listener says it is, if it is no known dump
 * @returns {Promise<Rom[]>}
 * @throws {UnknownRomError}
 */
export async function addRoms(file, chosen) {
  if (!isRomSize(file.size)) {
    throw new Error(
      `${file.name} has ${file.size} bytes, so it is no C64 ROM: KERNAL and BASIC have 8192 bytes each, the characters 4096.`,
    );
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const roms = chosen ? [{ kind: chosen, name: file.name, bytes }] : await recognize(bytes);
  if (roms.length === 0) throw new UnknownRomError(file.name, kindsOf(file.size));
  await transact((store) => Promise.all(roms.map(({ kind, bytes }) => store.put(bytes, kind))));
  return roms;
}

/** @returns {Promise<Partial<Record<RomKind, Uint8Array>>>} */
export async function readRoms() {
  return transact(async (store) => {
    const [kinds, images] = await Promise.all([store.getAllKeys(), store.getAll()]);
    return Object.fromEntries(kinds.map((kind, i) => [kind, images[i]]));
  });
}

/** @returns {Promise<Rom[]>} those that were added, with the names of known dumps */
export async function listRoms() {
  const roms = Object.entries(await readRoms());
  return Promise.all(
    roms.map(async ([kind, bytes]) => {
      const [known] = await recognize(bytes);
      return { kind: /** @type {RomKind} */ (kind), name: known?.name ?? "your own choice", bytes };
    }),
  );
}

/** @param {RomKind} kind */
export const removeRom = (kind) => transact((store) => store.delete(kind));

/** @param {number} size */
function kindsOf(size) {
  const kinds = /** @type {RomKind[]} */ (Object.keys(SIZES));
  return kinds.filter((kind) => SIZES[kind] === size);
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<Rom[]>}
 */
async function recognize(bytes) {
  const known = await (await fetch(new URL("./known-roms.json", import.meta.url))).json();
  const parts = bytes.length === COMBINED ? [bytes.slice(0, SIZES.basic), bytes.slice(SIZES.basic)] : [bytes];
  return parts.flatMap((part) => {
    const rom = known[bytesToHex(md5(part))];
    return rom ? [{ ...rom, bytes: part }] : [];
  });
}

/**
 * @template Result
 * @param {(store: import("idb").IDBPObjectStore<RomTypes, ["roms"], "roms", "readwrite">) => Promise<Result>} work
 */
async function transact(work) {
  /** @type {import("idb").IDBPDatabase<RomTypes>} */
  const database = await openDB(DATABASE, 1, { upgrade: (created) => void created.createObjectStore(STORE) });
  try {
    const transaction = database.transaction(STORE, "readwrite");
    const result = await work(transaction.store);
    await transaction.done;
    return result;
  } finally {
    database.close();
  }
}
