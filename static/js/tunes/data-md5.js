/** The hash of lists of lengths before HVSC #68: of a tune's data and of what the header says about its songs. */

import { md5 } from "../../vendor/noble-hashes/legacy.js";
import { bytesToHex } from "../../vendor/noble-hashes/utils.js";

/** Offsets in the header, see HVSC's SID_file_format.txt. */
const HEADER = { version: 4, dataOffset: 6, load: 8, init: 10, play: 12, songs: 14, speed: 18, flags: 0x76 };

const NTSC = 2;

/** What the hash has for a song that a timer of the CIA plays. */
const CIA = 60;

const MAX_SONGS = 256;

/**
 * @param {ArrayBuffer} bytes  of a .sid file
 * @returns {string} "" if the header is incomplete
 */
export function dataMd5(bytes) {
  if (bytes.byteLength < HEADER.flags + 2) return "";
  const header = new DataView(bytes);
  const word = (/** @type {number} */ at) => header.getUint16(at);
  const start = word(HEADER.dataOffset) + (word(HEADER.load) === 0 ? 2 : 0);
  if (start > bytes.byteLength) return "";
  const load = word(HEADER.load) || header.getUint16(start - 2, true);
  const isBasic = isRsid(header) && (word(HEADER.flags) & 2) !== 0;
  const init = word(HEADER.init) || (isBasic ? 0 : load);
  const hash = md5.create();
  hash.update(new Uint8Array(bytes, start));
  for (const value of [init, word(HEADER.play), songCount(header)]) {
    hash.update(Uint8Array.of(value & 255, value >> 8));
  }
  hash.update(speeds(header));
  const clock = word(HEADER.version) >= 2 ? (word(HEADER.flags) >> 2) & 3 : 0;
  if (clock === NTSC) hash.update(Uint8Array.of(NTSC));
  return bytesToHex(hash.digest());
}

/** @param {DataView} header */
const songCount = (header) => Math.min(header.getUint16(HEADER.songs) || 1, MAX_SONGS);

/** @param {DataView} header */
const isRsid = (header) => header.getUint8(0) === "R".charCodeAt(0);

/**
 * @param {DataView} header
 * @returns {Uint8Array} what plays each song: 0 for the frame, 60 for a timer; songs after the 32nd are like that one
 */
function speeds(header) {
  const bits = isRsid(header) ? 0xffffffff : header.getUint32(HEADER.speed);
  return Uint8Array.from({ length: songCount(header) }, (_, song) =>
    (bits >>> Math.min(song, 31)) & 1 ? CIA : 0,
  );
}
