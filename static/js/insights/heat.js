/** The heat behind the taste map: where the listener is expected to like tunes best. */

const CELLS = 32;
const BANDWIDTH = 0.09;
/** Weight of tunes around from which on a cell's heat is as strong as theirs. */
const ENOUGH = 1.5;
const STRENGTH = 0.55;
/** Difference between the best and the worst tune, in ratings, below which nothing is hot. */
const MIN_SPREAD = 0.05;

/**
 * @param {[number, number][]} points  places of tunes, from 0 to 1
 * @param {number[]} preferences       of these tunes
 * @param {string} accent              the color of the heat
 * @returns {HTMLCanvasElement} a small picture, to be stretched
 */
export function heatOf(points, preferences, accent) {
  const picture = document.createElement("canvas");
  picture.width = picture.height = CELLS;
  const context = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  const least = Math.min(...preferences);
  const spread = Math.max(...preferences) - least;
  context.fillStyle = accent;
  for (let cell = 0; spread >= MIN_SPREAD && cell < CELLS * CELLS; cell++) {
    const [column, row] = [cell % CELLS, Math.floor(cell / CELLS)];
    const [value, weight] = around(points, preferences, (column + 0.5) / CELLS, (row + 0.5) / CELLS);
    context.globalAlpha = STRENGTH * Math.min(1, weight / ENOUGH) * (weight ? (value - least) / spread : 0);
    context.fillRect(column, row, 1, 1);
  }
  return picture;
}

/**
 * @param {[number, number][]} points
 * @param {number[]} values
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]} the mean of the values around a place, the nearer the weightier, and their weight
 */
function around(points, values, x, y) {
  let [sum, total] = [0, 0];
  for (const [i, point] of points.entries()) {
    const distance = ((point[0] - x) ** 2 + (point[1] - y) ** 2) / BANDWIDTH ** 2;
    if (distance > 9) continue;
    const weight = Math.exp(-distance / 2);
    sum += weight * values[i];
    total += weight;
  }
  return [total ? sum / total : 0, total];
}
