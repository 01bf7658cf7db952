/**
 * Watches for the engine's signs of life. Whatever an engine sends is one, and it sends a beat each second.
 *
 * Beats are missed, not timed: on a machine so busy that the engine's beats are late, this page's timer is late, too.
 * A page that takes a busy engine for a dead one does no harm, because the store takes writes of the newest engine only;
 * but the work begins again. So an engine that was lost soon after its start is followed by one with twice the time.
 */

/** Milliseconds between two looks. Hidden pages look this often at most, too. */
const INTERVAL = 1000;

/** Looks without a sign of life after which the listener is told. */
const SILENT = 3;

/** Looks after which the engine counts as dead. */
const DEAD = 5;
const MAX_DEAD = 60;

/** Further looks of a hidden page, so that one which the listener sees comes first. */
const HIDDEN = 2;

/** Looks with an engine after which it counts as a good one. */
const HEALTHY = 20;

/** Watches one application's engine, from `start` on. */
export class Watch {
  #onSilent;
  #onDead;
  #heard = true;
  #missed = 0;
  #alive = 0;
  #patience = DEAD;

  /**
   * @param {() => void} onSilent  called once when the engine falls silent
   * @param {() => void} onDead    called when it must be replaced
   */
  constructor(onSilent, onDead) {
    this.#onSilent = onSilent;
    this.#onDead = onDead;
  }

  start() {
    setInterval(() => this.#look(), INTERVAL);
  }

  /** Take note of a new engine. */
  begin() {
    this.hear();
    this.#alive = 0;
  }

  /** Take note of a sign of life. */
  hear() {
    this.#heard = true;
  }

  /** Whether the listener must not believe that there is an engine. */
  get silent() {
    return this.#missed >= SILENT && !this.#heard;
  }

  #look() {
    if (this.#heard) {
      this.#heard = false;
      this.#missed = 0;
      this.#alive += 1;
      return;
    }
    this.#missed += 1;
    if (this.#missed === SILENT) this.#onSilent();
    if (this.#missed < this.#patience + (globalThis.document?.hidden ? HIDDEN : 0)) return;
    this.#patience = this.#alive < HEALTHY ? Math.min(2 * this.#patience, MAX_DEAD) : DEAD;
    this.#missed = this.#alive = 0;
    this.#onDead();
  }
}
