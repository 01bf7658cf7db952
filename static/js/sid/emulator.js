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
 * @property {number} song        last started, or the start song
 * @property {"PAL"|"NTSC"} clock in use
 * @property {"PAL"|"NTSC"|"any"|"unknown"} headerClock
 * @property {6581|8580} chip     in use, the first one's
 * @property {number} chips
 * @property {{address: number, chip: 6581|8580, headerChip: 0|6581|8580}[]} sids
 * @property {"frame"|"cia"|"own"} speed  what calls the play routine
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

  /** @param {WebAssembly.Exports} wasm exports of an initialized instance */
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

  /**
   * Pass over frames, several times as fast as rendering them. What is rendered next is as if they had been rendered,
   * but for the filters, which need up to a second to catch up.
   *
   * @param {number} frames wanted; at most some are passed over
   * @returns {number} how many were
   * @throws {SidError} as `render`
   */
  skip(frames) {
    const count = this.#wasm.sid_skip(frames);
    if (count === 0) throw new SidError(this.#message());
    return count;
  }

  /** @returns {Uint8Array} a copy of the state of what plays, for `restore` until the next `load` or `start` */
  save() {
    return this.#state(this.#wasm.sid_state_size()).slice();
  }

  /** @param {Uint8Array} state to go on from, as `save` gave it */
  restore(state) {
    this.#state(state.length).set(state);
  }

  /** @param {number} mask bit 3c + v silences voice v of chip c */
  mute(mask) {
    this.#wasm.sid_mute(mask);
  }

  /**
   * Play with these from the next start on; `info` tells what is in use.
   *
   * @param {object} choice
   * @param {"PAL"|"NTSC"} [choice.clock]        else as the header says
   * @param {(0|6581|8580)[]} [choice.chips]     of each chip; 0 or none as the header says
   */
  override({ clock, chips = [] }) {
    this.#wasm.sid_override_clock({ PAL: 1, NTSC: 2 }[clock] ?? 0);
    for (let chip = 0; chip < 3; chip++) {
      this.#wasm.sid_override_chip(chip, chips[chip] ?? 0);
    }
  }

  /**
   * @param {number} chip 0 to 2
   * @returns {Uint8Array} its 32 registers as the tune wrote them last; a view that the next call overwrites
   */
  registers(chip) {
    return new Uint8Array(this.#wasm.memory.buffer, this.#wasm.sid_registers(chip), 32);
  }

  /** @param {boolean} on whether to keep the voices' waves from the next `render` on */
  showScope(on) {
    this.#wasm.sid_scope(on ? 1 : 0);
  }

  /**
   * @param {number} voice 3c + v for voice v of chip c
   * @returns {Int8Array} its wave during the last `render`, a point for 4 frames; a view that the next call overwrites
   */
  wave(voice) {
    const pointer = this.#wasm.sid_wave(voice);
    return new Int8Array(this.#wasm.memory.buffer, pointer, this.#wasm.sid_wave_size());
  }

  #state(size) {
    return new Uint8Array(this.#wasm.memory.buffer, this.#wasm.sid_state(), size);
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
