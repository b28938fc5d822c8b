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
    """Limit the norm of the gradient of all parameters (Pascanu, Mikolov, Bengio 2013).

    g ← g · min(1, norm / ‖g‖). ``fit(clip_norm=1.0)`` does the same.

    Parameters
    ----------
    norm : float, default=1.0
        The maximum norm. Above 0.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, epochs=2, callbacks=lw.GradientClip(1.0), verbose=False)
    """

    def __init__(self, norm: float = 1.0) -> None:
        self.norm = number(self, "norm", norm, above=0)

    def on_fit_begin(self, run: Training) -> None:
        """Tell the executor."""
        run.engine.clip_norm = self.norm


class Freeze(Description, Callback):
    """Exclude layers from training in some epochs.

    Parameters
    ----------
    layers : int or sequence of int
        The indices of the layers, from 0. Negative indices count from the last layer.
    from_epoch : int, default=1
        The first epoch in which they are excluded.
    to_epoch : int, optional
        The last epoch in which they are excluded. By default the last of the fit.

    See Also
    --------
    Network.freeze : Exclude layers from all later fits.

    Examples
    --------
    Train the first layer from the sixth epoch on, and the second dense layer from the eleventh:

    >>> import layerwise as lw
    >>> [lw.Freeze(0, to_epoch=5), lw.Freeze(2, to_epoch=10)]
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
