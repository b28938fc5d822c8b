"""Attributes of scikit-learn's estimators that programs read and set, kept by the network in a form of its own."""

from __future__ import annotations

from typing import Any

from layerwise.parts.optimizers import SGD, Optimizer
from layerwise.parts.parameters import Parameters
from layerwise.typing import Array


class WritableViews(list[Array]):
    """Arrays that are views of the network's weights: an array put in their place is written through."""

    def __setitem__(self, index: Any, value: Any) -> None:
        """Write the values into the network."""
        targets, values = (self[index], value) if isinstance(index, slice) else ([self[index]], [value])
        for target, new in zip(targets, values, strict=True):
            target[...] = new


def views(parameters: Parameters, name: str) -> WritableViews:
    """Return the arrays of this name of all layers that have weights."""
    return WritableViews(vars(p)[name] for p in parameters.p if "W" in vars(p))


class OptimizerView:
    """The optimizer at work by scikit-learn's names: what `_optimizer` is there.

    Attributes
    ----------
    learning_rate : float
        The rate of the next step; setting it changes the training that goes on.
    learning_rate_init : float
        The rate at first.
    t : int
        How many steps were made (Adam).
    ms, vs, velocities : list of array
        The moving means of Adam, and the velocities of SGD: weights, then biases, as views.
    """

    def __init__(self, optimizer: Optimizer, layout: Parameters, learning_rate_init: float) -> None:
        self._optimizer, self._layout, self.learning_rate_init = optimizer, layout, learning_rate_init

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._optimizer.learning_rate = float(value)

    @property
    def t(self) -> int:
        """How many steps were made."""
        return self._optimizer.iterations

    @property
    def ms(self) -> list[Array]:
        """Adam's moving means of the gradient."""
        return self._state("m")

    @property
    def vs(self) -> list[Array]:
        """Adam's moving means of the gradient's square."""
        return self._state("v")

    @property
    def velocities(self) -> list[Array]:
        """The velocities of SGD with momentum."""
        return self._state("velocity")

    def _state(self, name: str) -> list[Array]:
        if name not in self._optimizer.state_names:
            raise AttributeError(f"{type(self._optimizer).__name__} has no state {name!r}")
        self._optimizer.allocate(self._layout.theta)
        vector = self._optimizer.state[name]
        found: dict[str, list[Array]] = {"W": [], "b": []}
        for slices, p in zip(self._layout.slices, self._layout.p, strict=True):
            for part in ("W", "b") if "W" in vars(p) else ():
                found[part].append(vector[slices[part]].reshape(vars(p)[part].shape))
        return found["W"] + found["b"]

    def __getattr__(self, name: str) -> Any:
        """beta_1, beta_2, epsilon, momentum and nesterov are the optimizer's own."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._optimizer, name)

    def __repr__(self) -> str:
        kind = "SGDOptimizer" if isinstance(self._optimizer, SGD) else "AdamOptimizer"
        return f"<{kind} of {self._optimizer!r}>"


class Threshold:
    """Above what probability a sample is of the second class, or has a label: the network's, to read and to set."""

    def __get__(self, estimator: Any, kind: type) -> Any:
        return self if estimator is None else estimator._fitted("threshold").threshold

    def __set__(self, estimator: Any, value: float) -> None:
        network = estimator._fitted("threshold")
        task = network.task
        if task.kind == "classification" and not task.says_yes_or_no(network.built()[0].n_out):
            raise ValueError(
                f"{type(estimator).__name__}: threshold is for yes or no, and there is an output for each of "
                f"{len(estimator.classes_)} classes: compare predict_proba, or wrap it in a FixedThresholdClassifier"
            )
        network.threshold = value
