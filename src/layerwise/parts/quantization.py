"""Weights of 8 bits: whole numbers from -127 to 127, and a scale for each unit.

    scale_j = max_i |W_ij| / 127        Q_ij = round(W_ij / scale_j)        W_ij ≈ scale_j Q_ij

Symmetric, so that a weight of zero stays zero; no weight moves by more than half of its unit's scale.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.typing import Array

WEIGHTS = ("float32", "int8")  # how files and exports may keep weights
LARGEST = 127  # -128 is not used


def quantize(W: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Return the weights (..., inputs, units) as int8, and the scales (..., units) in `dtype`.

    A unit without weights has the scale 1 / 127. A scale below the smallest normal number is that number; one above
    the largest, which float64 weights may have in float32, is infinity.
    """
    largest = np.abs(W).max(axis=-2, initial=0)
    with np.errstate(over="ignore"):
        scale = (np.where(largest > 0, largest, 1) / W.dtype.type(LARGEST)).astype(dtype)
    scale = np.maximum(scale, np.finfo(dtype).tiny)
    Q = np.rint(W / scale[..., np.newaxis, :]).clip(-LARGEST, LARGEST).astype(np.int8)
    return Q, scale


def dequantize(Q: Array, scale: Array, dtype: np.dtype[Any]) -> Array:
    """Return the weights, in `dtype`, that int8 (inputs, units) and scales (units,) or () stand for."""
    W: Array = Q.astype(dtype)
    W *= scale.astype(dtype)
    return W
