"""The page's side: records what the listener does and talks to the engine. MicroPython or Pyodide."""
