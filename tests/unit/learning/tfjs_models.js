/** Writes models of dense layers as TensorFlow.js saves them, with inputs and its own predictions, as JSON. */

import * as tf from "@tensorflow/tfjs";

const { layers } = tf;
const inputs = tf.randomNormal([20, 8], 0, 1, "float32", 7);

/** @param {tf.LayersModel} model  Give each weight a random value: those of a normalization would do nothing. */
function randomize(model) {
  let seed = 1;
  model.setWeights(
    model.getWeights().map((weight) => tf.abs(tf.randomNormal(weight.shape, 0.1, 0.4, "float32", seed++))),
  );
  return model;
}

/** @param {tf.layers.Layer[]} chain */
function functional(chain) {
  const input = tf.input({ shape: [8] });
  const output = chain.reduce((value, layer) => /** @type {tf.SymbolicTensor} */ (layer.apply(value)), input);
  return tf.model({ inputs: input, outputs: output });
}

const MODELS = {
  dropout: tf.sequential({
    layers: [
      layers.dense({ inputShape: [8], units: 12, activation: "relu" }),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 3, activation: "tanh" }),
    ],
  }),
  activations: tf.sequential({
    layers: [
      layers.dense({ inputShape: [8], units: 12, useBias: false }),
      layers.leakyReLU({ alpha: 0.2 }),
      layers.dense({ units: 9, activation: "selu" }),
      layers.activation({ activation: "softplus" }),
      layers.dense({ units: 9, activation: "elu" }),
      layers.reLU({ maxValue: 3 }),
      layers.dense({ units: 4, activation: "sigmoid" }),
    ],
  }),
  advanced: tf.sequential({
    layers: [
      layers.dense({ inputShape: [8], units: 12, activation: "gelu" }),
      layers.prelu({}),
      layers.dense({ units: 9, activation: "gelu_new" }),
      layers.thresholdedReLU({ theta: 0.4 }),
      layers.dense({ units: 9, activation: "mish" }),
      layers.softmax(),
      layers.dense({ units: 9, activation: "softsign" }),
      layers.elu(),
      layers.dense({ units: 9, activation: "hardSigmoid" }),
      layers.dense({ units: 4, activation: "relu" }),
    ],
  }),
  normalization: tf.sequential({
    layers: [
      layers.batchNormalization({ inputShape: [8] }),
      layers.dense({ units: 12 }),
      layers.batchNormalization(),
      layers.activation({ activation: "relu" }),
      layers.batchNormalization({ scale: false }),
      layers.dense({ units: 4 }),
    ],
  }),
  functional: functional([
    layers.dense({ units: 12, activation: "swish" }),
    layers.gaussianNoise({ stddev: 0.1 }),
    layers.batchNormalization(),
    layers.dense({ units: 4 }),
  ]),
};

/** @type {Record<string, object>} */
const saved = {};
for (const [name, model] of Object.entries(MODELS)) {
  randomize(model);
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const outputs = /** @type {tf.Tensor} */ (model.predict(inputs));
      const bytes = Buffer.from(/** @type {ArrayBuffer} */ (weightData));
      saved[name] = {
        modelTopology,
        weightSpecs,
        weightData: bytes.toString("base64"),
        inputs: inputs.arraySync(),
        outputs: outputs.arraySync(),
      };
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
}
process.stdout.write(JSON.stringify(saved));
