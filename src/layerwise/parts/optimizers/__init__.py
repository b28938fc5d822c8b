"""How a step follows from a gradient: each optimizer is written out in full, as its paper has it.

`step(theta, grad)` updates all parameters at once, in place. The learning rate of step t is
learning_rate / (1 + decay · t).
"""

from __future__ import annotations

from layerwise.parts.description import resolve
from layerwise.parts.optimizers.adaptive import Adagrad, Adam, AdamW, RMSprop
from layerwise.parts.optimizers.base import Optimizer, Rule
from layerwise.parts.optimizers.sgd import SGD

__all__ = ["OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "Rule", "as_optimizer"]

OPTIMIZERS: tuple[type[Optimizer], ...] = (SGD, Adagrad, RMSprop, Adam, AdamW)


def as_optimizer(value: object) -> Optimizer:
    """Return an optimizer from an instance or a name.

    Parameters
    ----------
    value : Optimizer or str
        An instance, or a name such as ``"adam"``.

    Returns
    -------
    Optimizer
        The optimizer.

    Raises
    ------
    UnknownNameError
        The name is not known.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.optimizers.as_optimizer("adam")
    Adam()
    """
    return resolve("optimizer", value, Optimizer, OPTIMIZERS)
