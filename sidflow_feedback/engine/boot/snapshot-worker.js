// Starts Python once more, keeps its memory for the next start of the engine, and ends.

import { loadPyodide } from "../../../static/vendor/pyodide/pyodide.mjs";
import { configuration } from "./runtime.js";
import { keep } from "./snapshot.js";

// What numpy, PyScript and the engine import of the standard library, without what draws on the system's chance.
const IMPORTS = `
import abc, ast, asyncio, base64, collections.abc, contextlib, contextvars, copy, copyreg, dataclasses, datetime
import enum, fnmatch, functools, hashlib, importlib.metadata, inspect, io, itertools, json, keyword, linecache
import locale, math, numbers, operator, os, pathlib, pickle, platform, re, reprlib, shutil, string, struct, sys
import tempfile, textwrap, threading, time, tokenize, traceback, types, typing, unittest, urllib.parse, uuid
import warnings, weakref, zipfile, zlib
`;

const python = await loadPyodide({ ...configuration, packages: [], _makeSnapshot: true });
python.runPython(IMPORTS);
await keep(python.makeMemorySnapshot());
postMessage("kept");
