"""The Play tab's list of tunes: search, order, places, and the model's predictions."""

import json

from pyscript.ffi import create_proxy, to_js
from pyscript.js_modules import tunes_filters, tunes_places, tunes_playlist_panel, tunes_row_menu

from app.page.core.tasks import spawn
from app.page.views.dom import by_id, count, create, notice, on, one_decimal, show_text
from app.page.views.outcomes import clear_list_outcomes
from app.page.views.reasons import show_reasons, what_is_missing
from app.page.views.share import share_tune
from app.page.views.stations import UNKNOWN
from app.page.views.sureness import NAMES, WORDS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.payloads import ViewCounts
    from app.page.core.playback import Playback
    from app.page.core.recommendations import Recommendations
    from app.page.core.settings import Settings, Values
    from app.page.core.tune import Tune
    from app.page.core.tune_library import TuneLibrary
    from app.page.views.covers import Covers
    from app.page.views.elements import Element, Event

MAX_REASONS = 8
QUEUE_LENGTH = 20
MOVES = {"up": -1, "down": 1}
FEELINGS = ("e", "m", "c")

SEARCHED = "has all of these words in its title, composer, release, path, or notes"
FILTERED = "passes the filters that are set"


LISTED = "catalog"
"""The order in which the list is not sorted."""

REVERSED = "-reversed"
"""Ends the name of an order that is the other way round, as in ``static/js/tunes/tune-index.js``."""

COLUMNS = {"title": "title", "author": "composer", "year": "year", "length": "length"}
"""What the list can be sorted by besides the match. Of a tune that is started there, the next rows follow."""


class PlayTab:
    """A row for each tune: a click plays it, a click on its preference explains the prediction.

    Parameters
    ----------
    collection
        ``Collection`` of ``static/js/tunes/collection.js``.
    tune_list
        ``TuneList`` of ``static/js/tunes/list.js``, which shows the rows.

    Attributes
    ----------
    problem
        Why there are no tunes at all; empty if there are.
    places
        ``Places`` of ``static/js/tunes/places.js``: the folder or composer that is shown.
    """

    def __init__(
        self,
        library: "TuneLibrary",
        playback: "Playback",
        recommendations: "Recommendations",
        settings: "Settings",
        collection: "Any",
        tune_list: "Any",
        covers: "Covers",
    ) -> None:
        self._library = library
        self._playback = playback
        self._recommendations = recommendations
        self._list = tune_list
        self._covers = covers
        self._settings = settings
        self._order = _order(settings.values)
        self._revision = 0
        self._model = self._explaining = self._chosen = ""
        self.problem = "Loading the library…"
        self.places = tunes_places.Places.new(
            collection,
            create_proxy(self._on_place),
            create_proxy(lambda name: spawn(self._play_place(name))),
            create_proxy(lambda composer, name: spawn(self._play_composer(composer, name))),
        )
        self._filters = tunes_filters.Filters.new(
            collection, self.places, create_proxy(lambda: spawn(self.show(True)))
        )
        self._playlists = tunes_playlist_panel.PlaylistPanel.new(
            collection,
            self._filters,
            create_proxy(lambda: spawn(self.show())),
            create_proxy(lambda name: spawn(self._play_place(name))),
        )
        tunes_row_menu.RowMenu.new(
            by_id("tunes"), create_proxy(lambda action, path: spawn(self._act(action, path)))
        )
        on(by_id("keep-queue"), "click", lambda _event: self._keep_queue())
        on(by_id("tunes"), "click", self._on_click)
        on(by_id("search"), "input", lambda _event: spawn(self.show(True)))
        on(by_id("folder"), "change", lambda event: self.places.openFolder(event.target.value))
        tune_list.head.onSort(create_proxy(self._sort))
        tune_list.head.show(self._order)
        playback.changed.connect(self._mark_current)
        playback.judgments.changed.connect(self._show_judgments)
        self._show_judgments()
        settings.follow(self._on_settings)

    async def show(self, from_top: bool = False) -> None:
        """Show the tunes that match the search, in the chosen order."""
        place = json.loads(self.places.json)
        filters = json.loads(self._filters.json)
        place.update(filters)
        words = by_id("search").value
        counts = await self._library.view(words, self._order, place)
        by_id("no-tunes").hidden = counts["count"] > 0
        by_id("no-tunes").textContent = _nothing_text(words, filters) if counts["all"] else self.problem
        show_text(by_id("list-count"), _count_text(counts))
        by_id("save-list").disabled = counts["count"] == 0
        self._filters.offerClearing()
        self._playlists.show(counts["count"])
        await self._list.show(counts["count"], from_top)
        await self._library.follow(self._playback.tune)

    async def show_predictions(self) -> None:
        """Show the current predictions. Only a new model changes the order, so that rows don't jump."""
        revision, model = self._recommendations.revision, self._recommendations.model
        if revision == self._revision:
            return
        if model != self._model:
            await self.show()
        else:
            await self._list.refresh()
        self._revision, self._model = revision, model  # Must come last: callers wait until they are visible.

    def _on_place(self) -> None:
        clear_list_outcomes()
        spawn(self.show(True))

    def _on_settings(self, values: "Values") -> None:
        if _order(values) != self._order:
            self._order = _order(values)
            spawn(self._show_order())

    def _sort(self, order: str) -> None:
        column = order.replace(REVERSED, "")
        self._settings.change("reversed", column != order)
        self._settings.change("order", column)

    async def _show_order(self) -> None:
        self._list.head.show(self._order)
        await self.show(True)

    def _on_click(self, event: "Event") -> None:
        row = event.target.closest("tr[data-path]")
        if not row:
            return
        if event.target.closest("button.why"):
            spawn(self._toggle_reasons(row))
        elif event.target.closest("button.menu"):
            pass  # The row's menu opens.
        else:
            spawn(self._play(row.dataset.path))

    async def _play(self, path: str) -> None:
        self._chosen = path
        tune = await self._library.find(path)
        if tune is None or path != self._chosen:  # The listener has chosen another one meanwhile.
            return
        self._recommendations.forget_arrangement()
        order = self._name_of_order()
        if order:
            await self.play_in_order(tune, order)
        else:
            self._recommendations.follow_predictions()
        await self._playback.open(tune)

    async def play_in_order(self, tune: "Tune", order: str) -> None:
        """Let the rows below a tune follow it, if the list has the order with this name."""
        if order == self._name_of_order():
            await self._library.play_view(tune)
            self._recommendations.play_in_order(order)

    def _name_of_order(self) -> str:
        """Return what the list is sorted by; empty if by nothing or by the match."""
        column = self._order.replace(REVERSED, "")
        if column not in COLUMNS:
            return ""
        return "the list by " + COLUMNS[column] + (", the other way round" if column != self._order else "")

    async def _play_place(self, name: str) -> None:
        tune = await self._library.play_view()
        if tune:
            self._recommendations.forget_arrangement()
            self._recommendations.play_in_order(name)
            await self._playback.open(tune)

    async def _play_composer(self, composer: str, name: str) -> None:
        if not await self._recommendations.play_composer_named(composer, name):
            notice(UNKNOWN)

    async def _act(self, action: str, path: str) -> None:
        """Do what the listener has chosen in a row's menu."""
        tune = await self._library.find(path)
        if tune is None:
            return
        if action == "next":
            self._recommendations.play_next(tune)
            by_id("row-status").textContent = tune.title + " plays next."
        elif action == "like":
            self._like(tune)
        elif action == "undislike":
            self._take_dislike_back(tune)
        elif action == "unsort":
            self._sort(LISTED)
        elif action == "link":
            by_id("playlist-result").textContent = await share_tune(tune)
        elif action == "similar" and not self._recommendations.play_like(tune, tune.start_song):
            notice(UNKNOWN)
        elif action in ("composer", "folder"):
            self._covers.do_next(lambda: self.places.openOf(path, action))
        else:
            self._change_playlist(action, path)

    def _like(self, tune: "Tune") -> None:
        judgments = self._playback.judgments
        before = judgments.is_liked(tune)
        self._playback.like(tune)
        after = judgments.is_liked(tune)
        text = "You like " + tune.title + "." if after else "Your like of " + tune.title + " is taken back."
        by_id("row-status").textContent = text
        if not before and not after:
            notice("Your like was not recorded" + (": incognito is on." if self._playback.incognito else "."))

    def _take_dislike_back(self, tune: "Tune") -> None:
        kept = self._playback.judgments.of(tune)
        if kept and kept[0] == "dislike":
            self._playback.take_back_dislike(tune, kept[1])
            by_id("row-status").textContent = "Your dislike of " + tune.title + " is taken back."

    def _show_judgments(self) -> None:
        judgments = self._playback.judgments
        self._list.showJudgments(to_js(judgments.paths("like")), to_js(judgments.paths("dislike")))

    def _change_playlist(self, action: str, path: str) -> None:
        if action in ("favorite", "unfavorite"):
            self._playlists.setFavorite(path, action == "favorite")
        elif action == "playlist":
            self._playlists.choose(to_js([path]))
        elif action in MOVES:
            self._playlists.move(path, MOVES[action])
        elif action == "remove":
            self._playlists.remove(path)

    def _keep_queue(self) -> None:
        tunes = [tune.sid_path for tune, _ in self._recommendations.upcoming(QUEUE_LENGTH)]
        self._playlists.saveAs(json.dumps(tunes))

    async def _toggle_reasons(self, row: "Element") -> None:
        path = row.dataset.path
        opening = row.querySelector("button.why").getAttribute("aria-expanded") == "false"
        self._list.closeReasons()
        self._explaining = path if opening else ""
        if not opening:
            return
        tune = await self._library.find(path)
        why = await self._recommendations.why(tune, tune.start_song) if tune else None
        if path != self._explaining:
            return  # The listener has asked about another tune, whose answer may have come before.
        target = self._list.openReasons(path)
        if target and tune:
            level = self._recommendations.sureness(tune, tune.start_song)["p"]
            model, learning = self._recommendations.model, self._settings.values["training"]
            missing = what_is_missing(why, level, model, learning)
            show_reasons(target, why, level, MAX_REASONS, missing)
            target.append(create("p", self._feeling(tune)))
            self._list.layout()

    def _feeling(self, tune: "Tune") -> str:
        """Return what is predicted of a tune's feeling, in words."""
        found = self._recommendations.prediction(tune, tune.start_song)
        levels = self._recommendations.sureness(tune, tune.start_song)
        if not found:
            return ""
        parts = [
            NAMES[name] + " " + one_decimal(found[name]) + " of 5 (" + WORDS[levels[name]] + ")"
            for name in FEELINGS
            if levels[name]
        ]
        return "How it may feel: " + (", ".join(parts) or "not known yet") + "."

    def _mark_current(self) -> None:
        tune = self._playback.tune
        path = tune.sid_path if tune else ""
        self._list.mark(path)
        self.places.showTune(path, self._playback.song)


def _order(values: "Values") -> str:
    return values["order"] + (REVERSED if values["reversed"] else "")


def _nothing_text(words: str, filters: "dict[str, str]") -> str:
    """Return why the list is empty."""
    reasons = [text for text, given in ((SEARCHED, words.strip()), (FILTERED, filters)) if given]
    return "No tune " + (", and ".join(reasons) or "is here") + "."


def _count_text(counts: "ViewCounts") -> str:
    shown, total = counts["count"], counts["all"]
    return count(total, "tune") if shown == total else f"{shown:,} of " + count(total, "tune")
