"""The rounds: in each, every peer runs once, in a process of its own, so that a slower machine slows all of them.

Of each peer the fastest round counts. The machine's limit, NumPy's product of two matrices, is measured in the same
rounds, on one core and on all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from layerwise.app.bench.peers import Peer
from layerwise.app.bench.predictors import Prediction
from layerwise.app.bench.results import Comparison, Measured
from layerwise.app.bench.works import Work
from layerwise.errors import LayerwiseError

Watch = Callable[[str], None]

LIMIT_SIZE = 2048
IMPORTS = 10
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # they force an older kernel than NumPy would choose
_IMPORT = "import time, numpy; t = time.perf_counter(); import layerwise; print(time.perf_counter() - t)"


class PeerError(LayerwiseError):
    """A peer's process failed; the message is the last line that it wrote."""


def ask(requests: Sequence[dict[str, Any]], threads: int | None = None) -> list[Any]:
    """Return the answers of a process of its own, which may use so many threads.

    Raises
    ------
    PeerError
        The process failed.
    """
    return list(json.loads(_run(["-m", "layerwise.app.bench.child", json.dumps(requests)], threads)))


def _run(words: Sequence[str], threads: int | None = None) -> str:
    """Return the last line that a new Python prints, on so many cores."""
    environment = {name: value for name, value in os.environ.items() if name not in _FORCED}
    if threads is not None:
        environment |= dict.fromkeys(_THREADS, str(threads))
    with _on_cores(threads):
        done = subprocess.Popen(
            [sys.executable, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    try:
        out, err = done.communicate()
    except BaseException:
        done.kill()
        done.wait()
        raise
    lines = (out if done.returncode == 0 else err).strip().splitlines()
    if done.returncode != 0:
        raise PeerError(lines[-1].strip() if lines else f"its process ended with {done.returncode}")
    return lines[-1]


@contextmanager
def _on_cores(threads: int | None) -> Iterator[None]:
    """Let what is started inside use the first so many cores: JAX has no other way to be told."""
    if threads is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def compare(
    work: Work | Prediction,
    peers: Sequence[Peer],
    rounds: int = 5,
    epochs: int = 2,
    threads: int | None = None,
    watch: Watch = lambda doing: None,
) -> Comparison:
    """Time a work: a training or a prediction.

    Parameters
    ----------
    work : Work or Prediction
        What is done.
    peers : sequence of Peer
        Who does it; those that cannot are left out.
    rounds, epochs : int
        How often each peer runs, and how many epochs of training each run times.
    threads : int, optional
        How many threads each may use, by default as many as it takes.
    watch : function
        Is told what is done next.
    """
    is_training = isinstance(work, Work)
    request: dict[str, Any] = {"task": "train" if is_training else "predict", "work": asdict(work)}
    request |= {"epochs": epochs} if is_training else {}
    found = [Measured(peer.name, peer.label) for peer in peers if (peer.train if is_training else peer.predict)]
    allowed = {peer.name: peer.threads or threads for peer in peers}
    limits: dict[int | None, list[float]] = {1: [], threads: []}
    for number in range(1, rounds + 1):
        for cores, rates in limits.items():
            watch(f"{work.name}, round {number} of {rounds}: the machine's limit")
            rates += ask([{"task": "limit", "size": LIMIT_SIZE}], cores)
        for one in found:
            watch(f"{work.name}, round {number} of {rounds}: {one.label}")
            _round(one, request | {"peer": one.peer, "threads": threads}, allowed[one.peer])
    comparison = Comparison(
        work.name, work.description, "step" if is_training else "call", work.flops,
        max(limits[1]), max(limits[threads]), found,
    )  # fmt: skip
    comparison.conclude(allowed)
    return comparison


def _round(one: Measured, request: dict[str, Any], threads: int | None) -> None:
    """Run a peer once, and add to what is known of it; one that failed does not run again."""
    if one.error is not None:
        return
    try:
        [answer] = ask([request], threads)
    except PeerError as error:
        one.error = str(error)
        one.microseconds = one.slowest = one.accuracy = one.memory_mb = None
        return
    took = answer["microseconds"]
    one.microseconds = took if one.microseconds is None else min(one.microseconds, took)
    one.slowest = took if one.slowest is None else max(one.slowest, took)
    one.accuracy = answer["accuracy"]
    if answer["memory_mb"] is not None:
        one.memory_mb = max(one.memory_mb or 0, answer["memory_mb"])


def import_time(watch: Watch = lambda doing: None) -> float:
    """Return the milliseconds that `import layerwise` takes once NumPy is there, the best of ten."""
    watch("the import of layerwise")
    return min(1000 * float(_run(["-c", _IMPORT])) for _ in range(IMPORTS))
