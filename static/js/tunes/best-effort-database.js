/** The database as the worker uses it. Without a database, or without space, the collection lasts as long as the page. */

import { open } from "./database.js";

export class BestEffortDatabase {
  #opening;
  #onProblem;

  /** @param {(problem: string) => void} onProblem  receives the reason if nothing can be stored */
  constructor(onProblem) {
    this.#onProblem = onProblem;
    this.#opening = open().catch((error) => this.#fail(error));
  }

  /**
   * @template T
   * @param {(tables: import("./database.js").TunesDatabase) => Promise<T>} work
   * @param {T} [fallback]  the result if nothing can be stored
   * @returns {Promise<T>}
   */
  async read(work, fallback) {
    const database = await this.#opening;
    if (!database) return fallback;
    try {
      return await work(database);
    } catch (error) {
      this.#fail(error);
      return fallback;
    }
  }

  /**
   * @param {(tables: import("./database.js").TunesDatabase) => Promise<unknown>} work
   * @returns {Promise<boolean>} whether it was written
   */
  write(work) {
    return this.read(async (database) => {
      await work(database);
      return true;
    }, false);
  }

  #fail(error) {
    this.#opening = Promise.resolve(null);
    this.#onProblem(reason(error));
    return null;
  }
}

function reason(error) {
  if (error.name === "QuotaExceededError") return "the browser gives this page no more storage";
  return error.message || String(error);
}
