"""The tunes that were heard since the page was loaded."""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.tune import Tune

    Heard = tuple[Tune, int]
    """A tune, and the song of it that played last."""

MAX_TUNES = 200


class SessionHistory:
    """The way back from the current tune."""

    def __init__(self) -> None:
        self._heard: list[Heard] = []

    def add(self, tune: "Tune", song: int) -> None:
        """Note that a song has become audible."""
        if self._heard and self._heard[-1][0] is tune:
            self._heard[-1] = (tune, song)
        else:
            self._heard = self._heard[1 - MAX_TUNES :] + [(tune, song)]  # noqa: RUF005  MicroPython can't unpack here.

    def go_back(self, current: "Tune | None") -> "Heard | None":
        """Return what was heard before the current tune, and forget that one; None if there is nothing."""
        before = [heard for heard in self._heard[-1:] if heard[0] is not current] or self._heard[-2:-1]
        if not before:
            return None
        self._heard = self._heard[: self._heard.index(before[0])]
        return before[0]
