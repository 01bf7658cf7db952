/** The same training in TensorFlow.js: network, batch, optimizer, and number of steps as in train_engine.py. */

importScripts("$tensorflow");

const SIZES = [8, 32, 16, 4];
const BATCH = 32;

function network() {
  const layers = SIZES.slice(1).map((units, i) =>
    tf.layers.dense({
      units,
      activation: i === SIZES.length - 2 ? "linear" : "relu",
      inputShape: i === 0 ? [SIZES[0]] : undefined,
    }),
  );
  const model = tf.sequential({ layers });
  model.compile({ optimizer: tf.train.adam(1e-3), loss: "meanSquaredError" });
  return model;
}

/**
 * Train in whole epochs, which is fastest in TensorFlow.js.
 * @param {{inputs: number[][], labels: number[][], steps: number}} task
 * @returns {Promise<number>} milliseconds for these optimizer steps
 */
async function train({ inputs, labels, steps }) {
  const model = network();
  const rows = [tf.tensor2d(inputs), tf.tensor2d(labels)];
  const epoch = Math.floor(inputs.length / BATCH) * BATCH;
  const rest = (steps * BATCH) % epoch;
  /** @type {import("@tensorflow/tfjs").ModelFitArgs} */
  const settings = { batchSize: BATCH, shuffle: true, verbose: 0, yieldEvery: "never" };
  const begun = performance.now();
  await model.fit(rows[0], rows[1], { ...settings, epochs: Math.floor((steps * BATCH) / epoch) });
  if (rest > 0) {
    const first = rows.map((row) => row.slice(0, rest));
    await model.fit(first[0], first[1], { ...settings, epochs: 1 });
  }
  return performance.now() - begun;
}

globalThis.onmessage = async ({ data }) => postMessage(await train(JSON.parse(data)));
tf.setBackend("cpu").then(() => postMessage(0));
