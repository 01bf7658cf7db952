// Makes the page start without a network. Each release is kept whole, in a cache of its own, under addresses that are
// no other release's: so a page never gets files of two.

const KEPT = "sidflow-release-";
const PAGE = "sidflow-page";
const MODEL = "api/model/latest";
const PATIENCE = 3000;
const AT_ONCE = 6;
const COMPILED = /\.wasm$|\.asm\.mjs$/; // What takes longest to compile.
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const scope = registration.scope;
const manifests = new Map();

addEventListener("install", () => skipWaiting());

addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET" || !url.startsWith(scope)) return;
  const path = url.slice(scope.length).replace(/[?#].*$/, "");
  const [, release, address] = /^r\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (release) event.respondWith(released(event.request, release, address).then(isolated));
  else if (mode === "navigate" && (path === "" || path === "index.html")) {
    event.respondWith(page(event.request).then(isolated));
  } else if (path === MODEL) event.respondWith(model(event.request));
});

addEventListener("message", (event) => {
  const [port] = event.ports;
  const keeping = keep(event.data.release, event.data.server).then(
    () => port.postMessage(null),
    (error) => port.postMessage(String(error)),
  );
  event.waitUntil(keeping);
});

/** The page as the server has it now; as it was kept when there is none, or it takes too long. */
async function page(request) {
  const kept = await (await caches.open(PAGE)).match(scope);
  if (!kept) return fetch(request);
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const answer = await Promise.race([fetch(request), patience]).catch(() => null);
  return answer?.ok ? answer : kept;
}

/** The global model; without a network the last one. */
async function model(request) {
  try {
    const answer = await fetch(request);
    if (answer.status === 200) await (await caches.open(PAGE)).put(scope + MODEL, answer.clone());
    return answer;
  } catch (error) {
    const kept = await (await caches.open(PAGE)).match(scope + MODEL);
    if (kept) return kept;
    throw error;
  }
}

/** A file of a release: as it was kept, even as the same file of another release, else from the server. */
async function released(request, release, address) {
  const ready = COMPILED.test(address) ? await compiled(request.url) : null;
  const kept = ready ?? (await caches.match(request.url, { ignoreVary: true }));
  return kept ?? (await sameOf(release, address)) ?? fetch(request);
}

/** A file from the browser's own cache, which has with it what the browser has compiled of it. */
async function compiled(url) {
  const answer = await fetch(url, { cache: "only-if-cached", mode: "same-origin" }).catch(() => null);
  return answer?.ok && answer.headers.get("Cache-Control")?.includes("immutable") ? answer : null;
}

async function sameOf(release, address) {
  const others = (await releases()).filter((name) => name !== release);
  if (others.length === 0) return undefined;
  const sha256 = (await manifest(release))[address];
  for (const other of others) {
    if (sha256 && (await manifest(other))[address] === sha256) {
      // Made anew, it has no address of its own: what a script imports would else be looked for beside the old one.
      const { body, headers } = await caches.match(addressIn(other, address), { ignoreVary: true });
      return new Response(body, { headers });
    }
  }
  return undefined;
}

/** Keep a release whole, then the page that uses it, then drop those that nobody uses. */
async function keep(release, server) {
  const cache = await caches.open(KEPT + release);
  const files = Object.entries(await manifest(release));
  const missing = [];
  for (const file of files) {
    if (!(await cache.match(addressIn(release, file[0]), { ignoreVary: true }))) missing.push(file);
  }
  const fetching = Array.from({ length: AT_ONCE }, async () => {
    while (missing.length) await keepFile(cache, release, ...missing.pop());
  });
  await Promise.all(fetching);
  await keepPage(release);
  if (server && !(await (await caches.open(PAGE)).match(scope + MODEL))) await model(scope + MODEL);
  await dropUnused(release);
}

async function keepFile(cache, release, address, sha256) {
  const url = addressIn(release, address);
  const answer = (await sameOf(release, address)) ?? (await fetch(url));
  if (!answer.ok) throw new Error(`${address}: the server answered ${answer.status}`);
  if ((await sha256Of(answer.clone())) !== sha256) throw new Error(`${address} is another release's by now`);
  await cache.put(url, answer);
}

/** Must come last: a page that is kept finds all its files. */
async function keepPage(release) {
  const answer = await fetch(scope, { cache: "no-cache" });
  const ours = (await answer.clone().text()).includes(`"r/${release}/`);
  if (answer.ok && ours) await (await caches.open(PAGE)).put(scope, answer);
}

async function dropUnused(release) {
  const { held } = await navigator.locks.query();
  const used = new Set([KEPT + release, ...held.map(({ name }) => name)]);
  const page = await (await (await caches.open(PAGE)).match(scope))?.text();
  for (const name of await releases()) {
    if (!used.has(KEPT + name) && !page?.includes(`"r/${name}/`)) await caches.delete(KEPT + name);
  }
}

async function releases() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith(KEPT)).map((name) => name.slice(KEPT.length));
}

/** SHA-256 by address of the files of a release. */
function manifest(release) {
  if (!manifests.has(release)) {
    const reading = readManifest(release);
    manifests.set(release, reading);
    reading.catch(() => manifests.delete(release));
  }
  return manifests.get(release);
}

async function readManifest(release) {
  const url = addressIn(release, "files.json");
  const kept = await caches.match(url, { ignoreVary: true });
  const answer = kept ?? (await fetch(url));
  if (!answer.ok) throw new Error(`the list of files can't be loaded: the server answered ${answer.status}`);
  if (!kept && (await caches.has(KEPT + release))) {
    await (await caches.open(KEPT + release)).put(url, answer.clone());
  }
  return answer.json();
}

const addressIn = (release, address) => `${scope}r/${release}/${address}`;

/** The answer with the headers without which a page gets no shared memory; hosts of plain files don't send them. */
function isolated(answer) {
  const isIsolated = answer.headers.has("Cross-Origin-Embedder-Policy");
  if (isIsolated || answer.type === "opaqueredirect" || answer.status === 0) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}

async function sha256Of(answer) {
  const digest = await crypto.subtle.digest("SHA-256", await answer.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
