/** Somebody's page of loops, without any Python of its own. It embeds taste learning. */

import { startFeedback } from "/sidflow/sidflow_feedback/page/feedback.js";
import * as loops from "./loops.js";

const list = /** @type {HTMLOListElement} */ (document.querySelector("#loops"));
const status = /** @type {HTMLParagraphElement} */ (document.querySelector("#status"));

const feedback = await startFeedback({ name: "loops" });

/** @typedef {import("/sidflow/sidflow_feedback/page/feedback.js").Track} Track */

/** @type {Track[]} */
const tracks = Array.from({ length: loops.count }, (_, number) => ({ itemId: `loop-${number}` }));
/** @type {Set<number>} */
const rated = new Set();

tracks.forEach((_, number) => {
  const item = document.createElement("li");
  item.append(button("Play", () => play(number)));
  for (let stars = 1; stars <= 5; stars++) item.append(button(String(stars), () => rate(number, stars)));
  item.append(document.createElement("output"));
  list.append(item);
});

/**
 * @param {string} text
 * @param {() => void} onclick
 */
function button(text, onclick) {
  const element = document.createElement("button");
  element.className = text === "Play" ? "play" : "rate";
  return Object.assign(element, { textContent: text, onclick });
}

/** @param {number} number */
function play(number) {
  loops.play(number);
  feedback.record("play", tracks[number]);
}

/**
 * @param {number} number
 * @param {number} stars
 */
function rate(number, stars) {
  feedback.record({ e: stars, m: stars, c: stars, p: stars }, tracks[number]);
  rated.add(number);
  status.textContent = `Rated ${stars}.`;
  if (rated.size === loops.count) feedback.configure({ training: true });
}

async function predict() {
  const predictions = await feedback.predict(tracks.map((track) => track.features ?? null));
  const outputs = list.querySelectorAll("output");
  predictions.forEach((prediction, number) => {
    outputs[number].textContent = `you: ${prediction?.p.toFixed(1)}`;
  });
}

for (const [number, track] of tracks.entries())
  track.features = await feedback.features(loops.samples(number), loops.rate, loops.seconds);
feedback.on("run", (run) => {
  status.textContent = run.tells ? "Learned." : "Can’t tell yet.";
});
feedback.on("model", predict);
feedback.on("problem", (message) => {
  status.textContent = message;
});
status.textContent = "Ready to learn.";
