"""Composes the demo tunes from a seed, as PSID files with a play routine of our own."""

from .library import DemoTune, compose_library

__all__ = ["DemoTune", "compose_library"]
