"""The archive: an export can be imported, and any other file is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidflow_feedback.engine import archive
from sidflow_feedback.engine.archive import DAMAGED, MERGED, STEP, ImportReport, import_archive
from sidflow_feedback.engine.transfer import Step
from sidflow_feedback.errors import ArchiveError, StoreFullError, TransferError
from sidflow_feedback.idle import finish
from sidflow_feedback.learning.fine_tuning import fine_tune, with_result
from sidflow_feedback.learning.snapshot import Snapshot, snapshot_to_record
from sidflow_feedback.store import KINDS, AddReport, Outcome, StoredEvent
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.types import Record, SyncStatus
from tests.contracts.samples import NOON, implicit, rating, track
from tests.unit.listening import base_model, collected, matrix
from tests.unit.listening import rating as taste


async def export_archive(store: MemoryStore, *, now: float) -> str:
    return "".join(await archive.export_archive(store, now=now))


def snapshot(number: int) -> Record:
    base = base_model(seed=number)
    result = finish(
        fine_tune(
            base, None, collected(taste(i) for i in range(9)), matrix(range(9)), iterations=1, seed=number
        )
    )
    snapshot = Snapshot(
        model=with_result(base, f"local-{number}", result),
        created=NOON,
        read=NOON,
        samples=9,
        error=1.0,
        mean_error=1.5,
    )
    return finish(snapshot_to_record(snapshot))


async def lived_in() -> MemoryStore:
    """Return a store with events of each kind and status, and two snapshots."""
    store = MemoryStore()
    events = [
        rating(track=track(item_id='Düsseldorf/"q"/\\ \u2028 🎵.sid')),
        implicit(action="play_complete"),
        *(kind(timestamp=NOON + i) for i in range(1, 5) for kind in (rating, implicit)),
    ]
    await store.add(events)
    claimed = await store.claim(6, owner="a", now=NOON)
    ends: tuple[SyncStatus, ...] = ("synced", "failed", "pending")
    outcomes = [
        Outcome(uuid=event.uuid, status=end, error="no" if end == "failed" else None, next_try=NOON + 7)
        for event, end in zip(claimed, ends, strict=False)
    ]
    await store.settle(outcomes, owner="a", now=NOON + 1)
    for number in (1, 2):
        await store.save_snapshot(snapshot(number))
    return store


async def content(store: MemoryStore) -> tuple[list[StoredEvent], list[Record]]:
    rows = [row for kind in KINDS for row in await store.rows(kind)]
    return rows, await store.snapshots()


def sealed(content: Any) -> str:
    """Return the text of an archive with this content and a valid checksum."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return json.dumps(content | {"checksum": hashlib.sha256(text.encode()).hexdigest()})


async def opened() -> Record:
    """Return an archive's content without its checksum."""
    found: Record = json.loads(await export_archive(await lived_in(), now=NOON))
    del found["checksum"]
    return found


async def refusal(text: str) -> str:
    """Return why a text is refused, and check that nothing was imported."""
    store = await lived_in()
    before = await content(store)
    with pytest.raises(ArchiveError) as caught:
        await import_archive(store, text)
    assert await content(store) == before
    assert "Nothing was imported" in str(caught.value)
    return str(caught.value)


async def test_export_wipe_import_gives_the_same() -> None:
    store = await lived_in()
    rows, snapshots = await content(store)
    text = await export_archive(store, now=NOON)
    await store.wipe()
    report = await import_archive(store, text)
    assert (len(report.stored), report.duplicates) == (len(rows), 0)
    again, snapshots_again = await content(store)
    assert snapshots_again == snapshots
    assert {row.status for row in rows} == {"pending", "processing", "synced", "failed"}
    assert [to_compare(row) for row in again] == [to_compare(row) for row in rows]


def to_compare(row: StoredEvent) -> Record:
    record = row.to_record()
    # What was on its way when it was exported is not on its way after an import.
    return record | {"syncStatus": record["syncStatus"].replace("processing", "pending")}


async def test_second_import_adds_nothing() -> None:
    store = await lived_in()
    text = await export_archive(store, now=NOON)
    before = await content(store)
    report = await import_archive(store, text)
    assert (len(report.stored), report.duplicates) == (0, 10)
    assert await content(store) == before


async def test_archives_of_two_browsers_are_merged() -> None:
    one, other = await lived_in(), await lived_in()
    report = await import_archive(one, await export_archive(other, now=NOON))
    assert len(report.stored) == 10
    assert len((await content(one))[0]) == 20


async def test_more_rows_than_one_batch() -> None:
    store, other = MemoryStore(), MemoryStore()
    events = [implicit(timestamp=NOON + i) for i in range(1203)]
    await store.add(events)
    await import_archive(other, await export_archive(store, now=NOON))
    assert (await other.implicit(2000))[::-1] == events
    assert await other.audit() == []


def canceling(phase: str, after: int) -> Step:
    """Return a step that cancels in a phase after so many events."""

    async def step(now: str, done: int, _total: int) -> None:
        if now == phase and done >= after:
            raise TransferError("Canceled.")

    return step


async def test_other_work_goes_on_between_steps() -> None:
    seen: list[tuple[str, int, int]] = []

    async def step(phase: str, done: int, total: int) -> None:
        seen.append((phase, done, total))

    store, total = MemoryStore(), 7 * STEP
    await store.add([implicit(timestamp=NOON + i) for i in range(total)])
    text = "".join(await archive.export_archive(store, now=NOON, step=step))
    assert seen == [("export", done, total) for done in range(STEP, total + 1, STEP)]
    seen.clear()
    await import_archive(MemoryStore(), text, step=step)
    read, checked = range(STEP, total + 1, STEP), range(STEP, total + 1, STEP)
    assert [(done, all_) for phase, done, all_ in seen if phase == "read"] == [(done, 0) for done in read]
    assert [done for phase, done, _ in seen if phase == "check"] == list(checked)
    assert [step for step in seen if step[0] == "store"] == [
        ("store", MERGED, total),
        ("store", total, total),
    ]


@pytest.mark.parametrize("phase", ["read", "check"])
async def test_import_canceled_before_all_is_checked_imports_nothing(phase: str) -> None:
    text = await export_archive(await many(2 * STEP), now=NOON)
    store = MemoryStore()
    with pytest.raises(TransferError, match=r"Canceled\. Nothing was imported"):
        await import_archive(store, text, step=canceling(phase, STEP))
    assert await content(store) == ([], [])


async def many(number: int) -> MemoryStore:
    store = MemoryStore()
    await store.add([rating(timestamp=NOON + i) for i in range(number)])
    return store


async def test_import_canceled_halfway_can_be_repeated() -> None:
    text = await export_archive(source := await many(3 * MERGED), now=NOON)
    store, report = MemoryStore(), ImportReport()
    with pytest.raises(TransferError, match="1,000 of 1,500 events of the file are here now"):
        await import_archive(store, text, report=report, step=canceling("store", 2 * MERGED))
    assert len(report.stored) == (await store.counts()).stored == 2 * MERGED
    again = await import_archive(store, text)
    assert (len(again.stored), again.duplicates) == (MERGED, 2 * MERGED)
    assert (await content(store))[0] == (await content(source))[0]
    assert await store.audit() == []


class FullStore(MemoryStore):
    """A store that has room for one batch of rows."""

    async def merge(self, rows: Sequence[StoredEvent], snapshots: Sequence[Record]) -> AddReport:
        if (await self.counts()).stored:
            raise StoreFullError("The browser has no more space.")
        return await super().merge(rows, snapshots)


async def test_import_that_the_store_refuses_halfway_says_how_much_is_there() -> None:
    text = await export_archive(await many(2 * MERGED), now=NOON)
    with pytest.raises(TransferError, match=r"no more space\. 500 of 1,000 events") as caught:
        await import_archive(FullStore(), text)
    assert "Import it again" in str(caught.value)


async def test_empty_store_can_be_exported() -> None:
    report = await import_archive(MemoryStore(), await export_archive(MemoryStore(), now=NOON))
    assert list(report.stored) == []


async def test_archive_is_plain_text_as_documented() -> None:
    text = await export_archive(await lived_in(), now=NOON)
    assert text.isascii()  # whatever program saves it
    found = json.loads(text)
    assert list(found) == ["format", "version", "exported", "ratings", "implicit", "snapshots", "checksum"]
    del found["checksum"]
    assert json.loads(sealed(found)) == json.loads(text)
    assert found["ratings"][0]["sidPath"] == 'Düsseldorf/"q"/\\ \u2028 🎵.sid'


async def test_reformatted_archive_is_accepted() -> None:
    text = await export_archive(await lived_in(), now=NOON)
    pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False, sort_keys=True)
    report = await import_archive(MemoryStore(), pretty)
    assert len(report.stored) == 10


async def test_truncated_file_is_refused() -> None:
    text = await export_archive(await lived_in(), now=NOON)
    for length in (0, 1, len(text) // 2, len(text) - 1):
        assert await refusal(text[:length]) == DAMAGED  # None of the words of Python's parser.


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", "{}", '{"format": "sidflow"}', '{"log": {"version": "1.2"}}', '["sidflow"]']
)
async def test_foreign_file_is_refused(text: str) -> None:
    assert "not an export of this page" in await refusal(text)


@pytest.mark.parametrize("text", ["PSID\x00\x02", "\ufeff", "<html>", "NaN,", '{"a": 1' + "0" * 5000])
async def test_file_without_json_is_refused(text: str) -> None:
    assert "damaged or incomplete" in await refusal(text)


async def test_deeply_nested_file_is_refused() -> None:
    assert "damaged or incomplete" in await refusal("[" * 200_000)


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5])
async def test_other_version_is_refused(version: Any) -> None:
    message = await refusal(sealed(await opened() | {"version": version}))
    assert repr(version) in message
    assert "reads version 1" in message


async def test_huge_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = await export_archive(await lived_in(), now=NOON)
    monkeypatch.setattr(archive, "MAX_CHARACTERS", len(text) - 1)
    assert "too large" in await refusal(text)
    monkeypatch.setattr(archive, "MAX_CHARACTERS", len(text))
    assert (await import_archive(MemoryStore(), text)).stored


@pytest.mark.parametrize(
    ("old", "new"),
    [('"e": 4', '"e": 5'), ('"like"', '"skip"'), ('"synced"', '"failed"'), ("local-1", "local-3")],
)
async def test_edited_file_is_refused(old: str, new: str) -> None:
    text = await export_archive(await lived_in(), now=NOON)
    assert old in text
    assert "changed after it was exported" in await refusal(text.replace(old, new, 1))


async def test_file_without_checksum_is_refused() -> None:
    assert "changed after it was exported" in await refusal(json.dumps(await opened()))


@pytest.mark.parametrize("field", ["ratings", "implicit", "snapshots"])
@pytest.mark.parametrize("value", [None, {}, "x"])
async def test_file_without_a_list_is_refused(field: str, value: Any) -> None:
    assert f"list of {field}" in await refusal(sealed(await opened() | {field: value}))


@pytest.mark.parametrize(
    "change",
    [
        {"ratings": {"e": 9}},
        {"uuid": "me"},
        {"syncStatus": "lost"},
        {"attempts": "many"},
        {"attempts": float("inf")},
        {"nextTry": float("nan")},
        {"lastTry": True},
        {"nextTry": -1},
        {"attempts": 10**400},
        {"timestamp": -1},
        {"sidPath": None},
    ],
)
async def test_invalid_entry_is_refused_even_with_a_valid_checksum(change: Record) -> None:
    found = await opened()
    found["ratings"][2] |= change
    assert "an invalid entry" in await refusal(sealed(found))


@pytest.mark.parametrize("entry", [None, 3, "x", [], {}])
@pytest.mark.parametrize("field", ["ratings", "implicit", "snapshots"])
async def test_entry_of_another_type_is_refused(field: str, entry: Any) -> None:
    found = await opened()
    found[field].append(entry)
    assert "an invalid entry" in await refusal(sealed(found))


async def test_snapshot_that_is_damaged_is_refused() -> None:
    found = await opened()
    found["snapshots"][1]["steps"] = 2
    assert "checksum" in await refusal(sealed(found))


async def test_imported_snapshots_keep_their_order_and_replace_none() -> None:
    store = MemoryStore()
    await store.save_snapshot(snapshot(3))
    await import_archive(store, await export_archive(await lived_in(), now=NOON))
    assert [s["version"] for s in await store.snapshots()] == ["local-3"]
    other = MemoryStore()
    await import_archive(other, await export_archive(await lived_in(), now=NOON))
    assert [s["version"] for s in await other.snapshots()] == ["local-2", "local-1"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_edited_byte_goes_unnoticed(whole: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(at, min(len(whole), at + 3)))
    edited = whole[:at] + data.draw(st.text(st.characters(codec="latin-1"), max_size=3)) + whole[end:]
    store = MemoryStore()
    try:
        await import_archive(store, edited)
    except ArchiveError:
        assert await content(store) == ([], [])
    else:  # Only what means the same may pass, such as white space.
        assert json.loads(edited) == json.loads(whole)


@pytest.fixture
async def whole() -> str:
    store = MemoryStore()
    await store.add([rating(), implicit()])
    return await export_archive(store, now=NOON)
