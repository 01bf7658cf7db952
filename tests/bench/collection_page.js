/** Functions that `tests/bench/collection.py` runs in the page. */
() => {
  const input = Object.assign(document.createElement("input"), {
    type: "file",
    id: "bench-folder",
    autocomplete: "off", // Else the browser saves the names of all files again and again.
  });
  input.webkitdirectory = true;
  document.body.append(input);
  /** @type {PerformanceEntry[]} */
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: "longtask" });

  /**
   * Measure how long some work takes (`ms`), and the page's longest task meanwhile (`longest`, 0 when all took less
   * than 50 ms).
   * @template {object | void} Result
   * @param {() => Promise<Result>} work
   */
  async function timed(work) {
    await pause(500);
    tasks.length = 0;
    const begun = performance.now();
    const result = await work();
    const ms = performance.now() - begun;
    await pause(500);
    return { ...result, ms, longest: Math.max(0, ...tasks.map((task) => Math.round(task.duration))) };
  }

  /** @param {number} ms */
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  /**
   * @param {Element} element
   * @param {MutationObserverInit} options
   * @returns {Promise<void>}
   */
  const changed = (element, options) =>
    new Promise((resolve) => {
      new MutationObserver((_, observer) => {
        observer.disconnect();
        resolve();
      }).observe(element, options);
    });

  const PEER = `
    const files = [];
    onmessage = async ({ data }) => {
      if (data.length) return files.push(...data);
      let bytes = 0, next = 0;
      const read = async () => { while (next < files.length) bytes += (await files[next++].arrayBuffer()).byteLength; };
      await Promise.all(Array.from({ length: 8 }, read));
      postMessage(bytes);
    };`;

  /**
   * @template {Element} Type
   * @param {string} selector
   * @returns {Type}
   */
  const find = (selector) => /** @type {Type} */ (document.querySelector(selector));

  /**
   * @param {() => void} change
   * @returns milliseconds from a change of what the list shows to its rows
   */
  async function shown(change) {
    const rows = changed(find("#tunes tbody"), { childList: true, subtree: true });
    const begun = performance.now();
    change();
    await rows;
    const cost = performance.now() - begun;
    await pause(20);
    return cost;
  }

  /**
   * @param {HTMLInputElement} field
   * @param {string} value
   */
  function type(field, value) {
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const bench = {
    /**
     * Read all files in a worker, as many at a time as the page's own worker does, and do nothing else.
     * @param {FileList} files
     */
    read: (files) =>
      timed(async () => {
        const worker = new Worker(URL.createObjectURL(new Blob([PEER], { type: "text/javascript" })));
        for (let at = 0; at < files.length; at += 250) {
          worker.postMessage(
            Array.from({ length: Math.min(250, files.length - at) }, (_, i) => files[at + i]),
          );
          await pause(0);
        }
        worker.postMessage([]);
        await new Promise((resolve) => {
          worker.onmessage = resolve;
        });
        worker.terminate();
      }),

    /**
     * Pass the files to the page's own input, as a listener does. The result is shown below the toolbar.
     * @param {FileList} files
     */
    index: (files) =>
      timed(async () => {
        /** @type {HTMLInputElement} */
        const own = find("#own-folder");
        Object.defineProperty(own, "files", { value: files, configurable: true });
        const shown = find("#collection-result");
        const sign = find("#indexing span");
        sign.textContent = "";
        const begun = performance.now();
        const firstSign = changed(sign, { childList: true }).then(() => performance.now() - begun);
        own.dispatchEvent(new Event("change"));
        await pause(0);
        while (!shown.textContent) await changed(shown, { childList: true });
        Reflect.deleteProperty(own, "files");
        return { count: files.length, firstSign: await firstSign };
      }),

    /**
     * @param {string[]} texts
     * @returns milliseconds from each change of the search to its result, and the longest task meanwhile
     */
    search: (texts) =>
      timed(async () => {
        /** @type {HTMLInputElement} */
        const field = find("#search");
        const costs = [];
        for (const text of [...texts, ""]) costs.push(await shown(() => type(field, text)));
        return { costs: costs.slice(0, -1) };
      }),

    /**
     * Click the heads of columns.
     * @param {string[]} columns
     * @returns milliseconds from each click to the rows, and the longest task meanwhile
     */
    sort: (columns) =>
      timed(async () => {
        const costs = [];
        for (const column of columns) {
          /** @type {HTMLButtonElement} */
          const button = find(`#tunes th[data-order=${column}] button`);
          costs.push(await shown(() => button.click()));
        }
        return { costs };
      }),

    /**
     * Set filters.
     * @param {[string, string][]} values  names of fields, and what to type or choose there
     * @returns milliseconds from each change to the rows, and the longest task meanwhile
     */
    filter: (values) =>
      timed(async () => {
        const costs = [];
        for (const [name, value] of values) {
          /** @type {HTMLInputElement} */
          const field = find(`#filter-form [name=${name}]`);
          costs.push(await shown(() => type(field, value)));
        }
        return { costs };
      }),

    /**
     * Scroll to many positions, near and far.
     * @returns milliseconds from each far jump to its rows, the longest task, and the most rows in the document
     */
    scroll: () =>
      timed(async () => {
        const list = find("#tune-list");
        let rows = 0;
        const costs = [];
        for (let part = 1; part <= 40; part++)
          costs.push(
            await shown(() => {
              list.scrollTop = ((part * 17) % 41) * (list.scrollHeight / 41);
            }),
          );
        for (let step = 0; step < 400; step++) {
          list.scrollTop =
            step % 4 ? list.scrollTop + 400 : ((step * 7919) % 400) * (list.scrollHeight / 400);
          await new Promise(requestAnimationFrame);
          rows = Math.max(rows, document.querySelectorAll("#tunes tbody tr").length);
        }
        return { rows, costs };
      }),

    /** @returns megabytes used by the collection's worker */
    async workerMemory() {
      /** @type {any} */
      const measuring = performance; // Chromium only.
      /** @type {{breakdown: {bytes: number, attribution: {url: string}[]}[]}} */
      const { breakdown } = await measuring.measureUserAgentSpecificMemory();
      const own = breakdown.filter(({ attribution }) =>
        attribution.some(({ url }) => url.includes("collection-worker")),
      );
      return own.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
    },
  };
  Object.assign(globalThis, { bench });
};
