/** The SID engine: a thin class over the exports of sid.wasm. Runs in any JavaScript context. */

/**
 * @typedef {object} TuneInfo
 * @property {"PSID"|"RSID"} format
 * @property {number} version
 * @property {string} title
 * @property {string} author
 * @property {string} released
 * @property {number} songs       number of songs in the file
 * @property {number} startSong   1-based
 * @property {"PAL"|"NTSC"} clock
 * @property {6581|8580} chip
 * @property {number} chips
 * @property {"frame"|"cia"} speed
 * @property {number} loadAddress
 * @property {number} initAddress
 * @property {number} playAddress
 */

/** What the engine refuses with a message for the listener; any other error means that it crashed. */
export class SidError extends Error {
  name = "SidError";
}

/** Most frames that one call of `render` returns. */
export const MAX_FRAMES = 4096;

const ENOSYS = 52;
const utf8 = new TextDecoder();

export class SidEngine {
  #wasm;

  /** @param {WebAssembly.Exports} wasm exports of an initialised instance */
  constructor(wasm) {
    this.#wasm = wasm;
  }

  /**
   * @param {string} url where sid.wasm is served
   * @returns {Promise<SidEngine>}
   */
  static async fetch(url) {
    const response = await fetch(url);
    if (!response.ok) {
      throw new Error(
        `The SID engine could not be fetched from ${url}: the server answered ${response.status}.`,
      );
    }
    return SidEngine.from(await WebAssembly.compile(await response.arrayBuffer()));
  }

  /**
   * @param {WebAssembly.Module} module
   * @returns {Promise<SidEngine>}
   */
  static async from(module) {
    const { exports } = await WebAssembly.instantiate(module, wasiStubs(module));
    exports._initialize();
    return new SidEngine(exports);
  }

  /**
   * Parse a .sid file. A failed load leaves no tune loaded.
   *
   * @param {Uint8Array} bytes
   * @returns {TuneInfo}
   * @throws {SidError} the file is broken or not supported
   */
  load(bytes) {
    const input = this.#wasm.sid_input(bytes.length);
    if (input === 0) {
      throw new SidError(
        `This file has ${bytes.length} bytes: too large to be a SID file. Choose another one.`,
      );
    }
    new Uint8Array(this.#wasm.memory.buffer).set(bytes, input);
    this.#check(this.#wasm.sid_load(bytes.length));
    return this.info();
  }

  /** @returns {TuneInfo} of the loaded tune; `speed` is that of the song started */
  info() {
    return JSON.parse(this.#text(this.#wasm.sid_info()));
  }

  /**
   * Reset the machine and start a song.
   *
   * @param {number} song 1-based; 0 is the tune's own start song
   * @param {number} sampleRate frames per second
   * @throws {SidError} no such song, or its init routine does not return
   */
  start(song, sampleRate) {
    this.#check(this.#wasm.sid_start(song, sampleRate));
  }

  /**
   * @param {number} frames wanted; at most MAX_FRAMES are rendered
   * @returns {Float32Array} mono, [-1, 1]; a view that the next call overwrites
   * @throws {SidError} the tune stopped with an error, or none was started
   */
  render(frames) {
    const count = this.#wasm.sid_render(frames);
    if (count === 0) throw new SidError(this.#message());
    return new Float32Array(this.#wasm.memory.buffer, this.#wasm.sid_output(), count);
  }

  #check(status) {
    if (status !== 0) throw new SidError(this.#message());
  }

  #message() {
    return this.#text(this.#wasm.sid_message());
  }

  #text(pointer) {
    const bytes = new Uint8Array(this.#wasm.memory.buffer, pointer);
    return utf8.decode(bytes.subarray(0, bytes.indexOf(0)));
  }
}

/** The engine does no input or output: what libc imports for it answers "not implemented". */
function wasiStubs(module) {
  const imports = {};
  for (const { module: space, name } of WebAssembly.Module.imports(module)) {
    imports[space] ??= {};
    imports[space][name] = name === "proc_exit" ? exit : () => ENOSYS;
  }
  return imports;
}

function exit(code) {
  throw new Error(`The SID engine ended itself (exit code ${code}).`);
}
