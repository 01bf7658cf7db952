"""The tests' other half: runs in Pyodide, with the library from its wheel."""
