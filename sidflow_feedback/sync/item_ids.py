"""Which item ids may leave the listener's machine: one rule, for the client and the server."""

from __future__ import annotations

import re
from typing import Final

from sidflow_feedback.vocabulary import MAX_ITEM_ID

LOCAL_SCHEMES: Final = ("blob", "content", "file", "filesystem")
"""Schemes of addresses that name something on one machine only."""

_UNSENDABLE_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LOCAL_PATH: Final = re.compile(rf"\s*(?:[/\\~]|[A-Za-z]:|(?:{'|'.join(LOCAL_SCHEMES)}):)", re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"[/\\]")


def item_id_problem(item_id: str) -> str | None:
    """Return why an item id can't be sent or stored by the server; None if it can.

    An id is any text that an embedder likes: a path in a collection, ``sha256:<hex>``, ``loop-7``, or
    ``spotify:track:42``. The exceptions are ids that could name a file or folder of the listener, could lead
    out of a folder on the server, or can't be written as UTF-8 to a database.

    Parameters
    ----------
    item_id
        As in `TrackContext.item_id`.

    Returns
    -------
    str or None
        Ends a sentence that starts with the name of the field. It doesn't repeat the id.
    """
    if not item_id:
        return "must not be empty"
    if len(item_id) > MAX_ITEM_ID:
        return f"must have at most {MAX_ITEM_ID} characters"
    if _UNSENDABLE_CHARACTER.search(item_id):
        return "must not contain control characters or lone surrogates"
    if _LOCAL_PATH.match(item_id):
        return "must not be an absolute path, a home folder, a drive, or a local address such as file:"
    if ".." in _SEPARATOR.split(item_id):
        return "must not contain '..' as a part of a path"
    return None
