"""What the page leaves out on a static host, which has no server of ours."""

from pyscript.js_modules import site

from app.page.views.dom import by_id, create

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings

NO_SERVER = "not available: this copy of the page has no server"


def needs_missing_server(card: str) -> bool:
    """Return whether the controls of a card, given its id, need a server that is not there."""
    return card in ("sync-card", "player-card") and not site.server


def restrict(settings: "Settings") -> None:
    """Turn off what needs a server, and explain why, if there is none."""
    if site.server:
        return
    settings.change("sync", False)
    settings.change("player", "wasm")
    by_id("sync-status").after(create("p", "This copy of the page has no server, so nothing can be shared."))
