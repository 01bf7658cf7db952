// What `tests/bench/collection.py` runs in the page.
() => {
  const input = Object.assign(document.createElement("input"), { type: "file", id: "bench-folder" });
  input.webkitdirectory = true;
  document.body.append(input);
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: "longtask" });

  /** Do something; how long it took, and the page's longest task meanwhile, 0 if none had 50 ms. */
  async function timed(work) {
    await pause(500);
    tasks.length = 0;
    const begun = performance.now();
    const found = await work();
    const ms = performance.now() - begun;
    await pause(500);
    return { ...found, ms, longest: Math.max(0, ...tasks.map((task) => Math.round(task.duration))) };
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
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

  globalThis.bench = {
    /** Only read all files, in a worker, as many at a time as the page's own worker does. */
    read: (files) =>
      timed(async () => {
        const worker = new Worker(URL.createObjectURL(new Blob([PEER], { type: "text/javascript" })));
        for (let at = 0; at < files.length; at += 250) {
          worker.postMessage(Array.from({ length: Math.min(250, files.length - at) }, (_, i) => files[at + i]));
          await pause(0);
        }
        worker.postMessage([]);
        await new Promise((resolve) => {
          worker.onmessage = resolve;
        });
        worker.terminate();
      }),

    /** Hand the files to the page's own input, as a listener does; the result is told below the toolbar. */
    index: (files) =>
      timed(async () => {
        const own = document.querySelector("#own-folder");
        Object.defineProperty(own, "files", { value: files, configurable: true });
        const told = document.querySelector("#collection-result");
        own.dispatchEvent(new Event("change"));
        await pause(0);
        while (!told.textContent) await changed(told, { childList: true });
        delete own.files;
        return { count: files.length };
      }),

    /** Milliseconds from each change of the search to the rows it finds. */
    async search(texts) {
      const field = document.querySelector("#search");
      const body = document.querySelector("#tunes tbody");
      const costs = [];
      for (let round = 0; round < 15; round++) {
        for (const text of texts) {
          const shown = changed(body, { childList: true, subtree: true });
          const begun = performance.now();
          field.value = text;
          field.dispatchEvent(new Event("input"));
          await shown;
          costs.push(performance.now() - begun);
          await pause(20);
        }
      }
      field.value = "";
      field.dispatchEvent(new Event("input"));
      await pause(500);
      return costs;
    },

    /** Scroll to many places, near and far. */
    scroll: () =>
      timed(async () => {
        const list = document.querySelector("#tune-list");
        let rows = 0;
        for (let step = 0; step < 400; step++) {
          list.scrollTop = step % 4 ? list.scrollTop + 400 : ((step * 7919) % 400) * (list.scrollHeight / 400);
          await new Promise(requestAnimationFrame);
          rows = Math.max(rows, document.querySelectorAll("#tunes tbody tr").length);
        }
        return { rows };
      }),

    /** Megabytes of the collection's worker. */
    async workerMemory() {
      const { breakdown } = await performance.measureUserAgentSpecificMemory();
      const own = breakdown.filter(({ attribution }) => attribution.some(({ url }) => url.includes("collection-worker")));
      return own.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
    },
  };
};
