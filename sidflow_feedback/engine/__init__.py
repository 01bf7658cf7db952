"""The engine: runs the store, training, and sync in a Pyodide worker and answers the pages."""
