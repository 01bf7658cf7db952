/** Runs in the page: fills its database, and measures what an export and an import cost page and engine. */

(() => {
  /** Rows that are stored at a time. */
  const BATCH = 1000;

  /** Milliseconds between two questions to the engine. */
  const PAUSE = 50;

  const FEATURES = {
    energy: 0.4312508,
    rms: 0.1023,
    spectralCentroid: 1523.25,
    spectralRolloff: 3014.5,
    zeroCrossingRate: 0.0525,
    bpm: 120,
    confidence: 0.53,
    duration: 181.5,
  };

  /** @param {number} number */
  function row(number) {
    const isRating = number % 25 > 1; // The store prunes what exceeds 5,000 implicit events.
    return {
      v: 2,
      kind: isRating ? "rating" : "implicit",
      uuid: crypto.randomUUID(),
      timestamp: 1_750_000_000_000 + number * 60_000,
      sidPath: `MUSICIANS/B/Bench/Tune_${number % 997}.sid`,
      song: 1 + (number % 3),
      sessionId: crypto.randomUUID(),
      pipeline: "wasm",
      modelVersion: "global-0123456789ab",
      features: FEATURES,
      position: (number % 180) + 0.125,
      listenedSeconds: (number % 170) + 0.5,
      length: 181.5,
      lengthSource: "songlengths",
      ...(isRating ? { ratings: { e: 1 + (number % 5), p: 1 + (number % 4) } } : { action: "like" }),
      syncStatus: "pending",
      attempts: 0,
      lastError: null,
      lastTry: 0,
      nextTry: 0,
    };
  }

  /** @param {number} events */
  async function fill(events) {
    const { open } = await import(new URL("/sidflow_feedback/store/indexeddb.js", location.href).href);
    const store = await open("sidflow-feedback");
    for (let start = 0; start < events; start += BATCH) {
      const rows = Array.from({ length: Math.min(BATCH, events - start) }, (_, i) => row(start + i));
      await store.merge(JSON.stringify({ rows, snapshots: [] }), 5);
    }
    store.close();
  }

  /**
   * Ask the engine again and again how it is.
   * @returns {() => number} ends that, and returns the milliseconds of the longest wait for an answer
   */
  function question() {
    const channel = new BroadcastChannel("sidflow-feedback");
    let [asked, longest, number, timer] = [0, 0, 0, 0];
    const ask = () => {
      asked = performance.now();
      channel.postMessage({ to: "engine", type: "history", id: `bench.${++number}`, json: "1" });
    };
    channel.onmessage = ({ data }) => {
      if (data.id !== `bench.${number}`) return;
      longest = Math.max(longest, performance.now() - asked);
      timer = setTimeout(ask, PAUSE);
    };
    ask();
    return () => {
      clearTimeout(timer);
      channel.onmessage = null;
      channel.close();
      return longest;
    };
  }

  /**
   * Measure what follows an event of an element until the page reports a result.
   * @param {string} selector
   * @param {string} kind       of the event
   * @param {string} beginning  of the result
   */
  function watch(selector, kind, beginning) {
    let longest = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
    observer.observe({ type: "longtask" });
    const end = question();
    const result = /** @type {HTMLElement} */ (document.querySelector("#local-data-result"));
    result.textContent = "";
    Object.assign(globalThis, { benchFound: null });
    document.querySelector(selector)?.addEventListener(
      kind,
      () => {
        const begun = performance.now();
        const mutations = new MutationObserver(() => {
          if (!result.textContent) return;
          const ms = performance.now() - begun;
          mutations.disconnect();
          // What the page does with the news belongs to it.
          setTimeout(() => {
            observer.disconnect();
            const text = result.textContent;
            Object.assign(globalThis, {
              benchFound: {
                ms,
                longest,
                wait: end(),
                problem: text?.startsWith(beginning) ? "" : text,
              },
            });
          }, 3000);
        });
        mutations.observe(result, { childList: true, characterData: true, subtree: true });
      },
      { once: true, capture: true },
    );
  }

  Object.assign(globalThis, { bench: { fill, watch } });
})();
