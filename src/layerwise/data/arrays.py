"""The door for arrays: what a user has, brought to what the engines read.

    NumPy array of any layout and byte order ─┐
    list, frame, series, tensor, sparse matrix ├─► read_array, read_sparse ─► C-contiguous, aligned, native, real
    masked, missing, complex, dates ───────────┘                              or an error that says where and why

An array that is in this form already is returned as it is. Code behind this door need not look at layouts again.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any, TypeGuard

import numpy as np

from layerwise.data.columns import hint_of_text, is_missing, is_number, of_numbers
from layerwise.data.frames import read_frame
from layerwise.errors import DataError
from layerwise.parts.masked import refuse_masked
from layerwise.typing import Array, ArrayLike

NUMBERS = frozenset("?bhilqBHILQfd")  # the element types that the engines read
_IN_FORM = 0x0101  # NumPy's flags C_CONTIGUOUS and ALIGNED


def in_form(X: object) -> TypeGuard[Array]:
    """Whether X is a plain array with the layout and byte order that the engines read; says nothing about its type.

    The machine's own byte order counts only under its own name: "<f4" is another to the buffer protocol.
    """
    return type(X) is np.ndarray and X.flags.num & _IN_FORM == _IN_FORM and X.dtype.byteorder in "=|"


def is_sparse(X: object) -> bool:
    """Whether X is a sparse matrix or a sparse array."""
    return hasattr(X, "tocsr")


def read_array(values: ArrayLike, name: str, *, text: bool = False) -> Array:
    """Return `values` as an array that the engines can read, without a copy where it is one.

    Parameters
    ----------
    values : array_like
        Anything that NumPy makes an array of; pandas, Polars and Arrow columns; what has ``__dlpack__``.
    name : str
        What errors call it.
    text : bool, default False
        Allow text, which is then returned as ``str``.

    Returns
    -------
    array
        C-contiguous, aligned, of native byte order; bool, an integer type, float32, float64 or ``str``. The number of
        dimensions is that of `values`.

    Raises
    ------
    DataError
        Masked or missing values, complex numbers, dates, text where none is allowed, labels of bytes, rows of several
        lengths.
    """
    if in_form(values) and values.dtype.char in NUMBERS:
        return values
    refuse_masked(values, name)
    array = _plain(values, name, text)
    if text and array.dtype.kind in "OUS":
        _refuse_bytes(values if isinstance(values, (list, tuple)) else array, name)
        check_one_kind(values, name)
    if array.dtype.kind in "OT":
        array = _of_objects(array.astype(object), name, text)
    if array.dtype.kind == "S":
        array = _decoded(array, name)
    if array.dtype.kind not in "buifU" or (array.dtype.kind == "U" and not text):
        raise DataError(_refusal(array, name))
    with np.errstate(over="ignore"):  # what a float64 cannot hold becomes infinite, and is refused as such
        array = np.asarray(array, _read_as(array.dtype), order="C")
    if array.dtype.byteorder not in "=|":
        array = array.view(array.dtype.newbyteorder("="))
    return array if array.flags.aligned else array.copy()


def _refuse_bytes(labels: Any, name: str) -> None:
    """Refuse labels of bytes: answers are text, and no text equals bytes."""
    if isinstance(labels, np.ndarray):
        if labels.dtype.kind == "U":
            return
        labels = labels.ravel().tolist()
    row = next((i for i, value in enumerate(labels) if isinstance(value, bytes)), None)
    if row is not None:
        raise DataError(
            f"{name} holds labels of bytes, such as {bytes(labels[row])!r:.40}, but answers are text; "
            "decode them: [label.decode() for label in labels]"
        )


def check_one_kind(labels: Any, name: str) -> None:
    """Refuse labels (n,) of which some are text and some are not: NumPy would make 1 and "1" one label.

    Raises
    ------
    DataError
        Names the types and a label of each.
    """
    if isinstance(labels, np.ndarray) and (labels.dtype.kind != "O" or labels.ndim != 1):
        return
    values = labels.tolist() if hasattr(labels, "tolist") else labels
    if not isinstance(values, (list, tuple)):
        return
    kinds = set(map(type, values))
    texts = {kind for kind in kinds if issubclass(kind, (str, bytes))}
    if not texts or texts == kinds or any(issubclass(kind, (list, tuple, np.ndarray)) for kind in kinds):
        return
    text = next(i for i, value in enumerate(values) if type(value) in texts)
    other = next((i for i, value in enumerate(values) if type(value) not in texts and not is_missing(value)), None)
    if other is None:
        return
    seen = " and ".join(f"row {i} is {values[i]!r:.40}" for i in sorted((text, other)))
    raise DataError(
        f"{name} mixes labels of the types {', '.join(sorted(kind.__name__ for kind in kinds))}: {seen}. Give labels "
        f"of one type, such as [str(label) for label in {name}]"
    )


def read_sparse(X: Any, name: str) -> Any:
    """Return sparse X as CSR with sorted indices, no entry twice, and values that the engines can read.

    Raises
    ------
    DataError
        Not two-dimensional, or no real numbers.
    """
    try:
        rows = native_indices(X).tocsr()
    except ValueError as error:
        raise DataError(f"{name} must be a table (samples, inputs): {error}") from None
    if rows.ndim != 2 or rows.dtype.kind not in "buif":
        raise DataError(f"{name} must be a table of numbers; it is {rows.ndim}-dimensional, of type {rows.dtype}")
    if not rows.has_canonical_format:
        rows = rows.copy() if rows is X else rows
        rows.sum_duplicates()
    data = read_array(rows.data, name)
    return rows if data is rows.data else type(rows)((data, rows.indices, rows.indptr), shape=rows.shape)


def native_indices(X: Any) -> Any:
    """X with the places of its values in the machine's byte order, where it is sparse: SciPy itself reads no other.

    The values are as they were, and shared.
    """
    if not hasattr(X, "indptr") or X.indices.dtype.byteorder == X.indptr.dtype.byteorder == "=":
        return X
    parts = (X.data, *(part.astype(part.dtype.newbyteorder("=")) for part in (X.indices, X.indptr)))
    return type(X)(parts, shape=X.shape)


def as_batch(X: ArrayLike, name: str = "X") -> tuple[ArrayLike, bool]:
    """X, and False; or one sample (n_in,) as a batch (1, n_in), and True."""
    if is_sparse(X) or np.ndim(X) != 1:
        return X, False
    return read_array(X, name)[np.newaxis], True


def sparse_of(X: Any) -> Any | None:
    """X if it is sparse, a pandas frame of sparse columns as a sparse matrix, and None for all else."""
    if is_sparse(X):
        return X
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(X, pandas.DataFrame) or not X.shape[1]:
        return None
    if all(isinstance(dtype, pandas.SparseDtype) for dtype in X.dtypes):
        with contextlib.suppress(ImportError, ValueError):  # no SciPy, or what is left out is not 0
            return X.sparse.to_coo()
    return None


def _plain(values: Any, name: str, text: bool) -> Array:
    """An array of whatever type NumPy or the frame's own library gives."""
    frame = read_frame(values, name, text)
    if frame is not None:
        return frame
    if isinstance(values, np.ndarray):
        return np.asarray(values)
    try:
        if not hasattr(values, "__array__") and hasattr(values, "__dlpack__"):
            return np.from_dlpack(values)
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError, BufferError, AttributeError) as error:
        what = "labels or rows of one length" if text else "a table of numbers, all rows of one length"
        raise DataError(f"{name} must be {what}: {error}") from None


def _read_as(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind == "f" and dtype.char not in NUMBERS:
        return np.dtype(np.float32 if dtype.itemsize < 4 else np.float64)
    return dtype.newbyteorder("=")


def _of_objects(array: Array, name: str, text: bool) -> Array:
    """Python objects as numbers or text; none of them may be missing."""
    values: list[Any] = array.ravel().tolist()
    kinds = set(map(type, values))
    if array.ndim == 0:
        raise DataError(f"{name} must be an array; got {type(array.item()).__name__}")
    if array.ndim == 1 and all(issubclass(kind, (list, tuple, np.ndarray)) for kind in kinds):
        with contextlib.suppress(ValueError):
            rows = np.array(values)
            return _of_objects(rows, name, text) if rows.dtype.kind == "O" else rows
    unsure = tuple(kind for kind in kinds if not issubclass(kind, (str, bytes, int, np.bool_)))
    for i, value in enumerate(values) if unsure else ():
        if isinstance(value, unsure) and is_missing(value) and not (isinstance(value, float) and not text):
            raise DataError(f"{name}: {_place(i, array)} is {value}; remove the row or fill in a {_wanted(text)}")
    if all(map(is_number, kinds)):
        return of_numbers(values).reshape(array.shape)
    if not text:
        i = next(i for i, value in enumerate(values) if not is_number(type(value)))
        raise DataError(
            f"{name} must hold numbers; its type is object, and {_place(i, array)} is {values[i]!r}: "
            f"{hint_of_text(values, name)}"
        )
    return np.array(array.tolist())


def _place(i: int, array: Array) -> str:
    if array.ndim < 2:
        return f"row {i}"
    row, *rest = np.unravel_index(i, array.shape)
    return f"row {row}, column {', '.join(map(str, rest))}"


def _wanted(text: bool) -> str:
    return "label" if text else "number"


def _decoded(array: Array, name: str) -> Array:
    try:
        return np.char.decode(array, "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} holds bytes that are no text in UTF-8: {error}") from None


def _refusal(array: Array, name: str) -> str:
    """What is wrong with an array that holds no real numbers."""
    dtype = array.dtype
    hint = hint_of_text(array.ravel()[:100].tolist() if dtype.kind == "U" else (), name)
    if dtype.kind in "mM":
        hint = "turn dates and times into numbers first, such as the days since a fixed date"
    elif dtype.kind == "c":
        hint = "give its real and imaginary parts as columns, or its magnitude"
    elif dtype.names is not None:
        hint = f"give its fields as columns: np.lib.recfunctions.structured_to_unstructured({name})"
    return f"{name} must hold numbers; its type is {dtype}: {hint}"
