/**
 * Compresses files for the transfer, several at a time.
 *
 * Standard input is JSON: `[[source, target, format, quality], …]`, where a format is ".br" or ".gz".
 */

import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** @typedef {".br" | ".gz"} Format */
/** @typedef {[source: string, target: string, format: Format, quality: number]} Job */

/** @type {Record<Format, (content: Buffer, quality: number) => Promise<Buffer>>} */
const COMPRESSORS = { ".br": brotli, ".gz": (content, level) => promisify(gzip)(content, { level }) };

/** @type {Buffer[]} */
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
/** @type {Job[]} */
const jobs = JSON.parse(Buffer.concat(chunks).toString());
await Promise.all(jobs.map((job) => compress(...job)));

/**
 * @param {string} source
 * @param {string} target
 * @param {Format} format
 * @param {number} quality
 */
async function compress(source, target, format, quality) {
  const content = await readFile(source);
  await writeFile(target, await COMPRESSORS[format](content, quality));
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
