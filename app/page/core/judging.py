"""What the listener thinks of the song that is loaded: how much of it they heard, likes, and ratings."""

from app.page.core.playback_state import State
from app.page.core.player_controls import PlayerControls
from app.page.core.tune import Track
from sidflow_feedback.page.signal import Signal
from sidflow_feedback.player.telemetry import Telemetry

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, TypeAlias

    from app.page.core.judgments import Judgment, Judgments
    from app.page.core.tune import Tune
    from sidflow_feedback.page.recorder import Recorder
    from sidflow_feedback.player import PlayerStatus
    from sidflow_feedback.types import Dimension

    PlaybackState: TypeAlias = PlayerStatus | Literal["fetching"]


class Judging(PlayerControls):
    """Records listens, likes, and ratings of the song that `Playback` has loaded.

    `sidflow_feedback.player.telemetry` decides what counts as a play, a skip, or a complete listen.

    Parameters
    ----------
    recorder
        Keeps the events.
    now
        A monotonic clock in seconds.
    judgments
        What the listener thinks of tunes, whatever plays.

    Attributes
    ----------
    judged
        Emitted with each like or dislike that is recorded.
    disliked
        Emitted with the tune and the uuid of the event when a new dislike goes on to the next tune.
    taken_back
        Emitted with the judgment, its tune, and the uuid of its event when the listener takes one back.
    tune, song
        What is loaded; None and 0 at first.
    track
        The song that is loaded, as events describe it.
    state
        One of `State`.
    incognito
        Whether nothing is recorded.
    """

    def __init__(self, recorder: "Recorder", now: "Callable[[], float]", judgments: "Judgments") -> None:
        super().__init__()
        self._recorder = recorder
        self._now = now
        self.judgments = judgments
        judgments.changed.connect(self.changed.emit)
        self._telemetry = Telemetry(recorder.action)
        self._listened_at_start = 0.0
        self._judged_event: str | None = None
        self.judged: Signal[[Judgment]] = Signal()
        self.disliked: Signal[[Tune, str]] = Signal()
        self.taken_back: Signal[[Judgment, Tune, str]] = Signal()
        self.tune: Tune | None = None
        self.song = 0
        self.track: Track | None = None
        self.state: PlaybackState = State.IDLE

    @property
    def can_judge(self) -> bool:
        """Whether the song can be liked or disliked: part of it was audible, and it is not private."""
        return self._telemetry.track is not None and not (self.track and self.track.private)

    @property
    def judgment(self) -> "Judgment | None":
        """What the listener thinks of this listen; if they haven't judged it, what they thought earlier."""
        earlier = self._earlier
        return self._telemetry.judgment or (earlier[0] if earlier else None)

    @property
    def _earlier(self) -> "tuple[Judgment, str] | None":
        """The judgment that is kept of the song that is loaded, and the UUID of its event."""
        if self.tune is None or self.song != self.tune.start_song or (self.track and self.track.private):
            return None
        return self.judgments.of(self.tune)

    @property
    def incognito(self) -> bool:
        """Whether nothing is recorded."""
        return self._recorder.incognito

    @property
    def elapsed(self) -> float:
        """Seconds since the song began: the player's position, else the audible seconds."""
        position = self._player.position if self._player else 0.0
        return self._telemetry.listened_seconds - self._listened_at_start if position is None else position

    def set_incognito(self, on: bool) -> None:
        """Switch incognito mode; the current song stays private to its end either way."""
        if self.track is not None:
            self.track.make_private()  # Must come first: its events so far must not be recorded later.
        self._recorder.incognito = on
        self.changed.emit()

    def judge(self, judgment: "Judgment") -> None:
        """Record a like or dislike of the song instead of an earlier one; the same again takes it back."""
        self._update_telemetry()
        before = self.judgment
        if before:
            self._take_back(before)
        if before != judgment and self.can_judge:
            self._judged_event = self._telemetry.judge(judgment)
            if self.tune and self.song == self.tune.start_song and self._judged_event:
                self.judgments.add(self.tune, judgment, self._judged_event)
            self.judged.emit(judgment)
        self.changed.emit()

    def forget(self, uuids: "list[str]") -> None:
        """Take note that these events are deleted."""
        if self._judged_event in uuids:
            self._forget_judgment()
        self._telemetry.forget_ratings(uuids)
        self.judgments.forget(uuids)

    def forget_all(self) -> None:
        """Take note that all events are deleted."""
        self._forget_judgment()
        self._telemetry.forget_ratings(self._telemetry.ratings)
        self.judgments.clear()

    def on_storage(self, key: str | None) -> None:
        """Take over what another tab has changed, which may be the judgment of this listen."""
        before = self.judgments.of(self.tune) if self.tune else None
        self.judgments.on_storage(key)
        after = self.judgments.of(self.tune) if self.tune else None
        if before != after and before and before[1] == self._judged_event:
            self._forget_judgment()

    def _forget_judgment(self) -> None:
        self._telemetry.take_back()
        self._judged_event = None
        self.changed.emit()

    def _take_back(self, judgment: "Judgment") -> None:
        earlier = self._earlier
        event = self._judged_event if self._telemetry.judgment else earlier[1] if earlier else None
        self._telemetry.take_back()
        self._judged_event = None
        if event and self.tune:
            self._withdraw(judgment, self.tune, event)

    def _withdraw(self, judgment: "Judgment", tune: "Tune", event: str) -> None:
        self.judgments.forget([event])
        self.taken_back.emit(judgment, tune, event)

    def like(self, tune: "Tune") -> None:
        """Record that the listener likes a tune's start song, which needn't be loaded; or take it back."""
        if self.tune is tune and self.song == tune.start_song and self.can_judge:
            self.judge("like")
            return
        earlier = self.judgments.of(tune)
        if earlier:
            self._withdraw(earlier[0], tune, earlier[1])
        if not earlier or earlier[0] != "like":
            event = self._recorder.action("like", Track(tune, tune.start_song, self.incognito).record)
            if event:
                self.judgments.add(tune, "like", event)
                self.judged.emit("like")

    def take_back_dislike(self, tune: "Tune", event: str) -> None:
        """Take back a dislike, which is in the event with this UUID; its tune needn't be loaded."""
        self.forget([event])
        self.taken_back.emit("dislike", tune, event)

    def rate(self, ratings: "dict[Dimension, int]") -> str | None:
        """Record a rating of the song that is loaded; return its uuid, None if it could not be stored."""
        if self.track is None or self._player is None:
            return None
        listened = self._telemetry.listened_seconds if self._telemetry.track is not None else None
        uuid = self._recorder.rating(ratings, self.track.record, self._player.position, listened)
        if uuid:
            self._telemetry.rated(uuid)
        return uuid

    def confirm(self, uuid: str) -> None:
        """Take note that the listener has rated the song as before, in the event with this UUID."""
        self._telemetry.rated(uuid)

    def refresh_track(self, tune: "Tune") -> None:
        """Update the song that is loaded, if it is of this tune: more is known about it."""
        if self.tune is tune and self.track:
            self.track.refresh()

    def _jump(self, jump: "Callable[[], None]") -> None:
        """Let the player change its position: the skipped part does not count as audible."""
        self._update_telemetry()
        self._telemetry.paused()
        jump()
        self._update_telemetry()
        self.changed.emit()

    def _update_telemetry(self) -> None:
        if self._player and self.state == State.PLAYING:
            self._telemetry.moved(self._player.position, self._now())
