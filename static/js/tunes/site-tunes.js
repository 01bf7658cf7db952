/** Adds the tunes of the site's collection to the list, and what the site knows about them. */

import { nextTask } from "../next-task.js";
import { SiteCollection } from "./site-collection.js";

/** Tunes that are added in one task, so that the list answers meanwhile. */
const TUNES_PER_TASK = 5000;

export class SiteTunes {
  #tunes;
  #folders;
  #reports;
  /** @type {SiteCollection | null} */
  #collection = null;

  /**
   * @param {import("./tunes.js").Tunes} tunes
   * @param {import("./folders.js").Folders} folders
   * @param {import("./reports.js").Reports} reports
   */
  constructor(tunes, folders, reports) {
    this.#tunes = tunes;
    this.#folders = folders;
    this.#reports = reports;
  }

  /**
   * Add the collection of this site, if it has one, to the list; then read what else is known about its tunes.
   * @param {string} root  address of the page
   */
  async open(root) {
    this.#collection = await SiteCollection.find(root);
    if (!this.#collection) return;
    const found = await this.#collection.tunes();
    this.#folders.addCollection(this.#collection.name);
    const { index } = this.#tunes;
    for (let at = 0; at < found.length; at += TUNES_PER_TASK) {
      for (const tune of found.slice(at, at + TUNES_PER_TASK))
        if (!index.get(tune.sidPath)) this.#tunes.add(tune);
      await nextTask();
    }
    this.#tunes.arrange();
    this.describe();
  }

  /** Read the rest of what the site knows about its tunes, unless the listener has better. */
  async describe() {
    const { index, analyses, documents, loaded } = this.#tunes;
    await loaded;
    try {
      await this.#collection?.identify(index);
      const file = analyses.file ? undefined : await this.#collection?.analyses();
      const stil = documents.stil ? undefined : await this.#collection?.stil();
      await documents.offer(file, stil);
    } catch (error) {
      console.warn(error); // the tunes can be played all the same
    }
    for (const tune of index.values()) if (tune.url && analyses.match(tune)) this.#tunes.feedTune(tune);
    this.#reports.send("changed");
  }
}
