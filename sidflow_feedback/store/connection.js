/** A connection to a database that can die at any time, and is then opened again. */

import { openDB } from "./idb/index.js";

/** Milliseconds to wait for another tab that holds an older version open. */
const BLOCKED_TIMEOUT = 3000;

/** Errors of a dead connection: before a transaction, or inside one that nobody aborted. */
const DEAD = ["InvalidStateError", "UnknownError", "AbortError"];

/** Attempts at a transaction. While the browser deletes the site's data, it may close new connections as well. */
const ATTEMPTS = 3;

/** Databases with an abandoned request to open. A request behind it gets no `blocked` event of its own. */
const stuck = new Set();

/**
 * @template {import("idb").DBSchema} Types
 * @typedef {object} Schema
 * @property {number} VERSION
 * @property {Migrate<Types>} migrate  brings a database of an older version to `VERSION`
 */

/**
 * @template {import("idb").DBSchema} Types
 * @typedef {(database: import("idb").IDBPDatabase<Types>, oldVersion: number,
 *   transaction: import("idb").IDBPTransaction<Types, StoreName<Types>[], "versionchange">) => Promise<void> | void
 * } Migrate
 */

/**
 * @template {import("idb").DBSchema} Types
 * @typedef {import("idb").StoreNames<Types>} StoreName
 */

/** @template {import("idb").DBSchema} Types */
export class Connection {
  #name;
  #schema;
  /** @type {Promise<import("idb").IDBPDatabase<Types>> | null} */
  #opening = null;

  /**
   * @param {string} name  of the database
   * @param {Schema<Types>} schema
   */
  constructor(name, schema) {
    this.#name = name;
    this.#schema = schema;
  }

  /** Open the database now, so that a failure shows early. The next call tries again after a failure. */
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
   * Run a whole transaction. On a dead connection, run it again on a new one.
   * @template {StoreName<Types>[]} Names
   * @template {IDBTransactionMode} Mode
   * @template Result
   * @param {Names} stores
   * @param {Mode} mode
   * @param {(transaction: import("idb").IDBPTransaction<Types, Names, Mode>) => Promise<Result>} work
   *   must wait for nothing but requests of the transaction
   * @returns {Promise<Result>} settled when the transaction is complete, or has changed nothing
   */
  async run(stores, mode, work) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(stores, mode, work);
      } catch (error) {
        if (attempt === ATTEMPTS || !DEAD.includes(error.name)) throw error;
        this.close();
      }
    }
  }

  close() {
    this.#opening?.then((database) => database.close()).catch(() => {});
    this.#opening = null;
  }

  /**
   * @template {StoreName<Types>[]} Names
   * @template {IDBTransactionMode} Mode
   * @template Result
   * @param {Names} stores
   * @param {Mode} mode
   * @param {(transaction: import("idb").IDBPTransaction<Types, Names, Mode>) => Promise<Result>} work
   */
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
      throw plain(transaction.error ?? error); // Only `transaction.error` shows a full disk; `error` is the abort.
    }
  }

  /** @returns {Promise<import("idb").IDBPDatabase<Types>>} */
  #connect() {
    return new Promise((resolve, reject) => {
      let abandoned = false;
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let timer;
      const abandon = () => {
        abandoned = true;
        stuck.add(this.#name);
        reject(named("BlockedError", "another tab holds an older version of it open"));
      };
      const wait = () => {
        timer ??= setTimeout(abandon, BLOCKED_TIMEOUT);
      };
      if (stuck.has(this.#name)) wait();
      /** @type {typeof openDB<Types>} */
      const open = openDB;
      open(this.#name, this.#schema.VERSION, {
        upgrade: (database, oldVersion, _newVersion, transaction) => {
          clearTimeout(timer);
          return this.#schema.migrate(database, oldVersion, transaction);
        },
        blocked: wait,
        // Another tab wants to upgrade: it must not have to wait for this one.
        blocking: (_current, _wanted, event) => /** @type {IDBDatabase} */ (event.target).close(),
        terminated: () => {
          this.#opening = null;
        },
      })
        .then((database) => {
          clearTimeout(timer);
          stuck.delete(this.#name);
          if (abandoned) database.close();
          else resolve(database);
        })
        .catch((error) => reject(plain(error)));
    });
  }
}

/** @param {{abort(): void}} transaction */
function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

/**
 * Pyodide never settles an await on a promise that is rejected with a current browser's `QuotaExceededError`.
 * @param {Error | DOMException} error
 */
const plain = ({ name, message }) => named(name, message);

/**
 * @param {string} name
 * @param {string} message
 */
function named(name, message) {
  return Object.assign(new Error(message), { name });
}
