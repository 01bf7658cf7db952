// Charts, drawn by uPlot in the colors of the page; drawn anew when their width or the theme changes.

import uPlot from "../../vendor/uplot/uPlot.esm.js";

const SHADES = 5;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
/** Steps of an axis that counts. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100];
const drawn = new Map();

/** Draw a chart in an element; see `map` and `lines` for what each needs. */
export function draw(chart, element, data) {
  if (!drawn.has(element)) observer.observe(element);
  const before = drawn.get(element);
  before?.plot?.destroy();
  const options = { map, lines }[chart](data);
  const plot = element.clientWidth > 0 ? plotted(element, options) : null;
  drawn.set(element, { chart, data, plot, width: element.clientWidth });
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const { chart, data, width } = drawn.get(target);
    if (target.clientWidth > 0 && target.clientWidth !== width) draw(chart, target, data);
  }
});

function drawAll() {
  for (const [element, { chart, data }] of drawn) draw(chart, element, data);
}

new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

function plotted(element, { data, ...options }) {
  const width = element.clientWidth;
  return new uPlot({ width, height: Math.min(360, Math.max(200, width * 0.6)), ...options }, data, element);
}

const quiet = { legend: { show: false }, cursor: { show: false } };

/** Songs and ratings: `{songs: {x, y, shade}, rated: {x, y}, labels: [x, y]}`; shades from 0 to 1. */
function map({ songs, rated, labels }) {
  const shaded = Array.from({ length: SHADES }, (_, i) => chosen(songs, (shade) => level(shade) === i));
  return {
    ...quiet,
    mode: 2,
    scales: { x: { time: false, range: [0.9, 5.1] }, y: { range: [0.9, 5.1] } },
    axes: labels.map((label) => axis(label, { incrs: WHOLE })),
    series: [null, ...shaded.map((_, i) => ({ paths: dots((i + 1) / SHADES) })), { paths: rings() }],
    data: [null, ...shaded, [rated.x, rated.y]],
  };
}

const level = (shade) => Math.min(SHADES - 1, Math.max(0, Math.floor(shade * SHADES)));

function chosen({ x, y, shade }, test) {
  const places = shade.flatMap((value, i) => (test(value) ? [i] : []));
  return [places.map((i) => x[i]), places.map((i) => y[i])];
}

function dots(strength) {
  return marks((ctx, x, y, ratio) => {
    ctx.globalAlpha = 0.15 + 0.85 * strength;
    ctx.fillStyle = token("--accent");
    circle(ctx, x, y, 3.5 * ratio);
    ctx.fill();
  });
}

function rings() {
  return marks((ctx, x, y, ratio) => {
    ctx.strokeStyle = token("--text");
    ctx.lineWidth = 1.5 * ratio;
    circle(ctx, x, y, 6 * ratio);
    ctx.stroke();
  });
}

function circle(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
}

/** uPlot's way to draw a series of single points. */
function marks(mark) {
  return (plot, index) => {
    const { ctx } = plot;
    uPlot.orient(plot, index, (_series, _x, _y, scaleX, scaleY, toX, toY, left, top, width, height) => {
      const [xs, ys] = plot.data[index];
      ctx.save();
      for (let i = 0; i < xs.length; i++)
        mark(ctx, toX(xs[i], scaleX, width, left), toY(ys[i], scaleY, height, top), devicePixelRatio);
      ctx.restore();
    });
    return null;
  };
}

/** Lines over a common x: `{x, lines: [[...]], labels: [x, y], range: [least, most], time: boolean}`. */
function lines({ x, lines: all, labels, range, time }) {
  return {
    ...quiet,
    scales: { x: { time }, y: { range } },
    axes: [axis(labels[0], time ? { values: clockTimes } : { incrs: WHOLE }), axis(labels[1])],
    series: [
      {},
      ...all.map((_, i) => ({
        stroke: token(`--series-${i + 1}`),
        width: 2,
        dash: DASHES[i % DASHES.length],
        points: { show: x.length < 40, size: 6, fill: token(`--series-${i + 1}`) },
      })),
    ],
    data: [x, ...all],
  };
}

const clockTimes = (_plot, splits) =>
  splits.map((at) => new Date(at * 1000).toLocaleTimeString([], { timeStyle: "short" }));

function axis(label, own = {}) {
  return {
    label,
    stroke: token("--quiet"),
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    grid: { stroke: token("--line"), width: 1 },
    ticks: { stroke: token("--line"), width: 1 },
    ...own,
  };
}

/** What a color of the page is now, as a canvas understands it. */
function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
