"""Is the gradient right? Back-propagation against central differences, over the whole flat vector.

    ∂L/∂θ_i ≈ (L(θ + h e_i) - L(θ - h e_i)) / 2h          in float64

The loss is evaluated by the executor's own forward, penalties and dropout masks included, so what is checked is
what trains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.data.rows import rows_of
from layerwise.data.sample_weights import weigh
from layerwise.data.targets import check_lengths, encode
from layerwise.engine.numpy_engine import NumpyEngine
from layerwise.engine.plan import check_training, compile_training
from layerwise.errors import DivergenceError, ShapeError
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.parts.description import number
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import SGD
from layerwise.parts.penalties import Penalties, as_penalties
from layerwise.typing import Array, ArrayLike

FLOOR = 1e-3  # gradients smaller than this are compared absolutely, in units of it: differences carry 1e-11 of noise


@dataclass(frozen=True)
class GradcheckResult:
    """The result of `gradcheck`.

    Attributes
    ----------
    error : float
        The largest relative error over all parameters: the difference of the two gradients divided by the larger
        absolute value of the two, or by 1e-3 if that is larger.
    parameter : str
        The layer, array and index of that parameter.
    analytic, numeric : float
        The two gradients of that parameter.
    gradients : array of shape (2, n)
        The analytic and the numeric gradients of all parameters, in the order of `Network.theta`.
    """

    error: float
    parameter: str
    analytic: float
    numeric: float
    gradients: Array

    def __str__(self) -> str:
        return (
            f"worst relative error {self.error:.2g} at {self.parameter}: "
            f"back-propagation {self.analytic:.10g}, central difference {self.numeric:.10g}"
        )


def gradcheck(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: Loss | str | None = None,
    *,
    penalty: Penalties = None,
    sample_weight: ArrayLike | None = None,
    h: float = 1e-5,
) -> GradcheckResult:
    """Compare the gradient of the loss with central differences.

    The check runs on a float64 copy; the network is not changed. A kink (of ReLU or the absolute value at 0) within `h`
    of a sample shows as an error although the gradient is right. So does a probability below 1e-7, where cross-entropy
    is clipped. Check with small inputs.

    Parameters
    ----------
    network : Network
        The network, trained or not.
    X : array-like of shape (n, n_in)
        A few samples.
    y : array-like of shape (n,) or (n, n_out)
        Their labels or targets.
    loss : Loss or str, optional
        By default the network's loss.
    penalty : Penalty or sequence of Penalty, optional
        The penalty of all layers that have none of their own.
    sample_weight : array-like of shape (n,), optional
        The weight of each sample.
    h : float, default=1e-05
        The step of the differences.

    Returns
    -------
    GradcheckResult
        The largest error, its parameter, and all gradients.

    Raises
    ------
    DivergenceError
        The loss is not finite.
    TypeError
        `network` is not a `Network`.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> X, y = lw.datasets.make_spiral(samples=4)
    >>> lw.gradcheck(net, X, y, lw.CategoricalCrossEntropy()).error < 1e-6
    True
    """
    check_network("gradcheck", network)
    engine = _engine(network, X, y, loss, penalty, sample_weight)
    plan, theta, n = engine.plan, engine.parameters.theta, len(engine.rows)
    number("gradcheck", "h", h, above=0)
    with np.errstate(all="ignore"):
        if not engine.gradient(0, n, 0):
            bad = engine.first_bad_layer(0, n, 0)
            raise DivergenceError(f"gradcheck: {bad} gives NaN or infinity; check with smaller inputs", 0, bad)
        analytic = engine.parameters.grad.copy()
        numeric = np.array([_slope(engine, i, h) for i in range(theta.size)])
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), FLOOR)
    errors = np.abs(analytic - numeric) / scale
    worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
    layer, name, index = engine.parameters.locate(worst)
    return GradcheckResult(
        float(errors[worst]),
        f"{plan.stages[layer]}, {name}[{', '.join(map(str, index))}]",
        float(analytic[worst]),
        float(numeric[worst]),
        np.stack([analytic, numeric]),
    )


def _engine(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: Loss | str | None,
    penalty: Penalties,
    sample_weight: ArrayLike | None,
) -> NumpyEngine:
    """Return a float64 executor on a copy of the network, all samples one batch."""
    dtype = np.dtype(np.float64)
    data, scaler = network.training_rows(X)
    twin = Network(network.layers, random_state=network.seed, dtype=dtype).build(data.shape[1])
    if network.parameters is not None:
        twin.theta = network.theta
    chosen = network.choose_loss(loss)
    plan, parameters = twin.built()
    penalties = network.penalties if penalty is None else as_penalties("penalty", penalty) or ()
    check_training(plan, chosen)
    plan = compile_training(plan, parameters, chosen, penalties, SGD())
    if not parameters.theta.size:
        raise ShapeError("gradcheck: the network has no parameters to check")
    targets = encode(y, plan.n_out, chosen, dtype, network.task)
    check_lengths(data, targets, "gradcheck: X")
    weigh(targets, sample_weight)
    rows = rows_of(data, scaler, dtype, len(targets))
    return NumpyEngine(plan, parameters, rows, targets, len(targets), network.seed)


def _slope(engine: NumpyEngine, i: int, h: float) -> float:
    theta, n = engine.parameters.theta, len(engine.rows)
    kept = theta[i]
    theta[i] = kept + h
    above = engine.value(0, n, 0)
    theta[i] = kept - h
    below = engine.value(0, n, 0)
    theta[i] = kept
    return (above - below) / (2 * h)
