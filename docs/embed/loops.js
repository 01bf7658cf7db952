/** Eight loops, made here from simple waves: an embedder plays whatever it likes. */

const RATE = 22050;
const SECONDS = 6;

/** @typedef {(angle: number) => number} Wave */

/**
 * Beats per minute, lowest note in Hz, and waveform.
 * @type {[number, number, Wave][]}
 */
const LOOPS = [
  [70, 55, Math.sin],
  [80, 110, Math.sin],
  [95, 65, triangle],
  [110, 130, triangle],
  [125, 82, square],
  [140, 165, square],
  [160, 98, saw],
  [180, 220, saw],
];

const STEPS = [1, 1.5, 2, 1.5, 1.25, 1.5, 2.25, 1.5];

/** @type {AudioContext | null} */
let context = null;
/** @type {AudioBufferSourceNode | null} */
let playing = null;

/** The number of loops. */
export const count = LOOPS.length;

export const rate = RATE;
export const seconds = SECONDS;

/**
 * @param {number} number
 * @returns {Float32Array<ArrayBuffer>} the samples of a loop, in [-1, 1]
 */
export function samples(number) {
  const [tempo, lowest, wave] = LOOPS[number];
  const step = Math.round((RATE * 60) / tempo / 2);
  return Float32Array.from({ length: RATE * SECONDS }, (_, i) => {
    const tone = 2 * Math.PI * lowest * STEPS[Math.floor(i / step) % STEPS.length];
    return 0.4 * wave((tone * i) / RATE) * Math.exp((-3 * (i % step)) / step);
  });
}

/**
 * Play a loop, in place of the current one.
 * @param {number} number
 */
export function play(number) {
  context ??= new AudioContext();
  playing?.stop();
  const buffer = context.createBuffer(1, RATE * SECONDS, RATE);
  buffer.copyToChannel(samples(number), 0);
  playing = new AudioBufferSourceNode(context, { buffer, loop: true });
  playing.connect(context.destination);
  playing.start();
}

/** @type {Wave} */
function triangle(angle) {
  return (2 / Math.PI) * Math.asin(Math.sin(angle));
}

/** @type {Wave} */
function square(angle) {
  return Math.sign(Math.sin(angle)) * 0.6;
}

/** @type {Wave} */
function saw(angle) {
  return ((angle / Math.PI) % 2) - 1;
}
