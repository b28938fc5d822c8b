"""Stochastic gradient descent, with momentum and weight decay on request."""

from __future__ import annotations

from typing import Any

from layerwise.parts.description import number
from layerwise.parts.optimizers.base import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent.

    With momentum, Nesterov's variant of it, and weight decay on request.

    Parameters
    ----------
    learning_rate : float
        The size of a step.
    momentum : float
        The share of the velocity that is kept (Polyak 1964), at least 0 and below 1.
    nesterov : bool
        The gradient's part is looked up one step ahead (Sutskever, Martens, Dahl, Hinton 2013).
    decay : float
        The learning rate of step t is learning_rate / (1 + decay · t).
    weight_decay : float
        Each step takes learning_rate · weight_decay of every parameter away, biases included, apart from the gradient
        (Loshchilov and Hutter 2019, algorithm 1).
    """

    def __init__(
        self,
        learning_rate: float = 1.0,
        momentum: float = 0.0,
        nesterov: bool = False,
        decay: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.momentum = number(self, "momentum", momentum, least=0, below=1)
        self.nesterov = bool(nesterov)
        self.weight_decay = number(self, "weight_decay", weight_decay, least=0)

    @property
    def state_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def f(self, w: Any, g: Any, rate: Any, t: Any, *states: Any) -> Any:
        """Compute v ← μ v - η g;  θ ← θ + v, or with Nesterov θ ← θ + μ v - η g.

        Without momentum: θ ← θ - η g. With weight decay, θ ← θ - η λ θ comes first.
        """
        start = w * (1 - rate * self.weight_decay) if self.weight_decay else w
        if not states:
            return start - rate * g
        v = self.momentum * states[0] - rate * g
        return (start - rate * g + self.momentum * v if self.nesterov else start + v), v
