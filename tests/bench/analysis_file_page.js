/** What `analysis_file.py` runs on the page. */

const bench = {
  /**
   * Write tunes to the collection's database, of two songs at first and of one later; the MD5 of tune n is n.
   * @param {number} tunes
   * @param {number} songs
   */
  async fill(tunes, songs) {
    const { open } = await import("/static/js/tunes/database.js");
    const database = await open();
    const rows = Array.from({ length: tunes }, (_, number) => ({
      sidPath: `sha256:${number.toString(16).padStart(64, "0")}`,
      md5: number.toString(16).padStart(8, "0").padEnd(32, "0"),
      hvscPath: `/MUSICIANS/B/Bench/Tune_${number}.sid`,
      title: `Tune ${number}`,
      author: `Composer ${number % 700}`,
      released: "1987 Bench",
      songs: number < songs - tunes ? 2 : 1,
      startSong: 1,
      lengths: [],
      locations: [{ folder: "bench", path: `B/Tune_${number}.sid`, size: 1, modified: 1 }],
      added: number,
    }));
    await database.putFolder({ id: "bench", name: "Bench" });
    for (let at = 0; at < rows.length; at += 5000) await database.putTunes(rows.slice(at, at + 5000));
    database.close();
  },

  /**
   * Drop an analysis file; return the milliseconds until a tune in sight has a prediction, and the longest task.
   * @param {string} text  the file in base64
   */
  async load(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    let longest = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
    const select = /** @type {HTMLSelectElement} */ (document.querySelector("#folder"));
    select.value = "bench";
    select.dispatchEvent(new Event("change"));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    observer.observe({ entryTypes: ["longtask"] });
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "bench.sidan"));
    const begun = performance.now();
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
    while (!document.querySelector("#tunes button.why:not([hidden])")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const ms = performance.now() - begun;
    observer.disconnect();
    return { ms, longest };
  },
};

Object.assign(globalThis, { bench });
