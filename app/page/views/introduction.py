"""Help it know you: eight tunes from all corners of the library, to like or dislike."""

from pyscript import document

from app.page.core.tasks import error_message, spawn
from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.settings import Settings
    from app.page.views.learn_offer import LearnOffer

START = "Help it know you"
STOP = "Stop asking"
LOOKING = "Looking for tunes to ask about…"
NOTHING = "There is nothing to ask yet: your music is not analyzed, or you judged all of it."
DONE = "Thank you. sidflow now learns from what you said."
DONE_OFF = "Thank you. Turn on learning in Preferences to make use of it."


class Introduction:
    """Asks for a judgment of tunes that say most about a listener, one after another."""

    def __init__(
        self,
        playback: "Playback",
        recommendations: "Recommendations",
        settings: "Settings",
        offer: "LearnOffer",
    ) -> None:
        self._playback = playback
        self._recommendations = recommendations
        self._settings = settings
        self._offer = offer
        self._count = 0
        on(by_id("introduce"), "click", lambda _event: spawn(self._on_click()))
        on(document.querySelector(".side"), "click", lambda _event: self._on_click_beside())
        playback.judged.connect(self._on_judged)
        playback.changed.connect(self._show)
        recommendations.changed.connect(self._show)
        settings.follow(lambda _values: self._on_settings())

    async def _on_click(self) -> None:
        if self._count:
            self._end("")
            return
        by_id("introduce").disabled = True
        before = self._playback.tune
        self._say(LOOKING)
        try:
            self._count = await self._recommendations.introduce()
            self._say("" if self._count else NOTHING)
        except Exception as exc:
            self._say(error_message(exc))
        by_id("introduce").disabled = False
        if self._playback.tune is not before:
            self._end("")  # The listener went on with something else meanwhile.
        elif self._count:
            await self._playback.next()

    def _on_click_beside(self) -> None:
        """Take back what was said: the listener goes on with something else."""
        if not self._count:
            self._say("")

    def _on_judged(self, judgment: str) -> None:
        """Go on to the next tune, as each dislike does, or end."""
        if not self._count or self._playback.tune is not self._recommendations.asking:
            return
        if self._recommendations.asked:
            if judgment == "like":
                spawn(self._playback.next())
        elif self._settings.values["training"]:
            self._end(DONE)
        else:
            self._end("" if self._offer.make() else DONE_OFF)

    def _on_settings(self) -> None:
        if self._settings.values["training"] and by_id("introduce-status").textContent == DONE_OFF:
            self._say(DONE)

    def _show(self) -> None:
        """Show which of the tunes is playing; end when the listener has left them all."""
        if not self._count:
            return
        asking, left = self._recommendations.asking, len(self._recommendations.asked)
        if asking is None and not left:
            self._end("")
        elif asking is not None and self._playback.tune is asking:
            by_id("introduce").textContent = STOP
            self._say("Tune " + str(self._count - left) + " of " + str(self._count) + ": like or dislike it.")

    def _end(self, text: str) -> None:
        self._count = 0
        self._recommendations.stop_asking()
        by_id("introduce").textContent = START
        self._say(text)

    def _say(self, text: str) -> None:
        by_id("introduce-status").textContent = text
