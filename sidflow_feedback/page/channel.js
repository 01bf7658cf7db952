// The line between the pages of this origin and the one engine that serves them all.
// A message is {to, type, id, json, binary}; what Python reads or writes of it is one JSON text.

const NAME = "sidflow-feedback";

/** A page's end of the line. */
export class EngineChannel {
  #channel = new BroadcastChannel(NAME);
  #listeners = new Map();
  #waiting = new Map();
  #engine = null;
  #nextId = 1;
  #page = crypto.randomUUID();

  constructor() {
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    this.on("ready", (engine) => this.#engineIsReady(engine));
    // Not every browser tells its workers.
    addEventListener("online", () => this.post("online", "null"));
    this.#post({ type: "hello" });
  }

  /** Whether an engine has said that it runs. */
  get ready() {
    return this.#engine !== null;
  }

  /** Call `listener(json)` for each message of this type that the engine sends. */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, [...listeners, listener]);
  }

  /** Tell the engine something; it is dropped when no engine runs. */
  post(type, json) {
    this.#post({ type, json });
  }

  /**
   * Ask the engine. The question waits for an engine where none is ready yet, and is asked again when
   * another one takes over before it was answered.
   * @returns {Promise<string>} the answer's JSON
   */
  request(type, json = "null", binary = null) {
    const id = `${this.#page}.${this.#nextId++}`;
    const message = { type, id, json, binary };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { message, resolve, reject });
      if (this.ready) this.#post(message);
    });
  }

  #post(message) {
    this.#channel.postMessage({ to: "engine", ...message });
  }

  #receive({ to, type, id, json, error }) {
    if (to !== "pages") return;
    if (type === "answer") this.#settle(id, json, error);
    else for (const listener of this.#listeners.get(type) ?? []) listener(json);
  }

  #settle(id, json, error) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (error) waiting.reject(new Error(error));
    else waiting.resolve(json);
  }

  #engineIsReady(engine) {
    if (engine === this.#engine) return;
    this.#engine = engine;
    for (const { message } of this.#waiting.values()) this.#post(message);
  }
}
