"""Item ids: client and server accept the same ones, and refuse what must not leave the machine."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.server.schema import RatingDelta
from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.sync.deltas import AnonymizedDelta
from sidflow_feedback.vocabulary import MAX_ITEM_ID
from tests.contracts.samples import rating, track

ACCEPTED = [
    *("loop-7", "7", "sha256:" + "0123456789abcdef" * 4, "sha256:x", "spotify:track:42", "ab:c", "1:a"),
    *("https://example.org/loops/7?v=2#t", "Two..Dots_and...more.sid", ".hidden/a.sid", "...", "a/./b"),
    *("MUSICIANS/H/Hubbard_Rob/Commando.sid", "DEMOS/A-F/Über_(1987)_[C64].sid", "a//b", "AC\\DC"),
    *("a/~/b", "a~", " ", " x ", "\u2028", "\u200d", "\U0001f3b5", "\uffff"),
    *("x" * MAX_ITEM_ID, "\U0001f3b5" * MAX_ITEM_ID),
]
REFUSED = [
    *("/home/me/tunes/secret.sid", "//server/share/a.sid", " /home/me/a.sid", "\\\\server\\share\\a.sid"),
    *("\\a", "~/tunes/a.sid", "~me/a.sid", "~", "C:/Users/me/a.sid", "c:a.sid", "C:\\Users\\me", " c:"),
    *("file:///home/me/a.sid", "FILE:/home/me/a.sid", "blob:http://127.0.0.1/1234", "content://media/1"),
    *("filesystem:http://127.0.0.1/a", "..", "../me/a.sid", "Demo/../../me/a.sid", "Demo/..", "a\\..\\b"),
    *("a/..\\b", "Demo/a.sid\n", "Demo/\x00a.sid", "\x1b", "\x7f", "\x85", "\ud800", "a\udfff"),
    *("", "x" * (MAX_ITEM_ID + 1)),
]
FRAGMENTS = [
    *("/", "\\", "..", ".", "~", ":", "C:", "file:", "blob:", "sha256:", " ", "\n", "\ud83c", "loop"),
    "x" * 100,
]
PARTS = st.lists(st.sampled_from(FRAGMENTS) | st.characters(), max_size=6)
IDS = st.text(st.characters()) | PARTS.map("".join)
DELTA = {"uuid": str(uuid.uuid4()), "song": 1, "ratings": {"e": 4}}


def sent(item_id: str) -> dict[str, Any] | None:
    """Return the record that the client sends of an event of this item; None if it refuses."""
    try:
        return AnonymizedDelta.from_event(rating(track=track(item_id=item_id))).to_record()
    except InvalidRecordError:
        return None


def taken(item_id: str) -> bool:
    """Return whether the server accepts an event of this item."""
    try:
        return RatingDelta.model_validate(DELTA | {"sidPath": item_id}).item_id == item_id
    except ValidationError:
        return False


@pytest.mark.parametrize("item_id", ACCEPTED)
def test_any_other_id_is_sent_and_stored_as_it_is(item_id: str) -> None:
    record = sent(item_id)
    assert record is not None
    assert record["sidPath"] == item_id
    assert RatingDelta.model_validate(record).item_id == item_id


@pytest.mark.parametrize("item_id", REFUSED, ids=ascii)
def test_id_that_names_something_local_or_is_dangerous_is_refused_by_both(item_id: str) -> None:
    assert sent(item_id) is None
    assert not taken(item_id)


@given(IDS)
@example("x" * MAX_ITEM_ID)
@example("x" * (MAX_ITEM_ID + 1))
def test_client_and_server_accept_the_same_ids(item_id: str) -> None:
    record = sent(item_id)
    assert (record is not None) == taken(item_id)
    if record is not None:
        assert item_id.encode().decode() == record["sidPath"] == item_id
        assert item_id.lstrip()[:1] not in ("/", "\\", "~")
        assert ".." not in item_id.replace("\\", "/").split("/")
