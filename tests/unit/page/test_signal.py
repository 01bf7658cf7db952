"""A signal calls its listeners."""

from __future__ import annotations

from sidflow_feedback.page.signal import Signal


def test_every_listener_gets_what_is_emitted_in_the_order_of_connecting() -> None:
    signal: Signal[[str, int]] = Signal()
    calls: list[tuple[str, str, int]] = []
    signal.emit("nobody listens", 0)
    signal.connect(lambda name, number: calls.append(("first", name, number)))
    signal.connect(lambda name, number: calls.append(("second", name, number)))
    signal.emit("a", 1)
    assert calls == [("first", "a", 1), ("second", "a", 1)]


def test_each_signal_has_its_own_listeners() -> None:
    one: Signal[[]] = Signal()
    other: Signal[[]] = Signal()
    calls: list[str] = []
    one.connect(lambda: calls.append("one"))
    other.emit()
    assert calls == []
