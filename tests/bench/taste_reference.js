/**
 * The reference recipe in TensorFlow.js: reads cases as JSON from standard input, and writes predictions (k x 3) for
 * each as JSON.
 */

import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";

/**
 * @typedef {object} Case
 * @property {number[][]} inputs  n x 8
 * @property {number[][]} labels  n x 3
 * @property {number[][]} unseen  k x 8
 */

/**
 * @param {number} value
 * @param {number} min
 * @param {number} max
 */
const clamp = (value, min, max) => Math.min(max, Math.max(min, value));

/** @param {number} seed */
function network(seed) {
  /** @param {number} offset */
  const initial = (offset) => tf.initializers.heNormal({ seed: 10 * seed + offset });
  const model = tf.sequential();
  model.add(
    tf.layers.dense({ inputShape: [8], units: 32, activation: "relu", kernelInitializer: initial(1) }),
  );
  model.add(tf.layers.dropout({ rate: 0.1, seed: 10 * seed + 2 }));
  model.add(tf.layers.dense({ units: 16, activation: "relu", kernelInitializer: initial(3) }));
  const last = tf.initializers.glorotNormal({ seed: 10 * seed + 4 });
  model.add(tf.layers.dense({ units: 3, kernelInitializer: last }));
  model.compile({ optimizer: tf.train.adam(1e-3), loss: "meanSquaredError" });
  return model;
}

/**
 * @param {Case} given
 * @param {number} seed
 */
async function predictions({ inputs, labels, unseen }, seed) {
  const count = inputs.length;
  const model = network(seed);
  const [xs, ys, unseenXs] = [inputs, labels, unseen].map((rows) => tf.tensor2d(rows));
  await model.fit(xs, ys, {
    epochs: clamp(Math.floor(200 / count), 1, 10),
    batchSize: clamp(Math.floor(count / 8), 8, 32),
    shuffle: true,
    verbose: 0,
    yieldEvery: "never",
  });
  const answers = /** @type {tf.Tensor2D} */ (model.predict(unseenXs));
  const values = answers.arraySync();
  tf.dispose([xs, ys, unseenXs, answers]);
  model.dispose();
  return values;
}

console.warn = () => {}; // It advises faster backends.
await tf.setBackend("cpu");
/** @type {Case[]} */
const cases = JSON.parse(readFileSync(0, "utf8"));
const results = [];
for (const [index, given] of cases.entries()) {
  results.push(await predictions(given, index + 1));
}
process.stdout.write(JSON.stringify(results));
