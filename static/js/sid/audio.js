/** The page's audio output: AudioContext -> worklet -> volume. */

import { SAMPLE_RATE } from "./ring.js";

/**
 * How soon sound that was handed over is heard: Chromium takes 32 ms, with "playback" 72, and a pause must be heard
 * within 50. The reserve against a busy machine is the ring.
 */
const LATENCY = "interactive";

/**
 * Firefox asks the system's sound server with the lock of its own sound thread held. Where that server waits for just
 * this thread, and PulseAudio does, the page stops for ever.
 */
const LATENCY_FREEZES = navigator.userAgent.includes("Firefox/");

/** A pause this long lets the audio hardware sleep; the fade-out has long been heard by then. */
const REST_AFTER_MS = 500;

/** Time constant of a volume change: short to the hand, too slow to click. */
const VOLUME_SECONDS = 0.02;

/** @returns {string} why this browser cannot play, or "" when it can */
export function whyUnsupported() {
  if (typeof AudioWorkletNode === "undefined") {
    return "This browser offers no AudioWorklet here, so tunes cannot be played: use a current browser over https or on localhost.";
  }
  if (typeof SharedArrayBuffer === "undefined") {
    return "This page is not cross-origin isolated, so tunes cannot be played: the server must send the COOP and COEP headers.";
  }
  return "";
}

export class AudioOutput {
  #context = null;
  #opening = null;
  #node = null;
  #ring = null;
  #volume = 1;
  #gain = null;
  #restTimer;
  #onChange;
  #onError;

  /**
   * @param {() => void} onChange `running` may have changed
   * @param {(message: string) => void} onError the audio thread failed
   */
  constructor(onChange, onError) {
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Whether the hardware takes samples; false until the browser's autoplay policy allows it. */
  get running() {
    return this.#node !== null && this.#context.state === "running";
  }

  /** Seconds from the worklet to the ear, as far as the browser knows and may be asked. */
  get latency() {
    return (LATENCY_FREEZES ? 0 : this.#context?.outputLatency) || 0;
  }

  /** Open or wake the audio hardware. Must be called from a click where the browser asks for one. */
  async open() {
    clearTimeout(this.#restTimer);
    this.#context ??= this.#createContext();
    this.#context.resume().catch(() => {}); // closed meanwhile; a refusal shows in `running`
    this.#opening ??= this.#connect();
    await this.#opening;
  }

  /** @param {import("./ring.js").Ring} ring to play from now on */
  feed(ring) {
    this.#ring = ring;
    this.#node?.port.postMessage(ring.buffer);
  }

  /** @param {number} volume [0, 1] */
  setVolume(volume) {
    this.#volume = volume;
    this.#gain?.gain.setTargetAtTime(volume, this.#context.currentTime, VOLUME_SECONDS);
  }

  /** Nothing is to be heard for now. */
  rest() {
    if (!this.running) return;
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => this.#context?.suspend().catch(() => {}), REST_AFTER_MS);
  }

  async close() {
    clearTimeout(this.#restTimer);
    const context = this.#context;
    this.#context = this.#opening = this.#node = this.#gain = null;
    await context?.close();
  }

  #createContext() {
    const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: LATENCY });
    context.onstatechange = this.#onChange;
    return context;
  }

  async #connect() {
    const context = this.#context;
    try {
      await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    } catch (cause) {
      if (context !== this.#context) return; // closed meanwhile
      this.#opening = null; // the next click tries again
      throw new Error("The audio output could not be started: its worklet did not load. Try again.", {
        cause,
      });
    }
    if (context !== this.#context) return; // closed meanwhile
    this.#gain = new GainNode(context, { gain: this.#volume });
    this.#node = new AudioWorkletNode(context, "sid", { numberOfInputs: 0, outputChannelCount: [1] });
    this.#node.onprocessorerror = () =>
      this.#onError("The audio output failed while playing: reload the page.");
    this.#node.connect(this.#gain).connect(context.destination);
    if (this.#ring !== null) this.feed(this.#ring);
    this.#onChange();
  }
}
