// What the header of a SID file says. The format: PSID and RSID, versions 1 to 4, numbers with the high byte first.

/** A C64's memory, its load address, and the longest header. */
export const MAX_BYTES = 0x10000 + 2 + 0x7c;

const V1 = 0x76;
const V2 = 0x7c;
const MAX_SONGS = 256;
const TEXT = 32;

/** SID files are older than Unicode. */
const latin = new TextDecoder("windows-1252");

/**
 * @param {Uint8Array} bytes of the whole file
 * @returns {{title: string, author: string, released: string, songs: number, startSong: number}}
 * @throws {Error} with the reason, for the listener: the file is no SID file, or a broken one
 */
export function parseHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = checkedVersion(view);
  checkMusic(view, version === 1 ? V1 : V2);
  const songs = view.getUint16(14);
  const startSong = view.getUint16(16) || 1;
  if (songs < 1 || songs > MAX_SONGS)
    throw new Error(`its header claims ${songs} songs; a tune has 1 to 256`);
  if (startSong > songs) throw new Error(`its header begins with song ${startSong} of ${songs}`);
  const [title, author, released] = [0, 1, 2].map((number) => text(bytes, 0x16 + number * TEXT));
  return { title, author, released, songs, startSong };
}

function checkedVersion(view) {
  if (view.byteLength < V1) throw new Error("it ends inside its header, or is no SID file");
  if (view.byteLength > MAX_BYTES) throw new Error("it is larger than a C64's memory");
  const magic = String.fromCharCode(...[0, 1, 2, 3].map((at) => view.getUint8(at)));
  if (magic !== "PSID" && magic !== "RSID")
    throw new Error("it is no SID file: it does not begin with PSID or RSID");
  const version = view.getUint16(4);
  if (version < (magic === "PSID" ? 1 : 2) || version > 4) {
    throw new Error(`its header claims version ${version}, which does not exist`);
  }
  return version;
}

function checkMusic(view, header) {
  const data = view.getUint16(6);
  if (data < header || data > view.byteLength) throw new Error("its header points past the end of the file");
  const address = view.getUint16(8) === 0 ? 2 : 0;
  if (view.byteLength - data <= address) throw new Error("it holds a header but no music");
}

/** A text of the header: it ends with a zero, or fills its place. */
function text(bytes, at) {
  const field = bytes.subarray(at, at + TEXT);
  const end = field.indexOf(0);
  return latin.decode(end < 0 ? field : field.subarray(0, end)).trim();
}
