// The database as the worker uses it: where there is none, or no room, the collection lasts as long as the page.

import { open } from "./database.js";

export class BestEffortDatabase {
  #opening;
  #onProblem;

  /** @param {(problem: string) => void} onProblem hears once why nothing is kept */
  constructor(onProblem) {
    this.#onProblem = onProblem;
    this.#opening = open().catch((error) => this.#fail(error));
  }

  /** Read something; `otherwise` where nothing is kept. */
  async read(work, otherwise) {
    const database = await this.#opening;
    if (!database) return otherwise;
    try {
      return await work(database);
    } catch (error) {
      this.#fail(error);
      return otherwise;
    }
  }

  /** @returns {Promise<boolean>} whether it was written */
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
  if (error.name === "QuotaExceededError") return "the browser gives this page no more room";
  return error.message || String(error);
}
