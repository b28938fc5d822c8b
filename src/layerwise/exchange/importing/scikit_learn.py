"""A fitted MLPClassifier or MLPRegressor of scikit-learn as a network: weights, classes, loss, penalty, optimizer.

Everything is read from the estimator's own attributes; scikit-learn itself need not be there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.data.targets import Task
from layerwise.errors import NotBuiltError
from layerwise.exchange.importing.assembly import assemble
from layerwise.network.models import network_in
from layerwise.network.network import Network
from layerwise.parts.layers import Activation, Dense, Exp, Identity, Layer, ReLU, Sigmoid, Softmax, Tanh
from layerwise.parts.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, Poisson, QuadraticCost
from layerwise.parts.optimizers import SGD, Adam, Optimizer
from layerwise.parts.penalties import L2
from layerwise.parts.scaling import Scaler, StandardScaler
from layerwise.typing import Array

_ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "softmax": Softmax,
    "exp": Exp,
}


def from_sklearn(estimator: Any, *, random_state: int | None = None) -> Network:
    """Return the network in a fitted ``MLPClassifier`` or ``MLPRegressor`` of scikit-learn.

    It has the same outputs, and the classes, loss, penalty and optimizer of the estimator with the optimizer's state,
    so `fit` continues where the estimator stopped. It computes in the type of the estimator's weights. After
    ``solver="lbfgs"`` there is no optimizer, and `fit` starts with `Adam`.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Pipeline
        A fitted estimator of scikit-learn, or a pipeline of a StandardScaler or MinMaxScaler and one of the two. The
        scaler becomes the network's scaling.
    random_state : int, optional
        The seed of further training.

    Returns
    -------
    Network
        The network.

    Raises
    ------
    TypeError
        `estimator` is none of these.
    NotBuiltError
        The estimator is not fitted.

    Examples
    --------
    >>> import layerwise as lw
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((8,), solver="lbfgs", max_iter=2000, random_state=0).fit(X, y)
    >>> net = lw.from_sklearn(clf)
    >>> bool((net.predict(X) == clf.predict(X)).all())
    True
    """
    scaling = None
    if hasattr(estimator, "steps"):
        scaling, estimator = _pipeline(estimator)
    _check(estimator)
    sizes = [len(b) for b in estimator.intercepts_]
    layers: list[Layer] = []
    arrays: list[dict[str, Array]] = []
    for i, (W, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        name = estimator.activation if i + 1 < len(sizes) else estimator.out_activation_
        layers += [Dense(sizes[i]), _ACTIVATIONS[name]()]
        arrays += [{"W": np.asarray(W), "b": np.asarray(b)}, {}]
    dtype = np.dtype(np.float32 if estimator.coefs_[0].dtype == np.float32 else np.float64)
    n_in = estimator.coefs_[0].shape[0]
    network = assemble(
        type(estimator).__name__, layers, arrays, n_in, dtype=dtype, scaling=scaling, random_state=random_state
    )
    network.task, network.loss = _task(estimator), _loss(estimator, dtype)
    network.penalties = (L2(estimator.alpha / 2, per_batch=True),) if estimator.alpha else ()
    network.optimizer = _optimizer(estimator, network)
    return network


def _check(estimator: Any) -> None:
    kind = type(estimator).__name__
    if hasattr(estimator, "network_") and network_in(estimator) is not None:
        raise TypeError(f"from_sklearn: this {kind} is layerwise's own, whose network is there: estimator.network_")
    if not all(hasattr(estimator, name) for name in ("hidden_layer_sizes", "activation", "alpha")):
        raise TypeError(f"from_sklearn takes a fitted MLPClassifier or MLPRegressor; got {kind}")
    if not hasattr(estimator, "coefs_"):
        raise NotBuiltError(f"from_sklearn: this {kind} has no weights yet: call its fit(X, y) first")


def _task(estimator: Any) -> Task:
    if not hasattr(estimator, "classes_"):
        return Task("regression", flat=estimator.n_outputs_ == 1)
    if estimator.out_activation_ == "logistic" and estimator._label_binarizer.y_type_.startswith("multilabel"):
        return Task("multilabel")
    return Task("classification", np.array(np.asarray(estimator.classes_).tolist()), True)


def _loss(estimator: Any, dtype: np.dtype[Any]) -> Loss:
    if not hasattr(estimator, "classes_"):
        return Poisson() if estimator.out_activation_ == "exp" else QuadraticCost()
    epsilon = float(np.finfo(dtype).eps)
    if estimator.out_activation_ == "softmax":
        return CategoricalCrossEntropy(epsilon=epsilon)
    return BinaryCrossEntropy(reduction="sum", epsilon=epsilon)


def _optimizer(estimator: Any, network: Network) -> Optimizer | None:
    """Return the estimator's optimizer with its running means, in scikit-learn a list: W1, W2, …, b1, b2, …"""
    theirs = getattr(estimator, "_optimizer", None)
    if theirs is None or estimator.solver not in ("sgd", "adam"):
        return None
    own: Optimizer
    if estimator.solver == "sgd":
        own = SGD(theirs.learning_rate, momentum=theirs.momentum, nesterov=theirs.nesterov)
        states = {"velocity": theirs.velocities}
    else:
        own = Adam(theirs.learning_rate_init, theirs.beta_1, theirs.beta_2, epsilon=theirs.epsilon, epsilon_hat=True)
        states, own.iterations = {"m": theirs.ms, "v": theirs.vs}, int(theirs.t)
    parameters = network.built()[1]
    dense = [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]
    for name in own.state_names:
        flat = np.zeros_like(parameters.theta)
        views = parameters.views(flat)
        for view, W, b in zip([views[i] for i in dense], states[name], states[name][len(dense) :]):
            view.W, view.b = W, b
        own.state[name] = flat
    return own


def _pipeline(pipeline: Any) -> tuple[Scaler | None, Any]:
    """Return the scaling and the estimator of a pipeline."""
    *before, (_, estimator) = pipeline.steps
    before = [step for _, step in before if step is not None and not isinstance(step, str)]
    if not before:
        return None, estimator
    step, kind = before[0], type(before[0]).__name__
    if len(before) > 1 or kind not in ("StandardScaler", "MinMaxScaler") or getattr(step, "clip", False):
        names = ", ".join(type(step).__name__ for step in before)
        raise TypeError(
            f"from_sklearn: a pipeline may have one StandardScaler or MinMaxScaler before its network; got {names}: "
            "give the network alone, pipeline[-1], and transform its data with pipeline[:-1]"
        )
    if not hasattr(step, "n_features_in_"):
        raise NotBuiltError("from_sklearn: the pipeline is not fitted: call its fit(X, y) first")
    scaler, n = StandardScaler(), step.n_features_in_
    if kind == "MinMaxScaler":
        scaler.offset, scaler.factor = -step.min_ / step.scale_, np.asarray(step.scale_, np.float64)
    else:
        scaler.offset = np.zeros(n) if step.mean_ is None or not step.with_mean else np.asarray(step.mean_, np.float64)
        scaler.factor = np.ones(n) if step.scale_ is None else 1 / np.asarray(step.scale_, np.float64)
    return scaler, estimator
