// A connection to a database that may die at any time, and is then opened again.

import { openDB } from "../../static/vendor/idb/index.js";

/** Milliseconds that another tab, which holds an older version open, may keep us waiting. */
const PATIENCE = 3000;

/** Failures of a connection that has died: before a transaction, or in the middle of one that nobody aborted. */
const DEAD = ["InvalidStateError", "UnknownError", "AbortError"];

/** Databases for which a request that we gave up still waits: one behind it is not told that it is blocked. */
const stuck = new Set();

export class Connection {
  #name;
  #schema;
  #opening = null;

  /**
   * @param {string} name of the database
   * @param {{VERSION: number, migrate: (database, oldVersion: number, transaction) => Promise<void> | void}} schema
   */
  constructor(name, schema) {
    this.#name = name;
    this.#schema = schema;
  }

  /** Open now, to hear of a failure early. A failure is not remembered: the next call tries again. */
  async open() {
    this.#opening ??= this.#connect();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  /**
   * Run a whole transaction; on a connection that has died, once more on a new one.
   * @param {(transaction) => Promise<T>} work must wait for nothing but requests of the transaction
   * @returns {Promise<T>} settled when the transaction is complete, or has changed nothing
   * @template T
   */
  async run(stores, mode, work) {
    try {
      return await this.#attempt(stores, mode, work);
    } catch (error) {
      if (!DEAD.includes(error.name)) throw error;
      this.close();
      return this.#attempt(stores, mode, work);
    }
  }

  close() {
    this.#opening?.then((database) => database.close()).catch(() => {});
    this.#opening = null;
  }

  async #attempt(stores, mode, work) {
    const database = await this.open();
    const transaction = database.transaction(stores, mode);
    transaction.done.catch(() => {}); // Awaited below, unless `work` fails first.
    try {
      const result = await work(transaction);
      await transaction.done;
      return result;
    } catch (error) {
      abort(transaction);
      await transaction.done.catch(() => {});
      throw plain(transaction.error ?? error); // A full disk shows only there; `error` says that it was aborted.
    }
  }

  #connect() {
    return new Promise((resolve, reject) => {
      let late = false;
      let patience = null;
      const giveUp = () => {
        late = true;
        stuck.add(this.#name);
        reject(named("BlockedError", "another tab holds an older version of it open"));
      };
      const wait = () => {
        patience ??= setTimeout(giveUp, PATIENCE);
      };
      if (stuck.has(this.#name)) wait();
      openDB(this.#name, this.#schema.VERSION, {
        upgrade: (database, oldVersion, _newVersion, transaction) => {
          clearTimeout(patience);
          return this.#schema.migrate(database, oldVersion, transaction);
        },
        blocked: wait,
        // A newer version wants in: it must not have to wait for this tab.
        blocking: (_current, _wanted, event) => event.target.close(),
        terminated: () => {
          this.#opening = null;
        },
      })
        .then((database) => {
          clearTimeout(patience);
          stuck.delete(this.#name);
          if (late) database.close();
          else resolve(database);
        })
        .catch((error) => reject(plain(error)));
    });
  }
}

function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

/** Pyodide waits for ever on a promise that is rejected with a `QuotaExceededError`, as browsers have it now. */
const plain = ({ name, message }) => named(name, message);

function named(name, message) {
  return Object.assign(new Error(message), { name });
}
