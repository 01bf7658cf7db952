"""What a listener is told about how far a prediction may be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sidflow_feedback.page import wire_format
from sidflow_feedback.recommending.sureness import (
    FAIRLY_SURE,
    GUESS,
    NOT_SURE,
    SURE,
    levels_of_global,
    levels_of_local,
    packed,
    told,
)
from tests.unit.listening import base_model


def test_what_is_no_better_than_chance_is_not_sure() -> None:
    assert told(replace(base_model(), tells="")) == []
    assert told(replace(base_model(), tells="ep")) == [0, 3]
    assert (levels_of_local(np.empty((2, 0)), []) == NOT_SURE).all()


@pytest.mark.parametrize(("deviation", "level"), [(0.1, SURE), (0.45, FAIRLY_SURE), (0.9, GUESS)])
def test_the_smaller_the_deviation_the_surer(deviation: float, level: int) -> None:
    levels = levels_of_local(np.array([[deviation]]), [3])
    assert levels.tolist() == [[NOT_SURE, NOT_SURE, NOT_SURE, level]]


def test_a_global_model_guesses_what_it_has_an_opinion_on() -> None:
    outputs = np.array([[3.4, 3.0, 3.0, 3.0], [2.6, 3.0, 3.01, 3.0], [np.nan] * 4])
    assert levels_of_global(outputs).tolist() == [[GUESS, NOT_SURE, NOT_SURE, NOT_SURE]] * 3
    assert levels_of_global(outputs[2:]).tolist() == [[NOT_SURE] * 4]


def test_a_page_reads_the_levels_that_an_engine_packs() -> None:
    levels = np.array([[0, 1, 2, 3], [3, 0, 0, 1]], np.uint8)
    text = packed(levels)
    assert wire_format.sureness(text, 0) == {"e": 0, "m": 1, "c": 2, "p": 3}
    assert wire_format.sureness(text, 1) == {"e": 3, "m": 0, "c": 0, "p": 1}
    assert wire_format.sureness(text, 2) == wire_format.sureness(text, -1) == dict.fromkeys("emcp", 0)
