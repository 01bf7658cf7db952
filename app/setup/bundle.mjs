/**
 * Bundles the page's JavaScript and CSS: each entry becomes one file with all that it imports.
 *
 * The argument is the folder of the npm packages. The job is `{roots, entries, separate, unused, target}`. Files have the addresses below which they are
 * served; `roots` has the folder of each first part of an address. What is in `separate` stays a file of its own, what
 * is in `unused` is replaced by an empty module. Addresses relative to `import.meta.url` stay right.
 */

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { readJobs } from "./jobs.mjs";

/** @typedef {{path: string, namespace?: string, external?: boolean}} Resolved */

/** @type {typeof import("esbuild")} */
const { build } = createRequire(join(process.argv[2], "package.json"))("esbuild");

/** @type {{roots: Record<string, string>, entries: string[], separate: string[], unused: string[], target: string}} */
const { roots, entries, separate, unused, target } = await readJobs();

/** @type {Set<string>} */
const inputs = new Set();
try {
  for (const entry of entries) await bundle(entry);
  for (const entry of entries) inputs.delete(entry);
  await writeFile(`${target}/inputs.json`, JSON.stringify([...inputs].sort()));
} catch {
  process.exit(1); // esbuild has said why.
}
process.exit();

/** @param {string} entry  an address */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    outfile: `${target}/${entry}`,
    format: "esm",
    target: "es2024",
    minify: true,
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "inline",
    logLevel: "error",
    plugins: [{ name: "addresses", setup: (build) => resolveAddresses(build, entry) }],
  });
  for (const { path, text } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, path.endsWith(".map") ? withAddresses(text, entry) : text);
    await rename(`${path}.new`, path);
  }
}

/**
 * @param {import("esbuild").PluginBuild} build
 * @param {string} entry
 */
function resolveAddresses(build, entry) {
  build.onResolve({ filter: /.*/ }, ({ kind, path, importer }) => {
    const address = posix.join(kind === "entry-point" ? "" : posix.dirname(importer), path);
    if (kind !== "entry-point" && !path.startsWith(".")) return { path, external: true };
    if (unused.includes(address)) return { path: address, namespace: "unused" };
    const isSeparate = separate.includes(address) || (kind === "dynamic-import" && entries.includes(address));
    if (isSeparate || !existsSync(fileOf(address)))
      return { path: relativeTo(entry, address), external: true };
    return { path: address, namespace: "served" };
  });
  build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "export default undefined;" }));
  build.onLoad({ filter: /.*/, namespace: "served" }, async ({ path }) => {
    inputs.add(path);
    const contents = await readFile(fileOf(path), "utf8");
    if (path.endsWith(".css")) return { contents, loader: "css" };
    const url = `{ url: new URL(${JSON.stringify(relativeTo(entry, path))}, import.meta.url).href }`;
    return { contents: contents.replaceAll(/\bimport\.meta\b/g, `(${url})`), loader: "js" };
  });
}

/**
 * @param {string} address
 * @returns {string} the file that is served there
 */
function fileOf(address) {
  const root = Object.keys(roots).find((root) => address.startsWith(`${root}/`));
  return root ? roots[root] + address.slice(root.length) : "";
}

/**
 * @param {string} base  an address
 * @param {string} address
 */
function relativeTo(base, address) {
  const path = posix.relative(posix.dirname(base), address);
  return path.startsWith(".") ? path : `./${path}`;
}

/**
 * @param {string} text  a source map
 * @param {string} entry
 * @returns {string} the map, with the sources' addresses
 */
function withAddresses(text, entry) {
  const map = JSON.parse(text);
  map.sources = map.sources.map((/** @type {string} */ source) =>
    relativeTo(entry, source.replace(/^.*?:/, "")),
  );
  return JSON.stringify(map);
}
