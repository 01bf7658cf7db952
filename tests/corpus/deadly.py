"""Stands in for the analysis where a worker is to die; workers import it by name."""

import os
import signal
from collections.abc import Callable

import numpy as np

from app.corpus.part import Part
from sidflow_feedback.analysis.analysis_file import AnalyzedSong

DEADLY_SONG = 3


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _spin() -> None:
    while True:
        pass


def _sleep() -> None:
    signal.pause()


def _fill_memory() -> None:
    kept = []
    while True:
        kept.append(np.ones(10_000_000))


def _fail() -> None:
    raise ZeroDivisionError


DEEDS: dict[bytes, Callable[[], None]] = {
    b"dies": _die,
    b"spins": _spin,
    b"sleeps": _sleep,
    b"fills memory": _fill_memory,
    b"fails": _fail,
}


def analyze(part: Part) -> list[AnalyzedSong]:
    """Do what the file says at the deadly song; give the other songs their number as length."""
    for song in part.songs:
        if song == DEADLY_SONG and part.data in DEEDS:
            DEEDS[part.data]()
    return [AnalyzedSong(length=float(song)) for song in part.songs]
