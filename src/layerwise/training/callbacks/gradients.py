"""What happens to gradients before the optimizer sees them: cut to a length, or left out for some layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from layerwise.parts.description import Description, number, whole_number
from layerwise.training.callbacks.base import Callback

if TYPE_CHECKING:
    from layerwise.training.loop import Training


class GradientClip(Description, Callback):
    """Shorten each step's gradient to a length, that of all parameters together (Pascanu, Mikolov, Bengio 2013).

    g ← g · min(1, norm / ‖g‖). ``fit(clip_norm=1.0)`` does the same.

    Parameters
    ----------
    norm : float
        The greatest length, above 0.
    """

    def __init__(self, norm: float = 1.0) -> None:
        self.norm = number(self, "norm", norm, above=0)

    def on_fit_begin(self, run: Training) -> None:
        """Tell the executor."""
        run.engine.clip_norm = self.norm


class Freeze(Description, Callback):
    """Leave some layers as they are, in all epochs or from one to another; afterwards they learn again.

    `Network.freeze` does it for all fits to come.

    Parameters
    ----------
    layers : int or sequence of int
        Which layers, from 0; negative ones count from the last.
    from_epoch : int
        The first epoch without them.
    to_epoch : int, optional
        The last one; by default the last of the fit.

    Examples
    --------
    The first layer learns from the sixth epoch on, the second from the eleventh:

    >>> [Freeze(0, to_epoch=5), Freeze(2, to_epoch=10)]
    [Freeze(0, to_epoch=5), Freeze(2, to_epoch=10)]
    """

    def __init__(self, layers: int | Sequence[int], from_epoch: int = 1, to_epoch: int | None = None) -> None:
        self.layers = layers
        self.from_epoch = whole_number(self, "from_epoch", from_epoch, least=1)
        self.to_epoch = None if to_epoch is None else whole_number(self, "to_epoch", to_epoch, least=self.from_epoch)
        self._indices: frozenset[int] = frozenset()

    def on_fit_begin(self, run: Training) -> None:
        """Find the layers."""
        wanted = [self.layers] if isinstance(self.layers, (int, np.integer)) else self.layers
        self._indices = run.network.layer_indices("Freeze", wanted)

    def on_epoch_begin(self, run: Training) -> None:
        """Tell the executor, in the epochs that are meant."""
        if self.from_epoch <= run.epoch and (self.to_epoch is None or run.epoch <= self.to_epoch):
            run.engine.frozen = run.engine.frozen | self._indices
