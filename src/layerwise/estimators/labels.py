"""The forms that labels come in, and go out."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
from sklearn.utils import column_or_1d

from layerwise.data.arrays import check_one_kind, is_sparse
from layerwise.typing import Array


def is_plain_labels(y: object) -> TypeGuard[Array]:
    """Return whether y is an array (n,) of whole numbers, booleans or text: labels, one a sample."""
    return type(y) is np.ndarray and y.ndim == 1 and len(y) > 0 and y.dtype.kind in "biuU"


def has_few_labels(y: Array) -> bool:
    """Return whether there are too few of them for scikit-learn to warn that y may be numbers, and not labels."""
    return len(y) <= 20 or len(np.unique(y)) <= len(y) // 2


def column_as_vector(y: Any) -> Any:
    """Return one column as a vector; all else as it is."""
    y = y.toarray() if is_sparse(y) and y.shape[1] == 1 else y
    return column_or_1d(y, warn=True) if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1 else y


def as_sparse(labels: Array) -> Any:
    """Return rows of 0 and 1 as a sparse matrix."""
    from scipy.sparse import csr_matrix

    return csr_matrix(labels)


def check_form(y: Any, X: Any) -> None:
    """Refuse targets whose form scikit-learn's checks would speak of in other words, or not at all.

    Raises
    ------
    ValueError
        y is one row, or mixes text with other labels, or lacks one: says what to give.
    """
    n: int = np.shape(X)[0] if hasattr(X, "shape") and np.ndim(X) else len(X) if hasattr(X, "__len__") else 0
    if n > 1 and getattr(y, "shape", ()) == (1, n):
        raise ValueError(f"y has the shape (1, {n}), one row, and X has {n}: give y.ravel(), a target a row")
    if not (hasattr(y, "dtype") and getattr(y, "ndim", 1) != 1):
        check_one_kind(y, "y")
    if isinstance(y, np.ndarray) and y.dtype.kind == "O" and y.ndim == 1:
        missing = next((i for i, label in enumerate(y.tolist()) if label is None), None)
        if missing is not None:
            raise ValueError(f"y: row {missing} is None; remove the row or fill in a target")


def refuse_sparse_vector(y: Any) -> None:
    """Refuse a sparse array (n,): scikit-learn's checks take no such y.

    Raises
    ------
    ValueError
        Says what to give.
    """
    if is_sparse(y) and y.ndim != 2:
        raise ValueError(f"y is sparse, of the shape {y.shape}: give labels or numbers (n,) as y.toarray()")
