"""Prediction intervals, learned from held-out rows."""

from __future__ import annotations

import numpy as np

from layerwise.data.intervals import Intervals
from layerwise.errors import DataError, ShapeError
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.typing import ArrayLike


def learn_intervals(network: Network, X: ArrayLike, y: ArrayLike) -> Network:
    """Let a trained network learn how far off its numbers are, for ``network.predict_interval(X)``.

    The errors are part of the network and of its model file from then on, until it is trained further.

    Parameters
    ----------
    network : Network
        Trained for numbers.
    X : array (n, n_in)
        Rows that it has not learned from, a hundred or more; not those that chose the best epoch, for then the
        intervals are a little too narrow.
    y : array (n,) or (n, n_out)
        What they are.

    Returns
    -------
    Network
        The same.

    Raises
    ------
    DataError
        The network answers with classes, or there is no row, or NaN or infinity.
    ShapeError
        X and y are not for this network.
    TypeError
        It is not a network, but an estimator, say: says where the network is.

    Examples
    --------
    >>> import layerwise as lw
    >>> from layerwise.trust.intervals import learn_intervals
    >>> X, y = lw.datasets.make_sine(300)
    >>> net = lw.Network([lw.Dense(16), lw.Tanh(), lw.Dense(1)], random_state=0)
    >>> _ = net.fit(X[:200], y[:200, 0], epochs=20, verbose=False)
    >>> learn_intervals(net, X[200:], y[200:]).predict_interval(X[:2], coverage=0.9).shape
    (2, 2)
    """
    check_network("learn_intervals", network)
    if network.task is None or network.task.kind != "regression":
        raise DataError("learn_intervals: train the network for numbers first; for classes there is lw.calibrate")
    outputs = np.asarray(network.outputs(X), np.float64)
    targets = np.asarray(y, np.float64)
    targets = targets[:, np.newaxis] if targets.ndim == 1 else targets
    if targets.shape != outputs.shape:
        raise ShapeError(f"learn_intervals: y must have the shape {outputs.shape}; got {np.shape(y)}")
    errors = np.abs(targets - outputs)
    if not np.isfinite(errors).all():
        row = int(np.argwhere(~np.isfinite(errors))[0][0])
        raise DataError(f"learn_intervals: the error of row {row} is NaN or infinity")
    network.intervals = Intervals.of(errors, network.steps)
    return network
