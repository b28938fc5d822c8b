"""Made-up data in two dimensions or one, on which a small network can be watched as it learns.

The three come from Harrison Kinsley and Daniel Kukiela, "Neural Networks from Scratch in Python" (2020).
`make_spiral` and `make_vertical` draw from NumPy's legacy generator, whose stream is frozen for good, so
that a seed gives the very points that published results were computed on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layerwise.datasets.checks import check_count
from layerwise.errors import DataError


def make_spiral(
    samples: int = 100, classes: int = 3, random_state: int | None = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Make a spiral with an arm for each class, which no linear model can separate.

    Parameters
    ----------
    samples : int, default=100
        The number of points in each arm, at least 1.
    classes : int, default=3
        The number of arms, at least 1.
    random_state : int or None, default=0
        The seed, 0 to 2**32 - 1. None gives other points in each call.

    Returns
    -------
    X : ndarray of shape (samples * classes, 2), float64
        Points within the unit circle, arm after arm, each from the centre outwards.
    y : ndarray of shape (samples * classes,), int64
        The number of the arm, from 0.

    Raises
    ------
    DataError
        If `samples` or `classes` is not a positive whole number, or `random_state` is not a seed.

    Notes
    -----
    In arm c the radius r goes evenly from 0 to 1 and the angle t evenly from 4c to 4c + 4, plus noise 0.2 · N(0, 1).
    The point is (r sin 2.5t, r cos 2.5t).

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral(samples=100, classes=3, random_state=0)
    >>> X.shape, y.shape
    ((300, 2), (300,))
    >>> X[:3].round(8).tolist()
    [[0.0, 0.0], [0.00299556, 0.00964661], [0.01288097, 0.01556285]]
    """
    samples, classes = check_count("samples", samples), check_count("classes", classes)
    random = _legacy_generator(random_state)
    X = np.empty((classes, samples, 2))
    r = np.linspace(0, 1, samples)
    for c in range(classes):
        t = np.linspace(4 * c, 4 * c + 4, samples) + 0.2 * random.standard_normal(samples)
        X[c, :, 0] = r * np.sin(2.5 * t)
        X[c, :, 1] = r * np.cos(2.5 * t)
    return X.reshape(-1, 2), np.repeat(np.arange(classes, dtype=np.int64), samples)


def make_vertical(
    samples: int = 100, classes: int = 3, random_state: int | None = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Make round clusters side by side, one for each class, which vertical lines nearly separate.

    Parameters
    ----------
    samples : int, default=100
        The number of points in each cluster, at least 1.
    classes : int, default=3
        The number of clusters, at least 1.
    random_state : int or None, default=0
        The seed, 0 to 2**32 - 1. None gives other points in each call.

    Returns
    -------
    X : ndarray of shape (samples * classes, 2), float64
        The points, cluster after cluster. Cluster c has the centre (c / 3, 0.5) and standard deviation 0.1.
    y : ndarray of shape (samples * classes,), int64
        The number of the cluster, from 0.

    Raises
    ------
    DataError
        If `samples` or `classes` is not a positive whole number, or `random_state` is not a seed.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_vertical(samples=1000)
    >>> [X[y == c].mean(axis=0).round(1).tolist() for c in range(1, 3)]
    [[0.3, 0.5], [0.7, 0.5]]
    """
    samples, classes = check_count("samples", samples), check_count("classes", classes)
    random = _legacy_generator(random_state)
    X = np.empty((classes, samples, 2))
    for c in range(classes):
        X[c, :, 0] = 0.1 * random.standard_normal(samples) + c / 3
        X[c, :, 1] = 0.1 * random.standard_normal(samples) + 0.5
    return X.reshape(-1, 2), np.repeat(np.arange(classes, dtype=np.int64), samples)


def make_sine(samples: int = 1000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make one period of a sine without noise, a data set for regression.

    Parameters
    ----------
    samples : int, default=1000
        The number of points, at least 1, evenly spaced on [0, 1).

    Returns
    -------
    X : ndarray of shape (samples, 1), float64
        The points x.
    y : ndarray of shape (samples, 1), float64
        The values sin 2πx.

    Raises
    ------
    DataError
        If `samples` is not a positive whole number.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_sine(samples=4)
    >>> X.ravel().tolist(), y.ravel().round(3).tolist()
    ([0.0, 0.25, 0.5, 0.75], [0.0, 1.0, 0.0, -1.0])
    """
    samples = check_count("samples", samples)
    X = np.arange(samples).reshape(-1, 1) / samples
    return X, np.sin(2 * np.pi * X)


def _legacy_generator(seed: int | None) -> np.random.RandomState:
    """Return NumPy's generator of old, seeded; Generator would give other points for the same seed."""
    if seed is not None and check_count("random_state", seed, least=0) >= 2**32:
        raise DataError(f"random_state must be None or 0 to 2**32 - 1, but is {seed!r}")
    return np.random.RandomState(seed)
