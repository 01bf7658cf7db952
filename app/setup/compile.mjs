/**
 * Compiles the Python sources in archives (zips and wheels) to bytecode. Pyodide's own Python does it, because bytecode
 * fits one version of Python only.
 *
 * The argument is Pyodide's folder. The jobs are `[[source, target, leftOut, documented], …]`. Members whose
 * names match the regular expression `leftOut` are left out; docstrings stay only where names match `documented`.
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readJobs } from "./jobs.mjs";

const COMPILE = `
import ast
import io
import re
from importlib._bootstrap_external import _code_to_hash_pyc
from zipfile import ZIP_STORED, ZipFile, ZipInfo

def compiled(archive):
    """Return the archive, uncompressed, with bytecode for sources.

    The same archive gives the same bytes. HTTP compresses the whole archive better than a zip its parts.
    """
    output = io.BytesIO()
    with ZipFile(io.BytesIO(archive)) as sources, ZipFile(output, "w", ZIP_STORED) as target:
        for name in sources.namelist():
            if not re.match(LEFT_OUT, name):
                target.writestr(*member(name, sources.read(name)))
    return output.getvalue()


def member(name, content):
    if name.endswith(".py"):
        try:
            tree = ast.parse(content, name)
            if not re.match(DOCUMENTED, name):
                remove_docstrings(tree)
            code = compile(tree, name, "exec", dont_inherit=True, optimize=0)
        except SyntaxError:  # Some archives contain broken examples.
            pass
        else:
            name, content = name + "c", _code_to_hash_pyc(code, bytes(8), False)
    return ZipInfo(name), content


def remove_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
                node.body[0] = ast.copy_location(ast.Pass(), first)


with open("source", "rb") as source, open("target", "wb") as target:
    target.write(compiled(source.read()))
`;

const [, , folder] = process.argv;
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")).href);
// Bytecode holds sets in the order of their hashes.
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0" }, packages: [] });

for (const [source, target, leftOut, documented] of await readJobs()) {
  python.globals.set("LEFT_OUT", leftOut);
  python.globals.set("DOCUMENTED", documented);
  python.FS.writeFile("source", await readFile(source));
  python.runPython(COMPILE);
  await writeFile(target, python.FS.readFile("target"));
}
process.exit();
