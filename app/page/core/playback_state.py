"""The states of a playback, and what it needs of the library."""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Final, Protocol

    from app.page.core.tune import Tune

    class Library(Protocol):
        """What playback needs of the library."""

        @property
        def shortage(self) -> str:
            """Why nothing may follow although there are tunes; empty if there is no such reason."""

        def data(self, tune: Tune) -> Awaitable[object]:
            """Return the bytes of a tune."""

        def reject(self, tune: Tune) -> Awaitable[None]:
            """Note that a tune can't be played: it isn't to be taken again in this session."""

        def accept(self, tune: Tune) -> None:
            """Note that a tune plays."""

        def accept_all(self) -> None:
            """Forget which tunes can't be played."""


class State:
    """States of a `Playback`: one of its own, and those that a player reports.

    ========  ==================================================  =====================
    state     event                                               next state
    ========  ==================================================  =====================
    any       `open`; `use` while a tune is loaded                fetching
    fetching  the tune's bytes are there                          loading
    fetching  the tune's bytes can't be read                      fetching, of the next tune
    fetching  the player reports anything                         fetching
    loading   the player reports idle, stopped, or paused         loading
    ended     the player reports idle, stopped, or paused         ended
    loading   the tune is loaded, but isn't to play               paused
    loading   another song of it has begun, but isn't to play     that of the player
    loading   another song of it can't be played                  error, then fetching, of the next tune
    loading   the tune can't be played                            fetching, of the next tune
    loading   the player is at fault                              error, without a tune
    playing   the tune turns out to be broken                     fetching, of the next tune
    any       no tune that follows can be played                  error, without a tune
    others    the player reports a state                          that state
    playing   the song's length has passed                        ended
    ended     a song of the same tune follows                     loading
    ended     a tune follows                                      fetching
    ended     no tune follows                                     stopped
    ========  ==================================================  =====================
    """

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

ON_THE_WAY = (State.FETCHING, State.LOADING)
"""The tune isn't there yet: whether it is to play is decided until it is."""

ACTIVE = (State.FETCHING, State.LOADING, State.STARTING, State.PLAYING)
