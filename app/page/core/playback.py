"""What is playing: ties library, player, telemetry and recorder together. Knows no browser."""

from app.page.core.track import track_of
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.player.telemetry import Telemetry
from sidflow_feedback.vocabulary import LengthSource

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Protocol

    from sidflow_feedback.page.recorder import Recorder
    from sidflow_feedback.types import Dimension, Track

    class Tunes(Protocol):
        """What playback needs of the library."""

        def data(self, tune: dict[str, Any]) -> Awaitable[Any]:
            """Return the bytes of a tune."""


class Playback:
    """The one tune that plays, and what the listener does to it.

    Parameters
    ----------
    take_next
        Returns the tune to play next, None when there is none.
    tell
        Shows a message to the listener: ``tell(text, exc)``, with the exception behind it or None.
    now
        A steady clock in seconds.

    Attributes
    ----------
    changed
        Emitted after each change of tune, song, status, judgment, or player.
    tune, song
        What is loaded; None and 0 at first.
    track
        The song that is loaded, as events describe it.
    status
        The player's status.
    muted
        Voices that are silent as long as this tune is chosen: bit 3c + v is voice v of chip c.
    """

    def __init__(
        self,
        library: "Tunes",
        recorder: "Recorder",
        take_next: "Callable[[], dict[str, Any] | None]",
        tell: "Callable[[str, Exception | None], None]",
        now: "Callable[[], float]",
    ) -> None:
        self._library = library
        self._take_next = take_next
        self._recorder = recorder
        self._tell = tell
        self._now = now
        self._telemetry = Telemetry(recorder.action)
        self._player: Any = None
        self._volume = 1.0
        self._override = ("", 0)
        self._opened = 0
        self._ignore_player_events = False
        self._awaiting_sound = False
        self._heard_before = 0.0
        self.changed: Signal[[]] = Signal()
        self.tune: dict[str, Any] | None = None
        self.song = 0
        self.track: Track | None = None
        self.status = "idle"
        self.muted = 0

    async def use(self, player: "Any") -> None:
        """Play through this player from now on: what is heard goes on there, in the same listen."""
        old, self._player = self._player, player
        self._recorder.pipeline = player.pipeline
        player.set_volume(self._volume)
        player.override(*self._override)
        if old is None:
            return
        at, playing = old.position, self.status in ("playing", "starting", "loading")
        self._fall_silent(old.position)
        old.close()
        if self.tune is not None:
            self._heard_before = self._telemetry.heard
            await self._load(playing, at or 0.0)

    @property
    def begun(self) -> bool:
        """Whether something of the song was heard, so that it can be liked."""
        return self._telemetry.track is not None

    @property
    def judgment(self) -> str | None:
        """``like``, ``dislike`` or None: what the listener has said of this listen."""
        return self._telemetry.judgment

    @property
    def pipeline(self) -> str:
        """The name of the player, empty as long as there is none."""
        return self._player.pipeline if self._player else ""

    @property
    def abilities(self) -> "tuple[str, ...]":
        """What the player can do besides playing, as `sidflow_feedback.player.Ability` names it."""
        return self._player.abilities if self._player else ()

    @property
    def progress(self) -> float:
        """How much is done of a seek, 0 to 1; 1 when none is under way."""
        return self._player.progress if self._player else 1.0

    @property
    def used(self) -> "dict[str, Any] | None":
        """What the tune is played with, as `sidflow_feedback.player.Player.used`."""
        return self._player.used if self._player and self.tune else None

    @property
    def elapsed(self) -> float:
        """Seconds since the song began: the player's position, else what was audible."""
        position = self._player.position if self._player else 0.0
        return self._telemetry.heard - self._heard_before if position is None else position

    async def open(self, tune: "dict[str, Any]", song: int = 1) -> None:
        """Play a song. A newer call, or a click on pause, has the last word."""
        self._leave_for(tune, song)
        await self._load(True)

    async def _load(self, playing: bool, at: float = 0.0) -> None:
        self._opened += 1
        opened, tune = self._opened, self.tune or {}
        self.status, self._ignore_player_events = "loading", True
        self.changed.emit()
        try:
            data = await self._library.data(tune)
            if opened != self._opened:
                return
            self._ignore_player_events = False
            self._player.mute(self.muted)
            loading = self._player.load(data, self.song)
            if playing and not at:
                self._player.play()
            info = await loading
            if at and opened == self._opened:
                self._go_on_from(at, playing)
        except Exception as exc:
            if opened == self._opened:
                self._fail(exc)
            return
        if self.status == "loading" and not playing:
            self.status = "paused"
        tune["songs"] = info["songs"]
        tune["released"] = tune.get("released") or info["released"]
        self.changed.emit()

    def toggle(self) -> None:
        """Pause, or play on."""
        if self.status in ("playing", "starting"):
            self._player.pause()
        else:
            self._player.play()

    async def next(self, clicks: int = 1) -> None:
        """Go to the tune that comes next.

        `clicks` is the browser's count of clicks in a row (0: no mouse): the second half of a double click is
        ignored.
        """
        if clicks == 0 or clicks % 2 == 1:
            await self._go_on()

    def set_song(self, song: int) -> None:
        """Go to another song of the tune."""
        if self.tune is None:
            return
        self._leave_for(self.tune, song)
        self._player.set_song(song)
        self.changed.emit()

    def seek(self, seconds: float) -> None:
        """Go to a place in the song, where the player can."""
        if self.track is not None and "seek" in self.abilities:
            self._jump(lambda: self._player.seek(seconds))

    def mute(self, voice: int, silent: bool) -> None:
        """Silence a voice, or let it sound again, until another tune is chosen."""
        if "mute" in self.abilities:
            self.muted = self.muted | 1 << voice if silent else self.muted & ~(1 << voice)
            self._player.mute(self.muted)
            self.changed.emit()

    def override(self, clock: str, chip: int) -> None:
        """Play with this clock and chip, where the player can; empty and 0: as the tunes say themselves."""
        if (clock, chip) == self._override:
            return
        self._override = (clock, chip)
        if self._player is not None:
            self._jump(lambda: self._player.override(clock, chip))

    def _jump(self, jump: "Callable[[], None]") -> None:
        """Let the player go elsewhere: what is jumped over is not heard."""
        self._look()
        self._telemetry.paused()
        jump()
        self._look()
        self.changed.emit()

    def _go_on_from(self, at: float, playing: bool) -> None:
        self.seek(at)
        if playing:
            self._player.play()

    def set_volume(self, per_cent: int) -> None:
        """Set the volume, 0 to 100."""
        self._volume = per_cent / 100
        if self._player is not None:
            self._player.set_volume(self._volume)

    def judge(self, judgment: str) -> None:
        """Record ``like`` or ``dislike``, once for each listen."""
        self._look()
        (self._telemetry.liked if judgment == "like" else self._telemetry.disliked)()
        self.changed.emit()

    def rate(self, ratings: "dict[Dimension, int]") -> str | None:
        """Record a rating of the song that is loaded; return its uuid, None when it could not be kept."""
        if self.track is None:
            return None
        position, heard = self._player.position, self._telemetry.heard
        return self._recorder.rating(ratings, self.track, position, heard if self.begun else None)

    def learn(self, tune: "dict[str, Any]") -> None:
        """Take what is known of a tune by now; it may be playing already."""
        if self.tune is tune and self.track:
            self.track.update(track_of(tune, self.song))

    async def tick(self) -> None:
        """Follow the player; called a few times each second."""
        self._look()
        length = self.track["length"] if self.track else None
        over = self.status == "playing" and length is not None and self.elapsed >= length
        if over or self.status == "ended":
            self.status = "loading"
            self._telemetry.ended()
            await self._go_on()

    def hear(self, pipeline: str, state: "dict[str, Any]") -> None:
        """Take the new state of the player with this pipeline; one that was changed for another is over."""
        if self._ignore_player_events or self._player is None or pipeline != self._player.pipeline:
            return
        if self.status == "loading" and state["status"] in ("stopped", "paused", "idle"):
            return  # The states on the way from one tune to the next.
        if self.status == "playing" and state["status"] != "playing":
            self._fall_silent(self._player.position)
        self.status = state["status"]
        self._end_at(state.get("end"))
        if self.status == "playing":
            self._audible()
        if self.status == "error":
            self._telemetry.failed()
            self._tell(state["error"], None)
        self.changed.emit()

    def _end_at(self, seconds: float | None) -> None:
        """Take where the song falls silent, unless its length is known better."""
        if seconds is not None and self.track and self.track["length_source"] == LengthSource.DEFAULT:
            self.track["length"], self.track["length_source"] = seconds, LengthSource.MEASURED

    def _audible(self) -> None:
        if self.track and (self._awaiting_sound or not self.begun):
            self._awaiting_sound = False
            self._telemetry.started(self.track, self._player.position)
            self._heard_before = self._telemetry.heard
        self._look()

    def _look(self) -> None:
        if self.status == "playing":
            self._telemetry.moved(self._player.position, self._now())

    def _fall_silent(self, position: float | None) -> None:
        if self.status == "playing":
            self._telemetry.moved(position, self._now())
        self._telemetry.paused()

    async def _go_on(self) -> None:
        tune = self._take_next()
        if tune:
            await self.open(tune)
        elif self.status == "loading":
            self._player.pause()
            self.status = "stopped"
            self.changed.emit()

    def _leave_for(self, tune: "dict[str, Any]", song: int) -> None:
        """Choose a song; the one that is heard was left, unless it is the same."""
        self._look()
        if tune is not self.tune:
            self.muted = 0
        if tune is not self.tune or song != self.song:
            self._telemetry.left()
        self._telemetry.paused()
        self._awaiting_sound = True
        self.tune, self.song, self.track = tune, song, track_of(tune, song)

    def _fail(self, exc: Exception) -> None:
        tune, self._ignore_player_events = self.tune, False
        self._telemetry.failed()
        self._tell(((tune or {}).get("title") or "This tune") + " can't be played. ", exc)
        self.tune, self.song, self.track, self.status = None, 0, None, "error"
        self.changed.emit()
