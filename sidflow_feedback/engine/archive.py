"""The archive: the content of the store as one file that the listener can keep.

It is a JSON object::

    {"format": "sidflow-feedback", "version": 1, "exported": "2026-01-31T12:00:00+00:00",
     "ratings": [...], "implicit": [...], "snapshots": [...], "checksum": "<sha256>"}

Events have the form of `StoredEvent.to_record`, and snapshots that of `snapshot.snapshot_to_record`. The
checksum is computed from the same object without it, serialized with sorted keys and no white space.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from sidflow_feedback.errors import ArchiveError, InvalidRecordError
from sidflow_feedback.learning.snapshot import snapshot_from_record
from sidflow_feedback.store import KINDS, AddReport, FeedbackStore, Kind, StoredEvent
from sidflow_feedback.types import Milliseconds, Record

FORMAT: Final = "sidflow-feedback"
VERSION: Final = 1
MAX_CHARACTERS: Final = 64 * 1024 * 1024
"""Longer texts are rejected unread. A store within its limits exports a few megabytes."""

_BATCH: Final = 500
_FIELD_OF_KIND: Final[Mapping[Kind, str]] = {"rating": "ratings", "implicit": "implicit"}


async def export_archive(store: FeedbackStore, *, now: Milliseconds) -> str:
    """Return the text of an archive of everything in `store`, exported at the epoch time `now`."""
    exported = datetime.datetime.fromtimestamp(now / 1000, tz=datetime.UTC)
    content: Record = {
        "format": FORMAT,
        "version": VERSION,
        "exported": exported.isoformat(timespec="seconds"),
    }
    for kind in KINDS:
        content[_FIELD_OF_KIND[kind]] = await _records(store, kind)
    content["snapshots"] = await store.snapshots()
    return json.dumps(content | {"checksum": _checksum(content)})


async def import_archive(store: FeedbackStore, text: str) -> AddReport:
    """Merge an archive into `store`. Events that are already there stay as they are.

    Raises
    ------
    ArchiveError
        The text is not an archive, or it was changed after the export. Nothing was imported.
    StoreError
        The store refused the operation. Nothing was imported.
    """
    content = _checked(text)
    try:
        rows = [StoredEvent.from_record(r) for field in _FIELD_OF_KIND.values() for r in content[field]]
        for snapshot in content["snapshots"]:
            snapshot_from_record(snapshot)
    except (InvalidRecordError, TypeError, AttributeError) as exc:
        raise ArchiveError(f"The file has an invalid entry: {exc}. Nothing was imported.") from exc
    return await store.merge(rows, list(reversed(content["snapshots"])))


async def _records(store: FeedbackStore, kind: Kind) -> list[Record]:
    records: list[Record] = []
    after = 0
    while rows := await store.rows(kind, after=after, limit=_BATCH):
        records += [row.to_record() for row in rows]
        after = rows[-1].position
    return records


def _checked(text: str) -> Record:
    if len(text) > MAX_CHARACTERS:
        raise ArchiveError("The file is too large to be an export of this page. Nothing was imported.")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ArchiveError(f"The file is damaged or incomplete: {exc}. Nothing was imported.") from exc
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ArchiveError("The file is not an export of this page. Nothing was imported.")
    if content.get("version") != VERSION:
        raise ArchiveError(
            f"The file has format version {content.get('version')!r}, but this page reads version {VERSION}. "
            "Nothing was imported. Reload the page in case there is a newer one, and try again."
        )
    checksum = content.pop("checksum", None)
    if checksum != _checksum(content):
        raise ArchiveError("The file was changed after it was exported. Nothing was imported.")
    return _complete(content)


def _complete(content: dict[str, Any]) -> Record:
    for field in (*_FIELD_OF_KIND.values(), "snapshots"):
        if not isinstance(content.get(field), list):
            raise ArchiveError(f"The file has no list of {field}. Nothing was imported.")
    return content


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
