/**
 * HVSC's STIL.txt: titles of songs, what they cover, and comments. Its format is in HVSC's STIL.faq, section 4.
 *
 * The text is kept as it is, and an entry is parsed when it is shown: of 16,000 entries, few ever are.
 */

/**
 * A piece that a song covers.
 * @typedef {object} Cover
 * @property {string} title  with the album in brackets; "" if unknown
 * @property {string} artist  of the original; "" if unknown
 * @property {string} time  in the song, such as `0:30` or `0:30-1:15`; "": all of it
 * @property {string} comment
 */

/**
 * @typedef {object} Note
 * @property {string} name  of the song; "" if none is given
 * @property {string} author  of the song, if the file has several
 * @property {string} comment
 * @property {Cover[]} covers
 */

/** @typedef {{file: Note, songs: Map<number, Note>}} Entry  file: about the whole file, or its only song */

const SONG = /^\(#(\d+)\)\s*$/;
const FIELD = /^ *(NAME|AUTHOR|TITLE|ARTIST|COMMENT): ?(.*)$/;
const TIME = /\s*\((\d+:\d\d(?:-\d+:\d\d)?)\)$/;
const UNKNOWN = "<?>";

/** What isn't text of an entry. */
const LABELS = /^ *(?:NAME|AUTHOR|TITLE|ARTIST|COMMENT): ?|^\(#\d+\)/gm;

export class Stil {
  /** @type {Map<string, string>} text of each entry, by path in lowercase */
  #entries = new Map();

  /** @param {string} content  of the file; what is in no entry is ignored */
  constructor(content) {
    /** @type {string[] | null} */
    let lines = null;
    let path = "";
    const finish = () => {
      if (lines?.length) this.#entries.set(path.toLowerCase(), lines.join("\n"));
      lines = null;
    };
    for (const line of content.split(/\r?\n/)) {
      if (line.startsWith("/")) {
        finish();
        path = line.trimEnd();
        lines = [];
      } else if (line.trim() === "" || line.startsWith("#")) finish();
      else lines?.push(line);
    }
    finish();
  }

  /** Number of entries. */
  get size() {
    return this.#entries.size;
  }

  /**
   * @param {string} path  of a file in the HVSC
   * @returns {Entry | null}
   */
  entry(path) {
    const text = this.#entries.get(path.toLowerCase());
    return text === undefined ? null : parseEntry(text);
  }

  /**
   * @param {string} path  of a folder in the HVSC, without a slash at its end
   * @returns {string} comment on the folder; "" if there is none
   */
  folderComment(path) {
    return this.entry(`${path}/`)?.file.comment ?? "";
  }

  /**
   * @param {string} path  of a file in the HVSC
   * @returns {string} all that the entry says, for the search
   */
  words(path) {
    return this.#entries.get(path.toLowerCase())?.replaceAll(LABELS, "").replaceAll(/\s+/g, " ") ?? "";
  }
}

/**
 * STIL.txt is in Latin-1, but some have converted it.
 * @param {ArrayBuffer} bytes
 */
export function decodeStil(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/**
 * @param {string} text  lines of an entry, without the path
 * @returns {Entry}
 */
function parseEntry(text) {
  const file = newNote();
  const songs = new Map();
  let note = file;
  /** @type {(more: string) => void} */
  let append = () => {};
  for (const line of text.split("\n")) {
    const song = SONG.exec(line);
    const field = FIELD.exec(line);
    if (song) {
      note = newNote();
      songs.set(Number(song[1]), note);
      append = () => {};
    } else if (field) append = addField(note, field[1], field[2].trim());
    else append(line.trim());
  }
  for (const found of [file, ...songs.values()]) finishCovers(found);
  return { file, songs };
}

/** @returns {Note} */
const newNote = () => ({ name: "", author: "", comment: "", covers: [] });

/**
 * @param {Note} note
 * @param {string} name  of the field
 * @param {string} value  its first line
 * @returns {(more: string) => void} adds a further line
 */
function addField(note, name, value) {
  const cover = note.covers.at(-1);
  if (name === "NAME") return setter(note, "name", value);
  if (name === "AUTHOR") return setter(note, "author", value);
  if (name === "TITLE") return setter(addCover(note), "title", value);
  if (name === "ARTIST") return setter(cover && !cover.artist ? cover : addCover(note), "artist", value);
  return setter(cover ?? note, "comment", value);
}

/**
 * @template {string} Key
 * @param {Record<Key, string>} target
 * @param {Key} key
 * @param {string} value
 */
function setter(target, key, value) {
  /** @param {string} more */
  const append = (more) => {
    target[key] = /** @type {Record<Key, string>[Key]} */ (`${target[key]} ${more}`.trim());
  };
  append(value);
  return append;
}

/** @param {Note} note */
function addCover(note) {
  const cover = { title: "", artist: "", time: "", comment: "" };
  note.covers.push(cover);
  return cover;
}

/**
 * Take the times out of the fields, and what is marked as unknown.
 * @param {Note} note
 */
function finishCovers(note) {
  for (const cover of note.covers) {
    for (const key of /** @type {const} */ (["title", "artist", "comment"])) {
      const time = TIME.exec(cover[key]);
      if (time && !cover.time) {
        cover.time = time[1];
        cover[key] = cover[key].slice(0, time.index);
      }
      if (cover[key] === UNKNOWN) cover[key] = "";
    }
  }
}
