"""The page: MicroPython user interface, and the engine's entry script."""
