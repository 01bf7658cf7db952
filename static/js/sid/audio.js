/** The page's audio output: AudioContext -> worklet -> volume. */

import { SAMPLE_RATE } from "./ring.js";

/**
 * Output latency: a pause must be audible within 50 ms. Chromium needs 32 ms for "interactive" and 72 ms for
 * "playback". The ring is the buffer for a busy machine.
 */
const LATENCY = "interactive";

/**
 * Firefox can hang when a page reads `outputLatency`: it asks the sound server while it holds the lock of its audio
 * thread, and PulseAudio waits for that thread.
 */
const LATENCY_HANGS = navigator.userAgent.includes("Firefox/");

/** Length of a pause after which the audio hardware is suspended. The fade-out is over by then. */
const SUSPEND_AFTER_MS = 500;

/** Time constant of a volume change: feels immediate, but is too slow to click. */
const VOLUME_SECONDS = 0.02;

/** @returns {string} why this browser can't play tunes, or "" if it can */
export function whyUnsupported() {
  if (typeof AudioWorkletNode === "undefined") {
    return (
      "This browser can't play tunes here because it has no AudioWorklet. Use a current browser over https or on " +
      "localhost."
    );
  }
  if (typeof SharedArrayBuffer === "undefined") {
    return (
      "This page can't play tunes because it isn't cross-origin isolated. The server must send the COOP and COEP " +
      "headers."
    );
  }
  return "";
}

export class AudioOutput {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** @type {import("./ring.js").Ring | null} */
  #ring = null;
  #volume = 1;
  /** @type {GainNode | null} */
  #gain = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #suspendTimer;
  #onChange;
  #onError;

  /**
   * @param {() => void} onChange  `running` may have changed
   * @param {(message: string) => void} onError  the audio thread has failed
   */
  constructor(onChange, onError) {
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Whether the hardware plays samples; false until the browser's autoplay policy allows it. */
  get running() {
    return this.#node !== null && this.#context?.state === "running";
  }

  /** Seconds from the worklet to the speakers, if the browser can tell; else 0. */
  get latency() {
    return (LATENCY_HANGS ? 0 : this.#context?.outputLatency) || 0;
  }

  /** Open or resume the audio hardware. Must be called from a click if the browser requires one. */
  async open() {
    clearTimeout(this.#suspendTimer);
    this.#context ??= this.#createContext();
    this.#context.resume().catch(() => {}); // closed meanwhile; a refusal is visible in `running`
    this.#opening ??= this.#connect(this.#context);
    await this.#opening;
  }

  /** @param {import("./ring.js").Ring} ring  to play from now on */
  feed(ring) {
    this.#ring = ring;
    this.#node?.port.postMessage(ring.buffer);
  }

  /** @param {number} volume  [0, 1] */
  setVolume(volume) {
    this.#volume = volume;
    this.#gain?.gain.setTargetAtTime(volume, this.#gain.context.currentTime, VOLUME_SECONDS);
  }

  /** Suspend the hardware soon, because nothing plays. */
  suspendSoon() {
    if (!this.running) return;
    clearTimeout(this.#suspendTimer);
    this.#suspendTimer = setTimeout(() => this.#context?.suspend().catch(() => {}), SUSPEND_AFTER_MS);
  }

  async close() {
    clearTimeout(this.#suspendTimer);
    const context = this.#context;
    this.#context = this.#opening = this.#node = this.#gain = null;
    await context?.close();
  }

  #createContext() {
    const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: LATENCY });
    context.onstatechange = this.#onChange;
    return context;
  }

  /** @param {AudioContext} context */
  async #connect(context) {
    try {
      await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    } catch (cause) {
      if (context !== this.#context) return; // closed meanwhile
      this.#opening = null; // the next click tries again
      throw new Error("The audio output can't be started because its worklet didn't load. Try again.", {
        cause,
      });
    }
    if (context !== this.#context) return; // closed meanwhile
    this.#gain = new GainNode(context, { gain: this.#volume });
    this.#node = new AudioWorkletNode(context, "sid", { numberOfInputs: 0, outputChannelCount: [2] });
    this.#node.onprocessorerror = () => this.#onError("The audio output failed. Reload the page.");
    this.#node.connect(this.#gain).connect(context.destination);
    if (this.#ring !== null) this.feed(this.#ring);
    this.#onChange();
  }
}
