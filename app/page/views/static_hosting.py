"""What the page leaves out where there is no server, only a host of files."""

from pyscript import document
from pyscript.js_modules import site

from app.page.views.dom import by_id

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings

NO_SERVER = "not available here: this copy of the page has no server"
CONTROLS = "#sync-card input, #sync-card select, #player-card select, #player-card input"


def restrict(settings: "Settings") -> None:
    """Switch off what needs a server, and say why, where there is none."""
    if site.server:
        return
    settings.change("sync", False)
    settings.change("player", "wasm")
    for control in document.querySelectorAll(CONTROLS):
        control.disabled = True
    by_id("sync-status").after(_note())


def _note() -> object:
    note = document.createElement("p")
    note.textContent = "This copy of the page has no server: nothing can be shared from here."
    return note
