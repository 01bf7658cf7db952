"""The archive: the content of the store as one file that the listener can keep.

It is a JSON object::

    {"format": "sidflow-feedback", "version": 1, "exported": "2026-01-31T12:00:00+00:00",
     "ratings": [...], "implicit": [...], "snapshots": [...], "checksum": "<sha256>"}

Events have the form of `StoredEvent.to_record`, and snapshots that of `snapshot.snapshot_to_record`. The
checksum is computed from the same object without it, serialized with sorted keys and no white space.

A store may have many events, and the engine has other work: all is done in steps of some milliseconds.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from sidflow_feedback.engine.archive_text import ArchiveText, Checksum
from sidflow_feedback.engine.transfer import Step, no_notice
from sidflow_feedback.errors import ArchiveError, FeedbackError, InvalidRecordError, TransferError
from sidflow_feedback.events import Event
from sidflow_feedback.learning.snapshot import snapshot_from_record
from sidflow_feedback.store import FeedbackStore, Kind, StoredEvent
from sidflow_feedback.types import Milliseconds, Record

FORMAT: Final = "sidflow-feedback"
VERSION: Final = 1
MAX_CHARACTERS: Final = 256 * 1024 * 1024
"""Longer texts are rejected unread. An event has about 600 characters."""

DAMAGED: Final = (
    "The file is damaged or incomplete. Nothing was imported. "
    "Choose another file that was exported here, or export it again where it came from."
)

STEP: Final = 100
"""Events that are read, checked, or written in one step."""

MERGED: Final = 500
"""Events that are stored in one transaction."""

_KINDS: Final[dict[str, Kind]] = {"ratings": "rating", "implicit": "implicit"}
_LISTS: Final = (*_KINDS, "snapshots")


async def export_archive(store: FeedbackStore, *, now: Milliseconds, step: Step = no_notice) -> list[str]:
    """Return the text of an archive of everything in `store`, in parts.

    Parameters
    ----------
    now
        The time of the export, in epoch milliseconds.
    step
        Awaited after each step; may raise `TransferError`.
    """
    exported = datetime.datetime.fromtimestamp(now / 1000, tz=datetime.UTC)
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "exported": exported.isoformat(timespec="seconds"),
        **{name: [] for name in _LISTS},
    }
    checksum, done, total = Checksum(), 0, (await store.counts()).stored
    for name in sorted(content):
        if name not in _LISTS:
            checksum.add(name, content[name])
            continue
        checksum.begin_list(name)
        async for records in _stored(store, name):
            checksum.extend(records)
            content[name].append(json.dumps(records)[1:-1])
            done += len(records) if name in _KINDS else 0
            await step("export", done, max(done, total))
        checksum.end_list()
    return _assembled(content, checksum.hexdigest())


async def _stored(store: FeedbackStore, name: str) -> AsyncIterator[list[Record]]:
    if name not in _KINDS:
        if snapshots := await store.snapshots():
            yield snapshots
        return
    after = 0
    while rows := await store.rows(_KINDS[name], after=after, limit=STEP):
        yield [row.to_record() for row in rows]
        after = rows[-1].position


def _assembled(content: dict[str, Any], checksum: str) -> list[str]:
    """Return the parts of the text in the documented order."""
    parts: list[str] = []
    for name, value in content.items():
        parts.append(f'{", " if parts else "{"}"{name}": ')
        if name in _LISTS:
            parts += ["[", *[f", {text}" if i else text for i, text in enumerate(value)], "]"]
        else:
            parts.append(json.dumps(value))
    return [*parts, f', "checksum": "{checksum}"}}']


class ImportReport:
    """What an import has done, also if it didn't come to its end.

    Attributes
    ----------
    stored
        Events that were written.
    duplicates
        Number of events that were already there.
    """

    def __init__(self) -> None:
        self.stored: list[Event] = []
        self.duplicates = 0


async def import_archive(
    store: FeedbackStore, text: str, *, report: ImportReport | None = None, step: Step = no_notice
) -> ImportReport:
    """Merge an archive into `store`. Events that are already there stay as they are.

    Nothing is written before all of the text has been checked.

    Parameters
    ----------
    report
        Receives what was imported, also if this fails; returned.
    step
        Awaited after each step; may raise `TransferError`.

    Raises
    ------
    ArchiveError
        The text is not an archive, or it was changed after the export. Nothing was imported.
    TransferError
        The store refused a part, or the import was canceled; the message says how much was imported. Another
        import adds the rest.
    """
    try:
        rows, snapshots = await _checked(text, step)
    except TransferError as exc:
        raise TransferError(f"{exc} Nothing was imported.") from exc
    report = report or ImportReport()
    try:
        await _merge(store, rows, snapshots, report, step)
    except FeedbackError as exc:
        done = len(report.stored) + report.duplicates
        raise TransferError(
            f"{exc} {done:,} of {len(rows):,} events of the file are here now. "
            "Import it again to add the others: none is added twice."
        ) from exc
    return report


async def _merge(
    store: FeedbackStore,
    rows: Sequence[StoredEvent],
    snapshots: Sequence[Record],
    report: ImportReport,
    step: Step,
) -> None:
    for start in range(0, len(rows), MERGED):
        batch = rows[start : start + MERGED]
        added = await store.merge(batch, [])
        stored = set(added.stored)
        report.stored += [row.event for row in batch if row.event.uuid in stored]
        report.duplicates += len(added.duplicates)
        await step("store", start + len(batch), len(rows))
    await store.merge([], list(reversed(snapshots)))


async def _checked(text: str, step: Step) -> tuple[list[StoredEvent], list[Record]]:
    """Return the rows and the snapshots of an archive."""
    archive = await _scanned(text, step)
    declared = archive.members.pop("checksum", None)
    total = sum(archive.lengths[name] for name in _KINDS if name in archive.lengths)
    checksum, rows, snapshots = Checksum(), [], []
    problem: Exception | None = None
    for name in sorted([*archive.members, *archive.lengths]):
        if name in archive.members:
            checksum.add(name, archive.members[name])
            continue
        checksum.begin_list(name)
        for batch in archive.batches(name, STEP):
            checksum.extend(batch)
            try:
                if name in _KINDS:
                    rows += [StoredEvent.from_record(record) for record in batch]
                else:
                    snapshots += [_snapshot(record) for record in batch]
            except (InvalidRecordError, TypeError, AttributeError) as exc:
                problem = problem or exc
            await step("check", len(rows), total)
        checksum.end_list()
    if declared != checksum.hexdigest():
        raise ArchiveError("The file was changed after it was exported. Nothing was imported.")
    for name in _LISTS:
        if name not in archive.lengths:
            raise ArchiveError(f"The file has no list of {name}. Nothing was imported.")
    if problem:
        raise ArchiveError(f"The file has an invalid entry: {problem}. Nothing was imported.") from problem
    return rows, snapshots


def _snapshot(record: Record) -> Record:
    snapshot_from_record(record)
    return record


async def _scanned(text: str, step: Step) -> ArchiveText:
    """Return the text of an archive of this format and version, which is intact JSON."""
    if len(text) > MAX_CHARACTERS:
        raise ArchiveError("The file is too large to be an export of this page. Nothing was imported.")
    archive = ArchiveText(text, _LISTS)
    try:
        if text.lstrip(" \t\r\n").startswith("{"):
            for done in archive.scan(STEP):
                await step("read", done, 0)
        else:
            json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ArchiveError(DAMAGED) from exc
    if archive.members.get("format") != FORMAT:
        raise ArchiveError("The file is not an export of this page. Nothing was imported.")
    version = archive.members.get("version")
    if version != VERSION:
        raise ArchiveError(
            f"The file has format version {version!r}, but this page reads version {VERSION}. "
            "Nothing was imported. Reload the page in case there is a newer one, and try again."
        )
    return archive
