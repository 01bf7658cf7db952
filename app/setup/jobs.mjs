/** Standard input of set-up's scripts. */

import { createInterface } from "node:readline";

/**
 * Read the jobs, one line of JSON. The process ends when its input does: whoever started it is gone. So a script must
 * end by `process.exit()`.
 * @returns {Promise<any>}
 */
export function readJobs() {
  const lines = createInterface({ input: process.stdin });
  lines.once("close", () => process.exit(1));
  return new Promise((resolve) => lines.once("line", (line) => resolve(JSON.parse(line))));
}
