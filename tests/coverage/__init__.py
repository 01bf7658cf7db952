"""Measures which lines run, also in the browser: `make coverage`.

coverage.py measures CPython. In Pyodide, `in_pyodide.py` uses the interpreter's own monitoring. MicroPython
has none, so the servers of the tests serve the page's sources instrumented. Browsers send the lines to these
servers, which write them to files; `report.py` joins everything.
"""
