"""The line that says that the browser is offline, and what still works."""

from pyscript import window

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.tune_library import TuneLibrary


class OfflineNote:
    """Follows the browser's word on its network. Back online, tunes that failed meanwhile are tried again."""

    def __init__(self, library: "TuneLibrary") -> None:
        on(window, "online", lambda _event: library.accept_all())
        for change in ("online", "offline"):
            on(window, change, lambda _event: self._show())
        self._show()

    def _show(self) -> None:
        by_id("offline-note").hidden = window.navigator.onLine
