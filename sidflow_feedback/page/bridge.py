"""`Feedback` for pages whose own code is JavaScript: ``feedback.js`` calls it. MicroPython.

Values cross as JSON text, because MicroPython cuts whole numbers that cross by themselves to 32 bits.
"""

import asyncio
import json

from sidflow_feedback.page.feedback import Feedback
from sidflow_feedback.player.telemetry import Telemetry

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sidflow_feedback.types import Track


class Bridge:
    """Calls a `Feedback`, and passes on what it reports.

    Parameters
    ----------
    modules
        The JavaScript module ``modules.js``.
    text
        JSON of the arguments of `Feedback.connect`.
    emit
        JavaScript function, called as ``emit(kind, json)`` with state, model, run, or problem.
    settle
        JavaScript function, called as ``settle(id, answer, error)`` when a call is done. The answer is JSON;
        that of `Feedback.export_file` isn't.
    """

    def __init__(
        self,
        modules: "Any",
        text: str,
        emit: "Callable[[str, str], None]",
        settle: "Callable[[int, Any, str | None], None]",
    ) -> None:
        from sidflow_feedback.page.configured import ConfiguredBrowser

        def report(kind: str) -> "Callable[[Any], None]":
            return lambda value: emit(kind, json.dumps(value))

        given = json.loads(text)
        feedback = Feedback(ConfiguredBrowser(modules), given.pop("name"), report("problem"), **given)
        self._feedback = feedback
        self._settle = settle
        self._telemetry = Telemetry(feedback.recorder.action)
        feedback.on_state(report("state"))
        feedback.on_model(report("model"))
        feedback.on_run(report("run"))

    def call(self, number: int, method: str, text: str, binary: object) -> None:
        """Call a coroutine method, and settle the call of this number when it is done."""
        asyncio.create_task(self._call(number, method, json.loads(text), binary))

    async def _call(self, number: int, method: str, arguments: "list[Any]", binary: object) -> None:
        try:
            answer = await self._run(method, arguments, binary)
            if method != "export_file":
                answer = json.dumps(answer)
        except Exception as exc:
            self._settle(number, None, str(exc))
        else:
            self._settle(number, answer, None)

    async def _run(self, method: str, arguments: "list[Any]", binary: object) -> "Any":
        feedback = self._feedback
        if method == "configure":
            return await feedback.configure(**arguments[0])
        if method == "features":
            return await feedback.features(binary, *arguments)
        if method == "import_archive":
            return await feedback.import_archive(binary)
        if method == "rank":
            return await self._rank(*arguments)
        if method == "ask":
            return await feedback.engine.ask(*arguments)
        return await getattr(feedback, method)(*arguments)

    async def _rank(self, tracks: "list[Any]", exploration: int, offset: int) -> "list[tuple[int, bool]]":
        """Return the position of each track in `tracks`, and whether it is a surprise."""
        positions = {track["itemId"]: position for position, track in enumerate(tracks)}
        ranked = await self._feedback.rank(
            [_track(track) for track in tracks], exploration=exploration, offset=offset
        )
        return [(positions[entry["track"]["item_id"]], entry["surprise"]) for entry in ranked]

    def record(self, text: str) -> str:
        """Record an action or a rating; return its UUID in JSON."""
        given = json.loads(text)
        recorder, track = self._feedback.recorder, _track(given["track"])
        what, rest = given["what"], (given.get("position"), given.get("listenedSeconds"))
        record = recorder.action if isinstance(what, str) else recorder.rating
        return json.dumps(record(what, track, *rest))

    def undo(self, text: str) -> str:
        """Take back the event whose UUID is given in JSON, or the last rating; return its UUID in JSON."""
        uuid = self._feedback.undo(json.loads(text))
        self._telemetry.forget_ratings([uuid] if uuid else [])
        return json.dumps(uuid)

    def set_incognito(self, on: bool) -> None:
        """Record nothing while this is on."""
        self._feedback.recorder.incognito = bool(on)

    def watch(self, method: str, text: str) -> None:
        """Call a method of the page's `Telemetry`."""
        arguments = json.loads(text)
        if method == "started":
            arguments[0] = _track(arguments[0])
        getattr(self._telemetry, method)(*arguments)


def _track(track: "dict[str, Any]") -> "Track":
    """Return a track of JavaScript with the keys of Python."""
    names = {"itemId": "item_id", "lengthSource": "length_source"}
    return {names.get(key, key): value for key, value in track.items()}  # type: ignore[return-value]
