"""A fit whose ranks are elsewhere: what the process that asks for it sends to them, and what comes back.

    network, arguments ── pack ──► on each rank: run_rank ──► Outcome ── take_back ──► the caller's network
    X, y or blocks     ── by the library's own ways ──┘

Arrays go by the library, Dask or Ray, since it sends each once; the rest in one pickle, so that each rank has its own.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.distributed.communicator import Communicator, check_size
from layerwise.distributed.executor import RankError
from layerwise.distributed.mailbox import Mailbox
from layerwise.distributed.training import fit_here
from layerwise.errors import DataError, DivergenceError, warn
from layerwise.network.network import Network
from layerwise.training.callbacks import Callback, as_callbacks
from layerwise.training.callbacks.history import History
from layerwise.training.callbacks.progress import LINES_APART, PlainProgress
from layerwise.training.loop import Training

DATA = ("X", "y", "sample_weight", "validation_data")  # which go by the library's own ways
Dumps = Callable[[Any], bytes]

PATIENCE = 5.0  # seconds without an array after which a rank asks whether the other is still there
ANSWER = 10.0  # seconds that the other has to answer
LOOK = 1.0  # seconds after which the caller looks whether all ranks are there
ENDING = 10.0  # seconds that ranks have to end once one has failed


class LostError(RankError):
    """Another rank does not answer.

    Attributes
    ----------
    rank : int
        Which.
    """

    def __init__(self, message: str, rank: int = -1) -> None:
        super().__init__(message)
        self.rank = rank


@dataclass
class Outcome:
    """What a rank ends with.

    Attributes
    ----------
    error : Exception, optional
        What it failed with.
    network : bytes
        As trained, of rank 0; empty where it has failed before.
    callbacks : list of bytes or None
        The attributes of the call's callbacks on rank 0; None of one that cannot be sent.
    """

    error: Exception | None = None
    network: bytes = b""
    callbacks: list[bytes | None] = field(default_factory=list)


class _Reached(Callback):
    """Lets the process that asked for the fit see its epochs and stop it.

    Parameters
    ----------
    mailbox : Mailbox
        Told when the fit shall stop.
    every : int, optional
        Show the line of each so many-th epoch; None: of a few a second at most.
    tell : function, optional
        Given each line; None: none are shown.
    """

    only_looks = True

    def __init__(self, mailbox: Mailbox, every: int | None, tell: Callable[[str], None] | None) -> None:
        self._mailbox, self._every = mailbox, every
        self._lines = None if tell is None else PlainProgress(LINES_APART if every is None else 0.0, tell)

    def on_fit_begin(self, run: Training) -> None:
        """From here on the fit can be stopped."""
        self._mailbox.when_stopped(lambda: run.stop("interrupt"))

    def on_epoch_end(self, run: Training) -> None:
        """Show the epoch, if it is its turn."""
        if self._lines is not None and (not self._every or run.epoch % self._every == 0 or run.epoch == run.epochs):
            self._lines.on_epoch_end(run)


def names_in(y: Any) -> list[str] | None:
    """Return names of columns, where that is what was given."""
    if isinstance(y, str):
        return [y]
    return list(y) if isinstance(y, (list, tuple)) and y and all(isinstance(name, str) for name in y) else None


def gone(rank: int, how: str) -> str:
    """Return what is said of a rank that is gone."""
    return f"distributed.fit: rank {rank} {how}. A checkpoint that it had written is whole: resume=True goes on from it"


def count_ranks(asked: int | None, there: int, shards: int, what: str) -> int:
    """Return how many ranks there shall be: as asked for, or the largest power of two.

    Raises
    ------
    DataError
        Those asked for are no power of two, or not there.
    """
    if asked is not None:
        check_size(0, asked)
        if asked > there:
            raise DataError(f"distributed.fit: n_ranks={asked}, but there are only {there} {what}")
        return asked
    if not there:
        raise DataError(f"distributed.fit: there are no {what}")
    return 1 << (min(there, shards).bit_length() - 1)


def pack(network: Network, arguments: Mapping[str, Any], options: Mapping[str, Any], dumps: Dumps) -> bytes:
    """Return what every rank needs beside the data.

    Raises
    ------
    TypeError
        A part of it cannot be pickled.
    """
    rest = {name: value for name, value in arguments.items() if name not in (*DATA, "self")}
    try:
        return dumps((network, rest, dict(options)))
    except Exception as error:
        raise TypeError(
            "distributed.fit: the network and the arguments are sent to the ranks, and cannot be pickled: "
            f"{type(error).__name__}: {error}"
        ) from error


def run_rank(
    communicator: Communicator,
    packed: bytes,
    data: Mapping[str, Any],
    mailbox: Mailbox,
    tell: Callable[[str], None],
    dumps: Dumps,
    n_threads: int,
) -> Outcome:
    """Do the part of one rank.

    Parameters
    ----------
    communicator : Communicator
        The rank's.
    packed : bytes
        From `pack`.
    data : dict
        X, y, sample_weight and validation_data.
    mailbox : Mailbox
        Of this rank; closed when it ends.
    tell : function
        Shows a line of text to whoever asked for the fit.
    dumps : function
        That of a pickle that also takes classes of a script.
    n_threads : int
        How many threads the rank may use, unless the call says how many.
    """
    outcome = Outcome()
    try:
        network, arguments, options = pickle.loads(packed)
        own = as_callbacks(arguments["callbacks"])
        verbose = arguments["verbose"]
        arguments |= {**data, "self": network, "verbose": False, "callbacks": own}
        arguments["n_threads"] = arguments["n_threads"] or n_threads
        if not communicator.rank:
            every = None if verbose is True else verbose
            arguments["callbacks"] = [*own, _Reached(mailbox, every, tell if verbose else None)]
        try:
            fit_here(communicator, network, arguments, **options)
        except DivergenceError as error:  # the network has its last good weights
            outcome.error = _with_trace(error, communicator.rank)
        if not communicator.rank:
            outcome.network = dumps(network)
            outcome.callbacks = [_attributes(callback, dumps) for callback in own]
    except Exception as error:
        outcome.error = _with_trace(error, communicator.rank)
    finally:
        mailbox.close(f"distributed.fit: rank {communicator.rank} has ended")
    return outcome


def _with_trace(error: Exception, rank: int) -> Exception:
    """Return the error, with where it was raised, in a form that can be sent."""
    where = "".join(traceback.format_tb(error.__traceback__))
    try:
        error = pickle.loads(pickle.dumps(error))
    except Exception:
        error = RankError(f"distributed.fit: rank {rank} failed: {type(error).__name__}: {error}")
    error.add_note(f"on rank {rank}:\n{where}")
    return error


def _attributes(callback: Callback, dumps: Dumps) -> bytes | None:
    try:
        return dumps(vars(callback))
    except Exception:
        return None


def note(found: dict[int, Outcome], rank: int, outcome: Outcome) -> None:
    """Note what a rank has ended with; one that it has lost is not waited for any more."""
    found[rank] = outcome
    if isinstance(outcome.error, LostError):
        found.setdefault(outcome.error.rank, Outcome(RankError(str(outcome.error))))


def why_all_stop(rank: int, error: Exception) -> str:
    """Return what the others are told once a rank has failed."""
    return str(error) if isinstance(error, RankError) else f"distributed.fit: rank {rank} failed; see its error"


def first_error(outcomes: Sequence[Outcome | None]) -> Exception | None:
    """Return what went wrong: the error of a rank by itself rather than that of one that heard of it."""
    errors = [outcome.error for outcome in outcomes if outcome is not None and outcome.error is not None]
    return min(errors, key=lambda error: isinstance(error, RankError), default=None)


def take_back(network: Network, callbacks: Any, outcome: Outcome) -> History:
    """Make the caller's network what that of rank 0 is; the caller's callbacks likewise."""
    found: Network = pickle.loads(outcome.network)
    if found.parameters is not None:
        assert found.n_in is not None
        network.seed = found.seed
        network.build(found.n_in)
        np.copyto(network.theta, found.theta)
    network.take_over(found)
    network.choose_engine(found.engine)
    network.forget_passes()
    for callback, attributes in zip(as_callbacks(callbacks), outcome.callbacks, strict=False):
        if attributes is None:
            warn(
                f"distributed.fit: what {type(callback).__name__} has noted stays on rank 0: it cannot be pickled",
                RuntimeWarning,
            )
        else:
            vars(callback).update(pickle.loads(attributes))
    return network.history or History()
