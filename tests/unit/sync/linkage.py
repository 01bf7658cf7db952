"""Somebody who has all uploads, and wants to know which come from the same listener."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

Traits = dict[str, float]


def found_predecessors(before: Sequence[str], after: Sequence[str]) -> float:
    """Return for what share of uploads the one that the same listener sent before is recognized.

    Parameters
    ----------
    before, after
        Bodies of requests; the i-th of both come from the i-th listener.
    """
    earlier, later = [_traits(body) for body in before], [_traits(body) for body in after]
    owners = Counter(name for traits in (*earlier, *later) for name in traits)
    rarity = {name: math.log(2 * len(before) / count) for name, count in owners.items()}
    hits = 0.0
    for number, traits in enumerate(later):
        scores = [_likeness(traits, candidate, rarity) for candidate in earlier]
        best = [i for i, score in enumerate(scores) if score == max(scores)]
        hits += (number in best) / len(best)
    return hits / len(later)


def _likeness(one: Traits, other: Traits, rarity: dict[str, float]) -> float:
    return sum(min(share, other.get(name, 0.0)) * rarity[name] for name, share in one.items())


def _traits(body: str) -> Traits:
    """Return what an upload has in its fields, as shares of its records: values, and their successors.

    A version that counts up has the same text as its successor, but for the number at its end.
    """
    value = json.loads(body)
    records = [*value.pop("ratings"), *value.pop("implicit")]
    found: Counter[str] = Counter()
    for name, text in _leaves(value):
        found.update(_forms(name, text))
    for record in records:
        for name, text in _leaves(record):
            found.update({form: 1 / len(records) for form in _forms(name, text)})
    found[f"order {_order(records)}"] += 1
    return dict(found)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield name + " keys", " ".join(value)
        for key, part in value.items():
            yield from _leaves(part, f"{name}.{key}")
    else:
        yield name, str(value)


def _forms(name: str, text: str) -> set[str]:
    stem, digits = re.fullmatch(r"(.*?)(\d{0,9})", text, re.DOTALL).groups()  # type: ignore[union-attr]
    near = {f"{name}={stem}{int(digits) + step}" for step in (-1, 0, 1)} if digits else set()
    return {f"{name}={text}"} | near


def _order(records: Sequence[dict[str, Any]]) -> str:
    names = [str(record.get("sidPath")) for record in records]
    return "by path" if names == sorted(names) else "other"
