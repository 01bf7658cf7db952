/** An oscilloscope: the waves of the voices as they are heard, one row for each on one canvas. */

/** Points of a wave that are looked at (93 ms), and shown of them (46 ms) from where the wave rises through zero. */
const LOOKED = 1024;
const SHOWN = 512;
const STEP = 2;

/** Of the screen's frames, one in so many is drawn; the color is looked up in one of so many drawn. */
const FRAMES = 2;
const COLOR_FRAMES = 30;

export class Scope {
  #canvas;
  #context;
  #player;
  #points = new Int8Array(LOOKED);
  #voices = 0;
  #running = false;
  #visible = false;
  #frame = 0;
  #request = 0;

  /**
   * @param {HTMLCanvasElement} canvas its CSS color is that of the waves
   * @param {import("./player.js").SidPlayer} player
   */
  constructor(canvas, player) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#player = player;
    new ResizeObserver(() => this.#fit()).observe(canvas);
    new IntersectionObserver((entries) => {
      this.#visible = entries.at(-1).isIntersecting;
      this.#schedule();
    }).observe(canvas);
  }

  /**
   * @param {number} voices rows
   * @param {boolean} running whether the waves move; else what was drawn last stays
   */
  show(voices, running) {
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
      context.strokeStyle = getComputedStyle(this.#canvas).color;
      context.lineWidth = 1.5 * devicePixelRatio;
    }
    context.clearRect(0, 0, width, height);
    context.beginPath();
    const row = height / this.#voices;
    for (let voice = 0; voice < this.#voices; voice++) {
      if (!this.#player.readWave(voice, this.#points)) break;
      this.#trace(row * (voice + 0.5), row / 300, width);
    }
    context.stroke();
  }

  #trace(middle, scale, width) {
    const from = rise(this.#points);
    for (let i = 0; i < SHOWN; i += STEP) {
      const y = middle - this.#points[from + i] * scale;
      if (i === 0) this.#context.moveTo(0, y);
      else this.#context.lineTo((i * width) / (SHOWN - STEP), y);
    }
  }
}

/** Where a wave first rises through zero: there the picture of a steady tone stands still. */
function rise(points) {
  for (let i = 1; i < LOOKED - SHOWN; i++) if (points[i - 1] < 0 && points[i] >= 0) return i;
  return 0;
}
