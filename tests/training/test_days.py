"""What a day, and a network on a day, can contribute."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.server.day_range import DayRange
from app.server.errors import ConfigurationError
from app.training.days import DAY_UPLOADS, MIN_SETTLED, NETWORK_UPLOADS, TIMES_USUAL, weights_of

FIRST = date(2026, 2, 1)
Row = tuple[date, int | None, int]


def day(number: int) -> date:
    return FIRST + timedelta(number)


def test_honest_days_count_in_full() -> None:
    rows: list[Row] = [(day(i), network, 5 + network % 4) for i in range(20) for network in range(30)]
    assert weights_of(rows).shares == {}


def test_network_counts_as_a_few_others_at_most() -> None:
    others: list[Row] = [(FIRST, network, 10) for network in range(1, 40)]
    found = weights_of([(FIRST, 0, 5000), *others])
    assert set(found.shares) == {(FIRST, 0)}
    assert found.share((FIRST, 0)) * 5000 == pytest.approx(TIMES_USUAL * 10)
    few = weights_of([(FIRST, 0, 5000), (FIRST, 1, 2), (FIRST, 2, 2)])
    assert few.share((FIRST, 0)) * 5000 == pytest.approx(NETWORK_UPLOADS)


def test_single_network_is_no_network() -> None:
    """Behind a proxy that isn't configured, all listeners seem to come from one."""
    assert weights_of([(FIRST, 7, 5000)]).shares == {}
    assert weights_of([(FIRST, None, 5000), (day(1), None, 4900)]).shares == {}


def test_day_counts_as_a_few_others_at_most() -> None:
    usual: list[Row] = [(day(i), network, 4) for i in range(30) for network in range(30)]
    flood: list[Row] = [(day(40), network, 400) for network in range(256)]
    found = weights_of([*usual, *flood])
    total = sum(400 * found.share((day(40), network)) for network in range(256))
    assert total == pytest.approx(TIMES_USUAL * 120)
    assert found.share((day(3), 5)) == 1
    rare: list[Row] = [(day(i), 1, 2) for i in range(5)]
    quiet = weights_of([*rare, *((day(9), network, 20) for network in range(50))])
    assert sum(20 * quiet.share((day(9), network)) for network in range(50)) == pytest.approx(DAY_UPLOADS)


def test_latest_week_does_not_judge_if_there_is_enough_before() -> None:
    assert weights_of([(day(0), 1, MIN_SETTLED), (day(10), 1, 50)]).settled == day(3)
    assert weights_of([(day(0), 1, MIN_SETTLED - 1), (day(10), 1, 50)]).settled is None
    assert weights_of([]).settled is None


def test_days_left_out_do_not_count() -> None:
    without = (DayRange.parse("2026-02-03..2026-02-05"), DayRange.parse("2026-02-09"))
    rows: list[Row] = [(day(i), 1, 200 if day(i) in without[0] else 5) for i in range(12)]
    found = weights_of(rows, without)
    assert [day(i) for i in range(12) if not found.counts(day(i))] == [day(2), day(3), day(4), day(8)]
    assert found.shares == {}
    assert [str(days) for days in without] == ["2026-02-03..2026-02-05", "2026-02-09..2026-02-09"]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30", "2026-02-05..2026-02-03", "2026-02-03..", ".."]
)
def test_other_texts_are_no_days(text: str) -> None:
    with pytest.raises(ConfigurationError):
        DayRange.parse(text)
