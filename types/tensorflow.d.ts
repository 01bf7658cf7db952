// TensorFlow.js as a classic script brings it.
declare const tf: typeof import("@tensorflow/tfjs");
