"""The privacy budget: the epsilon spent so far, and the secret key that the noise is derived from."""

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
    """Perturbs deltas and accounts for the epsilon spent.

    An event is charged once, before it is first sent. It keeps the epsilon that it was charged, whatever the
    listener chooses later, so a retry sends the same value. The caller must store `to_record` after `charge`
    and before it sends: then a crash can make the account too high, but never too low.

    Attributes
    ----------
    key
        32 random bytes in hexadecimal. It must never leave the browser.
    spent
        Sum of the epsilons of all charged events.
    charged
        Epsilon by uuid, of charged events that may be sent again.
    """

    key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    spent: float = 0.0
    charged: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> PrivacyBudget:
        """Read a record that `to_record` has written.

        Raises
        ------
        PrivacyError
            The record is damaged. It is not replaced, because a new account would be too low.
        """
        try:
            bytes.fromhex(record["key"])
            return cls(str(record["key"]), float(record["spent"]), dict(record["charged"]))
        except (KeyError, TypeError, ValueError, OverflowError) as exc:
            raise PrivacyError(
                "The record of the privacy budget is damaged, so nothing is sent. To start over, use 'Delete "
                "everything'."
            ) from exc

    def to_record(self) -> Record:
        """Return the account as a JSON object."""
        return {"key": self.key, "spent": self.spent, "charged": dict(self.charged)}

    def perturb(
        self, deltas: Sequence[AnonymizedDelta], epsilon: float, limit: float
    ) -> list[AnonymizedDelta]:
        """Return perturbed copies of the deltas, in order, as long as the total stays within `limit`.

        Raises
        ------
        PrivacyError
            `epsilon` or `limit` is out of range.
        """
        require_epsilon(epsilon)
        number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
        if not number or not 0 <= limit < float("inf"):
            raise PrivacyError(
                f"Nothing is sent: the privacy limit must be a number from 0, not {limit!r}. Set it again in "
                "Preferences."
            )
        left, key, kept = limit - self.spent, bytes.fromhex(self.key), []
        for delta in deltas:
            cost = 0.0 if delta.uuid in self.charged else epsilon
            if cost <= left:
                left -= cost
                kept.append(perturb(delta, self.charged.get(delta.uuid, epsilon), key))
        return kept

    def charge(self, deltas: Iterable[AnonymizedDelta]) -> None:
        """Charge perturbed deltas that are about to be sent for the first time."""
        new = {d.uuid: d.epsilon for d in deltas if d.epsilon is not None and d.uuid not in self.charged}
        self.charged |= new
        self.spent += sum(new.values())

    def release(self, uuids: Iterable[str]) -> None:
        """Forget events that are never sent again. Their epsilon stays spent."""
        for identity in uuids:
            self.charged.pop(identity, None)
