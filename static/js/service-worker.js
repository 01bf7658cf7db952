/**
 * Lets the page start without a network. Each release is kept whole, in a cache of its own and under its own URLs, so a
 * page never gets files of two releases.
 *
 * What is kept is replaced only by what is of its kind: a server under maintenance, a proxy, or a captive portal may
 * answer everything with 200 and a web page.
 */

/** @type {ServiceWorkerGlobalScope & typeof globalThis} */
const worker = /** @type {any} */ (self); // TypeScript takes every worker for a dedicated one.

const KEPT = "sidflow-release-";
const PAGE = "sidflow-page";
const MODEL = "api/model/latest";
const COLLECTION = "sidflow-collection";
const COLLECTION_INFO = "api/collection";
const COLLECTION_FILES = "collection/files/";
/** Milliseconds before a kept page is served instead of the server's, or the server's file instead of the cache's. */
const TIMEOUT = 3000;
const PARALLEL_FETCHES = 6;
/** Files that take longest to compile. */
const COMPILED = /\.wasm$|\.asm\.mjs$/;
/** What only our page has: addresses of the files of its release. */
const OWN_PAGE = /"r\/[0-9a-f]+\//;
const HTML = /^text\/html\b/i;
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const scope = worker.registration.scope;
/** @type {Map<string, Promise<Manifest>>} */
const manifests = new Map();
/** Whether the browser's cache has not answered in time. */
let cacheIsSilent = false;

/** @typedef {Record<string, string>} Manifest  SHA-256 of a release's files, by path */

worker.addEventListener("install", () => worker.skipWaiting());

worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET" || !url.startsWith(scope)) return;
  const path = url.slice(scope.length).replace(/[?#].*$/, "");
  const [, release, address] = /^r\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (release) event.respondWith(releaseFile(event.request, release, address).then(isolated));
  else if (mode === "navigate" && (path === "" || path === "index.html")) {
    event.respondWith(page(event.request).then(isolated));
  } else if (path === MODEL) event.respondWith(model(event.request));
  else if (path === COLLECTION_INFO) event.respondWith(collectionInfo(event.request));
  else if (isCollectionFile(path)) event.respondWith(collectionFile(url));
  else if (path.startsWith("collection/tunes/")) event.respondWith(collectionTune(event.request));
});

worker.addEventListener("message", (event) => {
  const [port] = event.ports;
  const keeping = keep(event.data.release, event.data.server).then(
    () => port.postMessage(null),
    (error) => port.postMessage(String(error)),
  );
  event.waitUntil(keeping);
});

/**
 * @param {Request} request
 * @returns {Promise<Response>} the page as the server has it now; the kept one if the server doesn't answer in time
 */
async function page(request) {
  const reading = read(PAGE, scope);
  const kept = await inTime(reading);
  if (!kept) return keptOrFetched(reading, () => fetch(request));
  /** @type {Promise<null>} */
  const timeout = new Promise((resolve) => setTimeout(resolve, TIMEOUT, null));
  const response = await Promise.race([ownPage(request), timeout]).catch(() => null);
  return response ?? kept;
}

/**
 * @param {RequestInfo} request
 * @returns {Promise<Response | null>} the page as the server has it; null if that answers with something else
 */
async function ownPage(request) {
  const response = await fetch(request, typeof request === "string" ? { cache: "no-cache" } : undefined);
  const isOwn = response.ok && isHtml(response) && OWN_PAGE.test(await response.clone().text());
  return isOwn ? response : null;
}

/** @param {Response} response */
const isHtml = (response) => HTML.test(response.headers.get("Content-Type") ?? "");

/**
 * @param {RequestInfo} request
 * @returns {Promise<Response>} the global model; the last one if the server doesn't answer with one
 */
async function model(request) {
  return current(request, isModel, {
    kept: async () => {
      const kept = await read(PAGE, scope + MODEL);
      return kept && (await isModel(kept)) ? kept : undefined;
    },
    keep: (response) => write(PAGE, scope + MODEL, response),
  });
}

/**
 * @param {Response} response
 * @returns {Promise<boolean>} whether it is the manifest of a model; the engine checks what is in it
 */
async function isModel(response) {
  const found = await jsonOf(response);
  const { data = found } = found ?? {};
  return (
    [data?.version ?? data?.modelVersion, data?.weightData ?? data?.weightDataBase64].every(isText) &&
    Array.isArray(data.weightSpecs)
  );
}

/** @param {unknown} value */
const isText = (value) => typeof value === "string" && value !== "";

/**
 * @param {Response} response
 * @returns {Promise<any>} the JSON that it has; undefined if it has none
 */
async function jsonOf(response) {
  if (response.status !== 200 || isHtml(response)) return undefined;
  return response
    .clone()
    .json()
    .catch(() => undefined);
}

/**
 * Fetch something; use what is kept of it if there is no network, or if the server answers with something else.
 * @param {RequestInfo} request
 * @param {(response: Response) => Promise<boolean> | boolean} isRight
 * @param {object} place
 * @param {() => Promise<Response | undefined>} place.kept
 * @param {(response: Response) => Promise<unknown>} [place.keep]
 * @returns {Promise<Response>}
 */
async function current(request, isRight, { kept, keep }) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(request);
  } catch (error) {
    const last = await kept();
    if (last) return last;
    throw error;
  }
  if (response.status === 304) return response;
  if (!(await isRight(response))) return (await kept()) ?? response;
  if (keep) await inTime(keep(response.clone()));
  return response;
}

/**
 * @param {Promise<Response | undefined>} reading  of what is kept
 * @param {() => Promise<Response>} fetching
 * @returns {Promise<Response>} what is kept; if there is nothing, or if the cache is silent, what the server has
 */
async function keptOrFetched(reading, fetching) {
  const kept = await inTime(reading).catch(() => undefined);
  if (kept) return kept;
  const response = await fetching().catch(() => null);
  if (response?.ok) return response;
  return (await reading.catch(() => undefined)) ?? response ?? Response.error();
}

/**
 * Wait for the browser's cache, but not for long: it may never answer again once a process of the browser was killed.
 * @template T
 * @param {Promise<T>} answer
 * @returns {Promise<T | undefined>} undefined if it doesn't answer in time
 */
async function inTime(answer) {
  const answered = answer.then((value) => {
    cacheIsSilent = false;
    return value;
  });
  /** @type {Promise<undefined>} */
  const timeout = new Promise((resolve) => {
    const giveUp = () => {
      cacheIsSilent = true;
      resolve(undefined);
    };
    const timer = setTimeout(giveUp, cacheIsSilent ? 0 : TIMEOUT);
    answered.finally(() => clearTimeout(timer)).catch(() => {}); // The race below tells of a failure.
  });
  return Promise.race([answered, timeout]);
}

/**
 * @param {string} name
 * @param {string} url
 * @returns {Promise<Response | undefined>} what this cache has
 */
const read = async (name, url) => (await caches.open(name)).match(url, { ignoreVary: true });

/**
 * @param {string} name
 * @param {string} url
 * @param {Response} response
 */
const write = async (name, url, response) => (await caches.open(name)).put(url, response);

/**
 * @param {Request} request
 * @returns {Promise<Response>} what the site has of a collection; without a network, what `keepCollection` has kept
 */
async function collectionInfo(request) {
  return current(request, isCollectionInfo, { kept: () => read(COLLECTION, scope + COLLECTION_INFO) });
}

/** @param {Response} response */
const isCollectionInfo = async (response) => Number.isInteger((await jsonOf(response))?.tunes);

/**
 * @param {string} url
 * @returns {Promise<Response>} a file that never changes, because its name is made from its content
 */
async function collectionFile(url) {
  const kept = read(COLLECTION, url).then((found) => (found && !isHtml(found) ? found : undefined));
  return keptOrFetched(kept, async () => {
    const response = await fetch(url);
    const [, digits] = /([^/.]+)[^/]*$/.exec(url) ?? [];
    if (response.status === 200 && digits && (await sha256Of(response.clone())).startsWith(digits))
      await inTime(write(COLLECTION, url, response.clone()));
    return response;
  });
}

/**
 * @param {Request} request
 * @returns {Promise<Response>} a tune; without a network, as it was played last
 */
async function collectionTune(request) {
  return current(request, (response) => response.status === 200 && !isHtml(response), {
    kept: async () => (await read(COLLECTION, request.url)) ?? (await cached(request.url)) ?? undefined,
    keep: (response) => write(COLLECTION, request.url, response),
  });
}

/**
 * Keep the site's collection. What the server says about it must be kept last, and only then files may be removed: what
 * is kept always finds its files.
 */
async function keepCollection() {
  const response = await fetch(scope + COLLECTION_INFO, { cache: "no-cache" });
  if (!(await isCollectionInfo(response))) throw new Error(`the server answered ${response.status}`);
  const named = Object.values(await response.clone().json()).filter(isCollectionFile);
  const cache = await caches.open(COLLECTION);
  for (const path of named) {
    const { status } = await collectionFile(scope + path);
    if (!(await cache.match(scope + path, { ignoreVary: true })))
      throw new Error(`${path}: the server answered ${status}`);
  }
  await cache.put(scope + COLLECTION_INFO, response);
  for (const { url } of await cache.keys()) {
    const path = url.slice(scope.length);
    if (isCollectionFile(path) && !named.includes(path)) await cache.delete(url);
  }
}

/** @param {unknown} value */
const isCollectionFile = (value) => typeof value === "string" && value.startsWith(COLLECTION_FILES);

/**
 * @param {Request} request
 * @param {string} release
 * @param {string} path
 * @returns {Promise<Response>} a file of a release: the kept one, or the same file of another release, or the server's
 */
async function releaseFile(request, release, path) {
  const ready = COMPILED.test(path) ? await compiled(request.url) : null;
  if (ready) return ready;
  const reading = caches.match(request.url, { ignoreVary: true });
  return keptOrFetched(
    reading.then((kept) => kept ?? sameFile(release, path)),
    () => fetch(request),
  );
}

/**
 * @param {string} url
 * @returns {Promise<Response | null>} a file from the browser's HTTP cache, which holds its compiled code, too
 */
async function compiled(url) {
  const response = await cached(url);
  return response?.headers.get("Cache-Control")?.includes("immutable") ? response : null;
}

/**
 * @param {string} url
 * @returns {Promise<Response | null>} a file from the browser's HTTP cache, even if it is old
 */
async function cached(url) {
  const response = await fetch(url, { cache: "only-if-cached", mode: "same-origin" }).catch(() => null);
  return response?.ok && !isHtml(response) ? response : null;
}

/**
 * @param {string} release
 * @param {string} path
 * @returns {Promise<Response | undefined>} the file with the same content that another release has kept
 */
async function sameFile(release, path) {
  const others = (await releases()).filter((name) => name !== release);
  if (others.length === 0) return undefined;
  const sha256 = (await manifest(release))[path];
  for (const other of others) {
    if (sha256 && (await manifest(other))[path] === sha256) {
      const kept = await caches.match(fileUrl(other, path), { ignoreVary: true });
      // Copied so that it has no URL: else a script's imports would resolve beside the other release's file.
      if (kept) return new Response(kept.body, { headers: kept.headers });
    }
  }
  return undefined;
}

/**
 * Keep a whole release, then the page that uses it and the site's collection, then remove the releases that nobody uses.
 * @param {string} release
 * @param {boolean} server  whether there is a server, which has a global model
 */
async function keep(release, server) {
  const cache = await caches.open(KEPT + release);
  const files = Object.entries(await manifest(release));
  /** @type {[string, string][]} */
  const missing = [];
  for (const file of files) {
    if (!(await cache.match(fileUrl(release, file[0]), { ignoreVary: true }))) missing.push(file);
  }
  const fetching = Array.from({ length: PARALLEL_FETCHES }, async () => {
    for (let file = missing.pop(); file; file = missing.pop()) await keepFile(cache, release, ...file);
  });
  await Promise.all(fetching);
  await keepPage(release);
  if (server && !(await (await caches.open(PAGE)).match(scope + MODEL))) await model(scope + MODEL);
  if (server) {
    await keepCollection().catch((error) => console.warn("The site's collection is kept as it was:", error));
  }
  await removeUnused(release);
}

/**
 * @param {Cache} cache
 * @param {string} release
 * @param {string} path
 * @param {string} sha256
 */
async function keepFile(cache, release, path, sha256) {
  const url = fileUrl(release, path);
  const response = (await sameFile(release, path)) ?? (await fetch(url));
  if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
  if ((await sha256Of(response.clone())) !== sha256)
    throw new Error(`${path} already belongs to another release`);
  await cache.put(url, response);
}

/**
 * Keep the page. Must come last: a kept page finds all its files.
 * @param {string} release
 */
async function keepPage(release) {
  const response = await ownPage(scope);
  const ours = (await response?.clone().text())?.includes(`"r/${release}/`);
  if (response && ours) await (await caches.open(PAGE)).put(scope, response);
}

/** @param {string} release  stays, as do the kept page's and those of open pages */
async function removeUnused(release) {
  const { held = [] } = await navigator.locks.query();
  const used = new Set([KEPT + release, ...held.map(({ name }) => name)]);
  const page = await (await (await caches.open(PAGE)).match(scope))?.text();
  for (const name of await releases()) {
    if (!used.has(KEPT + name) && !page?.includes(`"r/${name}/`)) await caches.delete(KEPT + name);
  }
}

/** @returns {Promise<string[]>} the releases that have a cache */
async function releases() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith(KEPT)).map((name) => name.slice(KEPT.length));
}

/**
 * @param {string} release
 * @returns {Promise<Manifest>}
 */
function manifest(release) {
  const known = manifests.get(release);
  if (known) return known;
  const reading = readManifest(release);
  manifests.set(release, reading);
  reading.catch(() => manifests.delete(release));
  return reading;
}

/**
 * @param {string} release
 * @returns {Promise<Manifest>}
 */
async function readManifest(release) {
  const url = fileUrl(release, "files.json");
  const kept = await caches.match(url, { ignoreVary: true });
  const response = kept ?? (await fetch(url));
  if (!response.ok)
    throw new Error(`the list of files can't be loaded: the server answered ${response.status}`);
  const files = await response.clone().json(); // Must come first: what is no list must not be kept.
  if (!kept && (await caches.has(KEPT + release))) {
    await (await caches.open(KEPT + release)).put(url, response);
  }
  return files;
}

/**
 * @param {string} release
 * @param {string} path
 */
const fileUrl = (release, path) => `${scope}r/${release}/${path}`;

/**
 * Add the headers for cross-origin isolation, without which a page gets no shared memory. Hosts of static files don't
 * send them.
 * @param {Response} response
 */
function isolated(response) {
  const isIsolated = response.headers.has("Cross-Origin-Embedder-Policy");
  if (isIsolated || response.type === "opaqueredirect" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/**
 * @param {Response} response
 * @returns {Promise<string>} hexadecimal
 */
async function sha256Of(response) {
  const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
