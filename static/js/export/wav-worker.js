/** Worker that renders one song as a WAV file, as fast as it can. Ending the worker cancels it. */

import { isCrash, MAX_FRAMES, SidEmulator } from "../sid/emulator.js";
import { soundFor } from "../sid/filter-curves.js";
import { SAMPLE_RATE } from "../sid/ring.js";
import { storedRoms } from "../sid/stored-roms.js";
import { notify, serve, transfer } from "../worker-client.js";
import { wavHeader } from "./wav-header.js";

/** Blocks between two reports of the progress: 3 s of sound. */
const BLOCKS_PER_REPORT = 32;

const emulatorReady = SidEmulator.fetch(self.name);
emulatorReady.catch(() => {}); // reported to the caller of `render`

/**
 * @typedef {object} WavOptions
 * @property {Uint8Array} bytes  of a .sid file
 * @property {number} song  1-based
 * @property {number} seconds
 * @property {import("../sid/renderer.js").Settings} settings  `muted` is ignored
 */

serve(
  {
    /** @param {WavOptions} options */
    async render({ bytes, song, seconds, settings }) {
      const emulator = await emulatorReady;
      emulator.useRoms(await storedRoms());
      const { author, chips } = emulator.load(bytes);
      emulator.override({ ...settings, sound: soundFor(settings.sound, author) });
      emulator.start(song, SAMPLE_RATE);
      emulator.spread(settings.width);
      const channels = chips > 1 && settings.width > 0 ? 2 : 1;
      const frames = Math.round(seconds * SAMPLE_RATE);
      const samples = new Int16Array(frames * channels);
      for (let at = 0, block = 0; at < frames; block++) {
        const left = emulator.render(Math.min(MAX_FRAMES, frames - at));
        put(left, samples, at, channels, 0);
        if (channels === 2) put(emulator.right(left.length) ?? left, samples, at, channels, 1);
        at += left.length;
        if (block % BLOCKS_PER_REPORT === 0) notify({ progress: at / frames });
      }
      const header = wavHeader(frames, channels, SAMPLE_RATE);
      return transfer({ header, samples }, [header.buffer, samples.buffer]);
    },
  },
  isCrash,
);

/**
 * @param {Float32Array} source  [-1, 1]
 * @param {Int16Array} target  interleaved
 * @param {number} at  frame
 * @param {number} channels
 * @param {number} channel
 */
function put(source, target, at, channels, channel) {
  for (let i = 0; i < source.length; i++) {
    const sample = Math.max(-1, Math.min(1, source[i]));
    target[(at + i) * channels + channel] = Math.round(sample * 32767);
  }
}
