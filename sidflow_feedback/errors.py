"""The library's errors, one tree. Runs on MicroPython, too.

FeedbackError
├── InvalidRecordError    a record (event, delta, snapshot, manifest...) has a wrong shape or value
│   └── NewerVersionError  a newer release wrote the record
├── StoreError            the feedback store can't do what it was asked to
│   ├── StoreClosedError
│   ├── StoreFencedError  a newer engine has taken over the store
│   ├── StoreBlockedError an upgrade waits for another tab
│   └── StoreFullError    no space is left
├── ArchiveError          a file to import isn't an intact export
├── TransferError         an export or import was canceled or stopped, or another one is under way
├── AnalysisFileError     a file of analyses is damaged, or of another version
├── TrainingError         the model can't be trained or used
├── PrivacyError          sending would break a promise to the listener
├── SyncError             the server can't be reached, or refused the upload
└── PlayerError           a tune can't be played
"""

MAX_MESSAGE = 500
"""Longest message, in characters. Servers, files, and browsers may give a reason of any length."""


def cut_message(text: object) -> str:
    """Return a text from outside, at most `MAX_MESSAGE` characters of it."""
    message = str(text)
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


class FeedbackError(Exception):
    """Base of all errors of this library. Messages say what happened, why, and what to do.

    Parameters
    ----------
    message
        Cut if it is longer than `MAX_MESSAGE`.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(cut_message(message))


class InvalidRecordError(FeedbackError):
    """A record has a wrong shape or an invalid value.

    Parameters
    ----------
    field
        Name of the invalid field, as the record spells it.
    reason
        The rest of a sentence that starts with the field, such as ``must be an object``.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = cut_message(field)
        self.reason = cut_message(reason)


class NewerVersionError(InvalidRecordError):
    """A newer release wrote a record, and this one can't read it. The record must be kept, not deleted.

    Parameters
    ----------
    kind
        The kind of record, such as ``event``.
    version
        Schema version of the record.
    supported
        The newest schema version that this release reads.
    """

    def __init__(self, kind: str, version: int, supported: int) -> None:
        super().__init__(
            "v",
            f"this {kind} has schema version {version}, but this release reads versions up to {supported}. "
            "Reload the page to get a newer release",
        )
        self.version = version
        self.supported = supported


class StoreError(FeedbackError):
    """The feedback store couldn't carry out an operation; nothing was changed."""


class StoreClosedError(StoreError):
    """The feedback store was used after `close`."""


class StoreFencedError(StoreError):
    """Another engine has taken over the feedback store, which takes no more writes of this one."""


class StoreBlockedError(StoreError):
    """Another tab holds an older version of the database open."""


class StoreFullError(StoreError):
    """The browser grants no more space, and nothing is left that may be removed."""


class ArchiveError(FeedbackError):
    """A file to import is truncated, edited, or not an export; nothing was imported."""


class TransferError(FeedbackError):
    """An export or import was canceled, another one is under way, or the store refused a part of it."""


class AnalysisFileError(FeedbackError):
    """A file of analyses or similarities is damaged, of another version, or can't be written."""


class TrainingError(FeedbackError):
    """The model can't be trained or used as requested."""


class PrivacyError(FeedbackError):
    """Something wasn't sent, because that would have broken a promise to the listener."""


class SyncError(FeedbackError):
    """A request to the sync server failed.

    Parameters
    ----------
    message
        What happened.
    status
        HTTP status of the response; None without a response.
    retry_after
        Seconds to wait, as the server's ``Retry-After`` says; None if it doesn't.
    code
        Code of the error, if our own server sent it; None if it may come from something in between.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retry_after = retry_after


class PlayerError(FeedbackError):
    """A tune can't be played."""
