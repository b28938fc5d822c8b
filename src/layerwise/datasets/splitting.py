"""From one set of rows to several: training and validation, mini-batches, and labels as columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from layerwise.data.splitting import stratified
from layerwise.datasets.checks import check_count, check_generator, check_rows
from layerwise.errors import DataError
from layerwise.parts.masked import unmasked

Rows = tuple[NDArray[Any], NDArray[Any]]


def train_validation_split(
    X: ArrayLike,
    y: ArrayLike,
    *,
    validation_size: float = 0.25,
    stratify: bool | None = None,
    random_state: int | np.random.Generator | None = None,
) -> tuple[Rows, Rows]:
    """Split samples at random into a training and a validation set.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        The samples.
    y : array-like of shape (n, ...)
        Their labels or targets.
    validation_size : float or int, default=0.25
        The fraction of validation samples, above 0 and below 1, rounded to whole samples; or their number.
    stratify : bool, optional
        Keep the proportions of the classes in both sets. By default True if `y` is one-dimensional and holds whole
        numbers, booleans or strings.
    random_state : int, Generator or None, optional
        The seed of the shuffle. None gives another split in each call.

    Returns
    -------
    (X_train, y_train), (X_validation, y_validation) : tuples of ndarrays
        Shuffled copies with the types of `X` and `y`.

    Raises
    ------
    ShapeError
        If `X` and `y` differ in their number of rows.
    DataError
        If one of the two sets would be empty, or `y` cannot be stratified and ``stratify=True``.
    TypeError
        If `stratify` is neither a boolean nor None.

    Notes
    -----
    With stratification, a class with n of all N samples has n·V/N of the V validation samples, rounded down or up, or
    exactly one if that keeps another class in training. As far as possible a class with two samples or more is in both
    sets, and a class with a single sample in training; then the largest remainders decide.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> X, y = np.arange(20).reshape(10, 2), np.array([0, 1] * 5)
    >>> train, validation = lw.datasets.train_validation_split(X, y, validation_size=0.4, random_state=0)
    >>> np.bincount(train[1]).tolist(), np.bincount(validation[1]).tolist()
    ([3, 3], [2, 2])
    """
    X, y = check_rows(X, y)
    if stratify is not None and not isinstance(stratify, (bool, np.bool_)):
        raise TypeError(f"train_validation_split: stratify must be True, False or None; got {stratify!r:.80}")
    n_validation = _validation_rows(validation_size, len(X))
    order = check_generator(random_state).permutation(len(X))
    has_labels = y.ndim == 1 and y.dtype.kind in "biuSUTO"
    if stratify and not has_labels:
        raise DataError(
            f"stratify=True needs labels, but y is {y.dtype} of shape {y.shape}; pass whole numbers or "
            "strings of shape (samples,), or stratify=False"
        )
    if has_labels if stratify is None else stratify:
        validates = stratified(y[order], n_validation)
    else:
        validates = np.arange(len(X)) < n_validation
    train, validation = order[~validates], order[validates]
    return (X[train], y[train]), (X[validation], y[validation])


def _validation_rows(size: float, samples: int) -> int:
    """Return the number of rows to validate, from a fraction or a count."""
    if isinstance(size, np.ndarray) and size.ndim == 0:
        size = size[()]
    if isinstance(size, (float, np.floating)):
        rows = int(size * samples + 0.5) if 0 < size < 1 else 0
    elif isinstance(size, str):
        raise DataError(f"validation_size must be a fraction between 0 and 1, or a whole number of rows; got {size!r}")
    else:
        rows = check_count("validation_size", size)
    if not 0 < rows < samples:
        raise DataError(
            f"validation_size must leave rows both to train and to validate, but is {size!r} of {samples} "
            "rows; give a fraction between 0 and 1, or a smaller count"
        )
    return rows


def one_hot(y: ArrayLike, classes: int | None = None, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Encode labels as rows of zeros with a one in the label's column.

    Parameters
    ----------
    y : array-like of int, of shape (n,)
        The labels, from 0.
    classes : int, optional
        The number of columns. By default the largest label plus 1.
    dtype : dtype, default=float32
        The type of the result.

    Returns
    -------
    ndarray of shape (n, classes)
        1 at ``[i, y[i]]``, elsewhere 0.

    Raises
    ------
    DataError
        If `y` is not a vector of whole numbers, or a label is negative or not below `classes`.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.datasets.one_hot([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    labels = unmasked(y, "y")
    if labels.ndim != 1 or (labels.dtype.kind not in "biu" and labels.size > 0):
        raise DataError(
            f"y must be whole numbers of shape (samples,), but is {labels.dtype} of shape {labels.shape}; "
            "class names become numbers by np.unique(y, return_inverse=True)[1]"
        )
    if classes is None and labels.size == 0:
        raise DataError("y is empty, which leaves the number of classes unknown; pass classes")
    columns = int(labels.max()) + 1 if classes is None else check_count("classes", classes)
    wrong = np.flatnonzero((labels < 0) | (labels >= columns))
    if wrong.size:
        row = wrong[0]
        raise DataError(f"y must hold labels 0 to {columns - 1}, but row {row} holds {labels[row]}")
    encoded = np.zeros((len(labels), columns), dtype)
    encoded[np.arange(len(labels)), labels.astype(np.intp)] = 1
    return encoded


def batches(
    X: ArrayLike,
    y: ArrayLike,
    batch_size: int,
    *,
    shuffle: bool = True,
    random_state: int | np.random.Generator | None = None,
) -> Iterator[Rows]:
    """Iterate once over all rows in mini-batches. The last one may be smaller.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        The samples.
    y : array-like of shape (n, ...)
        Their labels or targets.
    batch_size : int
        The number of rows in a batch, at least 1.
    shuffle : bool, default=True
        Shuffle the rows. If False, the batches are views of `X` and `y`, not copies.
    random_state : int, Generator or None, optional
        The seed of the shuffle. A Generator that is passed again gives another order.

    Yields
    ------
    X_batch, y_batch : ndarrays
        The rows of a batch.

    Raises
    ------
    ShapeError
        If `X` and `y` differ in their number of rows.
    DataError
        If `batch_size` is not a positive whole number, or values are masked.
    TypeError
        If `shuffle` is not a boolean. The errors are raised by the call, before the first batch.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> X, y = np.arange(10).reshape(5, 2), np.arange(5)
    >>> [y_batch.tolist() for X_batch, y_batch in lw.datasets.batches(X, y, 2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    """
    X, y = check_rows(X, y)
    batch_size = check_count("batch_size", batch_size)
    if not isinstance(shuffle, (bool, np.bool_)):
        raise TypeError(f"batches: shuffle must be True or False; got {shuffle!r:.80}")
    order = check_generator(random_state).permutation(len(X)) if shuffle else None
    return _batches(X, y, batch_size, order)


def _batches(X: NDArray[Any], y: NDArray[Any], batch_size: int, order: NDArray[np.int64] | None) -> Iterator[Rows]:
    """Yield the rows in the given order, or as they are."""
    for start in range(0, len(X), batch_size):
        part = slice(start, start + batch_size)
        rows = part if order is None else order[part]
        yield X[rows], y[rows]
