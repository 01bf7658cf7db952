/** Keeps this release of the page for use without a network. */

import { server } from "./site.js";

const RELEASE = /(r\/([0-9a-f]+))\/$/;

/**
 * Keep the files below a URL. Call it when the page has nothing more urgent to fetch. Never throws.
 * @param {string} address  of the files of the release that this page runs
 */
export function keep(address) {
  const [, path, release] = RELEASE.exec(address) ?? [];
  if (!release || !navigator.serviceWorker) return;
  // This lock protects the release for the life of the page, whatever newer ones exist.
  navigator.locks.request(`sidflow-release-${release}`, { mode: "shared" }, () => new Promise(() => {}));
  register(address.slice(0, -path.length - 1), release).catch((error) =>
    console.warn("This page can't be kept for use without a network.", error),
  );
}

/**
 * @param {string} root  the site's URL
 * @param {string} release
 */
async function register(root, release) {
  await navigator.serviceWorker.register(`${root}service-worker.js`, { updateViaCache: "none" });
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data: problem }) => {
    if (problem) console.warn("This page is not kept for use without a network:", problem);
    else document.documentElement.dataset.offline = "ready";
  };
  active?.postMessage({ release, server }, [port2]);
}
