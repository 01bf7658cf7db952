"""What crosses between page and engine is read as it was written."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from sidflow_feedback import vocabulary
from sidflow_feedback.page import wire_format


def test_engine_reads_the_features_that_a_page_packs() -> None:
    song = {name: float(i) for i, name in enumerate(vocabulary.FEATURE_NAMES)}
    found = np.frombuffer(base64.b64decode(wire_format.pack([song, None])), "<f4").reshape(-1, 8)
    assert found[0].tolist() == list(range(8))
    assert np.isnan(found[1]).all()
    lacking = np.frombuffer(base64.b64decode(wire_format.pack([{"rms": 0.5}])), "<f4")
    assert (~np.isnan(lacking)).sum() == 1


def test_page_reads_the_scores_that_an_engine_packs() -> None:
    written = np.array([[1, 2, 3, 4], [np.nan] * 4, [1.5, 2.5, 3.5, 4.5]], "<f4")
    scores = wire_format.unpack(base64.b64encode(written.tobytes()).decode())
    assert wire_format.score(scores, 0) == {"e": 1, "m": 2, "c": 3, "p": 4}
    assert wire_format.score(scores, 1) is None
    assert wire_format.score(scores, 2) == {"e": 1.5, "m": 2.5, "c": 3.5, "p": 4.5}
    assert wire_format.score(scores, 3) is None
    assert wire_format.score(scores, -1) is None


def test_empty_library_is_an_empty_text() -> None:
    assert wire_format.pack([]) == ""
    assert wire_format.score(wire_format.unpack(""), 0) is None


@pytest.mark.parametrize("value", [1, 0.5, -3, 2**31])
def test_whole_numbers_are_numbers_too(value: float) -> None:
    packed = wire_format.pack([dict.fromkeys(vocabulary.FEATURE_NAMES, value)])
    assert np.frombuffer(base64.b64decode(packed), "<f4").tolist() == [value] * 8
