// Compresses files for the transfer. Reads [[source, target, kind, quality], …] as JSON from standard input;
// kinds are .br and .gz. Several are compressed at once.

import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const COMPRESSORS = { ".br": brotli, ".gz": (content, level) => promisify(gzip)(content, { level }) };

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
await Promise.all(JSON.parse(Buffer.concat(chunks).toString()).map((job) => compress(...job)));

async function compress(source, target, kind, quality) {
  const content = await readFile(source);
  await writeFile(target, await COMPRESSORS[kind](content, quality));
}

function brotli(content, quality) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  return promisify(brotliCompress)(content, { params });
}
