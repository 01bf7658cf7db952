/** Adds the tunes of the site's collection to the list, and what the site knows about them. */

import { nextTask } from "../next-task.js";
import { OutdatedError, SiteCollection } from "./site-collection.js";

/** Tunes that are added in one task, so that the list answers meanwhile. */
const TUNES_PER_TASK = 5000;

/** After that, a server that doesn't answer counts as not having a tune. */
const FETCH_TIMEOUT_MS = 20_000;

/** How often the collection is read, each time because it has changed meanwhile. */
const ATTEMPTS = 3;

export class SiteTunes {
  #tunes;
  #folders;
  #root = "";
  /** @type {SiteCollection | null} */
  #collection = null;

  /** Whether everything is known that the site knows about its tunes. */
  isDescribed = false;

  /**
   * @param {import("./tunes.js").Tunes} tunes
   * @param {import("./folders.js").Folders} folders
   */
  constructor(tunes, folders) {
    this.#tunes = tunes;
    this.#folders = folders;
  }

  /**
   * Add the collection of this site, if it has one, to the list; then read what else is known about its tunes.
   * @param {string} root  address of the page
   */
  async open(root) {
    this.#root = root;
    await this.#list();
    if (this.#collection) this.describe();
  }

  /**
   * @param {import("./tune-index.js").Tune} tune  of the site
   * @returns {Promise<ArrayBuffer>} its file
   */
  async read({ url = "" }) {
    const options = { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) };
    const response = await fetch(new URL(url, this.#root), options).catch((cause) => {
      throw new Error("The server can't be reached.", { cause });
    });
    if (!response.ok) throw new Error(`The server does not have this tune: it answered ${response.status}.`);
    return response.arrayBuffer();
  }

  /** Read the rest of what the site knows about its tunes, unless the listener has better. */
  async describe() {
    await this.#tunes.loaded;
    try {
      await this.#readRest();
      this.isDescribed = this.#collection !== null;
    } catch (error) {
      console.warn(error); // the tunes can be played all the same
    }
    this.#tunes.matchSite();
  }

  async #readRest() {
    const { index, analyses, documents } = this.#tunes;
    await whileOutdated(
      async () => {
        await this.#collection?.identify(index);
        const file = analyses.file ? undefined : await this.#collection?.analyses();
        const stil = documents.stil ? undefined : await this.#collection?.stil();
        // The listener may have added one of their own while these were on their way.
        await documents.offer(analyses.file ? undefined : file, documents.stil ? undefined : stil);
      },
      () => this.#list(),
    );
  }

  /** Add the tunes that the site has now, in place of those that it had. */
  #list() {
    return whileOutdated(async () => {
      this.#collection = await SiteCollection.find(this.#root);
      const found = (await this.#collection?.tunes()) ?? [];
      this.#tunes.removeSite();
      if (!this.#collection) return;
      this.#folders.addCollection(this.#collection.name);
      for (let at = 0; at < found.length; at += TUNES_PER_TASK) {
        this.#tunes.addSite(found.slice(at, at + TUNES_PER_TASK));
        await nextTask();
      }
      this.#tunes.arrange();
    });
  }
}

/**
 * Do work that can find that the collection has changed meanwhile; then do it again.
 * @param {() => Promise<void>} work
 * @param {() => Promise<void>} [renew]  is done in between
 */
async function whileOutdated(work, renew) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OutdatedError) || attempt === ATTEMPTS) throw error;
      await renew?.();
    }
  }
}
