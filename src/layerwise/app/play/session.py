"""One network in training for the page: a thread, in which `Network.fit` waits for what the page asks for.

    page ─► Connection ─► Session.ask ─► queue ─► the thread: a fit that waits in its callback, or is at work
    page ◄─ Connection ◄─ post(answer), post(progress)

Everything about a network happens in its thread, between two steps: nothing is read while it is half written.
"""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from layerwise.app.play import answers
from layerwise.app.play.described import Samples, Settings, plan_of
from layerwise.app.play.watch import Goal, Watch
from layerwise.errors import DataError, DivergenceError, LayerwiseError
from layerwise.network.network import Network

CHUNK = 2**14  # epochs of a fit without a schedule: what it keeps of its history is no more than that
EXPECTED = (LayerwiseError, ValueError, TypeError, OSError, MemoryError, OverflowError)
Answer = Callable[..., None]


def words_of(error: BaseException) -> str:
    """Return an error in the words for the page; where it is none on purpose, the terminal has its traceback."""
    if isinstance(error, MemoryError):
        return "there is not enough memory; fewer units or rows need less"
    if isinstance(error, EXPECTED):
        return str(error) or type(error).__name__
    traceback.print_exception(error, file=sys.stderr)
    return f"Python could not do it ({type(error).__name__}); the terminal of `layerwise play` says more"


class Session:
    """One network in training.

    Parameters
    ----------
    settings : Settings
        The network and the arguments of `fit`.
    data : Samples
        What it learns from.
    held_out : Samples, optional
        What it is evaluated on after each epoch.
    answer : function
        answer(id, result=…) or answer(id, refusal=…).
    report : function
        Takes a report of progress.
    keeps_up : function
        Whether the page has read the reports before.
    """

    def __init__(
        self,
        settings: Settings,
        data: Samples,
        held_out: Samples | None,
        answer: Answer,
        report: Callable[[dict[str, Any]], None],
        keeps_up: Callable[[], bool],
    ) -> None:
        self.settings, self.data, self.held_out = settings, data, held_out
        self.network = settings.network()
        self.given: Callable[[Network], None] | None = None  # gives the user's own network what this one is
        self.watch = Watch(self._serve, self._progress, keeps_up)
        self.fused = False
        self.edits: list[str] = []  # what no single fit of these settings would have done
        self._first: dict[str, Any] = {}  # how the first fit began
        self._answer, self._report = answer, report
        self._calls: queue.SimpleQueue[tuple[Any, str, dict[str, Any]]] = queue.SimpleQueue()
        self._running: Any = None  # the id of the call of `run`
        self._making: Any = None  # the id of the call that waits for a network: create or reset
        self._seed: int | None = None
        self._over = False
        self._thread = threading.Thread(target=self._work, name="layerwise page", daemon=True)

    def begin(self, id: Any, answer: Callable[[], Any]) -> None:
        """Begin; the call of that id is answered with what `answer` gives once the network is there."""
        self._making = id, answer
        self._thread.start()

    def ask(self, id: Any, call: str, given: dict[str, Any]) -> None:
        """Ask for something: it is answered, or refused, later."""
        self._calls.put((id, call, given))

    def edited(self, what: str) -> None:
        """Note that no single fit of the settings would have come here."""
        if what not in self.edits:
            self.edits.append(what)

    def kept(self) -> Network:
        """Return a copy of the network as a file shall have it: its many small goals were one training."""
        network, watch = self.network.copy(), self.watch
        made = watch.epochs + watch.run.history.epochs
        edits = list(self.edits)
        if watch.run.step != self._first["first_step"] + made * watch.run.steps_per_epoch:
            edits.append("an epoch that is not over")
        if network.last_fit["schedule"] is not None and made != network.last_fit["epochs"]:
            edits.append("a schedule that did not come to its end, or began again")
        network.last_fit |= {**self._first, "epochs": max(made, 1), "others": edits}
        return network

    def close(self, wait: float = 0.0) -> None:
        """End the training; `wait` so many seconds until it has ended."""
        self._calls.put((None, "close", {}))
        if wait and self._thread.is_alive():
            self._thread.join(wait)

    # ---------------------------------------------------------------- the thread

    def _work(self) -> None:
        while not self._over:
            self.watch.began, self.watch.leaving = self._began, False
            try:
                self._fit()
                self.watch.left()
            except DivergenceError as error:
                self.watch.left(str(error))
            except BaseException as error:
                self._failed(error)
            if self._seed is not None:
                self.network, self._seed = self.settings.network(self._seed), None
                self.edits, self._first = [], {}
                self.watch.forget()

    def _fit(self) -> None:
        arguments = {"epochs": 10, **self.settings.arguments}
        if arguments.get("schedule") is None:
            arguments["epochs"] = CHUNK
        if self.network.optimizer is not None:
            arguments["optimizer"] = None  # its own, with its state
        held = self.held_out
        self.network.fit(
            self.data.X, self.data.y, classes=self.data.classes, task=self.data.task, verbose=False,
            validation_data=None if held is None else (held.X, held.y), callbacks=self.watch, **arguments,
        )  # fmt: skip

    def _began(self, run: Any) -> None:
        """Answer whoever waits for the network."""
        self.fused = run.plan.fused
        self._first = self._first or {name: self.network.last_fit[name] for name in ("first_step", "start")}
        if self._making is not None:
            (id, answer), self._making = self._making, None
            self._answer(id, result=answer())

    def _failed(self, error: BaseException) -> None:
        """Refuse what is waited for; without a network there is nothing to go on with."""
        words = words_of(error)
        if self._running is not None:
            self._answer(self._running, refusal=words)
            self._running, self.watch.goal = None, None
            return
        if self._making is not None:
            self._answer(self._making[0], refusal=words)
        while not self._over:
            id, call, _ = self._calls.get()
            self._over = call == "close"
            if not self._over:
                self._answer(id, refusal=words)

    def _serve(self, wait: bool) -> None:
        """Do what the page has asked for; with `wait`, one thing at least."""
        while True:
            try:
                id, call, given = self._calls.get(wait)
            except queue.Empty:
                return
            wait = False
            self._do(id, call, given)
            if self.watch.leaving or self.watch.goal is not None:
                return

    def _do(self, id: Any, call: str, given: dict[str, Any]) -> None:
        own = {"run": self._run, "stop": self._stop, "reset": self._reset, "close": self._close}
        try:
            if call in own:
                own[call](id, given)
            elif call in answers.CALLS:
                self._answer(id, result=answers.CALLS[call](self, given))
            else:
                raise DataError(f"the page has asked for {call!r:.40}, which this version does not know")
        except BaseException as error:
            self._answer(id, refusal=words_of(error))

    # ---------------------------------------------------------------- calls that the fit takes part in

    def _run(self, id: Any, given: dict[str, Any]) -> None:
        if self._running is not None:
            raise DataError("this session is at work already, in another call")
        goal = Goal.read(given.get("goal") or {})
        self._running = id
        self.watch.begin(goal)

    def _stop(self, id: Any, given: dict[str, Any]) -> None:
        if self._running is not None:
            self.watch.finish("stopped")
        self._answer(id, result=None)

    def _reset(self, id: Any, given: dict[str, Any]) -> None:
        seed = given.get("random_state")
        seed = self.network.seed if seed is None else seed
        self.settings.network(seed)  # refuses a seed that cannot be
        if self._running is not None:
            self.watch.finish("stopped")
        self._seed, self._making = seed, (id, lambda: plan_of(self.network, self.fused))
        self.watch.leaving = True

    def _close(self, id: Any, given: dict[str, Any]) -> None:
        self._over = self.watch.leaving = True

    def _progress(self, report: dict[str, Any]) -> None:
        """Post a report; the last one is the answer to `run` too."""
        self._report(report)
        if not report["running"] and self._running is not None:
            id, self._running = self._running, None
            self._answer(id, result={**report, "rows": {}})
