/**
 * The minimum that any web page does to save an event synchronously: an object, JSON, localStorage, a message.
 *
 * Uses its own keys and channel, so that the application's outbox and engine don't process its events.
 */

const PREFIX = "bench.outbox.";
const channel = new BroadcastChannel("bench-events");
const session = crypto.randomUUID();
const features = {
  energy: 8,
  rms: 0.1,
  spectralCentroid: 1500,
  spectralRolloff: 3000,
  zeroCrossingRate: 0.05,
  bpm: 120,
  confidence: 0.5,
  duration: 120,
};

function record() {
  const begun = performance.now();
  const uuid = crypto.randomUUID();
  const json = JSON.stringify({
    kind: "implicit",
    action: "play",
    position: 0,
    v: 1,
    uuid,
    timestamp: Date.now(),
    sessionId: session,
    pipeline: "wasm",
    modelVersion: "global-0",
    sidPath: "Bench/Tune.sid",
    song: 1,
    features,
    length: 120,
    lengthSource: "catalog",
  });
  localStorage.setItem(PREFIX + uuid, json);
  channel.postMessage({ type: "events", json: `[${json}]` });
  return performance.now() - begun;
}

/**
 * @param {number} events  how many to record
 * @returns {string} JSON: milliseconds of each
 */
function recordAsPeer(events) {
  const costs = Array.from({ length: events }, record);
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  return JSON.stringify(costs);
}

Object.assign(globalThis, { recordAsPeer });
