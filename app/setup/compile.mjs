// Turns the Python sources in archives (zips and wheels) into bytecode, by Pyodide's own Python: its bytecode is
// for its version only. Reads [[source, target], …] as JSON from standard input; its one argument is Pyodide's folder.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const COMPILE = `
import io
from importlib._bootstrap_external import _code_to_hash_pyc
from zipfile import ZIP_STORED, ZipFile, ZipInfo

FOR_BUILDING = (".a", ".h", ".pxd", ".pyi", ".pyx")


def compiled(archive):
    """Return the archive with bytecode for sources, without what only compilers read, not compressed.

    The same archive gives the same bytes. The transfer compresses the whole better than a zip its parts.
    """
    output = io.BytesIO()
    with ZipFile(io.BytesIO(archive)) as sources, ZipFile(output, "w", ZIP_STORED) as target:
        for name in sources.namelist():
            if not name.endswith(FOR_BUILDING):
                target.writestr(*member(name, sources.read(name)))
    return output.getvalue()


def member(name, content):
    if name.endswith(".py"):
        try:
            code = compile(content, name, "exec", dont_inherit=True, optimize=0)
        except SyntaxError:  # Some archives carry examples of it.
            pass
        else:
            name, content = name + "c", _code_to_hash_pyc(code, bytes(8), False)
    return ZipInfo(name), content


with open("source", "rb") as source, open("target", "wb") as target:
    target.write(compiled(source.read()))
`;

const [, , folder] = process.argv;
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
// Sets are written in the order of their hashes.
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0" }, packages: [] });

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
for (const [source, target] of JSON.parse(Buffer.concat(chunks).toString())) {
  python.FS.writeFile("source", await readFile(source));
  python.runPython(COMPILE);
  await writeFile(target, python.FS.readFile("target"));
}
