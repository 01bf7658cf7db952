"""What a listener is told about how far a prediction may be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sidflow_feedback.learning.model import Model
from sidflow_feedback.learning.uncertainty import Uncertainty
from sidflow_feedback.page import wire_format
from sidflow_feedback.recommending.sureness import (
    FAIRLY_SURE,
    GUESS,
    NOT_SURE,
    SURE,
    levels,
    packed,
    told,
)
from tests.unit.listening import base_model

VARIED = np.array([[3.4, 3.0, 3.0, 3.0], [2.6, 3.0, 3.01, 3.4], [np.nan] * 4])


def learned(tells: str, labeled: str = "emcp") -> Model:
    noises = np.array([1.0 if name in labeled else np.nan for name in "emcp"])
    return replace(base_model(), tells=tells, uncertainty=Uncertainty(np.zeros((4, 3, 3)), noises, noises))


def test_what_is_no_better_than_chance_is_not_sure() -> None:
    assert told(learned("")) == []
    assert told(learned("ep")) == [0, 3]
    assert (levels(learned(""), VARIED, np.empty((3, 0))) == NOT_SURE).all()


@pytest.mark.parametrize(("deviation", "level"), [(0.1, SURE), (0.45, FAIRLY_SURE), (0.9, GUESS)])
def test_the_smaller_the_deviation_the_surer(deviation: float, level: int) -> None:
    found = levels(learned("p"), VARIED, np.full((3, 1), deviation))
    assert found.tolist() == [[NOT_SURE, NOT_SURE, NOT_SURE, level]] * 3


def test_a_global_model_guesses_what_it_has_an_opinion_on() -> None:
    model = base_model()
    assert levels(model, VARIED, None).tolist() == [[GUESS, NOT_SURE, NOT_SURE, GUESS]] * 3
    assert levels(model, VARIED[2:], None).tolist() == [[NOT_SURE] * 4]


def test_what_nobody_has_rated_stays_a_guess() -> None:
    found = levels(learned("p", labeled="p"), VARIED, np.full((3, 1), 0.1))
    assert found.tolist() == [[GUESS, NOT_SURE, NOT_SURE, SURE]] * 3


def test_a_page_reads_the_levels_that_an_engine_packs() -> None:
    text = packed(np.array([[0, 1, 2, 3], [3, 0, 0, 1]], np.uint8))
    assert wire_format.sureness(text, 0) == {"e": 0, "m": 1, "c": 2, "p": 3}
    assert wire_format.sureness(text, 1) == {"e": 3, "m": 0, "c": 0, "p": 1}
    assert wire_format.sureness(text, 2) == wire_format.sureness(text, -1) == dict.fromkeys("emcp", 0)
