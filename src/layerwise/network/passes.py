"""Forward and backward, one batch at a time, and the rows that a network reads."""

from __future__ import annotations

import copy
import zlib
from typing import Any

import numpy as np

from layerwise.data.arrays import as_batch, read_array
from layerwise.data.philox import Philox
from layerwise.data.rows import Rows, check_rows, rows_of
from layerwise.data.units import check_units, pixel_scaler
from layerwise.engine import numpy_engine
from layerwise.engine.sparse import rows_for
from layerwise.engine.workspace import Batch, Workspace
from layerwise.errors import DataError, NotBuiltError, ShapeError
from layerwise.network.weights import Weights
from layerwise.parts.scaling import Scaler
from layerwise.typing import Array, ArrayLike

CHUNK = 1024  # rows computed together where no gradient is needed


class Passes(Weights):
    """A network's weights, and what is computed with them."""

    _forward: tuple[Batch, Array] | None
    _draws: int  # of masks, by `forward` since the newest fit

    def forward(self, X: ArrayLike, *, training: bool = False) -> Array:
        """Return the outputs of the network, and keep what `backward` needs.

        Parameters
        ----------
        X : array-like of shape (n, n_in) or (n_in,)
            The samples, or one sample.
        training : bool, default=False
            Compute as in training, with dropout and with batch normalization over X. The first call uses the dropout
            masks of the next training step, each further call new ones. The spread of many such outputs estimates the
            uncertainty of a prediction (Monte Carlo dropout, Gal and Ghahramani 2016).

        Returns
        -------
        array of shape (n, n_out) or (n_out,)
            The outputs.

        See Also
        --------
        Network.outputs : The same for any number of rows, without keeping the activations.
        """
        X, single = as_batch(X)
        rows = self._rows(X, size=None)
        plan, parameters = self.built()
        workspace = Workspace(plan, parameters, len(rows), training=training, gradients="inputs")
        batch, x = workspace.batch(len(rows)), rows.span(0, len(rows))
        if batch.masks:
            philox = Philox(self.key, max(mask.size for mask, _ in batch.masks))
            numpy_engine.draw(batch, philox, self.steps + self._draws)
            self._draws += 1
        with np.errstate(all="ignore"):
            y = numpy_engine.forward(batch, x)
        self._forward = (batch, x.copy() if np.may_share_memory(x, rows.X) else x)  # X may change before backward
        return y[0].copy() if single else y.copy()

    def backward(self, dy: ArrayLike) -> Array:
        """Back-propagate a gradient through the last `forward`, and store the parameters' gradients in `grad`.

        Parameters
        ----------
        dy : array-like of shape (n, n_out) or (n_out,)
            The gradient with respect to the outputs of the last `forward`.

        Returns
        -------
        array of shape (n, n_in) or (n_in,)
            The gradient with respect to its inputs.

        Raises
        ------
        NotBuiltError
            There was no `forward` before.
        ShapeError
            `dy` has another shape than the outputs.
        """
        if self._forward is None:
            raise NotBuiltError("backward needs the activations of a forward: call forward(X) first")
        batch, x = self._forward
        assert batch.dx is not None
        gradient = read_array(dy, "dy").astype(self.dtype, copy=False)
        if gradient.shape not in (batch.y.shape, batch.y.shape[1:]) or gradient.size != batch.y.size:
            raise ShapeError(f"dy must have the outputs' shape {batch.y.shape}; got {gradient.shape}")
        batch.dy[...] = gradient
        with np.errstate(all="ignore"):
            numpy_engine.backward(batch, x)
        return np.array(batch.dx.reshape(*gradient.shape[:-1], -1))

    def activations(self, X: ArrayLike) -> list[Array]:
        """Return the outputs of every layer, as in prediction.

        Parameters
        ----------
        X : array-like of shape (n, n_in)
            The samples.

        Returns
        -------
        list of array of shape (n, n_out)
            The outputs of each layer, first to last, with the n_out of that layer.
        """
        rows = self._rows(X, size=None)
        plan, parameters = self.built()
        batch = Workspace(plan, parameters, len(rows), keep=True).batch(len(rows))
        x = rows.span(0, len(rows))
        with np.errstate(all="ignore"):
            numpy_engine.forward(batch, x)
        found, last = iter(batch.forward), x
        results = []
        for stage in plan.stages:
            last = last if stage.layer.draws else next(found).y
            results.append(last.copy())
        return results

    def read_rows(self, X: ArrayLike, name: str = "X", finite: bool = True) -> Array:
        """X as the engines read it: as many columns as there are inputs, called as in training where they have names.

        With ``finite=False`` the caller looks for NaN and infinity.

        Raises
        ------
        ShapeError, DataError
            X is not for this network.
        """
        n_in = None if self.plan is None else self.plan.n_in
        return check_rows(X, self.dtype, name, n_in, self.column_names, finite)

    @property
    def column_names(self) -> list[str] | None:
        """What the columns of the training data were called, from `columns`; None if it is not known."""
        names = [column["name"] for column in self.columns or ()]
        return names if names and (self.plan is None or len(names) == self.plan.n_in) else None

    def _rows(self, X: ArrayLike, size: int | None = CHUNK, name: str = "X", stays_sparse: bool = False) -> Rows:
        """X checked and ready to be read, for a network that is built by it if need be."""
        array = self.read_rows(X, name)
        self.build(array.shape[1])
        scaler = self._scaler_for(array)
        check_units(scaler, self.input_range, array, name)
        if stays_sparse:
            return rows_for(self.built()[0], array, scaler, self.dtype, size or array.shape[0])
        return rows_of(array, scaler, self.dtype, size or array.shape[0])

    def _scaler_for(self, X: Array) -> Scaler | None:
        """The network's scaler; before its first training, what suits pixels where it has none."""
        return pixel_scaler(X) if self.scaling is None and self.task is None else self.scaling

    def training_rows(self, X: ArrayLike) -> tuple[Array, Scaler | None]:
        """X checked, and the scaler for it: fitted at the first training, kept from then on."""
        return self.scaled_rows(self.read_rows(X))

    def scaled_rows(self, data: Any) -> tuple[Array, Scaler | None]:
        """Checked rows, and the scaler for them, as for `training_rows`."""
        scaler = self._scaler_for(data)
        if scaler is not None and scaler.offset is None and not isinstance(data, np.ndarray):
            raise DataError(
                f"{scaler!r} would make sparse X dense: give X.toarray(), or X divided by its columns' maxima"
            )
        if scaler is not None and scaler.offset is None:
            scaler = copy.deepcopy(scaler)
            scaler.fit(data)
        check_units(scaler, self.input_range, data)
        return data, scaler

    def forget_passes(self) -> None:
        """Forget the newest `forward`, and begin with the first masks again."""
        self._forward, self._draws = None, 0

    @property
    def key(self) -> int:
        """The seed, in the 64 bits that masks and augmentation are keyed by."""
        return self.seed % 2**64

    @property
    def fingerprint(self) -> int:
        """A checksum of the weights and of the number of steps. It is equal for networks in the same state."""
        return zlib.crc32(str(self.steps).encode(), zlib.crc32(self.theta.tobytes()))
