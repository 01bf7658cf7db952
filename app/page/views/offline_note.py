"""The line that says that the browser is offline, and what still works."""

from pyscript import window

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.recommendations import Recommendations
    from app.page.core.tune_library import TuneLibrary


class OfflineNote:
    """Follows the browser's word on its network: offline, only what is in this browser plays unasked."""

    def __init__(self, library: "TuneLibrary", recommendations: "Recommendations") -> None:
        self._library = library
        self._recommendations = recommendations
        for change in ("online", "offline"):
            on(window, change, lambda _event: spawn(self._follow()))
        self._show()

    async def start(self) -> None:
        """Look at the network once there are tunes."""
        if not window.navigator.onLine:
            await self._follow()

    async def _follow(self) -> None:
        self._show()
        await self._library.use_network(bool(window.navigator.onLine))
        self._recommendations.refresh()

    def _show(self) -> None:
        by_id("offline-note").hidden = window.navigator.onLine
