"""Stochastic gradient descent, with momentum and weight decay on request."""

from __future__ import annotations

from typing import Any

from layerwise.parts.description import flag, number
from layerwise.parts.optimizers.base import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and weight decay.

    Parameters
    ----------
    learning_rate : float, default=1.0
        The factor of the gradient in a step. Above 0.
    momentum : float, default=0.0
        The share of the previous step that is added to the next (Polyak 1964). At least 0, below 1.
    nesterov : bool, default=False
        Use Nesterov's form of momentum (Sutskever, Martens, Dahl, Hinton 2013).
    decay : float, default=0.0
        The learning rate of step t is learning_rate / (1 + decay · t). At least 0.
    weight_decay : float, default=0.0
        Each step subtracts learning_rate · weight_decay times each parameter, biases included, separately from the
        gradient (Loshchilov and Hutter 2019, algorithm 1). At least 0.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, optimizer=lw.SGD(0.5, momentum=0.9), epochs=2, verbose=False)
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
        self.nesterov = flag(self, "nesterov", nesterov)
        self.weight_decay = number(self, "weight_decay", weight_decay, least=0)

    @property
    def state_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The name of the velocity, with momentum."""
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
