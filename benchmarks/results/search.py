"""A grid of 24 settings, searched in two processes and in two threads: wall time, and how many threads are at work."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from joblib import parallel_backend
from sklearn import neural_network
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise

GRID = {
    "mlp__hidden_layer_sizes": [(50,), (100,)],
    "mlp__alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "mlp__learning_rate_init": [3e-4, 1e-3, 3e-3],
}


class Threads(threading.Thread):
    """Looks every few milliseconds how many threads of this process and its children can run or are running."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.total, self.looks, self._done = 0, 0, 0, threading.Event()

    def run(self) -> None:
        while not self._done.wait(0.02):
            running = sum(map(_running, _family(os.getpid()))) - 1  # this one
            self.most, self.total, self.looks = max(self.most, running), self.total + running, self.looks + 1

    def stop(self) -> None:
        self._done.set()
        self.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _running(pid: int) -> int:
    count = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            count += (task / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    except OSError:
        pass
    return count


def search(package: Any, backend: str) -> tuple[float, float, float, int]:
    """Seconds, best score, threads at work on average and at most."""
    X, y = load_digits(return_X_y=True)
    model = make_pipeline(StandardScaler(), package.MLPClassifier(max_iter=60, random_state=0))
    model.steps[-1] = ("mlp", model.steps[-1][1])
    grid = GridSearchCV(model, GRID, cv=3, n_jobs=2)
    watch = Threads()
    watch.start()
    begin = time.perf_counter()
    with warnings.catch_warnings(), parallel_backend(backend, n_jobs=2):
        warnings.simplefilter("ignore")
        grid.fit(X, y)
    seconds = time.perf_counter() - begin
    watch.stop()
    return seconds, grid.best_score_, watch.total / max(1, watch.looks), watch.most


def lines() -> Iterator[str]:
    """The table, in Markdown."""
    yield "| search | library | seconds | best score | threads at work, mean | at most |"
    yield "|---|---|---:|---:|---:|---:|"
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the processes
    for backend, words in (("loky", "`GridSearchCV(n_jobs=2)`, processes"), ("threading", "the same in threads")):
        for package in (neural_network, layerwise):
            search(package, backend)  # the processes are started, and have imported all
            seconds, score, mean, most = search(package, backend)
            name = package.__name__.replace("sklearn.neural_network", "scikit-learn")
            yield f"| {words} | {name} | {seconds:.1f} | {score:.4f} | {mean:.1f} | {most} |"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
