/**
 * Compresses files for the transfer, several at a time. Each copy appears under its name when it is complete.
 *
 * The jobs are `[[source, target, format, quality], …]`, where a format is ".br" or ".gz".
 */

import { readFile, rename, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { readJobs } from "./jobs.mjs";

/** @typedef {".br" | ".gz"} Format */
/** @typedef {[source: string, target: string, format: Format, quality: number]} Job */

/** @type {Record<Format, (content: Buffer, quality: number) => Promise<Buffer>>} */
const COMPRESSORS = { ".br": brotli, ".gz": (content, level) => promisify(gzip)(content, { level }) };

/** @type {Job[]} */
const jobs = await readJobs();
await Promise.all(jobs.map((job) => compress(...job)));
process.exit();

/**
 * @param {string} source
 * @param {string} target
 * @param {Format} format
 * @param {number} quality
 */
async function compress(source, target, format, quality) {
  const content = await readFile(source);
  await writeFile(`${target}.part`, await COMPRESSORS[format](content, quality));
  await rename(`${target}.part`, target);
}

/**
 * @param {Buffer} content
 * @param {number} quality
 */
function brotli(content, quality) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  return promisify(brotliCompress)(content, { params });
}
