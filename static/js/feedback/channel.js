// The line between the pages of this origin and the one engine that serves them all.
// A message is {to, type, id, json, binary}; what Python reads or writes of it is one JSON text.

const NAME = "sidflow-feedback";

/** A page's end of the line. */
export class EngineChannel {
  #channel = new BroadcastChannel(NAME);
  #listeners = new Map();
  #waiting = new Map();
  #unsent = [];
  #nextId = 1;
  #page = crypto.randomUUID();
  ready = false;

  constructor() {
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    this.on("ready", () => this.#engineIsReady());
    this.#post({ type: "hello" });
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
   * Ask the engine; the question waits for an engine where none is ready yet.
   * @returns {Promise<string>} the answer's JSON
   */
  request(type, json = "null", binary = null) {
    const id = `${this.#page}.${this.#nextId++}`;
    const message = { type, id, json, binary };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.ready) this.#post(message);
      else this.#unsent.push(message);
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

  #engineIsReady() {
    this.ready = true;
    for (const message of this.#unsent.splice(0)) this.#post(message);
  }
}
