"""How weights, outputs and gradients are spread, layer by layer, while a network trains; the gradients at any time.

Weights are looked at as they are; outputs and gradients are computed by the NumPy executor, for the samples given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.data.rows import rows_of
from layerwise.data.targets import check_lengths, encode
from layerwise.engine.numpy_engine import NumpyEngine
from layerwise.engine.plan import check_training, compile_training
from layerwise.errors import DataError
from layerwise.parts.description import Description, whole_number
from layerwise.parts.optimizers import SGD
from layerwise.parts.parameters import Parameters, View
from layerwise.training.callbacks.base import Callback
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from layerwise.training.loop import Training

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
KINDS = ("weights", "outputs", "gradients")


class Histograms(Description, Callback):
    """Record the distribution of weights, outputs and gradients of each layer, as quantiles.

    `layerwise.plots.histograms_over_training` draws them. The first record, of epoch 0, is made before the first step.

    Parameters
    ----------
    X : array-like of shape (n, n_in), optional
        Some samples, about a hundred. Their outputs in all layers are recorded too.
    y : array-like of shape (n,) or (n, n_out), optional
        Their labels or targets. The gradients of the weights are recorded too.
    every : int, default=1
        The number of epochs between two records.

    Attributes
    ----------
    epochs : list of int
        The epochs of the records in the last fit.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> recorder = lw.Histograms(X, y, every=5)
    >>> history = net.fit(X, y, epochs=10, callbacks=recorder, verbose=False)
    >>> recorder.epochs
    [0, 5, 10]
    >>> recorder.quantiles("weights", 0).shape
    (3, 7)
    """

    def __init__(self, X: ArrayLike | None = None, y: ArrayLike | None = None, every: int = 1) -> None:
        self.X, self.y = X, y
        self.every = whole_number(self, "every", every, least=1)
        if X is None and y is not None:
            raise DataError("Histograms: y are the targets of X; got no X: Histograms(X, y)")
        self.epochs: list[int] = []
        self.names: dict[int, str] = {}
        self._records: dict[tuple[str, int], list[Array]] = {}

    def quantiles(self, kind: str, layer: int) -> Array:
        """Return the records of a layer.

        Parameters
        ----------
        kind : {"weights", "outputs", "gradients"}
            The kind.
        layer : int
            The index of the layer.

        Returns
        -------
        array of shape (n_records, 7)
            The quantiles 0, 5, 25, 50, 75, 95 and 100% in each record.

        Raises
        ------
        DataError
            There are no such records.
        """
        if (kind, layer) not in self._records:
            known = ", ".join(f"{name} of layer {index}" for name, index in self._records) or "none"
            raise DataError(f"Histograms: there are no {kind} of layer {layer}; recorded: {known}")
        return np.array(self._records[kind, layer])

    def layers(self, kind: str) -> list[int]:
        """Return the indices of the layers with records of a kind.

        Parameters
        ----------
        kind : {"weights", "outputs", "gradients"}
            The kind.

        Returns
        -------
        list of int
            The indices of the layers.
        """
        return sorted(layer for name, layer in self._records if name == kind)

    def on_fit_begin(self, run: Training) -> None:
        """Forget an earlier fit, and record what there is before the first step."""
        self.epochs, self._records = [], {}
        self.names = {stage.index: type(stage.layer).__name__ for stage in run.plan.stages}
        self._record(run)

    def on_epoch_end(self, run: Training) -> None:
        """Record, if it is this epoch's turn."""
        if run.epoch % self.every == 0:
            self._record(run)

    def _record(self, run: Training) -> None:
        self.epochs.append(run.epoch)
        for index, p in enumerate(run.parameters.p):
            self._add("weights", index, vars(p).get("W"))
        if self.X is not None:
            for index, output in enumerate(run.network.activations(self.X)):
                self._add("outputs", index, output)
        if self.y is not None:
            assert self.X is not None
            for index, g in enumerate(gradients(run.network, self.X, self.y)):
                self._add("gradients", index, vars(g).get("W"))

    def _add(self, kind: str, layer: int, values: Array | None) -> None:
        if values is not None:
            found = np.quantile(np.asarray(values, dtype=np.float64), QUANTILES)
            self._records.setdefault((kind, layer), []).append(found)


def gradients(network: Any, X: ArrayLike, y: ArrayLike) -> list[View]:
    """The gradients of the loss on X, y, penalties included, by layer and name; the network stays as it is.

    Dropout takes part, and batches are normalized by themselves, as in the next training step. All are NaN where the
    loss is not finite.
    """
    data, scaler = network.training_rows(X)
    plan, own = network.build(data.shape[1]).built()
    parameters = Parameters(own.shapes, own.theta.dtype)
    parameters.theta[:] = own.theta
    loss = network.choose_loss()
    check_training(plan, loss)
    plan = compile_training(plan, parameters, loss, network.penalties, SGD())
    targets = encode(y, plan.n_out, loss, network.dtype, network.task)
    check_lengths(data, targets)
    rows = rows_of(data, scaler, network.dtype, len(targets))
    engine = NumpyEngine(plan, parameters, rows, targets, len(targets), network.seed)
    with np.errstate(all="ignore"):
        if not engine.gradient(0, len(targets), network.steps):
            parameters.grad.fill(np.nan)
    return parameters.g
