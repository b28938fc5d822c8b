"""Writing the training down while it goes on, so that it can be gone on with after a crash."""

from __future__ import annotations

import math
import os
import re
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from layerwise.data.writing import check_writable, leftovers
from layerwise.parts.description import Description, whole_number
from layerwise.training.callbacks.base import Callback
from layerwise.training.callbacks.filenames import check_places, filled, has_place, matches, with_step
from layerwise.training.callbacks.identity import Identity, Status, holds_nothing, identity_of, is_damaged, status_of
from layerwise.training.callbacks.monitor import Monitor
from layerwise.training.callbacks.unwritten import FAILURES, Unwritten

if TYPE_CHECKING:
    from layerwise.training.loop import Training

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_ELSEWHERE = "give each training a path of its own"


class Checkpoint(Description, Callback):
    """Save the network with the state of its training, so that the training can be resumed.

    ``net.fit(…, callbacks=Checkpoint(path), resume=True)`` resumes from the newest file, with the same result as
    without the interruption, even from the middle of an epoch. Each file is a model file, which `load` reads, and is
    written completely or not at all. A file is also written after Ctrl-C and at the end of the fit. A thread writes
    while the training continues. If a file cannot be written, for example because the disk is full, there is a
    `RuntimeWarning`, and the next checkpoint tries again.

    Only files of this path are resumed from, and only files written by this training are deleted, not copies with other
    names. Files of another training are never replaced or deleted. If two processes resume from one path at the same
    time, each keeps its own files.

    Parameters
    ----------
    path : str or path-like
        The file. ``{epoch}`` and ``{step}`` are replaced by their numbers, ``{step:09d}`` with leading zeros. Without
        them, and with `keep` other than 1, the step is inserted before the suffix: ``run-000000469.safetensors``.
    every : str or int, default="epoch"
        ``"epoch"``, ``"5 epochs"``, ``"10 minutes"``, ``"30 seconds"``, ``"500 steps"``, or a number of steps.
    keep : int, default=3
        The number of files to keep, the newest ones. None keeps all.
    monitor : str, optional
        A column of the history. Save only after the epochs with the best value so far.
    mode : {"auto", "min", "max"}, default="auto"
        Take smaller or larger values as better. "auto" is "min" for losses, penalties and errors, otherwise "max".

    Attributes
    ----------
    saved : list of str
        The files that are kept, oldest first.

    Raises
    ------
    OSError
        The path cannot be written. Raised before the first epoch.
    WriteError
        The last file could not be written. Raised after the fit, with the network trained.
    ValueError
        `every` is none of these, a folder of the path contains ``{epoch}`` or ``{step}``, or their format is not a
        number of digits with leading zeros.

    Examples
    --------
    >>> import tempfile
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> layers = [lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = lw.Checkpoint(f"{folder}/spiral.safetensors", every="2 epochs")
    ...     net = lw.Network(layers, random_state=0)
    ...     history = net.fit(X, y, epochs=4, callbacks=checkpoint, verbose=False)
    ...     again = lw.Network(layers, random_state=0)
    ...     history = again.fit(X, y, epochs=6, callbacks=checkpoint, resume=True, verbose=False)
    >>> history.epochs
    6
    """

    writes_all_down = True
    state_names = ("_best",)

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
        if not self.path:
            raise ValueError("Checkpoint: path must name a file or its beginning, such as 'runs/digits'; got ''")
        check_places(self.path)
        self.every = every
        count, unit = _period(every)
        self.keep = None if keep is None else whole_number(self, "keep", keep, least=1)
        self.monitor, self.mode = monitor, mode
        if monitor is not None and unit != "epoch":
            raise ValueError(
                f"Checkpoint: monitor={monitor!r} is known at the end of epochs: every='epoch', not {every!r}"
            )
        self.at_epochs = unit == "epoch"
        self._epochs = count if self.at_epochs else sys.maxsize
        self.every_steps = count if unit == "step" else sys.maxsize
        self._seconds = count * _SECONDS.get(unit, math.inf)
        self._due = math.inf
        self._thread: Thread | None = None
        self._outcome: Exception | list[str] = []
        self._unwritten = Unwritten(self)
        self._before: dict[str, Status | None] = {}
        self._newest: Identity | None = None
        self._target = ""
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
        """See whether the path can be written to, and what is there already."""
        check_writable(self._file(run))
        run.snapshot()  # parts that cannot be written down are found now
        self._unwritten.reset()
        self._due = time.monotonic() + self._seconds
        if self._watched is not None:
            self._watched.reset()
        self._look_around(run)

    def on_step_end(self, run: Training) -> None:
        """Write, if it is this step's turn: it is called at no other."""
        self._write(run)

    def on_progress(self, run: Training) -> None:
        """Write, if it is time."""
        if self._thread is not None and not self._thread.is_alive():
            self._wait()
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
        """See the last file written, and which of the others another process has removed.

        Raises
        ------
        WriteError
            It could not be.
        """
        self._wait()
        self.saved = [path for path in self.saved if os.path.exists(path)]
        self._unwritten.settle(self._advice("to go on from its end, save it elsewhere: network.save(path)"))

    # ---------------------------------------------------------------- writing

    def _wait(self) -> None:
        """Until what is being written is on the disk; a warning if it could not be written."""
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        if isinstance(self._outcome, list):
            self.saved = self._outcome
            self._unwritten.reset()
        elif isinstance(self._outcome, FAILURES):
            self._fail(self._outcome)
        else:
            raise self._outcome

    def _fail(self, error: Exception) -> None:
        self._unwritten.failed(self._target, error, self._advice("make room, or stop it"))

    def _advice(self, otherwise: str) -> str:
        own, there = self._newest, []
        for path in dict.fromkeys([*self.saved, *map(str, self._named())]):  # another process may have removed some
            other = identity_of(path)
            if own is not None and other is not None and other.is_of_run(own):
                there.append((other.steps, path))
        if not there:
            return f"There is no checkpoint of this training yet; {otherwise}"
        return f"{max(there)[1]} is there: resume=True, or --resume, goes on from it; {otherwise}"

    def _write(self, run: Training) -> None:
        self._wait()
        self._due = time.monotonic() + self._seconds
        self._target = file = self._file(run)
        try:
            write = run.snapshot(self._identity(run).to_dict() | {"settings": run.settings})
        except FAILURES as error:
            self._fail(error)
            return
        identity = self._identity(run)
        kept = [other for other in self.saved if other != file and os.path.exists(other)] + [file]
        surplus = [] if self.keep is None else kept[: -self.keep]

        def put() -> None:
            try:
                try:
                    write(file, self._check_place(file, identity))
                except FileExistsError:  # since it was looked at
                    self._check_place(file, identity)
                    raise
                for old in surplus:  # not before there is a newer one
                    if self._is_own(old, identity):
                        Path(old).unlink(missing_ok=True)
                self._outcome = kept[len(surplus) :]
            except Exception as error:
                self._outcome = error

        self._thread = Thread(target=put, name="layerwise-checkpoint")
        self._thread.start()

    def _identity(self, run: Training) -> Identity:
        return Identity(os.path.basename(self.path), run.identity, run.attempt, run.step, run.epoch)

    def _check_place(self, file: str, own: Identity) -> bool:
        """Whether a file is there: one of this training, or one that was there when it began, to be replaced.

        Raises
        ------
        FileExistsError
            It is another.
        """
        status = status_of(file)
        if status is None or self._before.get(file) == status:
            return status is not None
        other, there = identity_of(file), "another file of that name is there"
        if other is None and is_damaged(file):
            raise FileExistsError(f"{there}, which is damaged or no model file: move it away")
        if other is None or not other.is_of(own.path):
            raise FileExistsError(f"{there}, which is not of this Checkpoint: {_ELSEWHERE}")
        if not self._is_named(file, other):
            raise FileExistsError(f"{there}, a copy of a checkpoint of step {other.steps}: move it away")
        if other.is_of_run(own) and other != own:
            raise FileExistsError(
                "another process goes on with this training at the same time, and has written that step: stop one of "
                f"the two, or {_ELSEWHERE}"
            )
        if other != own:
            raise FileExistsError(f"another training, {other.run}, writes there at the same time: {_ELSEWHERE}")
        return True

    def remove(self) -> None:
        """Remove the files of the newest fit, which was a whole training; files of others stay."""
        for file in self.saved:
            if self._newest is not None and self._is_own(file, self._newest):
                Path(file).unlink(missing_ok=True)
        self.saved = []

    # ---------------------------------------------------------------- what is there

    def _pattern(self) -> str:
        return self.path if self.keep == 1 else with_step(self.path)

    def _file(self, run: Training) -> str:
        return filled(self._pattern(), run.epoch, run.step)

    def _is_named(self, path: str | os.PathLike[str], of: Identity) -> bool:
        """Whether the file has the name that this Checkpoint gave it: copies that the user made have others."""
        return os.path.basename(path) == os.path.basename(filled(self._pattern(), of.epoch, of.steps))

    def _is_own(self, path: str | os.PathLike[str], own: Identity) -> bool:
        """Whether the file was written by this Checkpoint in this run, and by no other process since: one to remove."""
        other = identity_of(path)
        if other is None or not other.is_of_run(own) or not self._is_named(path, other) or os.path.islink(path):
            return False
        return other == own or self._before.get(str(path)) == status_of(path)

    def _could_be(self, name: str) -> bool:
        """Whether a file of that name could be one of this Checkpoint's, whatever its `keep`."""
        own = os.path.basename(self.path)
        return any(matches(pattern, name) for pattern in (own, with_step(own)))

    def _named(self) -> list[Path]:
        folder = Path(os.path.dirname(self.path) or ".")
        return sorted(path for path in folder.glob("*") if self._could_be(path.name) and path.is_file())

    def files(self) -> list[Path]:
        """Every file there that names this Checkpoint's path in its contents, or cannot be read though it has its name.

        Its folder may have been moved, and may be given in another way.
        """
        found = []
        for path in self._named():
            other = identity_of(path)
            if is_damaged(path) if other is None else other.is_of(self.path):
                found.append(path)
        return found

    def is_taken(self) -> bool:
        """Whether a file of the very path is there that is not of this Checkpoint, and holds something."""
        other = identity_of(self.path)
        if other is not None:
            return not other.is_of(self.path)
        return os.path.lexists(self.path) and not holds_nothing(self.path)

    def _look_around(self, run: Training) -> None:
        """Note which files may be replaced, and which are of this run; remove what a killed one left half-written."""
        own, ours = self._identity(run), []
        self._before, self._newest = {}, own
        if not has_place(self._pattern()) and self.is_taken():
            raise FileExistsError(
                f"{self!r}: {self.path} is there, and is no checkpoint of this training: {_ELSEWHERE}"
            )
        for path in self._named():
            other = identity_of(path)
            named = other is not None and other.is_of(self.path) and self._is_named(path, other)
            if named or (other is None and holds_nothing(path)):
                self._before[str(path)] = status_of(path)
            if other is not None and self._is_own(path, own):
                ours.append((other.steps, str(path)))
        self.saved = [path for _, path in sorted(ours)]
        for path, meant in leftovers(Path(os.path.dirname(self.path) or ".")):
            if self._could_be(meant):
                path.unlink(missing_ok=True)


def _period(every: str | int) -> tuple[int, str]:
    """How many of which unit."""
    if not isinstance(every, str):
        return whole_number("Checkpoint", "every", every, least=1), "step"
    found = re.fullmatch(r"(?:(\d+)\s+)?(epoch|step|second|minute|hour)s?", every.strip())
    count = 1 if found is None or found[1] is None else int(found[1])
    if found is None or count < 1:
        raise ValueError(
            f"Checkpoint: every must be 'epoch', a number of steps, or such as '5 epochs', '500 steps', '10 minutes'; "
            f"got {every!r}"
        )
    return count, found[2]
