/** The database as the worker uses it. Without a database or space, the collection lasts as long as the page. */

import { open } from "./database.js";

/** @typedef {import("./database.js").TunesDatabase} TunesDatabase */

export class BestEffortDatabase {
  /** @type {Promise<TunesDatabase | null>} */
  #opening;
  #onProblem;
  /** Why nothing can be stored; "" if it can. */
  problem = "";

  /** @param {(problem: string) => void} onProblem  receives the reason if nothing can be stored */
  constructor(onProblem) {
    this.#onProblem = onProblem;
    this.#opening = open().catch((error) => this.#fail(error));
  }

  /**
   * @template Result, Fallback
   * @param {(tables: TunesDatabase) => Promise<Result>} work
   * @param {Fallback} fallback  the result if nothing can be stored
   * @returns {Promise<Result | Fallback>}
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
   * @param {(tables: TunesDatabase) => Promise<unknown>} work
   * @returns {Promise<boolean>} whether it was written
   */
  write(work) {
    return this.read(async (database) => {
      await work(database);
      return true;
    }, false);
  }

  /** @param {Error} error */
  #fail(error) {
    this.#opening = Promise.resolve(null);
    this.problem = reason(error);
    this.#onProblem(this.problem);
    return null;
  }
}

/** @param {Error} error */
function reason(error) {
  if (error.name === "QuotaExceededError") return "the browser gives this page no more storage";
  return error.message || String(error);
}
