/** Charts, drawn by uPlot in the page's colors, and redrawn when their width or the theme changes. */

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { color, onTheme } from "./color.js";

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
 * Options without the size, and what uPlot draws.
 * @typedef {Omit<uPlot.Options, "width" | "height"> & {data: uPlot.AlignedData}} Chart
 */

/** @typedef {{data: LinesData, plot: uPlot | null, width: number}} Drawn */

const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
/** Steps of an axis of whole numbers. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100];

/** @type {Map<Element, Drawn>} */
const drawn = new Map();

/**
 * Draw a chart in an element, in place of the previous one.
 * @param {Element} element
 * @param {LinesData} data
 */
export function draw(element, data) {
  if (!drawn.has(element)) observer.observe(element);
  drawn.get(element)?.plot?.destroy();
  const plot = element.clientWidth > 0 ? plotIn(element, lines(data)) : null;
  drawn.set(element, { data, plot, width: element.clientWidth });
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const before = drawn.get(target);
    if (before && target.clientWidth > 0 && target.clientWidth !== before.width) draw(target, before.data);
  }
});

onTheme(() => {
  for (const [element, { data }] of drawn) draw(element, data);
});

/**
 * @param {Element} element
 * @param {Chart} chart
 */
function plotIn(element, { data, ...options }) {
  const width = element.clientWidth;
  const height = Math.min(360, Math.max(200, width * 0.6));
  const target = /** @type {HTMLElement} */ (element);
  return new uPlot({ width, height, ...options }, data, target);
}

const quiet = { legend: { show: false }, cursor: { show: false } };

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
    data: /** @type {uPlot.AlignedData} */ ([x, ...all]),
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
