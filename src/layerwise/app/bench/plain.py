"""The plainest fast loop in NumPy: buffers made once, results written in place."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from layerwise.app.bench.works import Data, Work, glorot
from layerwise.typing import Array

Pairs = list[tuple[Array, Array]]


def numpy(work: Work, data: Data, epochs: int, **options: Any) -> Iterator[Any]:
    """Train with nothing but NumPy."""
    X, y, batch = data.X, data.y, work.batch
    theta = np.concatenate([part.ravel() for pair in glorot(work.sizes) for part in pair])
    grad, m, v, tmp = (np.zeros_like(theta) for _ in range(4))
    params, grads = _views(theta, work.sizes), _views(grad, work.sizes)
    A = [np.empty((batch, s), np.float32) for s in work.sizes]
    D = [np.empty((batch, s), np.float32) for s in work.sizes]
    rows_index, ones, t, rng = np.arange(batch), np.ones(batch, np.float32), 0, np.random.default_rng(0)

    def accuracy() -> float:
        return float((outputs(params, data.X_test, work.activation).argmax(1) == data.y_test).mean())

    for _ in range(epochs):
        start = time.perf_counter()
        for _ in range(work.passes):
            order = rng.permutation(len(X))
            for i in range(0, len(X) - batch + 1, batch):
                rows = order[i : i + batch]
                np.take(X, rows, 0, out=A[0], mode="clip")
                z = _forward(params, A, work.activation)
                z[rows_index, y[rows]] -= 1
                z *= np.float32(1 / batch)
                _backward(params, grads, A, D, ones, work.activation)
                if work.optimizer == "sgd":
                    grad *= np.float32(work.rate)
                    theta -= grad
                else:
                    t += 1
                    _adam(theta, grad, m, v, tmp, t, work.rate)
        yield time.perf_counter() - start, accuracy


def outputs(params: Pairs, X: Array, activation: str) -> Array:
    """Return the sums of the last layer for any number of rows."""
    h = X
    for W, b in params[:-1]:
        h = h @ W
        h += b
        _activate(h, activation)
    W, b = params[-1]
    z: Array = h @ W
    z += b
    return z


def softmax(z: Array) -> Array:
    """Compute the softmax of each row in place, and return it."""
    z -= z.max(1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(1, keepdims=True)
    return z


def _views(flat: Array, sizes: tuple[int, ...]) -> Pairs:
    out, at = [], 0
    for a, b in itertools.pairwise(sizes):
        out.append((flat[at : at + a * b].reshape(a, b), flat[at + a * b : at + a * b + b]))
        at += a * b + b
    return out


def _activate(z: Array, activation: str) -> None:
    if activation == "relu":
        np.maximum(z, 0, out=z)
    elif activation == "tanh":
        np.tanh(z, out=z)
    else:
        np.negative(z, out=z)
        np.exp(z, out=z)
        z += 1
        np.reciprocal(z, out=z)


def _forward(params: Pairs, A: list[Array], activation: str) -> Array:
    """Compute every layer's output into A, and return the last, which are probabilities."""
    last = len(params) - 1
    for layer, (W, b) in enumerate(params):
        z = A[layer + 1]
        np.matmul(A[layer], W, out=z)
        z += b
        if layer != last:
            _activate(z, activation)
    return softmax(z)


def _backward(params: Pairs, grads: Pairs, A: list[Array], D: list[Array], ones: Array, activation: str) -> None:
    """Compute the gradients from the last layer's delta, which stands in A."""
    delta = A[-1]
    for layer in range(len(params) - 1, -1, -1):
        np.matmul(A[layer].T, delta, out=grads[layer][0])
        np.matmul(ones, delta, out=grads[layer][1])
        if layer:
            d, a = D[layer], A[layer]
            np.matmul(delta, params[layer][0].T, out=d)
            if activation == "relu":
                d *= a > 0
            elif activation == "tanh":
                np.square(a, out=a)
                np.subtract(1, a, out=a)
                d *= a
            else:
                d *= a
                np.subtract(1, a, out=a)
                d *= a
            delta = d


def _adam(theta: Array, grad: Array, m: Array, v: Array, tmp: Array, t: int, rate: float) -> None:
    m *= np.float32(0.9)
    np.multiply(grad, np.float32(0.1), out=tmp)
    m += tmp
    np.square(grad, out=grad)
    grad *= np.float32(0.001)
    v *= np.float32(0.999)
    v += grad
    np.sqrt(v, out=tmp)
    tmp *= np.float32(1 / np.sqrt(1 - 0.999**t))
    tmp += np.float32(1e-8)
    np.divide(m, tmp, out=tmp)
    tmp *= np.float32(rate / (1 - 0.9**t))
    theta -= tmp
