"""What a search costs on each backend of joblib: its start, a task that does nothing, and data that go along.

python benchmarks/searches.py [BACKEND ...]

A fit is worth a cluster where it takes much longer than the task that carries it. Printed as a table in Markdown: the
median of several rounds; a training of work B (784-128-10, 10,000 rows, one epoch) stands beside it for scale.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "searches"))
from on_cluster import backend

import layerwise as lw

TASKS, ROUNDS = 100, 5
PACKAGES = {"threading": "joblib", "loky": "joblib", "dask": "dask", "ray": "ray"}


def nothing(i: int) -> int:
    return i


def first_number(X: np.ndarray, i: int) -> float:
    return float(X[i, 0])


def median(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def measure(name: str, X: np.ndarray) -> list[str]:
    """A row of the table: seconds to start, milliseconds of a task, of one with X, and of one alone in its call."""
    start = time.perf_counter()
    with backend(name):
        joblib.Parallel()(joblib.delayed(nothing)(i) for i in range(2))
        began = time.perf_counter() - start
        many = median(lambda: joblib.Parallel(batch_size=1)(joblib.delayed(nothing)(i) for i in range(TASKS)))
        one = median(lambda: joblib.Parallel(batch_size=1)(joblib.delayed(nothing)(i) for i in range(2)))
        data = median(lambda: joblib.Parallel(batch_size=1)(joblib.delayed(first_number)(X, i) for i in range(10)))
    each = 1e3 * (many - one) / (TASKS - 2)
    figures = [f"{began:.1f} s", f"{1e3 * one:.0f} ms", f"{each:.1f} ms", f"{1e3 * data / 10:.0f} ms"]
    package = PACKAGES[name]
    return [f"{name} ({package} {version(package)})", *figures]


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    X = np.random.default_rng(0).random((10_000, 784), np.float32)
    y = np.arange(len(X)) % 10
    net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    fit = median(lambda: net.fit(X, y, epochs=1, batch_size=32, n_threads=1, verbose=False))
    print(f"an epoch of 10,000 rows of work B with one thread: {1e3 * fit:.0f} ms\n")
    print("| backend | start, first call | a call of two tasks | each further task | a task with 31 MB of rows |")
    print("|---|---|---|---|---|")
    for name in names:
        print("|", " | ".join(measure(name, X)), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(PACKAGES))
