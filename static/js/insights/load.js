/**
 * Loads the charts and their library when the first chart is drawn, and the taste map when it is opened. Never throws:
 * MicroPython can't catch synchronous exceptions.
 */

/** @type {WeakMap<HTMLElement, import("./taste-map.js").TasteMap>} */
const maps = new WeakMap();

/**
 * @param {HTMLElement} element  in which the chart replaces the previous one
 * @param {string} json          the chart's data, see `charts.js`
 */
export async function draw(element, json) {
  const charts = await import("./charts.js");
  charts.draw(element, JSON.parse(json));
}

/**
 * @param {HTMLElement} host  has a canvas
 * @param {string} json       the map's data, see `taste-map.js`
 * @param {import("./taste-map.js").Listener} listener
 */
export async function drawMap(host, json, listener) {
  const { TasteMap } = await import("./taste-map.js");
  if (!maps.has(host)) maps.set(host, new TasteMap(host, listener));
  maps.get(host)?.show(JSON.parse(json));
}
