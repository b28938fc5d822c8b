"""The arrays of a model file: checked as they are read, and kept in fewer bits where that is asked.

layers.0.W        I8   (n_in, units)
layers.0.W.scale  F32  (units,)        W = scale · I8; the description says {"stored": {"layers.0.W": "int8"}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from layerwise.errors import FormatError
from layerwise.parts.quantization import dequantize, quantize
from layerwise.typing import Array

FLOAT32 = np.dtype(np.float32)
_MAY_BE_SHORT = re.compile(r"layers\.\d+\.\w+|novelty\.(directions|factors)")


def check(name: str, arrays: Mapping[str, Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return the array of that name, which must have this shape and type, and be finite."""
    if name not in arrays:
        raise FormatError(f"there is no array {name}; its layers and its arrays do not belong together")
    array = arrays[name]
    if array.shape != shape or array.dtype != dtype:
        raise FormatError(
            f"{name} has shape {array.shape} and type {array.dtype}; {shape} and {np.dtype(dtype)} were expected"
        )
    if not np.isfinite(array).all():
        raise FormatError(f"{name} holds NaN or infinity")
    return array


def check_not_negative(name: str, array: Array) -> None:
    """Refuse an array with a number below 0."""
    if array.size and array.min() < 0:
        raise FormatError(f"{name} must be at least 0; it holds {array.min()}")


def factors_shape(name: str, arrays: Mapping[str, Array], columns: int) -> tuple[int, ...]:
    """Return the shape that an array of factors must have: a number for each column, or one for all."""
    return () if name in arrays and arrays[name].ndim == 0 else (columns,)


def shorten(arrays: dict[str, Array], names: list[str]) -> dict[str, str]:
    """Bring matrices to int8 with a scale for each column, in place; return what the description says of it.

    One of a single row stays as it is: with its scales it would be longer.

    Raises
    ------
    FormatError
        A scale is too large for float32.
    """
    names = [name for name in names if len(arrays[name]) > 1]
    for name in names:
        arrays[name], scale = quantize(arrays[name], FLOAT32)
        if not np.isfinite(scale).all():
            raise FormatError(f"{name} holds numbers that are too large for int8 with a scale in float32")
        arrays[f"{name}.scale"] = scale
    return dict.fromkeys(names, "int8")


def widen(arrays: dict[str, Array], stored: Mapping[str, str], dtype: np.dtype[Any]) -> None:
    """Bring arrays that are kept in fewer bits to the network's type, or those of its novelty to float32, in place.

    Raises
    ------
    FormatError
        One is not there or of another type, or its scale is not what it must be.
    """
    for name, kept in stored.items():
        if not _MAY_BE_SHORT.fullmatch(name):
            raise FormatError(f"stored: {name[:60]} is no array that is kept in fewer bits")
        array = arrays.get(name)
        if array is None or array.dtype != np.dtype(kept):
            found = "not there" if array is None else f"of type {array.dtype}"
            raise FormatError(f"stored: {name} must be an array of {kept}; it is {found}")
        wide = dtype if name.startswith("layers.") else FLOAT32
        if kept != "int8":
            arrays[name] = array.astype(wide)
            continue
        if array.ndim != 2:
            raise FormatError(f"stored: {name} of int8 must be a matrix; it has shape {array.shape}")
        full = f"{name}.scale"
        scale = check(full, arrays, factors_shape(full, arrays, array.shape[1]), FLOAT32)
        check_not_negative(full, scale)
        with np.errstate(over="ignore"):  # to infinity, which is refused as such
            arrays[name] = dequantize(array, scale, wide)
        del arrays[full]
