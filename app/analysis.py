"""Analysis of a song outside the browser, with the same emulator and the same code as in the page."""

import numpy as np

from sidflow_feedback.analysis.excerpt import Excerpt, Findings, study
from sidflow_feedback.analysis.features import EXCERPT_SECONDS
from sidflow_feedback.analysis.trace import CLOCKS, TRACE_SECONDS
from sidflow_feedback.idle import finish

from .emulator import SAMPLE_RATE, SidEmulator

try:
    from scipy.fft import rfft  # transforms several frames at once
except ImportError:
    from numpy.fft import rfft

_PIECE = 2 * 16384  # frames rendered before looking for the end of the song


def analyze_song(emulator: SidEmulator, data: bytes, song: int = 0, duration: float = 0) -> Findings:
    """Analyze a song of a .sid file.

    Parameters
    ----------
    emulator
        Loses its tune.
    data
        The .sid file.
    song
        From 1; 0 is the start song.
    duration
        Length of the whole song in seconds, if it is known.

    Raises
    ------
    SidError
        The emulator can't play the song.
    """
    return finish(study(render_excerpt(emulator, data, song), duration or EXCERPT_SECONDS, rfft))


def render_excerpt(emulator: SidEmulator, data: bytes, song: int = 0) -> Excerpt:
    """Render the beginning of a song for analysis; see `analyze_song`."""
    emulator.load(data)
    emulator.analyze(song)
    parts, left = [], EXCERPT_SECONDS * SAMPLE_RATE
    while left > 0 and not emulator.end:
        parts.append(emulator.render(min(_PIECE, left)))
        left -= len(parts[-1])
    end = emulator.end
    if not end:
        emulator.skip((TRACE_SECONDS - EXCERPT_SECONDS) * SAMPLE_RATE)
    clock = CLOCKS[emulator.info.clock]
    return Excerpt(np.concatenate(parts), SAMPLE_RATE, emulator.take_trace(), clock, end != 0, end or None)
