/** All that the page's Python needs of JavaScript, and the engine of a site that serves the library's files. */

export * as channel from "./channel.js";
export * as host from "./host.js";
export * as idle from "./idle.js";
export * as outbox from "./outbox.js";
export * as storage from "./storage.js";

/** @param {string} path  below the folder that has the library's folder and `static/` */
const url = (path) => new URL(`../../${path}`, import.meta.url).href;

/** @returns {Pick<import("./host.js").Setup, "worker" | "interpreter" | "database" | "model">} */
export const servedEngine = () => ({
  worker: url("sidflow_feedback/engine/worker.js"),
  interpreter: url("sidflow_feedback/engine/boot/interpreter.js"),
  database: url("sidflow_feedback/store/indexeddb.js"),
  model: url("sidflow_feedback/learning/first_model.json"),
});
