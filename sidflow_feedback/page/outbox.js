/**
 * The write-ahead log of events. An entry is in localStorage, which outlives the page, before `append` returns. It
 * stays there until the engine reports that it is committed.
 */

import { getItem, keys, removeItem, setItem } from "./local.js";
import { Post, Publication } from "./messages.js";

/** Maximum number of entries while no engine takes them: about an hour of frantic clicking, under 2 MB. */
export const LIMIT = 2000;

/** Refused events that are kept, and their characters; of more, the oldest are dropped. */
const MAX_REFUSED = 200;
const MAX_REFUSED_SIZE = 200_000;

/** Milliseconds between two searches for entries that no engine has taken, such as those of a closed tab. */
const SWEEP = 5000;

/** @typedef {{uuid: string, json: string}} Entry */

export class Outbox {
  #channel;
  /** What the keys in localStorage begin with. */
  #prefix;
  #refused;
  /** Where the number of refused events that aren't kept any more is. */
  #droppedKey;
  /** Events that the listener has taken back, until the engine reports that they are deleted. */
  #takenBack;
  /**
   * Entries that were appended here and aren't committed, by uuid.
   * @type {Map<string, string>}
   */
  #own = new Map();
  /** @type {Set<string>} */
  #unsaved = new Set();
  /**
   * Uuids that were withdrawn here, even where localStorage refuses to keep them.
   * @type {Set<string>}
   */
  #withdrawn = new Set();
  /**
   * Entries of the current task. They leave in one message, for which `append` doesn't wait.
   * @type {Entry[]}
   */
  #fresh = [];
  #count = 0;
  /** The time of the latest entry: a clock that is set back must not change the order. */
  #latest;
  #size;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #sweeping;

  /** @param {import("./channel.js").EngineChannel} channel */
  constructor(channel) {
    this.#channel = channel;
    this.#prefix = `${channel.name}.outbox.`;
    this.#refused = `${channel.name}.refused.`;
    this.#droppedKey = `${channel.name}.dropped`;
    this.#takenBack = `${channel.name}.withdrawn.`;
    const entries = keys(this.#prefix);
    this.#size = entries.length;
    const times = entries.map((key) => Number.parseInt(getItem(key) ?? "", 10) || 0);
    this.#latest = 1 + Math.max(0, ...times); // More, because the count starts at 1 again.
    if (keys(this.#refused).length > MAX_REFUSED) this.#dropRefused();
    channel.on(Publication.READY, () => this.resend());
    channel.on(Publication.COMMITTED, (json) => this.#forget(JSON.parse(json)));
    channel.on(Publication.REFUSED, (json) => this.#setAside(JSON.parse(json)));
    channel.on(Publication.FORGOTTEN, (json) => this.#onForgotten(JSON.parse(json)));
    channel.on(Publication.WIPED, () => this.#forgetAll());
    globalThis.addEventListener?.("pagehide", () => this.#onHidden());
    globalThis.document?.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#onHidden();
    });
  }

  /** Number of events that aren't in the store yet. */
  get size() {
    return this.#size;
  }

  /** Number of those events that a crash of this page would lose. */
  get unsaved() {
    return this.#unsaved.size;
  }

  /** Number of events that the store has refused. The latest are kept, but not sent again. */
  get refused() {
    return keys(this.#refused).length + this.#dropped;
  }

  /**
   * Save an event and send it to the engine. Must not throw: MicroPython could not catch it.
   * @param {string} uuid
   * @param {string} json
   * @returns {"saved" | "unsaved" | "full"} whether a crash of the page would spare the event, or lose it; "full":
   *   it is not kept, because too many wait already
   */
  append(uuid, json) {
    if (this.#size >= LIMIT) return "full";
    this.#count += 1;
    uuid = uuid.toLowerCase(); // As the engine does, which answers by it.
    this.#latest = Math.max(this.#latest, Date.now());
    const entry = `${this.#latest}.${String(this.#count).padStart(9, "0")} ${json}`;
    const saved =
      setItem(this.#prefix + uuid, entry) ||
      (this.#dropRefused(0) > 0 && setItem(this.#prefix + uuid, entry));
    if (!saved) this.#unsaved.add(uuid);
    this.#own.set(uuid, entry);
    this.#size += 1;
    if (this.#fresh.push({ uuid, json }) === 1) queueMicrotask(() => this.#send(this.#fresh.splice(0)));
    return saved ? "saved" : "unsaved";
  }

  /**
   * Take an event back, wherever it is. It never reaches the store from now on. If the store already has it, this
   * engine deletes it, or the next one if this one dies first. Must not throw.
   * @param {string} uuid
   */
  withdraw(uuid) {
    uuid = uuid.toLowerCase();
    this.#withdrawn.add(uuid);
    setItem(this.#takenBack + uuid, "");
    this.#forget([uuid]);
    this.#sendWithdrawn();
  }

  /**
   * Send what other tabs left behind, too: for the tab that runs the engine.
   * @param {boolean} on
   */
  drain(on) {
    clearInterval(this.#sweeping);
    this.#sweeping = on ? setInterval(() => this.resend(Date.now() - SWEEP), SWEEP) : undefined;
  }

  /**
   * Send the events that are not committed, in the order in which they happened.
   * @param {number} before  only those older than this, in epoch milliseconds, and those of a clock that was ahead
   */
  resend(before = Number.POSITIVE_INFINITY) {
    this.#sendWithdrawn(); // Must come first: then the store knows them when they arrive by another way.
    const now = Date.now();
    const entries = [...this.#waiting()].sort(([, a], [, b]) => (a < b ? -1 : 1));
    const events = entries.map(([uuid, entry]) => {
      const [time, json] = [Number.parseInt(entry, 10), entry.slice(entry.indexOf(" ") + 1)];
      return { uuid, json, valid: isEventOf(uuid, json), due: !(time >= before && time <= now) };
    });
    const damaged = events.filter(({ valid }) => !valid);
    const due = events.filter(({ valid, due }) => valid && due);
    if (damaged.length > 0)
      this.#setAside(damaged.map(({ uuid }) => ({ uuid, reason: "damaged in storage" })));
    if (due.length > 0) this.#send(due, this.#allWithdrawn());
  }

  /**
   * @param {Entry[]} events
   * @param {Set<string>} withdrawn
   */
  #send(events, withdrawn = this.#withdrawn) {
    const wanted = events.filter(({ uuid }) => !withdrawn.has(uuid));
    if (wanted.length > 0) this.#channel.post(Post.EVENTS, `[${wanted.map(({ json }) => json).join(",")}]`);
  }

  #sendWithdrawn() {
    const uuids = this.#allWithdrawn();
    if (uuids.size > 0) this.#channel.post(Post.FORGET, JSON.stringify([...uuids]));
  }

  #allWithdrawn() {
    const saved = keys(this.#takenBack).map((key) => key.slice(this.#takenBack.length));
    return new Set([...this.#withdrawn, ...saved]);
  }

  #waiting() {
    const waiting = new Map(this.#own);
    if (this.#sweeping !== undefined)
      for (const key of keys(this.#prefix)) {
        const [uuid, entry] = [key.slice(this.#prefix.length), getItem(key) ?? ""];
        const name = uuid.toLowerCase();
        // An earlier release, or an embedder, wrote it in capitals.
        if (name !== uuid && setItem(this.#prefix + name, entry)) removeItem(key);
        waiting.set(name, entry);
      }
    return waiting;
  }

  /** The page may be gone in a moment: have everything saved and committed now. */
  #onHidden() {
    for (const uuid of this.#unsaved)
      if (setItem(this.#prefix + uuid, this.#own.get(uuid) ?? "")) this.#unsaved.delete(uuid);
    if (this.#size > 0) this.#channel.post(Post.FLUSH);
  }

  /** @param {{uuid: string}[]} events  the engine has deleted */
  #onForgotten(events) {
    const uuids = events.map(({ uuid }) => uuid);
    for (const uuid of uuids) {
      this.#withdrawn.delete(uuid);
      removeItem(this.#takenBack + uuid);
      removeItem(this.#refused + uuid);
    }
    this.#forget(uuids);
  }

  /** @param {string[]} uuids */
  #forget(uuids) {
    for (const uuid of uuids) {
      this.#own.delete(uuid);
      this.#unsaved.delete(uuid);
      removeItem(this.#prefix + uuid);
    }
    this.#size = keys(this.#prefix).length + this.#unsaved.size;
  }

  #forgetAll() {
    for (const key of [...keys(this.#prefix), ...keys(this.#refused), ...keys(this.#takenBack)])
      removeItem(key);
    removeItem(this.#droppedKey);
    this.#withdrawn.clear();
    this.#forget([...this.#own.keys()]);
  }

  /**
   * Keep refused events, so that a later release can read them, but don't send them again.
   * @param {{uuid: string, reason: string}[]} refusals
   */
  #setAside(refusals) {
    for (const { uuid: name, reason } of refusals) {
      const uuid = name.toLowerCase();
      const entry = getItem(this.#prefix + uuid) ?? this.#own.get(uuid);
      removeItem(this.#prefix + uuid); // Makes room where the storage is full.
      if (entry && !setItem(this.#refused + uuid, JSON.stringify({ reason, entry }))) this.#countDropped(1);
    }
    this.#dropRefused();
    this.#forget(refusals.map(({ uuid }) => uuid.toLowerCase()));
  }

  get #dropped() {
    return Number(getItem(this.#droppedKey)) || 0;
  }

  /** @param {number} count */
  #countDropped(count) {
    setItem(this.#droppedKey, String(this.#dropped + count));
  }

  /**
   * Drop the oldest refused events. They were reported when they were refused, and stay counted.
   * @param {number} kept  maximum number of events that stay
   * @returns {number} how many were dropped
   */
  #dropRefused(kept = MAX_REFUSED) {
    const entries = keys(this.#refused).map((key) => ({ key, text: getItem(key) ?? "" }));
    entries.sort((a, b) => timeOf(b.text) - timeOf(a.text));
    let size = 0;
    const excess = entries.filter(({ text }, position) => {
      size += text.length;
      return position >= kept || size > MAX_REFUSED_SIZE;
    });
    for (const { key } of excess) removeItem(key);
    if (excess.length > 0) this.#countDropped(excess.length);
    return excess.length;
  }
}

/**
 * @param {string} text  of a refused event
 * @returns {number} when it was recorded, in epoch milliseconds; 0 if that can't be read
 */
function timeOf(text) {
  try {
    return Number.parseInt(JSON.parse(text).entry, 10) || 0;
  } catch {
    return 0;
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The engine answers by uuid: an entry with another one, or none, would be sent again and again.
 * @param {string} uuid
 * @param {string} json
 */
function isEventOf(uuid, json) {
  try {
    return UUID.test(uuid) && JSON.parse(json)?.uuid?.toLowerCase() === uuid;
  } catch {
    return false;
  }
}
