"""How many tunes were taken from the queue, which decides where its surprises are."""

from pyscript.js_modules import local

KEY = "sidflow.queue-offset"
"""localStorage's key of the count: all tabs get the same surprises."""

PERIOD = 100
"""Number of taken tunes after which the surprises repeat."""


class QueueOffset:
    """Counts the tunes that were taken from the queue; incognito, without a trace in this browser."""

    def __init__(self) -> None:
        self._incognito = 0

    @property
    def value(self) -> int:
        """The count, from 0 on again after `PERIOD`."""
        return (_stored() + self._incognito) % PERIOD

    def count(self, incognito: bool) -> None:
        """Count a tune."""
        if incognito:
            self._incognito += 1
        else:
            local.setItem(KEY, str((_stored() + 1) % PERIOD))

    def forget(self) -> None:
        """Begin again."""
        local.removeItem(KEY)
        self._incognito = 0


def _stored() -> int:
    text = local.getItem(KEY) or ""
    return int(text) % PERIOD if text.isdigit() else 0
