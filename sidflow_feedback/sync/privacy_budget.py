"""What differential privacy has cost this listener so far, and the secret that its noise is drawn from."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidflow_feedback.errors import PrivacyError
from sidflow_feedback.sync.deltas import AnonymizedDelta
from sidflow_feedback.sync.randomized_response import perturb, require_epsilon
from sidflow_feedback.types import Record


@dataclass(slots=True)
class PrivacyBudget:
    """Perturbs deltas and keeps account of it.

    An event is charged once, before it is first sent, and keeps the epsilon that it was charged, whatever the
    listener chooses later: what is sent again is the same value. The caller must store `to_record` after
    `charge` and before it sends, so that a crash can count too much, never too little.

    Attributes
    ----------
    key
        32 random bytes in hexadecimal. Must never leave the browser.
    spent
        Sum of the epsilons of all events that were charged.
    charged
        Epsilon by uuid, of events that the server has not settled yet.
    """

    key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    spent: float = 0.0
    charged: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> PrivacyBudget:
        """Read what `to_record` has given.

        Raises
        ------
        PrivacyError
            It can't be read: a new account would count too little.
        """
        try:
            bytes.fromhex(record["key"])
            return cls(str(record["key"]), float(record["spent"]), dict(record["charged"]))
        except (KeyError, TypeError, ValueError) as exc:
            raise PrivacyError(
                "What noise has cost so far can't be read, so nothing is sent. 'Delete everything' starts "
                "afresh."
            ) from exc

    def to_record(self) -> Record:
        """Return the account as a JSON object."""
        return {"key": self.key, "spent": self.spent, "charged": dict(self.charged)}

    def perturbed(
        self, deltas: Sequence[AnonymizedDelta], epsilon: float, limit: float
    ) -> list[AnonymizedDelta]:
        """Return as many deltas, perturbed, as `limit` allows in all, from the first on.

        Raises
        ------
        PrivacyError
            `epsilon` or `limit` makes no sense.
        """
        require_epsilon(epsilon)
        number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
        if not number or not 0 <= limit < float("inf"):
            raise PrivacyError(f"The limit of noise spent can't be {limit!r}. Nothing is sent. Set it again.")
        left, key, kept = limit - self.spent, bytes.fromhex(self.key), []
        for delta in deltas:
            cost = 0.0 if delta.uuid in self.charged else epsilon
            if cost <= left:
                left -= cost
                kept.append(perturb(delta, self.charged.get(delta.uuid, epsilon), key))
        return kept

    def charge(self, deltas: Iterable[AnonymizedDelta]) -> None:
        """Count perturbed deltas that are about to be sent for the first time."""
        new = {d.uuid: d.epsilon for d in deltas if d.epsilon is not None and d.uuid not in self.charged}
        self.charged |= new
        self.spent += sum(new.values())

    def release(self, uuids: Iterable[str]) -> None:
        """Forget events that are never sent again; what they cost stays."""
        for identity in uuids:
            self.charged.pop(identity, None)
