/**
 * Loads the charts and their library when the first chart is drawn. Never throws: MicroPython can't catch synchronous
 * exceptions.
 */

/**
 * @param {"map" | "lines"} chart
 * @param {HTMLElement} element  in which the chart replaces the previous one
 * @param {string} json          the chart's data, see `charts.js`
 */
export async function draw(chart, element, json) {
  const charts = await import("./charts.js");
  charts.draw(chart, element, JSON.parse(json));
}
