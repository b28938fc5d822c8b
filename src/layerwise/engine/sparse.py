"""Rows of a sparse matrix that stay sparse in their batches, for networks whose first layer is dense.

    X (CSR) ── entries in the network's type, scaled ──► take(rows) ──► x W by SciPy, or natively

Only entries are read: time and memory follow their number, not that of the columns. A scaler must keep zeros.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from layerwise.data.rows import Rows, rows_of
from layerwise.engine.plan import Plan
from layerwise.parts.scaling import Scaler
from layerwise.typing import Array

_PART = 2**20  # entries scaled together


class SparseRows(Rows):
    """Rows of a sparse matrix (CSR).

    Parameters
    ----------
    X : sparse matrix (n, n_in)
        As `check_rows` gives it: with ascending columns in each row, each of them once.
    scaler : Scaler, optional
        Without an offset: applied to the entries, once.
    dtype : dtype
        What the network computes in.
    """

    sparse: ClassVar[bool] = True

    def __init__(self, X: Any, scaler: Scaler | None, dtype: np.dtype[np.floating]) -> None:
        values = _scaled(X, scaler, dtype)
        self.X = X if values is X.data else type(X)((values, X.indices, X.indptr), shape=X.shape)
        self.scaler, self.direct = None, True

    def raw(self, rows: Array, n_threads: int = 1) -> Array:
        """Those rows, sparse."""
        return self.X[rows]

    take = raw

    def span(self, start: int, stop: int) -> Array:
        """The batch of rows start to stop - 1."""
        return self.X[start:stop]

    def csr(self) -> tuple[Array, Array, Array]:
        """Where each row starts, then columns and values of the entries: as the native executor reads them."""
        X: Any = self.X
        return np.ascontiguousarray(X.indptr, np.int64), np.ascontiguousarray(X.indices), np.ascontiguousarray(X.data)


def rows_for(plan: Plan, X: Array, scaler: Scaler | None, dtype: np.dtype[np.floating], batch_size: int) -> Rows:
    """X as `check_rows` gives it, for an executor: sparse X stays sparse where the plan's first layer takes it so."""
    if not isinstance(X, np.ndarray) and plan.takes_sparse and keeps_zeros(scaler, plan.n_in):
        return SparseRows(X, scaler, dtype)
    return rows_of(X, scaler, dtype, batch_size)


def keeps_zeros(scaler: Scaler | None, n_in: int) -> bool:
    """Whether scaled zeros are zeros, so that sparse rows stay sparse."""
    return scaler is None or scaler.constants(n_in, np.dtype(np.float64))[0] is None


def _scaled(X: Any, scaler: Scaler | None, dtype: np.dtype[np.floating]) -> Array:
    """The entries, scaled in float64, in the network's type."""
    if scaler is None:
        values: Array = X.data.astype(dtype, copy=False)
        return values
    factor = scaler.constants(X.shape[1], np.dtype(np.float64))[1]
    values = np.empty(len(X.data), dtype)
    for start in range(0, len(values), _PART):
        part = slice(start, start + _PART)
        values[part] = X.data[part] * (factor[X.indices[part]] if factor.ndim else factor)
    return values
