"""The optimizers that give each parameter a rate of its own, by the gradients that it had."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.parts.description import flag, number
from layerwise.parts.optimizers.base import Optimizer


class Adagrad(Optimizer):
    """Adagrad: a step size for each parameter, smaller the larger its past gradients were.

    From Duchi, Hazan, Singer (2011).

    Parameters
    ----------
    learning_rate : float, default=1.0
        The size of a step. Above 0.
    epsilon : float, default=1e-07
        Added to the denominator. Above 0.
    decay : float, default=0.0
        The learning rate of step t is learning_rate / (1 + decay · t). At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> theta = np.array([1.0, -2.0])
    >>> lw.Adagrad(0.1).step(theta, np.array([0.5, -5.0]))
    >>> theta.round(3)
    array([ 0.9, -1.9])
    """

    state_names = ("cache",)

    def __init__(self, learning_rate: float = 1.0, epsilon: float = 1e-7, decay: float = 0.0) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = number(self, "epsilon", epsilon, above=0)

    def f(self, w: Any, g: Any, rate: Any, t: Any, cache: Any) -> Any:
        """Compute c ← c + g²;  θ ← θ - η g / (√c + ε)."""
        cache = cache + g**2
        return w - g / (np.sqrt(cache) + self.epsilon) * rate, cache


class RMSprop(Optimizer):
    """RMSprop: `Adagrad` with a running mean of the squared gradients in place of their sum.

    From Tieleman and Hinton (2012, lecture 6.5).

    Parameters
    ----------
    learning_rate : float, default=0.001
        The size of a step. Above 0.
    rho : float, default=0.9
        The share of the running mean that is kept at each step. At least 0, below 1.
    epsilon : float, default=1e-07
        Added to the denominator. Above 0.
    decay : float, default=0.0
        The learning rate of step t is learning_rate / (1 + decay · t). At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> theta = np.array([1.0, -2.0])
    >>> lw.RMSprop(0.1).step(theta, np.array([0.5, -5.0]))
    >>> theta.round(3)
    array([ 0.684, -1.684])
    """

    state_names = ("cache",)

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.9, epsilon: float = 1e-7, decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate, decay)
        self.rho = number(self, "rho", rho, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0)

    def f(self, w: Any, g: Any, rate: Any, t: Any, cache: Any) -> Any:
        """Compute c ← ρ c + (1 - ρ) g²;  θ ← θ - η g / (√c + ε)."""
        cache = self.rho * cache + (1 - self.rho) * g**2
        return w - g / (np.sqrt(cache) + self.epsilon) * rate, cache


class Adam(Optimizer):
    """Adam: steps from running means of the gradient and of its square.

    Both means start at 0 and are corrected for it (Kingma and Ba 2015).

    Parameters
    ----------
    learning_rate : float, default=0.001
        The size of a step. Above 0.
    beta_1, beta_2 : float, default=0.9, 0.999
        The share of each running mean that is kept at each step. At least 0, below 1.
    epsilon : float, default=1e-07
        Added to the denominator. Above 0.
    decay : float, default=0.0
        The learning rate of step t is learning_rate / (1 + decay · t). At least 0.
    epsilon_hat : bool, default=False
        Take `epsilon` as the ε̂ at the end of the paper's section 2, not multiplied by √(1 - β₂ᵗ), as TensorFlow, Keras
        and scikit-learn do.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, optimizer=lw.Adam(0.01), epochs=2, verbose=False)
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
        self.epsilon_hat = flag(self, "epsilon_hat", epsilon_hat)

    def f(self, w: Any, g: Any, rate: Any, t: Any, m: Any, v: Any) -> Any:
        """Compute θ ← θ - η m̂ / (√v̂ + ε), m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ).

        m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g². The two corrections are numbers, not vectors: they are
        taken out of the fraction, as the paper's section 2 suggests, with ε multiplied by √(1 - β₂ᵗ).
        """
        m = self.beta_1 * m + (1 - self.beta_1) * g
        v = self.beta_2 * v + (1 - self.beta_2) * g**2
        root = np.sqrt(1 - self.beta_2**t)
        epsilon = self.epsilon if self.epsilon_hat else self.epsilon * root
        return w - m / (np.sqrt(v) + epsilon) * (rate * root / (1 - self.beta_1**t)), m, v


class AdamW(Optimizer):
    """AdamW: `Adam` with weight decay that is separate from the gradient.

    From Loshchilov and Hutter (2019, algorithm 2).

    Parameters
    ----------
    learning_rate : float, default=0.001
        The size of a step. Above 0.
    beta_1, beta_2 : float, default=0.9, 0.999
        The share of each running mean that is kept at each step. At least 0, below 1.
    epsilon : float, default=1e-07
        Added to the denominator. Above 0.
    weight_decay : float, default=0.01
        Each step subtracts learning_rate · weight_decay times each parameter, biases included. At least 0.
    decay : float, default=0.0
        The learning rate of step t is learning_rate / (1 + decay · t). At least 0.
    epsilon_hat : bool, default=False
        Take `epsilon` as the ε̂ of Adam's paper, as for `Adam`.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> theta = np.array([1.0, -2.0])
    >>> lw.AdamW(0.1, weight_decay=0.1).step(theta, np.array([0.5, -5.0]))
    >>> theta.round(3)
    array([ 0.89, -1.88])
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
        self.epsilon_hat = flag(self, "epsilon_hat", epsilon_hat)
        self.weight_decay = number(self, "weight_decay", weight_decay, least=0)

    def f(self, w: Any, g: Any, rate: Any, t: Any, m: Any, v: Any) -> Any:
        """Compute θ ← θ - η λ θ, then θ ← θ - η m̂ / (√v̂ + ε) with m̂ and v̂ as in Adam."""
        m = self.beta_1 * m + (1 - self.beta_1) * g
        v = self.beta_2 * v + (1 - self.beta_2) * g**2
        root = np.sqrt(1 - self.beta_2**t)
        epsilon = self.epsilon if self.epsilon_hat else self.epsilon * root
        step = m / (np.sqrt(v) + epsilon) * (rate * root / (1 - self.beta_1**t))
        return w * (1 - rate * self.weight_decay) - step, m, v
