// The write-ahead log of what the listener did. An entry is in localStorage, which outlives the page,
// before `append` returns, and stays until the engine says that it is committed.

import { getItem, keys, removeItem, setItem } from "./local.js";

const PREFIX = "sidflow.outbox.";
const REFUSED = "sidflow.refused.";
/** Events that the listener has taken back, until the engine says that they are gone. */
const WITHDRAWN = "sidflow.withdrawn.";

/** Most entries kept while no engine takes them: about an hour of frantic clicking, under 2 MB. */
export const LIMIT = 2000;

/** Milliseconds between two looks for entries that nobody has taken, such as those of a tab that is gone. */
const SWEEP = 5000;

export class Outbox {
  #channel;
  /** What was appended here and is not committed, by uuid. */
  #own = new Map();
  #unsaved = new Set();
  /** What was taken back here, by uuid, also where localStorage refuses to keep that. */
  #withdrawn = new Set();
  /** What was appended in this task: one message for all of it, and none that `append` has to wait for. */
  #fresh = [];
  #count = 0;
  #size;
  #drains = false;

  /** @param {import("./channel.js").EngineChannel} channel */
  constructor(channel) {
    this.#channel = channel;
    this.#size = keys(PREFIX).length;
    channel.on("ready", () => this.resend());
    channel.on("committed", (json) => this.#forget(JSON.parse(json)));
    channel.on("refused", (json) => this.#setAside(JSON.parse(json)));
    channel.on("forgotten", (json) => this.#gone(JSON.parse(json).map(({ uuid }) => uuid)));
    channel.on("wiped", () => this.#forgetAll());
    globalThis.addEventListener?.("pagehide", () => this.#leave());
    globalThis.document?.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#leave();
    });
  }

  /** How many events are not in the store yet. */
  get size() {
    return this.#size;
  }

  /** How many of them a crash of this page would lose. */
  get unsaved() {
    return this.#unsaved.size;
  }

  /**
   * Keep an event and hand it to the engine. Must not throw: MicroPython could not catch it.
   * @returns {"saved" | "unsaved" | "full"} safe from a crash of the page from now on; kept as long as the
   *   page lives; or not kept, because too many wait already
   */
  append(uuid, json) {
    if (this.#size >= LIMIT) return "full";
    this.#count += 1;
    const entry = `${Date.now()}.${String(this.#count).padStart(9, "0")} ${json}`;
    const saved = setItem(PREFIX + uuid, entry);
    if (!saved) this.#unsaved.add(uuid);
    this.#own.set(uuid, entry);
    this.#size += 1;
    if (this.#fresh.push({ uuid, json }) === 1) queueMicrotask(() => this.#handOver(this.#fresh.splice(0)));
    return saved ? "saved" : "unsaved";
  }

  /** How many were set aside because the database never took them. */
  get refused() {
    return keys(REFUSED).length;
  }

  /**
   * Take an event back, wherever it is by now. From here on it never reaches the store; what the store has
   * already is deleted, by the next engine if this one dies first. Must not throw.
   */
  withdraw(uuid) {
    this.#withdrawn.add(uuid);
    setItem(WITHDRAWN + uuid, "");
    this.#forget([uuid]);
    this.#withdrawAgain();
  }

  /** From now on hand over what other tabs left behind, too: for the tab whose engine takes it. */
  drain() {
    this.#drains = true;
    setInterval(() => this.resend(Date.now() - SWEEP), SWEEP);
  }

  #withdrawAgain() {
    const uuids = this.#allWithdrawn();
    if (uuids.size > 0) this.#channel.post("forget", JSON.stringify([...uuids]));
  }

  #allWithdrawn() {
    const noted = keys(WITHDRAWN).map((key) => key.slice(WITHDRAWN.length));
    return new Set([...this.#withdrawn, ...noted]);
  }

  #gone(uuids) {
    for (const uuid of uuids) {
      this.#withdrawn.delete(uuid);
      removeItem(WITHDRAWN + uuid);
      removeItem(REFUSED + uuid);
    }
    this.#forget(uuids);
  }

  /** Hand over what is not committed yet and older than `before`, in the order in which it happened. */
  resend(before = Number.POSITIVE_INFINITY) {
    this.#withdrawAgain(); // Must come first: the store then knows them when they come by another way.
    const entries = [...this.#waiting()].sort(([, a], [, b]) => (a < b ? -1 : 1));
    const events = entries.map(([uuid, entry]) => {
      const [time, json] = [Number.parseInt(entry, 10), entry.slice(entry.indexOf(" ") + 1)];
      return { uuid, json, whole: isObject(json), due: !(time >= before) };
    });
    const damaged = events.filter(({ whole }) => !whole);
    const due = events.filter(({ whole, due }) => whole && due);
    if (damaged.length > 0)
      this.#setAside(damaged.map(({ uuid }) => ({ uuid, reason: "damaged in storage" })));
    if (due.length > 0) this.#handOver(due, this.#allWithdrawn());
  }

  #handOver(events, withdrawn = this.#withdrawn) {
    const wanted = events.filter(({ uuid }) => !withdrawn.has(uuid));
    if (wanted.length > 0) this.#channel.post("events", `[${wanted.map(({ json }) => json).join(",")}]`);
  }

  #waiting() {
    const waiting = new Map(this.#own);
    if (this.#drains)
      for (const key of keys(PREFIX)) waiting.set(key.slice(PREFIX.length), getItem(key) ?? "");
    return waiting;
  }

  /** The page may be gone in a moment: have everything saved and committed now. */
  #leave() {
    for (const uuid of this.#unsaved)
      if (setItem(PREFIX + uuid, this.#own.get(uuid))) this.#unsaved.delete(uuid);
    if (this.#size > 0) this.#channel.post("flush");
  }

  #forget(uuids) {
    for (const uuid of uuids) {
      this.#own.delete(uuid);
      this.#unsaved.delete(uuid);
      removeItem(PREFIX + uuid);
    }
    this.#size = keys(PREFIX).length + this.#unsaved.size;
  }

  #forgetAll() {
    for (const key of [...keys(PREFIX), ...keys(REFUSED), ...keys(WITHDRAWN)]) removeItem(key);
    this.#withdrawn.clear();
    this.#forget([...this.#own.keys()]);
  }

  // A refused event is kept for whoever mends the cause, but not sent again.
  #setAside(refusals) {
    for (const { uuid, reason } of refusals) {
      const entry = getItem(PREFIX + uuid) ?? this.#own.get(uuid);
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
