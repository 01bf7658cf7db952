// The write-ahead log of what the listener did. An entry is in localStorage, which outlives the page,
// before `append` returns, and stays until the engine says that it is committed.

import { getItem, keys, removeItem, setItem } from "../local.js";

const PREFIX = "sidflow.outbox.";
const REFUSED = "sidflow.refused.";

/** Most entries kept while no engine takes them: about an hour of frantic clicking, under 2 MB. */
export const LIMIT = 2000;

export class Outbox {
  #channel;
  #unsaved = new Map();
  #count = 0;
  #size;

  /** @param {import("./channel.js").EngineChannel} channel */
  constructor(channel) {
    this.#channel = channel;
    this.#size = keys(PREFIX).length;
    channel.on("ready", () => this.resend());
    channel.on("committed", (json) => this.#forget(JSON.parse(json)));
    channel.on("refused", (json) => this.#setAside(JSON.parse(json)));
  }

  /** How many events are not in the store yet. */
  get size() {
    return this.#size;
  }

  /**
   * Keep an event and hand it to the engine. Must not throw: MicroPython could not catch it.
   * @returns {"saved" | "unsaved" | "full"} safe from a crash of the page from now on; kept as long as the
   *   page lives; or not kept, because too many wait already
   */
  append(uuid, json) {
    if (this.#size >= LIMIT) return "full";
    const saved = this.#save(uuid, json);
    this.#size += 1;
    this.#channel.post("events", `[${json}]`);
    return saved ? "saved" : "unsaved";
  }

  /** Hand over everything that is not committed yet, in the order in which it happened. */
  resend() {
    const saved = keys(PREFIX).map((key) => [key.slice(PREFIX.length), getItem(key) ?? ""]);
    const entries = [...saved, ...this.#unsaved].sort(([, a], [, b]) => (a < b ? -1 : 1));
    const events = entries.map(([uuid, entry]) => {
      const json = entry.slice(entry.indexOf(" ") + 1);
      return { uuid, json, whole: isObject(json) };
    });
    const damaged = events.filter(({ whole }) => !whole);
    const whole = events.filter(({ whole }) => whole);
    if (damaged.length > 0)
      this.#setAside(damaged.map(({ uuid }) => ({ uuid, reason: "damaged in storage" })));
    if (whole.length > 0) this.#channel.post("events", `[${whole.map(({ json }) => json).join(",")}]`);
  }

  #save(uuid, json) {
    this.#count += 1;
    const entry = `${Date.now()}.${String(this.#count).padStart(9, "0")} ${json}`;
    const saved = setItem(PREFIX + uuid, entry);
    if (!saved) this.#unsaved.set(uuid, entry);
    return saved;
  }

  #forget(uuids) {
    for (const uuid of uuids) {
      this.#unsaved.delete(uuid);
      removeItem(PREFIX + uuid);
    }
    this.#size = keys(PREFIX).length + this.#unsaved.size;
  }

  // A refused event is kept for whoever mends the cause, but not sent again.
  #setAside(refusals) {
    for (const { uuid, reason } of refusals) {
      const entry = getItem(PREFIX + uuid) ?? this.#unsaved.get(uuid);
      removeItem(PREFIX + uuid); // Makes room where the storage is full.
      if (entry) setItem(REFUSED + uuid, JSON.stringify({ reason, entry }));
    }
    this.#forget(refusals.map(({ uuid }) => uuid));
  }
}

function isObject(json) {
  try {
    const value = JSON.parse(json);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
