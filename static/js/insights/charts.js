/** Charts, drawn by uPlot in the page's colors, and redrawn when their width or the theme changes. */

import uPlot from "../../vendor/uplot/uPlot.esm.js";

/**
 * Songs and ratings.
 * @typedef {object} MapData
 * @property {{x: number[], y: number[], shade: number[]}} songs  shades from 0 to 1
 * @property {{x: number[], y: number[]}} rated
 * @property {[string, string]} labels  of the axes
 */

/**
 * Lines over a common x.
 * @typedef {object} LinesData
 * @property {number[]} x
 * @property {(number | null)[][]} lines
 * @property {[string, string]} labels  of the axes
 * @property {[number, number]} range   of y
 * @property {boolean} time             whether x is in epoch seconds
 */

/**
 * Options without the size, and what uPlot draws. uPlot's own types describe aligned data only, not a map's points.
 * @typedef {Omit<uPlot.Options, "width" | "height" | "series" | "data"> & {series: any[], data: any[]}} Chart
 */

/** @typedef {{chart: keyof typeof CHARTS, data: any, plot: uPlot | null, width: number}} Drawn */
/**
 * Draws one point; x and y in canvas pixels.
 * @typedef {(context: CanvasRenderingContext2D, x: number, y: number, ratio: number) => void} Mark
 */

const CHARTS = { map, lines };
const SHADES = 5;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
/** Steps of an axis of whole numbers. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100];

/** @type {Map<Element, Drawn>} */
const drawn = new Map();

/**
 * Draw a chart in an element, in place of the previous one.
 * @param {keyof typeof CHARTS} chart
 * @param {Element} element
 * @param {any} data  `MapData` or `LinesData`, as the chart needs
 */
export function draw(chart, element, data) {
  if (!drawn.has(element)) observer.observe(element);
  drawn.get(element)?.plot?.destroy();
  const plot = element.clientWidth > 0 ? plotIn(element, CHARTS[chart](data)) : null;
  drawn.set(element, { chart, data, plot, width: element.clientWidth });
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const before = drawn.get(target);
    if (before && target.clientWidth > 0 && target.clientWidth !== before.width)
      draw(before.chart, target, before.data);
  }
});

function redrawAll() {
  for (const [element, { chart, data }] of drawn) draw(chart, element, data);
}

new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);

/**
 * @param {Element} element
 * @param {Chart} chart
 */
function plotIn(element, { data, ...options }) {
  const width = element.clientWidth;
  const height = Math.min(360, Math.max(200, width * 0.6));
  const target = /** @type {HTMLElement} */ (element);
  return new uPlot({ width, height, ...options }, /** @type {uPlot.AlignedData} */ (data), target);
}

const quiet = { legend: { show: false }, cursor: { show: false } };

/**
 * @param {MapData} data
 * @returns {Chart}
 */
function map({ songs, rated, labels }) {
  const shaded = Array.from({ length: SHADES }, (_, i) => select(songs, (shade) => level(shade) === i));
  return {
    ...quiet,
    mode: 2,
    scales: { x: { time: false, range: [0.9, 5.1] }, y: { range: [0.9, 5.1] } },
    axes: labels.map((label) => axis(label, { incrs: WHOLE })),
    series: [null, ...shaded.map((_, i) => ({ paths: dots((i + 1) / SHADES) })), { paths: rings() }],
    data: [null, ...shaded, [rated.x, rated.y]],
  };
}

/** @param {number} shade */
const level = (shade) => Math.min(SHADES - 1, Math.max(0, Math.floor(shade * SHADES)));

/**
 * @param {MapData["songs"]} songs
 * @param {(shade: number) => boolean} test
 */
function select({ x, y, shade }, test) {
  const indices = shade.flatMap((value, i) => (test(value) ? [i] : []));
  return [indices.map((i) => x[i]), indices.map((i) => y[i])];
}

/** @param {number} strength  from 0 to 1 */
function dots(strength) {
  return marks((context, x, y, ratio) => {
    context.globalAlpha = 0.15 + 0.85 * strength;
    context.fillStyle = color("--accent");
    circle(context, x, y, 3.5 * ratio);
    context.fill();
  });
}

function rings() {
  return marks((context, x, y, ratio) => {
    context.strokeStyle = color("--text");
    context.lineWidth = 1.5 * ratio;
    circle(context, x, y, 6 * ratio);
    context.stroke();
  });
}

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

/**
 * @param {Mark} mark
 * @returns {uPlot.Series.PathBuilder} draws a series of single points
 */
function marks(mark) {
  return (plot, index) => {
    const { ctx } = plot;
    uPlot.orient(plot, index, (_series, _x, _y, scaleX, scaleY, toX, toY, left, top, width, height) => {
      const [xs, ys] = /** @type {[number[], number[]]} */ (/** @type {unknown} */ (plot.data[index]));
      ctx.save();
      for (let i = 0; i < xs.length; i++)
        mark(ctx, toX(xs[i], scaleX, width, left), toY(ys[i], scaleY, height, top), devicePixelRatio);
      ctx.restore();
    });
    return null;
  };
}

/**
 * @param {LinesData} data
 * @returns {Chart}
 */
function lines({ x, lines: all, labels, range, time }) {
  return {
    ...quiet,
    scales: { x: { time }, y: { range } },
    axes: [axis(labels[0], time ? { values: clockTimes } : { incrs: WHOLE }), axis(labels[1])],
    series: [
      {},
      ...all.map((_, i) => ({
        stroke: color(`--series-${i + 1}`),
        width: 2,
        dash: DASHES[i % DASHES.length],
        points: { show: x.length < 40, size: 6, fill: color(`--series-${i + 1}`) },
      })),
    ],
    data: [x, ...all],
  };
}

/**
 * @param {uPlot} _plot
 * @param {number[]} splits  epoch seconds
 */
const clockTimes = (_plot, splits) =>
  splits.map((at) => new Date(at * 1000).toLocaleTimeString([], { timeStyle: "short" }));

/**
 * @param {string} label
 * @param {uPlot.Axis} options
 * @returns {uPlot.Axis}
 */
function axis(label, options = {}) {
  return {
    label,
    stroke: color("--quiet"),
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
    ...options,
  };
}

/**
 * @param {string} name  of a custom property
 * @returns {string} its present color, in a form that a canvas takes
 */
function color(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
