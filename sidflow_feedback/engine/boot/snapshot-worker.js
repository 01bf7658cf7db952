/** Worker that starts Python once, keeps a snapshot of its memory for the engine's next start, and ends. */

import { loadPyodide } from "../../../static/vendor/pyodide/pyodide.mjs";
import { configuration } from "./runtime.js";
import { keepSnapshot } from "./snapshot.js";

// What numpy, PyScript, and the engine import from the standard library. Must import nothing that reads the system's
// entropy: every start would get the same random numbers.
const IMPORTS = `
import abc, ast, asyncio, base64, collections.abc, contextlib, contextvars, copy, copyreg, dataclasses, datetime
import enum, fnmatch, functools, hashlib, importlib.metadata, inspect, io, itertools, json, keyword, linecache
import locale, math, numbers, operator, os, pathlib, pickle, platform, re, reprlib, shutil, string, struct, sys
import tempfile, textwrap, threading, time, tokenize, traceback, types, typing, unittest, urllib.parse, uuid
import warnings, weakref, zipfile, zlib
`;

const python = await loadPyodide({ ...configuration, packages: [], _makeSnapshot: true });
python.runPython(IMPORTS);
await keepSnapshot(python.makeMemorySnapshot());
postMessage("kept");
