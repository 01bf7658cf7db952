"""The text of an archive, read and summed up in steps: at no time is all of it in memory as objects."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Generator, Iterator, Sequence
from itertools import islice
from typing import Any, Final

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_decode: Final = json.JSONDecoder().raw_decode
_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class ArchiveText:
    """A text that should be one JSON object, in which some members are long lists.

    Parameters
    ----------
    lists
        Names of these members.

    Attributes
    ----------
    members
        The other members, after `scan`; a member that should be a list and isn't is among them.
    lengths
        The number of elements of each list.
    """

    def __init__(self, text: str, lists: Collection[str]) -> None:
        self._text = text
        self._lists = lists
        self._starts: dict[str, int] = {}
        self.members: dict[str, Any] = {}
        self.lengths: dict[str, int] = {}

    def scan(self, size: int) -> Iterator[int]:
        """Read the whole text; yield the number of elements so far after every `size` of them.

        Raises
        ------
        ValueError, RecursionError
            As `json.loads` does.
        """
        at = self._expect("{", 0)
        if self._text.startswith("}", at):
            return self._finish(at + 1)
        while True:
            name, at = self._name(at)
            self.members.pop(name, None)
            self.lengths.pop(name, None)
            if name in self._lists and self._text.startswith("[", at):
                self._starts[name], self.lengths[name] = at, 0
                at = yield from self._count(name, size)
            else:
                self.members[name], at = _decode(self._text, at)
            at = self._skip(at)
            if self._text.startswith("}", at):
                return self._finish(at + 1)
            at = self._expect(",", at)

    def batches(self, name: str, size: int) -> Iterator[Sequence[Any]]:
        """Yield the elements of a list, `size` at a time, after `scan`."""
        elements = self._elements(self._starts[name])
        while batch := list(islice(elements, size)):
            yield batch

    def _count(self, name: str, size: int) -> Generator[int, None, int]:
        elements = self._elements(self._starts[name])
        while True:
            try:
                next(elements)
            except StopIteration as end:
                return int(end.value)
            self.lengths[name] += 1
            if self.lengths[name] % size == 0:
                yield sum(self.lengths.values())

    def _elements(self, at: int) -> Generator[Any, None, int]:
        """Yield the elements of the list at an index; return the index after it."""
        at = self._expect("[", at)
        if self._text.startswith("]", at):
            return at + 1
        while True:
            value, at = _decode(self._text, at)
            yield value
            at = self._skip(at)
            if self._text.startswith("]", at):
                return at + 1
            at = self._expect(",", at)

    def _name(self, at: int) -> tuple[str, int]:
        if not self._text.startswith('"', at):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self._text, at)
        name, at = _decode(self._text, at)
        return name, self._expect(":", self._skip(at))

    def _finish(self, at: int) -> None:
        if self._skip(at) != len(self._text):
            raise json.JSONDecodeError("Extra data", self._text, at)

    def _expect(self, character: str, at: int) -> int:
        """Return the index of what follows a character and white space."""
        at = self._skip(at)
        if not self._text.startswith(character, at):
            raise json.JSONDecodeError(f"Expecting {character!r}", self._text, at)
        return self._skip(at + 1)

    def _skip(self, at: int) -> int:
        space = _SPACE.match(self._text, at)
        assert space is not None, "the pattern matches nothing, too"
        return space.end()


class Checksum:
    """SHA-256 of a JSON object with sorted keys and no white space, whose members are added in that order."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b"{")
        self._between_members = self._between_elements = ""

    def add(self, name: str, value: object) -> None:
        """Add a member."""
        self._begin(name)
        self._update(_canonical(value))

    def begin_list(self, name: str) -> None:
        """Add a member that is a list; `extend` and `end_list` follow."""
        self._begin(name)
        self._update("[")
        self._between_elements = ""

    def extend(self, elements: Sequence[object]) -> None:
        """Add elements to the list."""
        if elements:
            self._update(self._between_elements + _canonical(elements)[1:-1])
            self._between_elements = ","

    def end_list(self) -> None:
        """End the list."""
        self._update("]")

    def hexdigest(self) -> str:
        """End the object; return its checksum."""
        self._update("}")
        return self._digest.hexdigest()

    def _begin(self, name: str) -> None:
        self._update(f"{self._between_members}{_canonical(name)}:")
        self._between_members = ","

    def _update(self, text: str) -> None:
        self._digest.update(text.encode("ascii"))
