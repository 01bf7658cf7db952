// Keeps this release of the page for when there is no network.

import { server } from "./site.js";

const RELEASE = /(r\/([0-9a-f]+))\/$/;

/**
 * Keep what is below this address. Must be called when the page has nothing more urgent to fetch. Never throws.
 * @param {string} address of the files of the release that this page runs
 */
export function keep(address) {
  const [, path, release] = RELEASE.exec(address) ?? [];
  if (!release || !navigator.serviceWorker) return;
  // As long as this page lives, its release stays, whatever newer one there is.
  navigator.locks.request(`sidflow-release-${release}`, { mode: "shared" }, () => new Promise(() => {}));
  register(address.slice(0, -path.length - 1), release).catch((error) =>
    console.warn("This page can't be kept for when there is no network.", error),
  );
}

async function register(root, release) {
  await navigator.serviceWorker.register(`${root}service-worker.js`, { updateViaCache: "none" });
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data: problem }) => {
    if (problem) console.warn("This page is not kept for when there is no network:", problem);
    else document.documentElement.dataset.offline = "ready";
  };
  active.postMessage({ release, server }, [port2]);
}
