"""Several trainings at a time, each in a thread; an error, or Ctrl-C, ends all of them, with whole weights."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from layerwise.engine.threads import default_threads
from layerwise.errors import WriteError
from layerwise.formula.quoting import visible
from layerwise.network.network import Network
from layerwise.training import interrupts
from layerwise.training.callbacks import Callback, Checkpoint, History
from layerwise.training.loop import Training


def fit_each(
    networks: Sequence[Network],
    calls: Sequence[Mapping[str, Any]],
    n_jobs: int,
    verbose: bool,
    fit: Callable[..., History] = Network.fit,
) -> tuple[list[History], bool]:
    """Call each network's `fit` with arguments of its own, so many at a time.

    Parameters
    ----------
    networks : sequence of Network
        Each is deterministic, whatever the number of cores.
    calls : sequence of mapping
        The arguments of each one's `fit`.
    n_jobs : int
        How many are trained at a time; the cores that are left over are shared out among them.
    verbose : bool
        A line for each network that is done.
    fit : function
        Called in place of `Network.fit`.

    Returns
    -------
    list of History
        Of those that were begun.
    bool
        Whether Ctrl-C came meanwhile.
    """
    runs = _Runs()
    threads = max(1, default_threads() // min(n_jobs, len(networks)))
    with ThreadPoolExecutor(n_jobs) as pool:
        jobs: list[Future[History]] = []
        unwritten: list[WriteError] = []
        interrupted = False
        try:
            for network, call in zip(networks, calls, strict=True):
                arguments = {"verbose": False, "n_threads": threads, **call}
                arguments["callbacks"] = [runs, *call.get("callbacks", ())]
                jobs.append(pool.submit(fit, network, **arguments))
            for number, (job, network) in enumerate(zip(jobs, networks, strict=True), 1):
                try:
                    _result(job)
                except WriteError as error:  # which ends no training
                    unwritten.append(error)
                row = {} if network.history is None else network.history.last()
                if verbose and row:
                    print(f"network {number}/{len(jobs)}  {_line(row)}", flush=True)
        except KeyboardInterrupt:
            runs.stop("interrupt")
            _cancel(jobs)
            if interrupts.is_second():
                raise
            interrupted = True
        except BaseException:
            runs.stop("another network's error")
            _cancel(jobs)
            raise
    if interrupted:
        begun = sum(network.task is not None for network in networks)
        interrupts.say(f"when {begun} of {len(networks)} networks had been begun")
    if unwritten:
        raise unwritten[0]
    return [job.result() for job in jobs if not job.cancelled()], interrupted


def own_callbacks(callbacks: Sequence[Callback], index: int) -> list[Callback]:
    """Return copies of the callbacks for one of the networks; a `Checkpoint` has the network's number in its path."""
    copies = copy.deepcopy(list(callbacks))
    for callback in copies:
        if isinstance(callback, Checkpoint):
            stem, suffix = os.path.splitext(callback.path)
            callback.path = f"{stem}-network{index + 1}{suffix}"
    return copies


class _Runs(Callback):
    """The trainings at work, so that all of them can be stopped."""

    only_looks = True

    def __init__(self) -> None:
        self._runs: list[Training] = []
        self._reason = ""

    def on_fit_begin(self, run: Training) -> None:
        self._runs.append(run)
        if self._reason:
            run.stop(self._reason)

    def stop(self, reason: str) -> None:
        self._reason = reason
        for run in list(self._runs):
            run.stop(reason)


def _result(job: Future[History]) -> History:
    """Wait for a job in short turns: a Ctrl-C that comes just before a lock is waited for does not end that wait."""
    while not wait([job], timeout=0.2).done:
        pass
    return job.result()


def _cancel(jobs: list[Future[History]]) -> None:
    for job in jobs:
        job.cancel()
    wait([job for job in jobs if not job.cancelled()])


def _line(row: dict[str, float]) -> str:
    return "  ".join(
        f"{visible(name).replace('_', ' ')} {row[name]:.4g}" for name in row if "loss" in name or "accuracy" in name
    )
