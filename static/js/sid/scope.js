/** An oscilloscope: the waveforms of the voices as they play, one row per voice on one canvas. */

/** Points of a waveform that are searched for a rising zero crossing (93 ms), and shown from there (46 ms). */
const SEARCHED = 1024;
const SHOWN = 512;
const STEP = 2;

/** One in this many of the screen's frames is drawn. */
const FRAMES = 2;

/** The colors are looked up once in this many drawn frames. */
const COLOR_FRAMES = 30;

export class Scope {
  #canvas;
  #context;
  #player;
  #points = new Int8Array(SEARCHED);
  #voices = 0;
  #running = false;
  #visible = false;
  /** @type {string[]} */
  #colors = [];
  #frame = 0;
  #request = 0;

  /**
   * @param {HTMLCanvasElement} canvas  has the colors of the voices as `--voice-1`, `--voice-2`, ...
   * @param {import("./player.js").SidPlayer} player
   */
  constructor(canvas, player) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.#player = player;
    new ResizeObserver(() => this.#fit()).observe(canvas);
    new IntersectionObserver((entries) => {
      this.#visible = entries[entries.length - 1].isIntersecting;
      this.#schedule();
    }).observe(canvas);
  }

  /**
   * @param {number} voices  number of rows
   * @param {boolean} running  whether the waveforms move; else the last picture stays
   */
  show(voices, running) {
    if (voices !== this.#voices) this.#frame = 0;
    this.#voices = voices;
    this.#running = running;
    this.#schedule();
  }

  #schedule() {
    if (this.#request !== 0 || !this.#running || !this.#visible) return;
    this.#request = requestAnimationFrame(() => {
      this.#request = 0;
      if (this.#frame++ % FRAMES === 0) this.#draw();
      this.#schedule();
    });
  }

  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    this.#canvas.width = clientWidth * devicePixelRatio;
    this.#canvas.height = clientHeight * devicePixelRatio;
    this.#frame = 0;
  }

  #draw() {
    const context = this.#context;
    const { width, height } = this.#canvas;
    if (this.#frame % (FRAMES * COLOR_FRAMES) === 1) {
      const style = getComputedStyle(this.#canvas);
      this.#colors = Array.from({ length: this.#voices }, (_, voice) =>
        style.getPropertyValue(`--voice-${voice + 1}`),
      );
      context.lineWidth = 2 * devicePixelRatio;
    }
    context.clearRect(0, 0, width, height);
    const row = height / this.#voices;
    for (let voice = 0; voice < this.#voices; voice++) {
      if (!this.#player.readWave(voice, this.#points)) break;
      context.beginPath();
      context.strokeStyle = this.#colors[voice];
      this.#trace(row * (voice + 0.5), row / 300, width);
      context.stroke();
    }
  }

  /**
   * @param {number} middle  y of the waveform's zero
   * @param {number} scale  pixels per unit
   * @param {number} width  pixels
   */
  #trace(middle, scale, width) {
    const from = findRise(this.#points);
    for (let i = 0; i < SHOWN; i += STEP) {
      const y = middle - this.#points[from + i] * scale;
      if (i === 0) this.#context.moveTo(0, y);
      else this.#context.lineTo((i * width) / (SHOWN - STEP), y);
    }
  }
}

/**
 * Find the first rising zero crossing, so that the picture of a steady tone stands still.
 * @param {Int8Array} points
 */
function findRise(points) {
  for (let i = 1; i < SEARCHED - SHOWN; i++) if (points[i - 1] < 0 && points[i] >= 0) return i;
  return 0;
}
