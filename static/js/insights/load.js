// The charts and their library, loaded when the first one is drawn. Never throws: MicroPython could not catch
// what is thrown at once.

/**
 * @param {string} chart `map` or `lines`
 * @param {HTMLElement} element what it is drawn in, in place of the one before
 * @param {string} json what it shows, see `charts.js`
 */
export async function draw(chart, element, json) {
  const charts = await import("./charts.js");
  charts.draw(chart, element, JSON.parse(json));
}
