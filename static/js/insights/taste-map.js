/**
 * The taste map: a pad of energy by mood. A press on a place plays from there, a press on a dot plays that tune. With
 * the arrow keys a crosshair moves, and Enter plays where it is.
 */

import { color, onTheme } from "./color.js";
import { heatOf } from "./heat.js";

/**
 * Tunes and ratings.
 * @typedef {object} MapData
 * @property {number[]} rows  of the tunes, as the engine counts them
 * @property {number[]} e
 * @property {number[]} m
 * @property {number[]} p
 * @property {{e: number[], m: number[]}} rated
 * @property {boolean} known  whether the listener's taste is: without it, there is no heat
 */

/**
 * What the listener does: `look` at a tune (row -1: at none), play a `tune`, or play from a `place`.
 * @typedef {(kind: "look" | "tune" | "place", row: number, energy: number, mood: number) => void} Listener
 */

/** Range of ratings that the pad has at least: predictions that differ by less are about the same. */
const MIN_RANGE = 0.5;
const MARGIN = 0.08;
const REACH = { mouse: 10, pen: 14, touch: 18 };
const STEP = 0.05;

/** Radius of a rating, and distance that what is drawn keeps from the border, which has round corners. */
const RING = 6;
const GAP = 2;

/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class TasteMap {
  /**
   * @param {HTMLElement} host  has the canvas
   * @param {Listener} listener
   */
  constructor(host, listener) {
    this.canvas = /** @type {HTMLCanvasElement} */ (host.querySelector("canvas"));
    this.listener = listener;
    /** @type {MapData | null} */
    this.data = null;
    /** @type {[number, number]} its place on the pad, from 0 to 1 from the top left corner */
    this.crosshair = [0.5, 0.5];
    this.looked = -1;
    this.left = this.bottom = 1;
    this.right = this.top = 5;
    /** @type {[number, number][]} */
    this.points = [];
    /** @type {[number, number][]} */
    this.rings = [];
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    onTheme(() => this.draw());
    this.canvas.addEventListener("pointermove", (event) => this.look(this.nearest(event)));
    this.canvas.addEventListener("pointerleave", () => this.look(-1));
    this.canvas.addEventListener("click", (event) => this.press(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    for (const change of ["focus", "blur"]) this.canvas.addEventListener(change, () => this.draw());
  }

  /** @param {MapData} data */
  show(data) {
    this.data = data;
    [this.left, this.right] = range(data.e);
    [this.bottom, this.top] = range(data.m);
    this.points = data.rows.map((_, i) => this.toPad(data.e[i], data.m[i]));
    this.rings = data.rated.e.map((energy, i) => this.toPad(energy, data.rated.m[i]));
    this.looked = -1;
    this.draw();
  }

  /**
   * @param {number} energy
   * @param {number} mood
   * @returns {[number, number]}
   */
  toPad(energy, mood) {
    return [(energy - this.left) / (this.right - this.left), (this.top - mood) / (this.top - this.bottom)];
  }

  /** @param {PointerEvent | MouseEvent} event */
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height];
  }

  /**
   * @param {PointerEvent | MouseEvent} event
   * @returns {number} the tune under the pointer, -1 if there is none
   */
  nearest(event) {
    const [x, y] = this.placeOf(event);
    const kind = "pointerType" in event ? event.pointerType : "mouse";
    return this.nearestTo(x, y, REACH[/** @type {keyof typeof REACH} */ (kind)] ?? REACH.mouse);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} reach  pixels
   */
  nearestTo(x, y, reach) {
    const { clientWidth, clientHeight } = this.canvas;
    let found = -1;
    let least = reach;
    for (const [i, point] of this.points.entries()) {
      const distance = Math.hypot((point[0] - x) * clientWidth, (point[1] - y) * clientHeight);
      if (distance < least) [found, least] = [i, distance];
    }
    return found;
  }

  /** @param {number} tune */
  look(tune) {
    if (tune === this.looked) return;
    this.looked = tune;
    this.canvas.style.cursor = tune < 0 ? "crosshair" : "pointer";
    this.tell("look", tune, this.crosshair);
    this.draw();
  }

  /** @param {MouseEvent} event */
  press(event) {
    if (!this.data) return;
    const [x, y] = this.placeOf(event);
    this.crosshair = [x, y];
    const tune = this.nearest(event);
    if (tune < 0) this.tell("place", -1, this.crosshair);
    else this.tell("tune", tune, this.crosshair);
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.data || event.ctrlKey || event.altKey || event.metaKey) return;
    const move = MOVES[event.key];
    if (move) {
      this.crosshair = [
        within(this.crosshair[0] + STEP * move[0]),
        within(this.crosshair[1] + STEP * move[1]),
      ];
      this.looked = this.nearestTo(...this.crosshair, Number.POSITIVE_INFINITY);
      this.tell("look", this.looked, this.crosshair);
      this.draw();
    } else if (event.key === "Enter") {
      this.tell("place", -1, this.crosshair);
    } else {
      return;
    }
    event.preventDefault();
  }

  /**
   * @param {"look" | "tune" | "place"} kind
   * @param {number} tune
   * @param {[number, number]} place
   */
  tell(kind, tune, [x, y]) {
    const energy = rating(this.left + x * (this.right - this.left));
    const mood = rating(this.top - y * (this.top - this.bottom));
    this.listener(kind, tune < 0 ? -1 : (this.data?.rows[tune] ?? -1), energy, mood);
  }

  draw() {
    const { canvas, data } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!data || !width) return;
    const ratio = devicePixelRatio;
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(ratio, ratio);
    if (data.known) context.drawImage(heatOf(this.points, data.p, color("--accent")), 0, 0, width, height);
    this.drawGrid(context, width, height);
    this.drawTunes(context, width, height);
    if (document.activeElement === canvas) this.drawCrosshair(context, width, height);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  drawGrid(context, width, height) {
    context.strokeStyle = color("--line");
    context.strokeRect(width / 2, -1, width, height + 2);
    context.strokeRect(-1, height / 2, width + 2, height);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  drawTunes(context, width, height) {
    context.fillStyle = color("--text");
    context.strokeStyle = color("--surface");
    for (const [i, [x, y]] of this.points.entries()) {
      const radius = i === this.looked ? 7 : 3;
      circle(context, inside(x, width, radius), inside(y, height, radius), radius);
      context.fill();
      context.stroke();
    }
    context.strokeStyle = color("--text");
    context.lineWidth = 1.5;
    for (const [x, y] of this.rings) {
      circle(context, inside(x, width, RING), inside(y, height, RING), RING);
      context.stroke();
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  drawCrosshair(context, width, height) {
    const [x, y] = [inside(this.crosshair[0], width, 0), inside(this.crosshair[1], height, 0)];
    context.strokeStyle = color("--accent");
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
  }
}

/**
 * @param {number[]} values
 * @returns {[number, number]} the range of the pad, with a margin
 */
function range(values) {
  const [least, most] = values.length ? [Math.min(...values), Math.max(...values)] : [1, 5];
  const middle = (least + most) / 2;
  const half = (Math.max(most - least, MIN_RANGE) / 2) * (1 + 2 * MARGIN);
  return [middle - half, middle + half];
}

/**
 * @param {number} value  of a place, which may be in the margin
 * @returns {number} the nearest rating
 */
const rating = (value) => Math.min(5, Math.max(1, value));

/** @param {number} share */
const within = (share) => Math.min(1, Math.max(0, share));

/**
 * @param {number} share  of the pad's size, which may be beyond it
 * @param {number} size  of the pad
 * @param {number} radius
 * @returns {number} where a circle is drawn so that the border doesn't cut it
 */
const inside = (share, size, radius) => Math.min(size - radius - GAP, Math.max(radius + GAP, share * size));

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}
