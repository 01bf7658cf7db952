"""The library's errors, one tree.

FeedbackError
├── InvalidRecordError   an event, delta, snapshot or manifest that is not what it should be
├── StoreError           the feedback store can't do what was asked
│   ├── StoreClosedError
│   ├── StoreBlockedError an upgrade waits for another tab
│   └── StoreFullError    there is no space left
├── ArchiveError         a file to import is not what was exported
├── TrainingError        the model can't be trained or used
├── PrivacyError         sending would break what the listener was promised
├── SyncError            the server can't be reached or did not take what was sent
└── PlayerError          a tune can't be played
"""

from __future__ import annotations


class FeedbackError(Exception):
    """Base of all errors of this library. The message says what happened, why, and what to do."""


class InvalidRecordError(FeedbackError):
    """A record does not have the shape or the values it must have.

    Parameters
    ----------
    field
        Name of the offending field as it stands in the record.
    reason
        What is wrong with it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class StoreError(FeedbackError):
    """The feedback store could not carry out an operation; nothing of it was kept."""


class StoreClosedError(StoreError):
    """The feedback store was used after `close`."""


class StoreBlockedError(StoreError):
    """Another tab holds an older version of the database open."""


class StoreFullError(StoreError):
    """The browser gives no more space, and there is nothing left that may be removed."""


class ArchiveError(FeedbackError):
    """A file to import is truncated, edited or of another kind; nothing of it was taken."""


class TrainingError(FeedbackError):
    """The model can't be trained or used as asked."""


class PrivacyError(FeedbackError):
    """Something was not sent, because it would break what the listener was promised."""


class SyncError(FeedbackError):
    """A request to the sync server failed.

    Parameters
    ----------
    message
        What happened.
    status
        HTTP status of the answer, None when there was none.
    retry_after
        Seconds the server asked to wait, None when it did not say.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class PlayerError(FeedbackError):
    """A tune can't be played."""
