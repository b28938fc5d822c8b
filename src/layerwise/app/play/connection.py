"""A page at the other end of a WebSocket or of a notebook's channel: its calls, each answered or refused."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.app.play.described import (
    Samples,
    field,
    message_of,
    model_in,
    model_of,
    part_of,
    plan_of,
    samples_of,
    settings_of,
)
from layerwise.app.play.protocol import pack, unpack
from layerwise.app.play.session import Session, words_of
from layerwise.errors import DataError
from layerwise.network.network import Network
from layerwise.parts.description import whole_number
from layerwise.parts.schedules import as_schedule, factors

MOST_SESSIONS = 16
MOST_PICTURE = 2**26  # bytes
MOST_POINTS = 100_000


class Connection:
    """One page.

    Parameters
    ----------
    post : function
        Sends a frame; called from any thread.
    keeps_up : function
        Whether the page has read most of the frames before.
    network : Network, optional
        The user's own, which the page opens.
    take_over : function, optional
        Called with a network when the page gives it back.
    data : Samples, optional
        What the user's own network learns from.
    """

    def __init__(
        self,
        post: Callable[[bytes], None],
        keeps_up: Callable[[], bool],
        network: Network | None = None,
        take_over: Callable[[Network], None] | None = None,
        data: Samples | None = None,
    ) -> None:
        self.post, self.keeps_up, self.network, self.take_over = post, keeps_up, network, take_over
        self.data = data
        self._sessions: dict[int, Session] = {}
        self._newest = 0
        self._lock = threading.Lock()
        self._work = ThreadPoolExecutor(1, "layerwise page")  # what belongs to no session

    def receive(self, frame: bytes) -> None:
        """Take a call; the answer comes later."""
        id = None
        try:
            message = unpack(frame)
            id = field(message, "id", int, "a call")
            call, given = field(message, "call", str, "a call"), message.get("with")
            given = given if isinstance(given, dict) else {}
            number = message.get("session")
            if number is not None:
                self._session(number).ask(id, call, given)
                if call == "close":
                    self._sessions.pop(number, None)
            elif call in _CALLS:
                self._work.submit(self._do, id, _CALLS[call], given)
            else:
                raise DataError(f"the page has asked for {call!r:.40}, which this version does not know")
        except BaseException as error:
            self._answer(id, refusal=words_of(error))

    def close(self, wait: float = 0.0) -> None:
        """End all that the page has begun."""
        self._work.shutdown(wait=False, cancel_futures=True)
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            session.close()
        for session in sessions if wait else ():
            session.close(wait)

    def _session(self, number: Any) -> Session:
        if not isinstance(number, int) or number not in self._sessions:
            raise DataError("this network is gone: it was closed")
        return self._sessions[number]

    def _do(self, id: int, call: Callable[[Connection, int, dict[str, Any]], Any], given: dict[str, Any]) -> None:
        try:
            found = call(self, id, given)
            if found is not _LATER:
                self._answer(id, result=found)
        except BaseException as error:
            self._answer(id, refusal=words_of(error))

    def _answer(self, id: Any, **answer: Any) -> None:
        self.post(pack({"id": id, **answer}))

    # ---------------------------------------------------------------- calls

    def create(self, id: int, given: dict[str, Any]) -> Any:
        """Make a network; its session answers when it has it."""
        if len(self._sessions) >= MOST_SESSIONS:
            raise DataError(f"the page has {MOST_SESSIONS} networks at work already; close some of them")
        settings, data = settings_of(field(given, "training", dict, "create")), samples_of(given.get("data"))
        held = None if given.get("heldOut") is None else samples_of(given["heldOut"], "held-out data")
        self._newest += 1
        number = self._newest
        post = partial(self._report, number)
        session = Session(settings, data, held, self._answer, post, self.keeps_up)
        session.given = self.take_over
        self._sessions[number] = session
        session.begin(id, lambda: {"session": number, "plan": plan_of(session.network, session.fused)})
        return _LATER

    def _report(self, number: int, progress: dict[str, Any]) -> None:
        self.post(pack({"session": number, "progress": progress}))

    def open(self, id: int, given: dict[str, Any]) -> dict[str, Any]:
        """Say what is in a model file."""
        return model_of(model_in(field(given, "file", np.ndarray, "open")))

    def factors(self, id: int, given: dict[str, Any]) -> Any:
        """Return the factors of a schedule at some moments, evenly from 0 to all epochs."""
        given = {"schedule": None, "epochs": None, "points": None, **given}
        schedule = as_schedule(part_of(given["schedule"]))
        epochs = whole_number("schedule", "epochs", given["epochs"], least=1)
        points = whole_number("schedule", "points", given["points"], least=1)
        if schedule is None or points > MOST_POINTS:
            raise DataError(f"factors: a schedule, and at most {MOST_POINTS:,} points; got {points:,}")
        return np.asarray(factors(schedule, np.linspace(0, epochs, points), epochs), np.float64)

    def own(self, id: int, given: dict[str, Any]) -> dict[str, Any] | None:
        """Say what the user's own network is, and its data."""
        if self.network is None:
            return None
        return {"model": model_of(self.network), "data": None if self.data is None else message_of(self.data)}

    def read(self, id: int, given: dict[str, Any]) -> dict[str, Any]:
        """Read the digits of a picture, by the network of a session or by the one that comes with the package."""
        from layerwise.handwriting import read_digits

        file = field(given, "file", np.ndarray, "read")
        if file.nbytes > MOST_PICTURE:
            raise DataError(f"the picture has {file.nbytes:,} bytes; at most {MOST_PICTURE:,} are read")
        number = given.get("by")
        model = None if number is None else self._session(number).network
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture"
            path.write_bytes(file.tobytes())
            try:
                found = read_digits(path, model, single=bool(given.get("single", False)))
            except DataError as error:
                raise DataError(str(error).replace(str(path), "the picture")) from None
        rows = [
            [
                {
                    "answer": digit.answer, "guess": digit.guess, "confidence": digit.confidence,
                    "place": list(digit.place), "image": digit.image, "probabilities": digit.probabilities,
                }
                for digit in row
            ]
            for row in found.rows
        ]  # fmt: skip
        said = {"answer": found.answer, "confidence": found.confidence, "reason": found.reason}
        return {**said, "rows": rows, "size": list(found.size)}


_LATER = object()
_CALLS: dict[str, Callable[[Connection, int, dict[str, Any]], Any]] = {
    "create": Connection.create,
    "open": Connection.open,
    "factors": Connection.factors,
    "own": Connection.own,
    "read": Connection.read,
}
