"""`mpiexec -n 4 layerwise train …`: one training by several processes, of which the first alone speaks and writes.

    all:  read the data ─► train, by `Ranks.fit_by` in place of `Network.fit` ─┬─► the first: test, save ─┐
                                                                               └─► the others ────────────┴─► end

At the end all take the first's exit code. A process that fails before the training says so to those that wait there for
it. Ctrl-C is the first one's: the others ignore it, and stop as they hear of it.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from typing import Any, NoReturn

import typer

from layerwise.app.cli import console
from layerwise.distributed import communicator
from layerwise.distributed.executor import RankError
from layerwise.distributed.layout import SHARDS
from layerwise.distributed.training import fit as fit_on_ranks
from layerwise.errors import DataError, DivergenceError, LayerwiseError, MissingDependencyError, WriteError, missing
from layerwise.network.network import Network
from layerwise.training.callbacks import History

Fit = Callable[..., History]  # `Network.fit`, or what does the same on several ranks
OF_RANKS = ("train", "--help", "-h", "--version")


class Ranks:
    """The processes of the command, as one of them sees them; without arguments there is only this one.

    Parameters
    ----------
    mpi : module, optional
        mpi4py's MPI.
    """

    def __init__(self, mpi: Any = None) -> None:
        self._mpi = mpi
        self._communicator = communicator.Alone() if mpi is None else communicator.as_communicator(mpi.COMM_WORLD)
        self.rank, self.size = self._communicator.rank, self._communicator.size
        self._together = True  # no training has failed: the others come to `end` too
        self._trained = False
        self._interrupted = False
        self.own_error = ""  # that the first one cannot know

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks and writes."""
        return self.rank == 0

    # ---------------------------------------------------------------- the training

    def fit_by(self, shards: int | None, last: bool = False) -> Fit:
        """Return what trains a network, to be called as `Network.fit`.

        Parameters
        ----------
        shards : int, optional
            Of a batch. Without, a process alone trains by `Network.fit`.
        last : bool
            No other training follows: where it ends, the other processes leave the rest to the first.
        """
        if self.size == 1 and shards is None:
            return Network.fit
        return partial(self._fit, SHARDS if shards is None else shards, last)

    def _fit(self, shards: int, last: bool, network: Network, *data: Any, **arguments: Any) -> History:
        if self._interrupted:  # before this network was begun
            return interrupted_before()
        if not self._together:
            raise RankError("a training before this one has failed")
        try:
            history = fit_on_ranks(self._communicator, network, *data, shards=shards, **arguments)
        except WriteError:  # of a checkpoint, by the first one: the network is trained, as the others' is
            raise
        except BaseException as error:
            self._together = False
            if self.is_first:
                raise
            if network.history is not None and not isinstance(error, (RankError, DivergenceError)):
                self.own_error = f"rank {self.rank}: error: {error if str(error) else type(error).__name__}"
            raise typer.Exit(console.ERROR) from error
        self._trained = True
        self._interrupted = history.stopped_by == "interrupt"
        if last or self._interrupted:
            self.leave_to_first()
        return history

    def leave_to_first(self) -> None:
        """End here on all processes but the first."""
        if not self.is_first:
            raise typer.Exit(console.OK)

    def check(self, asked: dict[str, Any]) -> None:
        """Refuse what several processes cannot do together; `asked`: by the names of options."""
        for option, is_asked in asked.items():
            if is_asked and self.size > 1:
                raise typer.BadParameter(
                    f"not on the {self.size} processes of a launcher of MPI; start it without mpiexec",
                    param_hint=option,
                )

    # ---------------------------------------------------------------- the end

    def end(self, code: int, error: str = "") -> int:
        """Tell the others how this process ends, and return the exit code of all of them."""
        if self.size == 1:
            return code
        if code == console.INTERRUPTED and not (self._together and self._trained):
            self.abort(code)  # the others are in the middle of something
        if not self._together:
            return code
        own = {"stage": "failed" if code else "finished", "code": code, "error": error}
        told = [json.loads(each) for each in communicator.gather(self._communicator, json.dumps(own).encode() + b"\n")]
        found: int = told[0].get("code", console.ERROR)  # at another stage it has none
        if not found:
            for rank, other in enumerate(told):
                if other["stage"] != "finished":
                    found = console.ERROR
                    console.warn(f"error: rank {rank} failed after the training: {other.get('error', '')}")
        return found

    def abort(self, code: int) -> NoReturn:
        """End all processes at once."""
        sys.stdout.flush()
        sys.stderr.flush()
        self._mpi.COMM_WORLD.Abort(code)
        os._exit(code)


def interrupted_before() -> History:
    """Return the history of a training that was not begun."""
    history = History()
    history.stopped_by = "interrupt"
    return history


def on_ranks(words: Sequence[str], rank: int, size: int, run: Callable[[Sequence[str], Ranks], int]) -> int:
    """Run the command on one of several processes, and return the exit code.

    Parameters
    ----------
    words : sequence of str
        The command line.
    rank, size : int
        This process's place, as the launcher says.
    run : function
        The command for one process.
    """
    if rank == 0:
        return _run(words, size, run, None)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        return _run(words, size, run, said)


def _run(words: Sequence[str], size: int, run: Callable[[Sequence[str], Ranks], int], said: io.StringIO | None) -> int:
    if words and words[0] not in OF_RANKS:
        console.warn(
            f"error: `layerwise {words[0]}` is for one process, and a launcher of MPI has started {size}, each of "
            "which would do it. `layerwise train` alone runs on several; start the others without mpiexec"
        )
        return 2
    try:
        ranks = Ranks(_mpi(size))
    except LayerwiseError as error:
        console.warn(f"error: {error}")
        return console.ERROR
    try:
        code = run(words, ranks)
        if ranks.own_error:
            with redirect_stderr(sys.__stderr__):
                console.warn(ranks.own_error)
        return ranks.end(code, "" if said is None else _newest(said.getvalue()))
    except BaseException:  # a fault of the program
        traceback.print_exc(file=sys.__stderr__)
        ranks.abort(console.ERROR)


def _mpi(size: int) -> Any:
    """Return mpi4py's MPI, if it is that of the launcher."""
    try:
        from mpi4py import MPI
    except ModuleNotFoundError:
        raise missing("mpi4py", "mpi", f"training on the {size} processes of a launcher of MPI") from None
    except (ImportError, RuntimeError, OSError) as error:
        raise MissingDependencyError(f"mpi4py cannot be used: {error}") from None
    found = MPI.COMM_WORLD.Get_size()
    if found != size:
        name = MPI.Get_library_version().splitlines()[0].strip()
        raise DataError(
            f"the launcher has started {size} processes, and mpi4py sees {found}: they are of two kinds of MPI. Start "
            f"them by the mpiexec of mpi4py's, which is {name}"
        )
    return MPI


def _newest(text: str) -> str:
    """Return the newest line of what a process would have said, without frames and the word before it."""
    lines = [line.strip(" │|") for line in text.splitlines() if any(letter.isalpha() for letter in line)]
    return lines[-1].removeprefix("error: ") if lines else ""
