"""Writing the training down while it goes on, so that it can be gone on with after a crash."""

from __future__ import annotations

import math
import os
import re
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from layerwise.callbacks.base import Callback
from layerwise.callbacks.monitor import Monitor
from layerwise.description import Description, whole_number
from layerwise.files import check_writable, leftovers

if TYPE_CHECKING:
    from layerwise.training import Training

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_PLACE = re.compile(r"\{(epoch|step)(?::(\w*))?\}")


class Checkpoint(Description, Callback):
    """Write the network with all that its training needs to go on, each time whole or not at all.

    ``net.fit(…, callbacks=Checkpoint(path), resume=True)`` goes on from the newest file, to the same bits as without
    the interruption, from the middle of an epoch too. A file is an ordinary model file: ``lw.load`` gives the network
    as it was at that moment. Ctrl-C leaves one; so does the end of the fit. A thread writes while the training goes on;
    what it could not write is raised at the next turn, or at the end.

    Parameters
    ----------
    path : path
        The model file. ``{epoch}`` and ``{step}`` in it are how far the training has come, ``{step:09d}`` with zeros
        before it; without them, and with `keep` above 1, the step is put before the suffix:
        ``run-000000469.safetensors``.
    every : str or int
        ``"epoch"``, ``"5 epochs"``, ``"10 minutes"``, ``"30 seconds"``, ``"500 steps"``; a number is one of steps.
    keep : int, optional
        So many files stay, the newest ones; None: all.
    monitor : str, optional
        A column of the history: write only at the end of epochs that are the best so far.
    mode : {"auto", "min", "max"}
        Which number is better; auto: the smaller one of a loss, penalty or error, else the greater.

    Attributes
    ----------
    saved : list of str
        The files that are kept, oldest first.

    Raises
    ------
    OSError
        The path cannot be written to: before the first epoch.
    ValueError
        `every` is none of those.

    Examples
    --------
    >>> Checkpoint("runs/digits.safetensors", every="10 minutes")
    Checkpoint('runs/digits.safetensors', every='10 minutes')
    """

    writes_all_down = True
    state_names = ("saved", "_best")

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: str | int = "epoch",
        keep: int | None = 3,
        monitor: str | None = None,
        mode: str = "auto",
    ) -> None:
        self._watched = None if monitor is None else Monitor(self, monitor, mode)
        self.path = os.fspath(path)
        self.every = every
        count, unit = _period(every)
        self.keep = None if keep is None else whole_number(self, "keep", keep, least=1)
        self.monitor, self.mode = monitor, mode
        if monitor is not None and unit != "epoch":
            raise ValueError(
                f"Checkpoint: monitor={monitor!r} is known at the end of epochs: every='epoch', not {every!r}"
            )
        self._epochs = count if unit == "epoch" else sys.maxsize
        self.every_steps = count if unit == "step" else sys.maxsize
        self._seconds = count * _SECONDS.get(unit, math.inf)
        self._due = math.inf
        self._thread: Thread | None = None
        self._failed: list[Exception] = []
        self.saved: list[str] = []

    @property
    def _best(self) -> float:
        return math.nan if self._watched is None else self._watched.best

    @_best.setter
    def _best(self, value: float) -> None:
        if self._watched is not None:
            self._watched.best = value

    # ---------------------------------------------------------------- when

    def on_fit_begin(self, run: Training) -> None:
        """See whether the path can be written to."""
        check_writable(self._file(run))
        self.saved, self._due = [], time.monotonic() + self._seconds
        if self._watched is not None:
            self._watched.reset()

    def on_step_end(self, run: Training) -> None:
        """Write, if it is this step's turn: it is called at no other."""
        self._write(run)

    def on_progress(self, run: Training) -> None:
        """Write, if it is time."""
        if time.monotonic() >= self._due:
            self._write(run)

    def on_interrupt(self, run: Training) -> None:
        """Write where it was left."""
        if self._watched is None:
            self._write(run)

    def on_epoch_end(self, run: Training) -> None:
        """Write, if it is this epoch's turn, or the last one."""
        if not run.whole:
            return  # written where it was left
        last = run.epoch == run.epochs or bool(run.stopping)
        if self._watched is not None:
            if run.epoch % self._epochs == 0 and self._watched.improves(run):
                self._write(run)
        elif last or run.epoch % self._epochs == 0 or time.monotonic() >= self._due:
            self._write(run)

    def on_fit_end(self, run: Training) -> None:
        """See the last file written."""
        self._wait()

    # ---------------------------------------------------------------- writing

    def _wait(self) -> None:
        """Until what is being written is on the disk; its error, if it had one."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failed:
            raise self._failed.pop()

    def _write(self, run: Training) -> None:
        self._wait()
        file = self._file(run)
        if file in self.saved:
            self.saved.remove(file)
        self.saved.append(file)
        surplus = [] if self.keep is None else self.saved[: -self.keep]
        del self.saved[: len(surplus)]
        write = run.snapshot()

        def put() -> None:
            try:
                write(file)
                for old in surplus:  # not before there is a newer one
                    Path(old).unlink(missing_ok=True)
            except Exception as error:
                self._failed.append(error)

        self._thread = Thread(target=put, name="layerwise-checkpoint")
        self._thread.start()
        self._due = time.monotonic() + self._seconds

    def _pattern(self) -> str:
        if _PLACE.search(self.path) or self.keep == 1:
            return self.path
        stem, suffix = os.path.splitext(self.path)
        return f"{stem}-{{step:09d}}{suffix}"

    def _file(self, run: Training) -> str:
        values = {"epoch": run.epoch, "step": run.step}
        return _PLACE.sub(lambda found: format(values[found[1]], found[2] or ""), self._pattern())

    def files(self) -> list[Path]:
        """Every file that is there and could be one of these; what a killed process left half-written is removed."""
        folder, name = os.path.split(self._pattern())
        written = re.compile(r"\d+".join(re.escape(part) for part in _PLACE.split(name)[::3]))
        found = []
        for path in Path(folder or ".").glob("*"):
            if written.fullmatch(path.name) and path.is_file():
                found.append(path)
        for path, meant in leftovers(Path(folder or ".")):
            if written.fullmatch(meant):
                path.unlink(missing_ok=True)
        return found

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there: files that were written since count as old ones."""
        super().restore(state)
        self.saved = [file for file in self.saved if os.path.exists(file)]
        newer = sorted(str(path) for path in self.files() if str(path) not in self.saved)
        self.saved = newer + self.saved


def _period(every: str | int) -> tuple[int, str]:
    """How many of which unit."""
    if not isinstance(every, str):
        return whole_number("Checkpoint", "every", every, least=1), "step"
    found = re.fullmatch(r"(?:(\d+)\s+)?(epoch|step|second|minute|hour)s?", every.strip())
    count = 1 if found is None or found[1] is None else int(found[1])
    if found is None or count < 1:
        raise ValueError(
            f"Checkpoint: every must be 'epoch', a number of steps, or such as '5 epochs', '500 steps', '10 minutes'; "
            f"{every!r} came"
        )
    return count, found[2]
