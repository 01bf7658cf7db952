"""The player bar at the bottom of the page."""

from pyscript import document

from app.page.core.playback_state import State
from app.page.core.tasks import spawn
from app.page.views.dislike_note import DislikeNote
from app.page.views.dom import aria, by_id, create, minutes, on, show_icon, show_text

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.settings import Settings, Values
    from app.page.core.tune import Track, Tune
    from app.page.views.elements import Event


class PlayerBar:
    """Shows the current song, and controls it."""

    def __init__(self, playback: "Playback", settings: "Settings") -> None:
        self._playback = playback
        self._dislike_note = DislikeNote(playback)
        self._dragged = False
        self._dragged_in: Track | None = None
        """The song whose position the listener drags: another one may have begun at the drop."""
        self._seeking = self._muted = False
        self._volume = 0
        on(by_id("play-pause"), "click", lambda _event: playback.toggle())
        on(by_id("previous"), "click", lambda _event: spawn(playback.previous()))
        on(by_id("next"), "click", lambda event: spawn(playback.next(int(event.detail))))
        on(by_id("like"), "click", lambda _event: playback.judge("like"))
        on(by_id("dislike"), "click", lambda _event: spawn(playback.dislike()))
        on(by_id("song"), "change", lambda event: playback.set_song(int(event.target.value)))
        on(by_id("previous-song"), "click", lambda _event: playback.step_song(-1))
        on(by_id("next-song"), "click", lambda _event: playback.step_song(1))
        on(by_id("mute"), "click", lambda _event: self._mute(not self._muted))
        on(by_id("volume"), "input", lambda event: self._on_volume(settings, int(event.target.value)))
        on(by_id("progress"), "input", self._on_drag)
        on(by_id("progress"), "change", self._on_drop)
        settings.follow(self._on_settings)
        playback.changed.connect(self.show)
        by_id("play-pause").disabled = by_id("next").disabled = False

    def show(self) -> None:
        """Show the playback's state."""
        playback, tune = self._playback, self._playback.tune
        _show_play_pause(playback.active)
        by_id("previous").disabled = tune is None
        footer = document.querySelector("footer").dataset
        footer.status, footer.pipeline = playback.state, playback.pipeline
        for name in ("like", "dislike"):
            by_id(name).disabled = not playback.can_judge
            by_id(name).setAttribute("aria-pressed", aria(playback.judgment == name))
        by_id("now-title").textContent = tune.title if tune else "Nothing is playing"
        by_id("now-detail").textContent = _detail(tune, playback.state)
        show_text(by_id("play-note"), playback.skips.note)
        by_id("progress").disabled = "seek" not in playback.abilities
        by_id("volume").disabled = by_id("mute").disabled = "volume" not in playback.abilities
        self._show_songs(tune)
        self._show_position()

    def tick(self) -> None:
        """Show the progress of the song or of a seek; called a few times each second."""
        self._dislike_note.tick()
        if self._playback.state == State.PLAYING or self._seeking:
            self._show_position()

    def _on_settings(self, values: "Values") -> None:
        self._volume = values["volume"]
        self._playback.all_songs = values["allSongs"]
        self._show_volume()

    def _on_volume(self, settings: "Settings", volume: int) -> None:
        self._muted = False
        settings.change("volume", volume)

    def _mute(self, silent: bool) -> None:
        self._muted = silent
        self._show_volume()

    def _show_volume(self) -> None:
        self._playback.set_volume(0 if self._muted else self._volume)
        by_id("volume").value = self._volume  # Also while it is mute: an arrow key goes on from there.
        by_id("mute").setAttribute("aria-pressed", aria(self._muted))
        show_icon(by_id("mute"), "volume-x" if self._muted or not self._volume else "volume-2")

    def _show_position(self) -> None:
        length, progress = self._length(), self._playback.progress
        position = min(self._playback.elapsed, length)
        show_text(by_id("length"), minutes(length))
        self._seeking = progress < 1
        by_id("seeking").hidden = not self._seeking
        by_id("seeking").value = progress
        if not self._dragged:
            by_id("progress").value = position / length if length else 0
            self._write_position(position, length)

    def _length(self) -> float:
        return self._playback.track.length if self._playback.track else 0.0

    def _write_position(self, position: float, length: float) -> None:
        show_text(by_id("position"), minutes(position))
        by_id("progress").setAttribute("aria-valuetext", minutes(position) + " of " + minutes(length))

    def _show_songs(self, tune: "Tune | None") -> None:
        select = by_id("song")
        songs = tune.songs if tune else 1
        if select.options.length != songs:
            select.replaceChildren()
            for number in range(1, songs + 1):
                option = create("option", str(number))
                option.value = str(number)
                select.append(option)
        select.value = str(self._playback.song or 1)
        for control in ("song", "previous-song", "next-song"):
            by_id(control).disabled = songs < 2
        by_id("songs").dataset.several = aria(songs > 1)

    def _on_drag(self, event: "Event") -> None:
        if not self._dragged:
            self._dragged_in = self._playback.track
        self._dragged = True
        self._write_position(float(event.target.value) * self._length(), self._length())

    def _on_drop(self, event: "Event") -> None:
        self._dragged = False
        if self._playback.track is not self._dragged_in:
            self._show_position()
        elif self._length():
            self._playback.seek(float(event.target.value) * self._length())


def _show_play_pause(active: bool) -> None:
    button, name = by_id("play-pause"), "Pause" if active else "Play"
    if button.getAttribute("aria-label") != name:
        button.setAttribute("aria-label", name)
        button.title = name + " (Space)"
        show_icon(button, "pause" if active else "play")


def _detail(tune: "Tune | None", state: str) -> str:
    if tune is None:
        return ""
    return "loading…" if state in (State.FETCHING, State.LOADING) else tune.author
