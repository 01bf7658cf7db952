// MicroPython as PyScript loads it, with the page's Python in place: one file instead of many, fetched meanwhile.

import { loadMicroPython as load } from "../vendor/micropython/micropython.mjs";

const RUNTIME = new URL("../vendor/micropython/micropython.wasm", import.meta.url).href;
const SOURCES = new URL("../../page/sources.json", import.meta.url).href;

/** Where PyScript's own first program can be cut in two: run at once it holds up the page for some 60 ms. */
const CUT = "import pyscript as _pyscript\n";

export async function loadMicroPython(options) {
  const [python, sources] = await Promise.all([load({ ...options, url: RUNTIME }), readSources()]);
  for (const [path, text] of Object.entries(sources)) write(python.FS, path, text);
  python.runPythonAsync = inTwoTasks(python.runPythonAsync.bind(python));
  return python;
}

function inTwoTasks(run) {
  return async (program, ...options) => {
    const cut = Math.max(0, program.indexOf(CUT));
    if (cut > 0) {
      await run(program.slice(0, cut));
      await new Promise((resume) => setTimeout(resume));
    }
    return run(program.slice(cut), ...options);
  };
}

/** Texts by path, of this release. */
async function readSources() {
  const answer = await fetch(SOURCES);
  if (!answer.ok) {
    throw new Error(
      `The page's program can't be loaded: the server answered ${answer.status}. Reload the page.`,
    );
  }
  return answer.json();
}

function write(files, path, text) {
  const folders = path.split("/").slice(0, -1);
  folders.forEach((_, depth) => {
    const folder = folders.slice(0, depth + 1).join("/");
    if (!files.analyzePath(folder).exists) files.mkdir(folder);
  });
  files.writeFile(path, text);
}
