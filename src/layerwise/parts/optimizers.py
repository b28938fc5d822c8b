"""How a step follows from a gradient: each optimizer is `update` on flat vectors, written out as its paper has it.

`step(theta, grad)` updates all parameters at once, in place. The learning rate of step t is
learning_rate / (1 + decay · t).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from layerwise.parts.description import Description, number, resolve
from layerwise.parts.parameters import writable
from layerwise.typing import Array


class Optimizer(Description):
    """Base of the optimizers; one of your own defines `update`, or `step` itself.

    Parameters
    ----------
    learning_rate : float
        The size of a step, above 0; it may be changed between steps.
    decay : float
        The learning rate of step t is learning_rate / (1 + decay · t).

    Attributes
    ----------
    state_names : tuple of str
        The vectors as long as theta that are kept from step to step; they start at 0.
    iterations : int
        How many steps were made.
    state : dict of array
        Those vectors, by name, once the first step was made.
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, learning_rate: float, decay: float = 0.0) -> None:
        self.learning_rate = number(self, "learning_rate", learning_rate, above=0)
        self.decay = number(self, "decay", decay, least=0)
        self.reset()

    def reset(self) -> None:
        """Forget all steps made."""
        self.iterations = 0
        self.state: dict[str, Array] = {}
        self._tmp: Array | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tmp": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        arrays = {name: writable(array) for name, array in state["state"].items()}
        self.__dict__.update({**state, "state": arrays})

    def rate(self) -> float:
        """The learning rate of the coming step."""
        return self.learning_rate / (1 + self.decay * self.iterations)

    def rate_used(self) -> float:
        """The learning rate of the newest step, as long as `learning_rate` is still what it was then."""
        return self.learning_rate / (1 + self.decay * max(self.iterations - 1, 0))

    def update(self, theta: Array, grad: Array, *arrays: Any) -> None:
        """One step of `theta`, in place: the states in `state_names` follow, then `tmp`, all of its shape.

        `grad` is only read; `tmp` is an array to work in.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update(theta, grad, *states, tmp)")

    def step(self, theta: Array, grad: Array) -> None:
        """Update all parameters once."""
        if self._tmp is None or self._tmp.shape != theta.shape or len(self.state) < len(self.state_names):
            self.allocate(theta)
        self.update(theta, grad, *(self.state[name] for name in self.state_names), self._tmp)
        self.iterations += 1

    def allocate(self, theta: Array) -> None:
        """Make the state, all zeros, unless it is there."""
        for name in self.state_names:
            if name not in self.state:
                self.state[name] = np.zeros_like(theta)
        self._tmp = np.empty_like(theta)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's variant of it on request.

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

    def update(self, theta: Array, grad: Array, *arrays: Any) -> None:
        """Compute v ← μ v - η g;  θ ← θ + v, or with Nesterov θ ← θ + μ v - η g.

        Without momentum: θ ← θ - η g. With weight decay, θ ← θ - η λ θ comes first.
        """
        eta, mu, tmp = self.rate(), self.momentum, arrays[-1]
        if self.weight_decay:
            np.multiply(theta, 1 - eta * self.weight_decay, out=theta)
        np.multiply(grad, eta, out=tmp)
        if not mu:
            np.subtract(theta, tmp, out=theta)
            return
        v = arrays[0]
        np.multiply(v, mu, out=v)
        np.subtract(v, tmp, out=v)
        if not self.nesterov:
            np.add(theta, v, out=theta)
            return
        np.subtract(theta, tmp, out=theta)
        np.multiply(v, mu, out=tmp)
        np.add(theta, tmp, out=theta)


class Adagrad(Optimizer):
    """A rate for each parameter, the smaller the larger its gradients were (Duchi, Hazan, Singer 2011).

    Parameters
    ----------
    learning_rate : float
        The size of a step.
    epsilon : float
        Keeps the division finite.
    decay : float
        The learning rate of step t is learning_rate / (1 + decay · t).
    """

    state_names = ("cache",)

    def __init__(self, learning_rate: float = 1.0, epsilon: float = 1e-7, decay: float = 0.0) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = number(self, "epsilon", epsilon, above=0)

    def update(self, theta: Array, grad: Array, *arrays: Any) -> None:
        """Compute c ← c + g²;  θ ← θ - η g / (√c + ε)."""
        cache, tmp = arrays
        np.square(grad, out=tmp)
        np.add(cache, tmp, out=cache)
        np.sqrt(cache, out=tmp)
        np.add(tmp, self.epsilon, out=tmp)
        np.divide(grad, tmp, out=tmp)
        np.multiply(tmp, self.rate(), out=tmp)
        np.subtract(theta, tmp, out=theta)


class RMSprop(Optimizer):
    """Adagrad with a memory that fades (Tieleman and Hinton 2012, lecture 6.5).

    Parameters
    ----------
    learning_rate : float
        The size of a step.
    rho : float
        The share of the cache that is kept, at least 0 and below 1.
    epsilon : float
        Keeps the division finite.
    decay : float
        The learning rate of step t is learning_rate / (1 + decay · t).
    """

    state_names = ("cache",)

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.9, epsilon: float = 1e-7, decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate, decay)
        self.rho = number(self, "rho", rho, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0)

    def update(self, theta: Array, grad: Array, *arrays: Any) -> None:
        """Compute c ← ρ c + (1 - ρ) g²;  θ ← θ - η g / (√c + ε)."""
        cache, tmp = arrays
        np.multiply(cache, self.rho, out=cache)
        np.square(grad, out=tmp)
        np.multiply(tmp, 1 - self.rho, out=tmp)
        np.add(cache, tmp, out=cache)
        np.sqrt(cache, out=tmp)
        np.add(tmp, self.epsilon, out=tmp)
        np.divide(grad, tmp, out=tmp)
        np.multiply(tmp, self.rate(), out=tmp)
        np.subtract(theta, tmp, out=theta)


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at 0 (Kingma and Ba 2015).

    Parameters
    ----------
    learning_rate : float
        The size of a step.
    beta_1, beta_2 : float
        The share of each mean that is kept, at least 0 and below 1.
    epsilon : float
        Keeps the division finite.
    decay : float
        The learning rate of step t is learning_rate / (1 + decay · t).
    epsilon_hat : bool
        `epsilon` is the ε̂ at the end of the paper's section 2, not multiplied by √(1 - β₂ᵗ), as in TensorFlow, Keras
        and scikit-learn.
    """

    state_names = ("m", "v")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        decay: float = 0.0,
        epsilon_hat: bool = False,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.beta_1 = number(self, "beta_1", beta_1, least=0, below=1)
        self.beta_2 = number(self, "beta_2", beta_2, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0)
        self.epsilon_hat = bool(epsilon_hat)

    def update(self, theta: Array, grad: Array, *arrays: Any) -> None:
        """Compute θ ← θ - η m̂ / (√v̂ + ε), m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ).

        m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g². The two corrections are numbers, not vectors: they are
        taken out of the fraction, as the paper's section 2 suggests, with ε multiplied by √(1 - β₂ᵗ).
        """
        m, v, tmp = arrays
        t = self.iterations + 1
        root = math.sqrt(1 - self.beta_2**t)
        np.multiply(m, self.beta_1, out=m)
        np.multiply(grad, 1 - self.beta_1, out=tmp)
        np.add(m, tmp, out=m)
        np.multiply(v, self.beta_2, out=v)
        np.square(grad, out=tmp)
        np.multiply(tmp, 1 - self.beta_2, out=tmp)
        np.add(v, tmp, out=v)
        np.sqrt(v, out=tmp)
        np.add(tmp, self.epsilon if self.epsilon_hat else self.epsilon * root, out=tmp)
        np.divide(m, tmp, out=tmp)
        np.multiply(tmp, self.rate() * root / (1 - self.beta_1**t), out=tmp)
        np.subtract(theta, tmp, out=theta)


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019, algorithm 2).

    Parameters
    ----------
    learning_rate : float
        The size of a step.
    beta_1, beta_2 : float
        The share of each mean that is kept, at least 0 and below 1.
    epsilon : float
        Keeps the division finite.
    weight_decay : float
        Each step takes learning_rate · weight_decay of every parameter away, biases included.
    decay : float
        The learning rate of step t is learning_rate / (1 + decay · t).
    epsilon_hat : bool
        As for Adam.
    """

    state_names = ("m", "v")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float = 0.01,
        decay: float = 0.0,
        epsilon_hat: bool = False,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.beta_1 = number(self, "beta_1", beta_1, least=0, below=1)
        self.beta_2 = number(self, "beta_2", beta_2, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0)
        self.epsilon_hat = bool(epsilon_hat)
        self.weight_decay = number(self, "weight_decay", weight_decay, least=0)

    def update(self, theta: Array, grad: Array, *arrays: Any) -> None:
        """Compute θ ← θ - η λ θ, then θ ← θ - η m̂ / (√v̂ + ε) with m̂ and v̂ as in Adam."""
        m, v, tmp = arrays
        t = self.iterations + 1
        root = math.sqrt(1 - self.beta_2**t)
        np.multiply(theta, 1 - self.rate() * self.weight_decay, out=theta)
        np.multiply(m, self.beta_1, out=m)
        np.multiply(grad, 1 - self.beta_1, out=tmp)
        np.add(m, tmp, out=m)
        np.multiply(v, self.beta_2, out=v)
        np.square(grad, out=tmp)
        np.multiply(tmp, 1 - self.beta_2, out=tmp)
        np.add(v, tmp, out=v)
        np.sqrt(v, out=tmp)
        np.add(tmp, self.epsilon if self.epsilon_hat else self.epsilon * root, out=tmp)
        np.divide(m, tmp, out=tmp)
        np.multiply(tmp, self.rate() * root / (1 - self.beta_1**t), out=tmp)
        np.subtract(theta, tmp, out=theta)


OPTIMIZERS: tuple[type[Optimizer], ...] = (SGD, Adagrad, RMSprop, Adam, AdamW)


def as_optimizer(value: object) -> Optimizer:
    """An optimizer from an instance or a name (``"adam"``)."""
    return resolve("optimizer", value, Optimizer, OPTIMIZERS)
