"""What is playing: connects library, player, telemetry, and recorder. Needs no browser."""

from app.page.core.judging import Judging
from app.page.core.playback_state import ACTIVE, IGNORED, ON_THE_WAY, State
from app.page.core.session_history import SessionHistory
from app.page.core.skips import NOTHING_PLAYS, Skips
from app.page.core.tasks import error_message, error_name, spawn
from app.page.core.tune import Track
from sidflow_feedback.errors import PlayerError, cut_message

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from app.page.core.judgments import Judgments
    from app.page.core.playback_state import Library
    from app.page.core.tune import Tune
    from sidflow_feedback.page.recorder import Recorder
    from sidflow_feedback.player import Hardware, Player, PlayerState, TuneHeader

RESTART_SECONDS = 3
"""Seconds of a song after which `Playback.previous` begins it again."""


class Playback(Judging):
    """The tune that is loaded, and what the listener does with it. Its states are those of `State`.

    A tune that can't be played is skipped: the next one plays, `skips` says so, and no action is recorded.

    A listen begins when the player reports ``playing`` for the first time after `open` or `set_song`, or
    after an error ended the listen before. A change of player does not begin a new one.

    Parameters
    ----------
    take_next
        Returns the tune to play next, None if there is none.
    notify
        Shows a message to the listener: ``notify(text, exc)``, with the exception that caused it or None.
    recorder, now, judgments
        As for `Judging`.

    Attributes
    ----------
    all_songs
        Whether all songs of a tune play before the next tune does: from the chosen one on, around to the one
        before it.
    stops_after_song
        Whether nothing follows the current song.
    opening
        Plays what is offered while nothing is loaded: the next tune, unless the listener can go on with one.
    skips
        The tunes that were skipped on the way to this one because they can't be played.
    """

    def __init__(
        self,
        library: "Library",
        recorder: "Recorder",
        take_next: "Callable[[], Tune | None]",
        notify: "Callable[[str, Exception | None], None]",
        now: "Callable[[], float]",
        judgments: "Judgments",
    ) -> None:
        super().__init__(recorder, now, judgments)
        self._library = library
        self._take_next = take_next
        self._notify = notify
        self._loads = self._loaded = 0
        self._plays_when_loaded = False
        self._starts_at = 0.0
        self.all_songs = self.stops_after_song = False
        self.opening: Callable[[], Coroutine[object, object, None]] = self.next
        self.skips = Skips()
        self._history = SessionHistory()
        self._broken = ""
        self._first_song = 0

    async def use(self, player: "Player") -> None:
        """Play through this player from now on: the song continues there, in the same listen."""
        self._update_telemetry()
        self._telemetry.paused()
        old, self._player = self._player, player
        self._recorder.pipeline = player.pipeline
        self._hand_over(player)
        if old is None:
            return
        active = self.active
        position = old.position if self._is_loaded else self._starts_at
        old.close()
        if self.tune is not None:
            self._listened_at_start = self._telemetry.listened_seconds
            await self._resume(self.tune, active, position or 0.0)

    async def _resume_soon(self, tune: "Tune", position: float) -> None:
        """Load the current song at a position; a click on Pause may have come before."""
        await self._resume(tune, self._plays_when_loaded, position)

    async def _resume(self, tune: "Tune", active: bool, position: float) -> None:
        """Load the current song at a position, unless the listener has chosen another tune meanwhile."""
        if tune is not self.tune:
            return
        problem = await self._load(tune, active, position)
        if problem and self._plays_when_loaded:
            await self._skip(problem)
        elif problem:
            self._stop_at(tune.title + " can't be played. " + problem, None)

    @property
    def _is_loaded(self) -> bool:
        """Whether the player has the tune; while it is loading nevertheless, that is another song of it."""
        return self._loaded == self._loads

    @property
    def active(self) -> bool:
        """Whether the song is audible or about to be."""
        return self._plays_when_loaded if self.state in ON_THE_WAY else self.state in ACTIVE

    @property
    def used(self) -> "Hardware | None":
        """What the tune is played with, as `sidflow_feedback.player.Player.used`."""
        return self._player.used if self._player and self.tune else None

    async def cue(self, tune: "Tune", song: int, position: float, play: bool = False) -> None:
        """Load a song, 0 for the start song, at a position in seconds; `play` it, or wait for `toggle`."""
        self._forget_skips()
        self._first_song = song or tune.start_song
        self._choose(tune, self._first_song)
        await self._resume(tune, play, position)

    async def open(self, tune: "Tune", song: int = 0) -> None:
        """Play a song, 0 for the tune's start song. A newer call, or a click on Pause, takes precedence."""
        self._forget_skips()
        problem = await self._start(tune, song)
        if problem:
            await self._skip(problem)

    async def _start(self, tune: "Tune", song: int = 0, active: bool = True) -> str:
        """Play a song; return why the tune can't be played, else an empty text."""
        self._first_song = song or tune.start_song
        self._choose(tune, self._first_song)
        return await self._load(tune, active)

    async def _load(self, tune: "Tune", active: bool, position: float = 0.0) -> str:
        """Load the tune; return why it can't be played. A fault of the player is reported here."""
        player = self._player
        if player is None:
            return ""
        self._loads += 1
        load = self._loads
        self._plays_when_loaded, self._starts_at = active, position
        self.state = State.FETCHING
        self.changed.emit()
        try:
            data = await self._library.data(tune)
        except Exception as exc:
            return error_message(exc) if load == self._loads else ""
        if load != self._loads:
            return ""
        try:
            self.state = State.LOADING
            player.mute(self.muted)
            loading = player.load(data, self.song)
            if self._plays_when_loaded and not position:
                player.play()
            header = await loading
        except Exception as exc:
            return self._blame(exc) if load == self._loads else ""
        if load == self._loads:
            self._on_loaded(player, tune, header)
        return ""

    def _on_loaded(self, player: "Player", tune: "Tune", header: "TuneHeader") -> None:
        self._loaded = self._loads
        if self._starts_at:
            if "seek" in self.abilities:
                self._jump(lambda: player.seek(self._starts_at))
            if self._plays_when_loaded:
                player.play()
        if self.state == State.LOADING and not self._plays_when_loaded:
            self.state = State.PAUSED
        self._library.accept(tune)
        tune.update_from_header(header)
        self.changed.emit()

    def _blame(self, exc: Exception) -> str:
        """Return why the tune can't be played; report a fault of the player."""
        if isinstance(exc, PlayerError) or error_name(exc) == "SidError":
            return error_message(exc)
        self._telemetry.failed()
        self._stop_at((self.tune.title if self.tune else "This tune") + " can't be played. ", exc)
        return ""

    async def _skip(self, problem: str) -> None:
        """Go on with the next tune that can be played; stop if there is none."""
        while problem and self.tune is not None:
            rejected, load = self.tune, self._loads
            self._telemetry.failed()
            self.skips.add(rejected.title, problem)
            await self._library.reject(rejected)
            if load != self._loads:
                return  # The listener has chosen another tune.
            tune = self._take_next() if not self.skips.are_too_many else None
            if tune is None:
                self._library.accept_all()  # The listener's next click tries again.
                self._stop_at(self._library.shortage or NOTHING_PLAYS + problem, None)
                return
            problem = await self._start(tune, active=self._plays_when_loaded)

    def _forget_skips(self) -> None:
        self.skips.clear()
        self._broken = ""

    def toggle(self) -> None:
        """Pause, or resume; if nothing is loaded, play the `opening`."""
        if self._player is None:
            return
        if self.tune is None:
            opening, self.opening = self.opening, self.next
            spawn(opening())
            return
        if self.active:
            self.pause()
        elif self.state in ON_THE_WAY:
            self._go_on_loading(True)
        else:
            self._plays_when_loaded, self._starts_at = True, 0.0
            self._player.play()

    def _go_on_loading(self, active: bool) -> None:
        """Load on, and play or don't play then."""
        self._plays_when_loaded = active
        if self._player and not active:
            self._player.pause()  # The tune before may still sound.
        elif self._player and self.state == State.LOADING and not self._starts_at:
            self._player.play()
        self.changed.emit()

    async def next(self, clicks: int = 1) -> None:
        """Play the next tune.

        `clicks` is the browser's count of clicks in a row (0: no mouse): the second half of a double click is
        ignored.
        """
        if clicks == 0 or clicks % 2 == 1:
            self._forget_skips()
            await self._play_next()

    async def previous(self) -> None:
        """Play the song from its beginning; within its first seconds, play the tune that was heard before."""
        before = None if self.elapsed > RESTART_SECONDS else self._history.go_back(self.tune)
        if before:
            await self.open(*before)
        elif self.tune is not None:
            self.set_song(self.song)

    def set_song(self, song: int) -> None:
        """Switch to another song of the tune."""
        if self.tune is None or self._player is None:
            return
        self._first_song = song
        self._choose(self.tune, song)
        if self.state in ON_THE_WAY:
            spawn(self._resume_soon(self.tune, 0.0))
        else:
            self._plays_when_loaded, self._starts_at = self.active, 0.0
            self._player.set_song(song)
        self.changed.emit()

    def step_song(self, step: int) -> None:
        """Switch to the next song of the tune, or with -1 to the one before; song 1 follows the last."""
        if self.tune is not None and self.tune.songs > 1:
            self.set_song((self.song - 1 + step) % self.tune.songs + 1)

    def seek(self, seconds: float) -> None:
        """Jump to a position in the song, if the player can."""
        player = self._player
        if not player or self.tune is None or "seek" not in self.abilities:
            return
        if self.state in ON_THE_WAY:
            spawn(self._resume_soon(self.tune, seconds))
        else:
            self._jump(lambda: player.seek(seconds))

    def pause(self) -> None:
        """Fall silent and keep the position; what is on its way doesn't play until `toggle`."""
        if self.state in ON_THE_WAY:
            self._go_on_loading(False)
        elif self._player is not None and self.active:
            self._player.pause()

    async def dislike(self) -> None:
        """Record a dislike, and go on with the next tune; or take the dislike back."""
        self.judge("dislike")
        if self.judgment == "dislike":
            if self.tune and self._judged_event:
                self.disliked.emit(self.tune, self._judged_event)
            await self.next()

    async def tick(self) -> None:
        """Follow the player; called a few times each second."""
        self._update_telemetry()
        if self.state == State.PLAYING and self.track and self.elapsed >= self.track.length:
            self.state = State.ENDED
        if self._broken:
            problem, self._broken = self._broken, ""
            await self._skip(problem)
        elif self.state == State.ENDED:
            self._forget_skips()
            self._telemetry.ended()
            if self.stops_after_song:
                self._stop()
            elif not self._play_next_song():
                await self._play_next()

    def on_player_state(self, pipeline: str, state: "PlayerState") -> None:
        """Take the new state of the player with this pipeline, if it is the one in use."""
        if self._player is None or pipeline != self._player.pipeline:
            return
        status = state["status"]
        of_tune = state.get("tuneFault", False)
        is_held = self.state == State.LOADING and self._is_loaded and not self._plays_when_loaded
        if status in IGNORED.get(self.state, ()) and not is_held:
            return
        if of_tune and self.state == State.LOADING and not self._is_loaded:
            return  # `_load` gets the fault of a tune that is loading.
        if of_tune and self.active:
            self._broken = cut_message(state["error"])
        if self.state == State.PLAYING and status != State.PLAYING:
            self._update_telemetry()
            self._telemetry.paused()
        self.state = status
        end = state.get("end")
        if end is not None and self.track:
            self.track.end_at(end)
        if status == State.PLAYING:
            self._on_audible(self._player.position)
        elif status == State.ERROR:
            self._telemetry.failed()
            if not self._broken:
                self._notify(cut_message(state["error"]), None)
        self.changed.emit()

    def _on_audible(self, position: float | None) -> None:
        if self.tune and self.track and self._telemetry.track is not self.track.record:
            self._telemetry.started(self.track.record, position)
            self._history.add(self.tune, self.song)
            self._listened_at_start = self._telemetry.listened_seconds
        self._update_telemetry()

    def _play_next_song(self) -> bool:
        """Go on with the next song of the tune, if all are to play; return False after the last of them."""
        tune, player = self.tune, self._player
        if tune is None or player is None or not self.all_songs:
            return False
        song = self.song % tune.songs + 1
        if song == self._first_song:
            return False
        self._choose(tune, song)
        self.state, self._plays_when_loaded, self._starts_at = State.LOADING, True, 0.0
        player.set_song(song)
        player.play()
        self.changed.emit()
        return True

    async def _play_next(self) -> None:
        tune = self._take_next()
        if tune:
            problem = await self._start(tune)
            if problem:
                await self._skip(problem)
            return
        if self.state == State.ENDED:
            self._stop()
        if self._library.shortage:
            self._notify(self._library.shortage, None)

    def _stop(self) -> None:
        """Fall silent at the end of the song."""
        if self._player is not None:
            self._player.pause()
        self.state = State.STOPPED
        self.changed.emit()

    def _choose(self, tune: "Tune", song: int) -> None:
        """Make a song the current one; leave the song before, unless it is the same."""
        self._update_telemetry()
        if tune is not self.tune:
            self.muted = 0
        if tune is not self.tune or song != self.song:
            self._telemetry.left()
        self._telemetry.paused()
        self.tune, self.song, self.track = tune, song, Track(tune, song, self.incognito)

    def _stop_at(self, message: str, exc: Exception | None) -> None:
        self._notify(message, exc)
        if self._player is not None:
            self._player.pause()  # The tune before may still sound.
        self.tune, self.song, self.track, self.state = None, 0, None, State.ERROR
        self.skips.clear()
        self.changed.emit()
