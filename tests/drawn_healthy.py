"""Healthy networks drawn at random, as setups that can be trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import layerwise as lw
from layerwise.explain.cures import Setup, suited

STEPS = 300, 700


def clouds(rng, n, d, k):
    """Clouds of points, which overlap."""
    centres = rng.normal(size=(k, d)) * rng.uniform(0.8, 2.0)
    y = rng.integers(0, k, n)
    return _standard(centres[y] + rng.normal(size=(n, d))), y


def taught(rng, n, d, k):
    """Classes that another network gives."""
    X = rng.normal(size=(n, d))
    scores = np.tanh(X @ rng.normal(size=(d, 8)) / np.sqrt(d) * 1.5) @ rng.normal(size=(8, k))
    return X, (scores - scores.mean(axis=0)).argmax(axis=1)


def spirals(rng, n, d, k):
    """Arms of a spiral, with columns that say nothing beside it."""
    X, y = lw.datasets.make_spiral(samples=max(40, n // 3), random_state=int(rng.integers(1000)))
    return _standard(np.column_stack([X, rng.normal(size=(len(X), min(d, 2)))])), y


def digits(rng, n, d, k):
    """Small pictures."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    chosen = rng.permutation(len(X))[: max(300, n)]
    return X[chosen] / 16, y[chosen]


def mnist(rng, n, d, k):
    """Pictures as they are: uint8."""
    (X, y), _, _ = lw.datasets.load_mnist()
    chosen = rng.permutation(len(X))[: max(300, n)]
    return X[chosen], y[chosen]


def _standard(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def numbers(rng, n, d, n_out):
    """Numbers of about 1, of which a twentieth is noise."""
    X = rng.normal(size=(n, d))
    y = np.tanh(X @ rng.normal(size=(d, 6)) / np.sqrt(d)) @ rng.normal(size=(6, n_out))
    y = _standard(y + 0.05 * rng.normal(size=y.shape))
    return X, y[:, 0] if n_out == 1 else y


HIDDEN = {"relu": lw.ReLU, "tanh": lw.Tanh, "gelu": lw.GELU, "selu": lw.SELU, "leaky": lw.LeakyReLU, "elu": lw.ELU}
CLASSES = [clouds, taught, spirals, digits, mnist]


def hidden_layers(rng, activation=None, depth=None, normalized=None):
    """Some layers of one width."""
    kind = HIDDEN[activation or str(rng.choice(list(HIDDEN)))]
    width, depth = int(rng.integers(12, 49)), depth or int(rng.integers(1, 4))
    normalized = rng.random() < 0.15 if normalized is None else normalized
    layers = []
    for _ in range(depth):
        layers += [lw.Dense(width, suited(kind())), *[lw.BatchNorm()] * normalized, kind()]
    return layers


def optimizer(rng):
    """One with a rate that suits it."""
    kind = rng.integers(4)
    if kind == 0:
        return lw.SGD(float(10 ** rng.uniform(-1.3, -0.7)))
    if kind == 1:
        return lw.SGD(float(10 ** rng.uniform(-2.0, -1.5)), momentum=0.9)
    if kind == 2:
        return lw.RMSprop(float(10 ** rng.uniform(-2.7, -2.2)))
    return lw.Adam(float(10 ** rng.uniform(-2.5, -2.0)))


def healthy(rng, task=None, activation=None, depth=None, normalized=None, source=None, scaling=None):
    """Draw a healthy setup: of classes, yes/no answers or numbers."""
    task = task or str(rng.choice(["classes", "classes", "yes", "several", "numbers"]))
    n, d = int(rng.integers(120, 500)), int(rng.integers(2, 16))
    layers = hidden_layers(rng, activation, depth, normalized)
    if task == "classes":
        make = source or CLASSES[rng.integers(len(CLASSES))]
        X, y = make(rng, n, d, int(rng.integers(3, 6)))
        layers += [lw.Dense(10 if make in (digits, mnist) else max(3, int(y.max()) + 1)), lw.Softmax()]
    elif task == "yes":
        X, y = (source or (clouds, taught)[rng.integers(2)])(rng, n, d, 2)
        layers += [lw.Dense(1), lw.Sigmoid()]
    elif task == "several":
        X, y = numbers(rng, n, d, 3)
        y = (y > 0).astype(int)
        layers += [lw.Dense(3), lw.Sigmoid()]
    else:
        n_out = int(rng.integers(1, 3))
        X, y = numbers(rng, n, d, n_out)
        layers += [lw.Dense(n_out)]
    if scaling is None and rng.random() < 0.3 and X.dtype != np.uint8 and X.shape[1] < 64:
        X = X * 10 ** rng.uniform(-2, 2, X.shape[1]) + rng.normal(size=X.shape[1]) * 10
        scaling = "standard"
    batch_size = int(rng.choice([16, 32, 64]))
    while len(X) % batch_size == 1:
        X, y = X[1:], y[1:]
    epochs = max(8, round(rng.uniform(*STEPS) / np.ceil(len(X) / batch_size)))
    arguments = {"optimizer": optimizer(rng), "epochs": int(epochs), "batch_size": batch_size}
    return Setup(tuple(layers), X, y, arguments, scaling or None, int(rng.integers(1000)))


def noisy(rng):
    """Draw a healthy setup of which noise is a large part: wrong labels, or numbers that are mostly noise."""
    setup = healthy(rng, str(rng.choice(["classes", "yes", "numbers"])), source=(clouds, taught)[rng.integers(2)])
    y = setup.y
    if y.dtype.kind == "i":
        wrong = rng.random(len(y)) < rng.uniform(0.3, 0.7)
        return replace(setup, y=np.where(wrong, rng.integers(0, y.max() + 1, len(y)), y))
    return replace(setup, y=_standard(y + rng.uniform(1, 2) * rng.normal(size=y.shape)))
