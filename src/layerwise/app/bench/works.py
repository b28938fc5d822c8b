"""The works that are timed: a network, its optimizer, its batches and its data."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from layerwise import datasets
from layerwise.errors import UnknownNameError, nearest
from layerwise.typing import Array

ACTIVATIONS = {"relu": "ReLU", "sigmoid": "sigmoid", "tanh": "tanh"}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}


class Data(NamedTuple):
    """Rows to train and to test: X float32, y int64."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array


@dataclass(frozen=True)
class Work:
    """A training to be timed: softmax and cross-entropy on `rows` rows, in float32.

    `data` is mnist, spiral, products or sines. An 'epoch' that is timed makes so many `passes` over the rows: several
    where a pass is a single step.
    """

    name: str
    sizes: tuple[int, ...]
    activation: str
    optimizer: str
    rate: float
    batch: int
    data: str
    rows: int
    passes: int = 1

    @property
    def description(self) -> str:
        """The work in words."""
        full = f"the full batch, {self.passes:,} of its steps an epoch"
        batch = full if self.batch >= self.rows else f"batches of {self.batch:,}"
        kind = {"mnist": "MNIST", "spiral": "spiral"}.get(self.data, "synthetic")
        return (
            f"{'-'.join(map(str, self.sizes))}, {ACTIVATIONS[self.activation]}, {OPTIMIZERS[self.optimizer]} "
            f"{self.rate:g}, {batch}, {self.rows:,} {kind} rows"
        )

    @property
    def steps(self) -> int:
        """How many steps a timed 'epoch' has; a last batch that is not full is not counted."""
        return max(self.rows // self.batch, 1) * self.passes

    @property
    def flops(self) -> int:
        """Floating-point operations of the products in a step: the rest is linear in the units."""
        return step_flops(self.sizes, self.batch)


def forward_flops(sizes: Sequence[int], rows: int) -> int:
    """2 · rows · in · out for each dense layer: a product and a sum for each weight.

    Examples
    --------
    >>> forward_flops([3, 4, 2], 10)  # 20 · (12 + 8)
    400
    """
    return 2 * rows * sum(a * b for a, b in itertools.pairwise(sizes))


def step_flops(sizes: Sequence[int], rows: int) -> int:
    """Forward, the gradient of the weights, and that of the inputs, which the first layer does without.

    Examples
    --------
    >>> step_flops([3, 4, 2], 10)  # 400 + 400 + 20 · 8
    960
    """
    return 2 * forward_flops(sizes, rows) + forward_flops(sizes[1:], rows)


WORKS = {
    work.name: work
    for work in (
        Work("A", (784, 30, 10), "sigmoid", "sgd", 0.5, 10, "mnist", 50_000),
        Work("B", (784, 128, 10), "relu", "adam", 1e-3, 32, "mnist", 50_000),
        Work("C", (784, 512, 512, 10), "relu", "adam", 1e-3, 128, "mnist", 50_000),
        Work("D", (20, 64, 64, 2), "relu", "adam", 1e-3, 64, "sines", 50_000),
        Work("E", (2, 64, 3), "relu", "adam", 5e-2, 300, "spiral", 300, passes=10_000),
        Work("S", (4, 32, 16, 4), "tanh", "adam", 1e-3, 10_000, "products", 10_000, passes=500),
    )
}
_CLASSES = {"mnist": 10, "spiral": 3, "products": 4, "sines": 2}


def find(text: str) -> Work:
    """Return the work of that name, or one written as sizes,activation,optimizer,rate,batch.

    The number of inputs decides the data: 784 MNIST, 2 the spiral, 4 and others synthetic rows.

    Raises
    ------
    UnknownNameError
        Neither; the nearest name is suggested.

    Examples
    --------
    >>> find("784-100-10,relu,adam,0.001,64").description
    '784-100-10, ReLU, Adam 0.001, batches of 64, 50,000 MNIST rows'
    """
    if text.upper() in WORKS:
        return WORKS[text.upper()]
    try:
        sizes, activation, optimizer, rate, batch = text.split(",")
        return _written(text, [int(n) for n in sizes.split("-")], activation, optimizer, float(rate), int(batch))
    except ValueError as error:
        reason = f": {error}" if text.count(",") == 4 else ""
        raise UnknownNameError(
            f"work {text!r} is not known; {nearest(text, WORKS)}, or write sizes,activation,optimizer,rate,batch, "
            f"such as 784-100-10,relu,adam,0.001,64{reason}"
        ) from None


def _written(name: str, sizes: list[int], activation: str, optimizer: str, rate: float, batch: int) -> Work:
    data = {784: "mnist", 2: "spiral", 4: "products"}.get(sizes[0], "sines")
    rows = {"spiral": 300, "products": 10_000}.get(data, 50_000)
    if activation not in ACTIVATIONS or optimizer not in OPTIMIZERS:
        raise ValueError(f"activations: {', '.join(ACTIVATIONS)}; optimizers: {', '.join(OPTIMIZERS)}")
    if len(sizes) < 2 or min(sizes) < 1 or not 1 <= batch <= rows or not rate > 0:
        raise ValueError(f"at least two sizes from 1, a batch from 1 to {rows:,}, and a rate above 0 are needed")
    if sizes[-1] < _CLASSES[data]:
        raise ValueError(f"the last size must be at least {_CLASSES[data]}, one for each class")
    passes = 1 if batch < rows else 10_000 if rows < 1000 else 500
    return Work(name, tuple(sizes), activation, optimizer, rate, batch, data, rows, passes)


def load(work: Work) -> Data:
    """Return the rows of a work, always the same."""
    if work.data == "mnist":
        (X, y), _, (X_test, y_test) = datasets.load_mnist()
        scaled = [np.divide(part, 255, dtype=np.float32) for part in (X[: work.rows], X_test)]
        return Data(scaled[0], y[: work.rows].astype(np.int64), scaled[1], y_test.astype(np.int64))
    rng = np.random.default_rng(0)
    if work.data == "spiral":
        return _spiral(rng, work.rows // 3)
    if work.data == "products":
        X = rng.standard_normal((2 * work.rows, 4)).astype(np.float32)
        y = (2 * (X[:, 0] * X[:, 1] > 0) + (X[:, 2] + X[:, 3] > 0)).astype(np.int64)
    else:
        X = rng.standard_normal((work.rows + work.rows // 5, work.sizes[0])).astype(np.float32)
        y = ((X @ rng.standard_normal(work.sizes[0]) + np.sin(3 * X[:, 0])) > 0).astype(np.int64)
    return Data(X[: work.rows], y[: work.rows], X[work.rows :], y[work.rows :])


def _spiral(rng: np.random.Generator, points: int) -> Data:
    """Return three arms, tested on the points that are trained on."""
    r, noise = np.linspace(0, 1, points), rng.standard_normal((3, points)) * 0.2
    arms = (np.linspace(4 * c, 4 * c + 4, points) + noise[c] for c in range(3))
    X = np.concatenate([np.c_[r * np.sin(2.5 * t), r * np.cos(2.5 * t)] for t in arms]).astype(np.float32)
    y = np.repeat(np.arange(3), points)
    return Data(X, y, X, y)


def glorot(sizes: Sequence[int]) -> list[tuple[Array, Array]]:
    """Return the first weights (in, out) and biases (out,) of each dense layer: Glorot's uniform ones, and zeros."""
    rng = np.random.default_rng(0)
    return [
        (rng.uniform(-1, 1, (a, b)).astype(np.float32) * np.float32(np.sqrt(6 / (a + b))), np.zeros(b, np.float32))
        for a, b in itertools.pairwise(sizes)
    ]
