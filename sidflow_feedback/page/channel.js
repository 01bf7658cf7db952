/**
 * A page's end of the channel between an application's pages on this origin and the one engine that serves them all.
 *
 * A message is a `Message`; what Python reads or writes of it is one JSON text.
 */

import { nameSpace, Post, Publication } from "./messages.js";
import { Watch } from "./watch.js";

/**
 * @typedef {object} Message
 * @property {"engine" | "pages"} to
 * @property {string} type         a name in `messages.js`, or "answer"
 * @property {string} [id]         of a request and its answer
 * @property {string} [json]
 * @property {unknown} [binary]    what JSON can't hold; in an answer, instead of JSON
 * @property {string} [error]      instead of an answer
 */

/**
 * @typedef {object} PendingRequest
 * @property {Omit<Message, "to">} message
 * @property {(answer: any) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** @typedef {(json: any) => void} Listener  takes a message's JSON text, which not all messages have */

export class EngineChannel {
  #channel;
  /** @type {Map<string, Listener[]>} */
  #listeners = new Map();
  /** @type {Map<string, PendingRequest>} */
  #pending = new Map();
  /** @type {string | null} */
  #engine = null;
  #nextId = 1;
  #page = crypto.randomUUID();
  /** Why there is no engine. */
  #problem = "";
  /** Whether the listeners were told that the engine is silent. */
  #silent = false;
  /** @type {Watch | null} */
  #watch = null;

  /** @param {string} name  of the application */
  constructor(name) {
    this.name = name;
    this.#channel = new BroadcastChannel(nameSpace(name));
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    this.on(Publication.READY, (engine) => this.#onReady(engine));
    this.on(Publication.OFF, (json) => this.turnOff(JSON.parse(json)));
    this.on(Publication.SILENT, () => {
      this.#silent = true;
    });
    // Workers don't get this event in every browser.
    addEventListener("online", () => this.post(Post.ONLINE, "null"));
  }

  /** Whether an engine has announced itself, and is not off. It may have fallen silent since. */
  get ready() {
    return this.#engine !== null && !this.#problem;
  }

  /**
   * Tell the listeners from now on when the engine is silent, and when it is back.
   * @param {() => void} onDead  called when the engine must be replaced
   */
  watch(onDead) {
    this.#watch = new Watch(() => this.#emit(Publication.SILENT, "null"), onDead);
    this.#watch.start();
  }

  /**
   * Call a listener for each message of a type that the engine sends.
   * @param {string} type
   * @param {Listener} listener
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, [...listeners, listener]);
    // An engine that ran before the page may have answered before this listener was there.
    if (type === Publication.READY) this.post(Post.HELLO);
  }

  /**
   * Send a message to the engine. It is lost when no engine runs.
   * @param {string} type
   * @param {string} [json]
   */
  post(type, json) {
    this.#send({ type, json });
  }

  /**
   * Send a request to the engine. It waits until an engine is ready, and is sent again when another engine takes
   * over before the answer. It fails when there will be no engine.
   * @param {string} type
   * @param {string} json
   * @param {unknown} binary  what JSON can't hold
   * @returns {Promise<any>} the answer's JSON, or what JSON can't hold
   */
  request(type, json = "null", binary = null) {
    const id = `${this.#page}.${this.#nextId++}`;
    const message = { type, id, json, binary };
    if (this.#problem) return Promise.reject(new Error(this.#problem));
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { message, resolve, reject });
      if (this.ready) this.#send(message);
    });
  }

  /**
   * Let all requests fail from now on, because there will be no engine.
   * @param {string} problem
   */
  turnOff(problem) {
    this.#problem = problem;
    for (const { reject } of this.#pending.values()) reject(new Error(this.#problem));
    this.#pending.clear();
  }

  /** @param {Omit<Message, "to">} message */
  #send(message) {
    this.#channel.postMessage({ to: "engine", ...message });
  }

  /** @param {Message} message */
  #receive({ to, type, id, json, binary, error }) {
    if (to !== "pages") return;
    if (type === "answer") this.#settle(id, json ?? binary, error);
    else this.#emit(type, json);
    if (type !== Publication.SILENT) this.#watch?.hear();
    if (type === Publication.BEAT && this.#silent) this.#emit(Publication.READY, this.#engine);
  }

  /**
   * @param {string} type
   * @param {string | null} [json]
   */
  #emit(type, json) {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        listener(json);
      } catch (error) {
        reportError(error); // The other listeners must hear of it nevertheless.
      }
    }
  }

  /**
   * @param {string | undefined} id
   * @param {unknown} answer
   * @param {string | undefined} error
   */
  #settle(id = "", answer, error) {
    const request = this.#pending.get(id);
    if (!request) return;
    this.#pending.delete(id);
    if (error) request.reject(new Error(error));
    else request.resolve(answer);
  }

  /** @param {string} engine */
  #onReady(engine) {
    this.#silent = false;
    this.#problem = "";
    if (engine === this.#engine) return;
    this.#engine = engine;
    this.#watch?.begin();
    for (const { message } of this.#pending.values()) this.#send(message);
  }
}
