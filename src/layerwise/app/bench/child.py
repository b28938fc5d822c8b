"""What one process measures: `python -m layerwise.app.bench.child REQUEST`, both ways in JSON.

The answer is the last line of stdout: what libraries print comes before it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.app.bench import predictors, works
from layerwise.app.bench.peers import PEERS
from layerwise.typing import Array

_SECONDS = 0.1  # a call is repeated for so long, and that five times
_TOLERANCE = 1e-5


def train(peer: str, work: dict[str, Any], epochs: int, threads: int | None, test: bool = True) -> dict[str, Any]:
    """Return the microseconds of a step, in the fastest epoch after the first, and the accuracy after all."""
    chosen, what = PEERS[peer], works.Work(**work | {"sizes": tuple(work["sizes"])})
    assert chosen.train is not None
    options = {"threads": chosen.threads or threads} | ({"engine": chosen.engine} if chosen.engine else {})
    seconds, accuracy = [], None
    for elapsed, accuracy in chosen.train(what, works.load(what), epochs + 1, **options):  # noqa: B007
        seconds.append(elapsed)
    return {
        "microseconds": min(seconds[1:]) / what.steps * 1e6,
        "accuracy": accuracy() if test and accuracy is not None else None,
        "memory_mb": peak_memory(),
    }


def predict(peer: str, work: dict[str, Any], threads: int | None) -> dict[str, Any]:
    """Return the microseconds of a call, after the probabilities were found to be right."""
    chosen, what = PEERS[peer], predictors.Prediction(**work | {"sizes": tuple(work["sizes"])})
    assert chosen.predict is not None
    X = predictors.rows(what)
    call = chosen.predict(what.sizes, what.activation, works.glorot(what.sizes), chosen.threads or threads)
    check_outputs(call(X), predictors.reference(what, X))
    return {"microseconds": time_call(lambda: call(X)) * 1e6, "accuracy": None, "memory_mb": peak_memory()}


def check_outputs(found: Array, expected: Array) -> None:
    """Raise if a probability is further than 1e-5 from what it should be."""
    off = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
    if not off <= _TOLERANCE:
        raise ValueError(f"the outputs differ by {off:.2g} from those in float64: nothing was timed")


def time_call(call: Callable[[], object]) -> float:
    """Return the seconds of a call: the best mean of five runs of so many calls as fill a tenth of a second."""

    def run(calls: int) -> float:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - start) / calls

    calls = max(1, int(_SECONDS / run(1)))
    return min(run(calls) for _ in range(5))


def limit(size: int) -> float:
    """Return the GFLOP/s of NumPy's product of two square float32 matrices, the best of three."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((size, size), np.float32) for _ in range(2))
    out, seconds = a @ b, []
    for _ in range(3):
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds) / 1e9


def peak_memory() -> float | None:
    """Return the megabytes that the process held at most, None where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage would count what the parent held when it started this process
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def answer(request: dict[str, Any]) -> Any:
    """Return the answer to a request: {"task": "train", "predict" or "limit", and its arguments}."""
    arguments = dict(request)
    tasks: dict[str, Callable[..., Any]] = {"train": train, "predict": predict, "limit": limit}
    return tasks[arguments.pop("task")](**arguments)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps([answer(request) for request in asked]))
