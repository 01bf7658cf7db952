/** The SID emulator: a thin class around the exports of sid.wasm. Runs in any JavaScript context. */

/**
 * @typedef {object} SidInfo
 * @property {number} address
 * @property {6581 | 8580} chip  model in use
 * @property {0 | 6581 | 8580} headerChip  model that the header specifies; 0: none
 */

/**
 * @typedef {object} TuneInfo
 * @property {"PSID" | "RSID" | "MUS"} format
 * @property {number} version
 * @property {string} title
 * @property {string} author
 * @property {string} released
 * @property {number} songs  number of songs in the file
 * @property {number} startSong  1-based
 * @property {number} song  the song that was started last, or the start song
 * @property {"PAL" | "NTSC"} clock  in use
 * @property {"PAL" | "NTSC" | "any" | "unknown"} headerClock
 * @property {6581 | 8580} chip  model in use of the first chip
 * @property {number} chips
 * @property {SoundOptions} [sound]  in use, from the player
 * @property {SidInfo[]} sids
 * @property {"frame" | "cia" | "own"} speed  what calls the play routine of the song
 * @property {number} loadAddress
 * @property {number} initAddress
 * @property {number} playAddress
 */

/**
 * @typedef {object} Inspection
 * @property {TuneInfo | null} tune  null: the file has no readable header
 * @property {string} problem  why the emulator can't play the file; "" if it can
 */

/**
 * The functions of sid.wasm, see `wasm/exports.cpp`. Pointers are offsets in `memory`.
 * @typedef {object} SidExports
 * @property {WebAssembly.Memory} memory
 * @property {() => void} _initialize
 * @property {(size: number) => number} sid_input  pointer; 0: the file is too large
 * @property {(size: number) => number} sid_load  0: done
 * @property {(size: number) => number} sid_inspect  pointer to JSON
 * @property {() => number} sid_info  pointer to JSON
 * @property {() => number} sid_message  pointer to text
 * @property {(song: number, sampleRate: number) => number} sid_start  0: done
 * @property {(song: number, sampleRate: number) => number} sid_analyze  0: done
 * @property {() => number} sid_trace  pointer to register writes
 * @property {() => number} sid_trace_size  bytes
 * @property {() => number} sid_end  hundredths of a second; 0: no sound yet, -1: the song may go on
 * @property {(frames: number) => number} sid_render  frames rendered
 * @property {(kind: number, size: number) => number} sid_rom  0: done
 * @property {(channel: number) => number} sid_output  pointer to frames
 * @property {(percent: number) => void} sid_width
 * @property {(filterCurve: number, digiBoost: number, combined: number) => void} sid_override_sound
 * @property {(frames: number) => number} sid_skip  frames skipped
 * @property {() => number} sid_state  pointer
 * @property {() => number} sid_state_size
 * @property {(mask: number) => void} sid_mute
 * @property {(clock: number) => void} sid_override_clock
 * @property {(chip: number, model: number) => void} sid_override_chip
 * @property {(on: number) => void} sid_scope
 * @property {(voice: number) => number} sid_wave  pointer to points
 * @property {() => number} sid_wave_size
 */

/**
 * What differs between real C64s.
 * @typedef {object} SoundOptions
 * @property {number} filterCurve  of the 6581's filter in percent, from 0 (bright) to 100 (dark)
 * @property {boolean} digiBoost  whether digis that an 8580 plays with its volume register are as loud as a 6581's
 * @property {"average" | "weak" | "strong"} combined  strength of combined waveforms
 */

/** Unit of `sid_end`. */
const WINDOWS_PER_SECOND = 100;

const STRENGTHS = ["average", "weak", "strong"];

/** An error whose message is for the listener, such as a damaged file. The emulator can still be used. */
export class SidError extends Error {
  name = "SidError";
}

/**
 * @param {unknown} error
 * @returns {boolean} whether the emulator has crashed with this error and must be replaced
 */
export const isCrash = (error) => !(error instanceof SidError);

/**
 * In the order of the emulator.
 * @type {import("./stored-roms.js").RomKind[]}
 */
const ROM_KINDS = ["kernal", "basic", "characters"];

/** Maximum number of frames that one call of `render` returns. */
export const MAX_FRAMES = 4096;

/** Address of sid.wasm as set-up builds it. */
export const WASM_URL = new URL("../../vendor/sid/sid.wasm", import.meta.url).href;

const utf8 = new TextDecoder();

export class SidEmulator {
  #wasm;

  /** @param {SidExports} wasm  exports of an initialized instance */
  constructor(wasm) {
    this.#wasm = wasm;
  }

  /**
   * @param {string} url  address of sid.wasm
   * @returns {Promise<SidEmulator>}
   */
  static async fetch(url) {
    const response = await fetch(url).catch((cause) => {
      throw new Error(`The SID emulator can't be fetched from ${url}. Check the network connection.`, {
        cause,
      });
    });
    if (!response.ok) {
      throw new Error(
        `The SID emulator can't be fetched from ${url}: the server answered ${response.status}.`,
      );
    }
    return SidEmulator.from(await WebAssembly.compile(await response.arrayBuffer()));
  }

  /**
   * @param {WebAssembly.Module} module
   * @returns {Promise<SidEmulator>}
   */
  static async from(module) {
    const { exports } = await WebAssembly.instantiate(module);
    const wasm = /** @type {SidExports} */ (/** @type {unknown} */ (exports));
    wasm._initialize();
    return new SidEmulator(wasm);
  }

  /**
   * Load a .sid file. If that fails, no tune is loaded.
   * @param {Uint8Array} bytes
   * @returns {TuneInfo}
   * @throws {SidError} the file is damaged or not supported
   */
  load(bytes) {
    this.#input(bytes);
    this.#check(this.#wasm.sid_load(bytes.length));
    return this.info();
  }

  /**
   * @param {number} size  of a file, in bytes
   * @throws {SidError} the file is too large for a SID file
   */
  checkSize(size) {
    if (this.#wasm.sid_input(size) === 0) {
      throw new SidError("It is too large for a SID file. Choose another one.");
    }
  }

  /**
   * Describe a .sid file. The loaded tune isn't affected.
   * @param {Uint8Array} bytes
   * @returns {Inspection}
   * @throws {SidError} the file is too large
   */
  inspect(bytes) {
    this.#input(bytes);
    return JSON.parse(this.#text(this.#wasm.sid_inspect(bytes.length)));
  }

  /** @returns {TuneInfo} of the loaded tune; `speed` is that of the song that was started last */
  info() {
    return JSON.parse(this.#text(this.#wasm.sid_info()));
  }

  /**
   * Reset the machine and start a song.
   * @param {number} song  1-based; 0: the tune's start song
   * @param {number} sampleRate  frames per second
   * @throws {SidError} there is no such song, or its init routine doesn't return
   */
  start(song, sampleRate) {
    this.#check(this.#wasm.sid_start(song, sampleRate));
  }

  /**
   * Start a song as `start` does, but for analysis: it renders many times as fast, with a simpler sound, and records
   * the register writes.
   * @param {number} song  1-based; 0: the tune's start song
   * @param {number} sampleRate  frames per second, 22050 or more
   * @throws {SidError} as `start`
   */
  analyze(song, sampleRate) {
    this.#check(this.#wasm.sid_analyze(song, sampleRate));
  }

  /**
   * @returns {Uint8Array} the register writes of init after `analyze`, and those of the last `render` or `skip` after that,
   *   8 bytes each: the cycle since init was called (uint32, little-endian), chip, register, value, and zero; none
   *   from where the song has ended; a view that the next call overwrites
   */
  trace() {
    return new Uint8Array(this.#wasm.memory.buffer, this.#wasm.sid_trace(), this.#wasm.sid_trace_size());
  }

  /** Seconds from the start of a song in analysis to where it fell silent for good; 0: no sound yet, null: it may go on. */
  get end() {
    const end = this.#wasm.sid_end();
    return end < 0 ? null : end / WINDOWS_PER_SECOND;
  }

  /**
   * @param {number} frames  at most MAX_FRAMES are rendered
   * @returns {Float32Array} mono or the left channel, [-1, 1]; a view that the next call overwrites
   * @throws {SidError} the tune stopped with an error, or no song was started
   */
  render(frames) {
    const count = this.#wasm.sid_render(frames);
    if (count === 0) throw new SidError(this.#message());
    return this.#output(0, count);
  }

  /**
   * @param {number} count  of frames of the last `render`
   * @returns {Float32Array | null} their right channel, a view as that of `render`; null in mono
   */
  right(count) {
    if (this.#wasm.sid_output(1) === this.#wasm.sid_output(0)) return null;
    return this.#output(1, count);
  }

  /** @param {number} percent  how far apart several chips are heard, from the next `render` on: 0 (mono) to 100 */
  spread(percent) {
    this.#wasm.sid_width(percent);
  }

  /**
   * Skip frames, several times as fast as rendering them. The state afterwards is the same, except for the filters,
   * which need up to a second to catch up.
   * @param {number} frames  a limited number is skipped at a time
   * @returns {number} frames skipped
   * @throws {SidError} as `render`
   */
  skip(frames) {
    const count = this.#wasm.sid_skip(frames);
    if (count === 0) throw new SidError(this.#message());
    return count;
  }

  /** @returns {Uint8Array} a copy of the playing tune's state, for `restore` until the next `load` or `start` */
  save() {
    return this.#state(this.#wasm.sid_state_size()).slice();
  }

  /** @param {Uint8Array} state  as from `save` */
  restore(state) {
    this.#state(state.length).set(state);
  }

  /** @param {number} mask  bit 3c + v mutes voice v of chip c */
  mute(mask) {
    this.#wasm.sid_mute(mask);
  }

  /**
   * Override the header's clock and chip models from the next start on. `info` returns those in use.
   * @param {object} overrides
   * @param {"PAL" | "NTSC" | ""} [overrides.clock]  "": as in the header
   * @param {(0 | 6581 | 8580)[]} [overrides.chips]  model of each chip; 0 or missing: as in the header
   * @param {Partial<SoundOptions>} [overrides.sound]
   */
  override({ clock = "", chips = [], sound = {} }) {
    const { filterCurve = 50, digiBoost = false, combined = "average" } = sound;
    this.#wasm.sid_override_sound(filterCurve, digiBoost ? 1 : 0, STRENGTHS.indexOf(combined));
    this.#wasm.sid_override_clock({ "": 0, PAL: 1, NTSC: 2 }[clock]);
    for (let chip = 0; chip < 3; chip++) {
      this.#wasm.sid_override_chip(chip, chips[chip] ?? 0);
    }
  }

  /**
   * Use these ROMs of the C64, and no others, from the next start on.
   * @param {Partial<Record<import("./stored-roms.js").RomKind, Uint8Array>>} roms
   * @throws {SidError} a ROM has the wrong size
   */
  useRoms(roms) {
    ROM_KINDS.forEach((kind, number) => {
      const image = roms[kind] ?? new Uint8Array();
      this.#input(image);
      this.#check(this.#wasm.sid_rom(number, image.length));
    });
  }

  /** @param {boolean} on  whether to record the voices' waveforms from the next `render` on */
  showScope(on) {
    this.#wasm.sid_scope(on ? 1 : 0);
  }

  /**
   * @param {number} voice  3c + v: voice v of chip c
   * @returns {Int8Array} its waveform during the last `render`, one point per 4 frames; a view that the next call
   *   overwrites
   */
  wave(voice) {
    const pointer = this.#wasm.sid_wave(voice);
    return new Int8Array(this.#wasm.memory.buffer, pointer, this.#wasm.sid_wave_size());
  }

  /**
   * @param {number} channel
   * @param {number} count
   */
  #output(channel, count) {
    return new Float32Array(this.#wasm.memory.buffer, this.#wasm.sid_output(channel), count);
  }

  /** @param {Uint8Array} bytes */
  #input(bytes) {
    this.checkSize(bytes.length);
    new Uint8Array(this.#wasm.memory.buffer).set(bytes, this.#wasm.sid_input(bytes.length));
  }

  /** @param {number} size */
  #state(size) {
    return new Uint8Array(this.#wasm.memory.buffer, this.#wasm.sid_state(), size);
  }

  /** @param {number} status  0: done */
  #check(status) {
    if (status !== 0) throw new SidError(this.#message());
  }

  #message() {
    return this.#text(this.#wasm.sid_message());
  }

  /** @param {number} pointer */
  #text(pointer) {
    const bytes = new Uint8Array(this.#wasm.memory.buffer, pointer);
    return utf8.decode(bytes.subarray(0, bytes.indexOf(0)));
  }
}
