"""What is playing: connects library, player, telemetry, and recorder. Needs no browser."""

from app.page.core.tune import Track
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.player.telemetry import Telemetry

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Final, Literal, Protocol, TypeAlias

    from app.page.core.tune import Tune
    from sidflow_feedback.page.recorder import Recorder
    from sidflow_feedback.player import Hardware, Player, PlayerState, PlayerStatus
    from sidflow_feedback.types import Dimension

    Judgment: TypeAlias = Literal["like", "dislike"]
    PlaybackState: TypeAlias = PlayerStatus | Literal["fetching"]

    class Library(Protocol):
        """What playback needs of the library."""

        def data(self, tune: Tune) -> Awaitable[object]:
            """Return the bytes of a tune."""


class State:
    """States of a `Playback`: one of its own, and those that a player reports."""

    IDLE: "Final" = "idle"
    FETCHING: "Final" = "fetching"
    LOADING: "Final" = "loading"
    STARTING: "Final" = "starting"
    PLAYING: "Final" = "playing"
    PAUSED: "Final" = "paused"
    STOPPED: "Final" = "stopped"
    ENDED: "Final" = "ended"
    ERROR: "Final" = "error"


SILENT = (State.IDLE, State.STOPPED, State.PAUSED)
OTHERS = (State.LOADING, State.STARTING, State.PLAYING, State.ENDED, State.ERROR)
IGNORED = {
    State.FETCHING: SILENT + OTHERS,
    State.LOADING: SILENT,
    State.ENDED: SILENT,
}
"""Reports of the player that don't change a state: they are about the tune before."""

ACTIVE = (State.FETCHING, State.LOADING, State.STARTING, State.PLAYING)


class Playback:
    """The tune that is loaded, and what the listener does with it.

    ========  ==================================================  =====================
    state     event                                               next state
    ========  ==================================================  =====================
    any       `open`; `use` while a tune is loaded                fetching
    fetching  the tune's bytes are there                          loading
    fetching  the tune's bytes can't be read                      error, without a tune
    fetching  the player reports anything                         fetching
    loading   the player reports idle, stopped, or paused         loading
    ended     the player reports idle, stopped, or paused         ended
    loading   the tune is loaded, but was not to play             paused
    loading   the player can't load the tune                      error, without a tune
    others    the player reports a state                          that state
    playing   the song's length has passed                        ended
    ended     a tune follows                                      fetching
    ended     no tune follows                                     stopped
    ========  ==================================================  =====================

    A listen begins when the player reports ``playing`` for the first time after `open` or `set_song`, or
    after an error ended the listen before. A change of player does not begin a new one.

    Parameters
    ----------
    take_next
        Returns the tune to play next, None if there is none.
    notify
        Shows a message to the listener: ``notify(text, exc)``, with the exception that caused it or None.
    now
        A monotonic clock in seconds.

    Attributes
    ----------
    changed
        Emitted after each change of tune, song, state, judgment, player, or incognito mode.
    judged
        Emitted with each like or dislike that is recorded.
    tune, song
        What is loaded; None and 0 at first.
    track
        The song that is loaded, as events describe it.
    state
        One of `State`.
    muted
        Voices that are silent until another tune is chosen: bit 3c + v is voice v of chip c.
    incognito
        Whether nothing is recorded.
    """

    def __init__(
        self,
        library: "Library",
        recorder: "Recorder",
        take_next: "Callable[[], Tune | None]",
        notify: "Callable[[str, Exception | None], None]",
        now: "Callable[[], float]",
    ) -> None:
        self._library = library
        self._take_next = take_next
        self._recorder = recorder
        self._notify = notify
        self._now = now
        self._telemetry = Telemetry(recorder.action)
        self._player: Player | None = None
        self._volume = 1.0
        self._override = ("", 0)
        self._loads = 0
        self._listened_at_start = 0.0
        self.changed: Signal[[]] = Signal()
        self.judged: Signal[[Judgment]] = Signal()
        self.tune: Tune | None = None
        self.song = 0
        self.track: Track | None = None
        self.state: PlaybackState = State.IDLE
        self.muted = 0

    async def use(self, player: "Player") -> None:
        """Play through this player from now on: the song continues there, in the same listen."""
        self._update_telemetry()
        self._telemetry.paused()
        old, self._player = self._player, player
        self._recorder.pipeline = player.pipeline
        player.set_volume(self._volume)
        player.override(*self._override)
        if old is None:
            return
        position, active = old.position, self.active
        old.close()
        if self.tune is not None:
            self._listened_at_start = self._telemetry.listened_seconds
            await self._load(self.tune, active, position or 0.0)

    @property
    def active(self) -> bool:
        """Whether the song is audible or about to be."""
        return self.state in ACTIVE

    @property
    def can_judge(self) -> bool:
        """Whether the song can be liked or disliked: part of it was audible, and it is not private."""
        return self._telemetry.track is not None and not (self.track and self.track.private)

    @property
    def judgment(self) -> "Judgment | None":
        """What the listener thinks of this listen, as far as they have judged it."""
        return self._telemetry.judgment

    @property
    def incognito(self) -> bool:
        """Whether nothing is recorded."""
        return self._recorder.incognito

    @property
    def pipeline(self) -> str:
        """The name of the player, empty if there is none."""
        return self._player.pipeline if self._player else ""

    @property
    def abilities(self) -> "tuple[str, ...]":
        """What the player can do besides playing, as `sidflow_feedback.player.Ability` names it."""
        return self._player.abilities if self._player else ()

    @property
    def progress(self) -> float:
        """Completed part of a seek, 0 to 1; 1 when there is none."""
        return self._player.progress if self._player else 1.0

    @property
    def used(self) -> "Hardware | None":
        """What the tune is played with, as `sidflow_feedback.player.Player.used`."""
        return self._player.used if self._player and self.tune else None

    @property
    def elapsed(self) -> float:
        """Seconds since the song began: the player's position, else the audible seconds."""
        position = self._player.position if self._player else 0.0
        return self._telemetry.listened_seconds - self._listened_at_start if position is None else position

    async def open(self, tune: "Tune", song: int = 1) -> None:
        """Play a song. A newer call, or a click on Pause, takes precedence."""
        self._choose(tune, song)
        await self._load(tune, True)

    async def _load(self, tune: "Tune", active: bool, position: float = 0.0) -> None:
        player = self._player
        if player is None:
            return
        self._loads += 1
        load = self._loads
        self.state = State.FETCHING
        self.changed.emit()
        try:
            data = await self._library.data(tune)
            if load != self._loads:
                return
            self.state = State.LOADING
            player.mute(self.muted)
            loading = player.load(data, self.song)
            if active and not position:
                player.play()
            header = await loading
            if position and load == self._loads:
                self.seek(position)
                if active:
                    player.play()
        except Exception as exc:
            if load == self._loads:
                self._fail(exc)
            return
        if self.state == State.LOADING and not active:
            self.state = State.PAUSED
        tune.update_from_header(header)
        self.changed.emit()

    def toggle(self) -> None:
        """Pause, or resume."""
        if self._player is None:
            return
        if self.state in (State.PLAYING, State.STARTING):
            self._player.pause()
        else:
            self._player.play()

    async def next(self, clicks: int = 1) -> None:
        """Play the next tune.

        `clicks` is the browser's count of clicks in a row (0: no mouse): the second half of a double click is
        ignored.
        """
        if clicks == 0 or clicks % 2 == 1:
            await self._play_next()

    def set_song(self, song: int) -> None:
        """Switch to another song of the tune."""
        if self.tune is None or self._player is None:
            return
        self._choose(self.tune, song)
        self._player.set_song(song)
        self.changed.emit()

    def seek(self, seconds: float) -> None:
        """Jump to a position in the song, if the player can."""
        player = self._player
        if player and self.track is not None and "seek" in self.abilities:
            self._jump(lambda: player.seek(seconds))

    def mute(self, voice: int, silent: bool) -> None:
        """Mute or unmute a voice until another tune is chosen."""
        if self._player and "mute" in self.abilities:
            self.muted = self.muted | 1 << voice if silent else self.muted & ~(1 << voice)
            self._player.mute(self.muted)
            self.changed.emit()

    def override(self, clock: str, chip: int) -> None:
        """Play with this clock and chip, if the player can; empty and 0: as the tune's header says."""
        if (clock, chip) == self._override:
            return
        self._override = (clock, chip)
        player = self._player
        if player is not None:
            self._jump(lambda: player.override(clock, chip))

    def _jump(self, jump: "Callable[[], None]") -> None:
        """Let the player change its position: the skipped part does not count as audible."""
        self._update_telemetry()
        self._telemetry.paused()
        jump()
        self._update_telemetry()
        self.changed.emit()

    def set_volume(self, percent: int) -> None:
        """Set the volume, 0 to 100."""
        self._volume = percent / 100
        if self._player is not None:
            self._player.set_volume(self._volume)

    def set_incognito(self, on: bool) -> None:
        """Switch incognito mode; the current song stays private to its end either way."""
        if self.track is not None:
            self.track.make_private()  # Must come first: its events so far must not be recorded later.
        self._recorder.incognito = on
        self.changed.emit()

    def judge(self, judgment: "Judgment") -> None:
        """Record a like or dislike, once for each listen."""
        self._update_telemetry()
        before = self.judgment
        self._telemetry.judge(judgment)
        self.changed.emit()
        if self.judgment != before:
            self.judged.emit(judgment)

    def rate(self, ratings: "dict[Dimension, int]") -> str | None:
        """Record a rating of the song that is loaded; return its uuid, None if it could not be stored."""
        if self.track is None or self._player is None:
            return None
        listened = self._telemetry.listened_seconds if self._telemetry.track is not None else None
        return self._recorder.rating(ratings, self.track.record, self._player.position, listened)

    def refresh_track(self, tune: "Tune") -> None:
        """Update the song that is loaded, if it is of this tune: more is known about it."""
        if self.tune is tune and self.track:
            self.track.refresh()

    async def tick(self) -> None:
        """Follow the player; called a few times each second."""
        self._update_telemetry()
        if self.state == State.PLAYING and self.track and self.elapsed >= self.track.length:
            self.state = State.ENDED
        if self.state == State.ENDED:
            self._telemetry.ended()
            await self._play_next()

    def on_player_state(self, pipeline: str, state: "PlayerState") -> None:
        """Take the new state of the player with this pipeline, if it is the one in use."""
        if self._player is None or pipeline != self._player.pipeline:
            return
        status = state["status"]
        if status in IGNORED.get(self.state, ()):
            return
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
            self._notify(state["error"], None)
        self.changed.emit()

    def _on_audible(self, position: float | None) -> None:
        if self.track and self._telemetry.track is not self.track.record:
            self._telemetry.started(self.track.record, position)
            self._listened_at_start = self._telemetry.listened_seconds
        self._update_telemetry()

    def _update_telemetry(self) -> None:
        if self._player and self.state == State.PLAYING:
            self._telemetry.moved(self._player.position, self._now())

    async def _play_next(self) -> None:
        tune = self._take_next()
        if tune:
            await self.open(tune)
        elif self._player and self.state == State.ENDED:
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

    def _fail(self, exc: Exception) -> None:
        title = self.tune.title if self.tune else ""
        self._telemetry.failed()
        self._notify((title or "This tune") + " can't be played. ", exc)
        self.tune, self.song, self.track, self.state = None, 0, None, State.ERROR
        self.changed.emit()
