"""Confidence that can be believed: temperature scaling, folded into the weights of the last dense layer.

    p = softmax(z / T),  z = x W + b    is    softmax(x W' + b')  with  W' = W / T, b' = b / T

So a calibrated network has no new part: predictions, model files and exports are calibrated as they are. No answer
changes, for the largest score stays the largest; only how sure the network is of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.data.targets import check_lengths, encode
from layerwise.errors import DataError
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.parts.layers import Dense, Identity, Layer, Linear, Sigmoid, Softmax
from layerwise.parts.losses import BinaryCrossEntropy, CategoricalCrossEntropy
from layerwise.parts.metrics import expected_calibration_error
from layerwise.typing import Array, ArrayLike

LARGEST = np.log(100.0)  # |log T| of the grid
GOLDEN = (np.sqrt(5.0) - 1) / 2
TINY = np.finfo(np.float64).tiny
LEAST_ROWS = 30  # to tell a temperature by, where nobody asks for one
PART = 512  # rows whose activations are computed together


@dataclass(frozen=True)
class Calibration:
    """The result of `calibrate`.

    Attributes
    ----------
    temperature : float
        The temperature T: above 1 if the network was overconfident, below 1 if it was underconfident.
    loss_before, loss_after : float
        The mean negative log-likelihood before and after.
    error_before, error_after : float
        The expected calibration error in 15 bins before and after; NaN for several yes-or-no outputs.
    """

    temperature: float
    loss_before: float
    loss_after: float
    error_before: float
    error_after: float


def calibrate(network: Network, X: ArrayLike, y: ArrayLike) -> Calibration:
    """Calibrate the probabilities of a network by temperature scaling on held-out data.

    The temperature T minimizes the negative log-likelihood on the held-out data. The weights and biases of the last
    dense layer are divided by T, so `predict_proba`, the model file and every export are calibrated. The predicted
    classes do not change. A further `fit` continues from these weights.

    Parameters
    ----------
    network : Network
        A trained network that ends with `Dense` and `Softmax` or `Sigmoid`.
    X : array-like of shape (n, n_in)
        Samples that were not trained on, some hundred or more.
    y : array-like of shape (n,)
        Their labels.

    Returns
    -------
    Calibration
        The temperature, and loss and calibration error before and after.

    Raises
    ------
    DataError
        The network ends with other layers, or no temperature fits: all predictions are right, or none are better than
        chance.
    TypeError
        `network` is not a `Network`.

    See Also
    --------
    learn_novelty : Let the network abstain for inputs unlike the training data.
    layerwise.plots.reliability : Draw how often predictions are right by their confidence.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral(samples=300)
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> _ = net.fit(X[::2], y[::2], optimizer=lw.Adam(0.02), epochs=100, verbose=False)
    >>> found = lw.calibrate(net, X[1::2], y[1::2])
    >>> found.temperature > 0, found.loss_after < found.loss_before
    (True, True)
    """
    check_network("calibrate", network)
    place = _ending(network)[2]
    z = scores(network, X, place)
    if not np.isfinite(z).all():
        row = int(np.argwhere(~np.isfinite(z))[0][0])
        raise DataError(f"calibrate: {network.layers[place]!r} gives NaN or infinity for row {row}; scale the inputs")
    return fold_temperature(network, z, y)


def fold_temperature(network: Network, z: Array, y: ArrayLike) -> Calibration:
    """Divide the last weights by the temperature that fits scores z (n, n_out) of rows that were not learned from.

    Raises
    ------
    DataError
        As `calibrate`.
    """
    dense, last, _ = _ending(network)
    loss = CategoricalCrossEntropy() if isinstance(last, Softmax) else BinaryCrossEntropy()
    targets = encode(y, z.shape[1], loss, network.dtype, network.task)
    check_lengths(z, targets)
    t = targets.values(z.shape[1])
    assert network.task is not None
    curve = _Curve(z, t.astype(np.float64), isinstance(last, Sigmoid), network.task.kind == "multilabel")
    beta = curve.lowest()
    errors = [np.nan, np.nan]
    if targets.labels is not None:
        errors = [expected_calibration_error(targets.labels, curve.probabilities(b)) for b in (1.0, beta)]
    temperature = 1 / beta
    for array in vars(network.built()[1].p[dense]).values():
        array /= temperature
    if network.task.says_yes_or_no(z.shape[1]):
        network.threshold = _moved(network.threshold, beta)
    if network.last_fit:  # for a script that comes to these weights
        network.last_fit["temperatures"] = [*network.last_fit.get("temperatures", []), temperature]
    return Calibration(temperature, curve.loss(1.0), curve.loss(beta), errors[0], errors[1])


def _moved(threshold: float, beta: float) -> float:
    """Where the threshold is once the scores are multiplied by beta: answers stay as they were."""
    if threshold == 0.5:
        return threshold
    moved = 1 / (1 + ((1 - threshold) / threshold) ** beta)
    return float(np.clip(moved, np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).epsneg))


def _ending(network: Network) -> tuple[int, Layer, int]:
    """The number of the last dense layer; the probabilities' layer; and the number of the layer that gives its input.

    Raises
    ------
    DataError
        It does not end with them, or was not trained on classes.
    """
    if network.task is None or network.task.kind == "regression":
        raise DataError("calibrate: the network must have been trained on classes; call fit(X, y) first")
    places = [i for i, layer in enumerate(network.layers) if not layer.draws]
    last = network.layers[places[-1]]
    linear = places[:-1]
    while linear and isinstance(network.layers[linear[-1]], (Linear, Identity)):
        linear.pop()
    if not isinstance(last, (Softmax, Sigmoid)) or not linear or not isinstance(network.layers[linear[-1]], Dense):
        ends = ", ".join(repr(network.layers[i]) for i in places[-2:])
        raise DataError(
            f"calibrate divides the last dense layer's weights, so the network must end with Dense and Softmax or "
            f"Sigmoid; it ends with {ends}"
        )
    return linear[-1], last, places[-2]


def last_dense(network: Network) -> int:
    """Return the number of the layer whose weights a temperature divides.

    Raises
    ------
    DataError
        As `calibrate`.
    """
    return _ending(network)[0]


def scores(network: Network, X: ArrayLike, place: int | None = None) -> Array:
    """What goes into the last layer, (n, n_out), in float64; place: the number of the layer that gives it."""
    place = _ending(network)[2] if place is None else place
    rows = network.read_rows(X)
    starts = range(0, rows.shape[0], PART)
    return np.concatenate([network.activations(rows[i : i + PART])[place] for i in starts]).astype(np.float64)


@dataclass(frozen=True)
class _Curve:
    """The loss as a function of β = 1 / T: scores z and targets t (n, n_out), and what is made of the scores."""

    z: Array
    t: Array
    sigmoid: bool
    several: bool

    def probabilities(self, beta: float) -> Array:
        """As `predict_proba` gives them."""
        z = beta * self.z
        if not self.sigmoid:
            e = np.exp(z - z.max(axis=1, keepdims=True))
        else:
            small = np.exp(-np.abs(z))
            e = np.where(z >= 0, 1.0, small) / (1 + small)
            if self.several:
                return np.asarray(e)
            if z.shape[1] == 1:
                return np.hstack([1 - e, e])
        shares: Array = e / np.maximum(e.sum(axis=1, keepdims=True), TINY)
        return shares

    def loss(self, beta: float) -> float:
        """The mean of -log p over what is right."""
        p, t = self.probabilities(beta), self.t
        if t.shape[1] == 1 and not self.several:
            t = np.hstack([1 - t, t])
        found = t * np.log(np.maximum(p, TINY))
        if self.several:
            found += (1 - t) * np.log(np.maximum(1 - p, TINY))
        return float(-found.sum(axis=1).mean())

    def lowest(self) -> float:
        """The best β: the best of a grid, then by golden section between its neighbours.

        Raises
        ------
        DataError
            It lies outside the grid.
        """
        grid = np.linspace(-LARGEST, LARGEST, 65)
        losses = [self.loss(np.exp(b)) for b in grid]
        best = int(np.argmin(losses))
        if losses[-1] <= losses[best]:  # a loss that has come to 0 stays there
            raise DataError("calibrate: all answers on these rows are right, so the surer the better: give more rows")
        if best == 0:
            raise DataError("calibrate: on these rows the network's scores tell nothing about y: is it y of this X?")
        low, high = grid[best - 1], grid[best + 1]
        for _ in range(30):
            left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            low, high = (low, right) if self.loss(np.exp(left)) < self.loss(np.exp(right)) else (left, high)
        return float(np.exp((low + high) / 2))
