"""Test functions that run in Pyodide, with the library from its wheel."""
