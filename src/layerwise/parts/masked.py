"""Masked values: NumPy's own functions would drop the mask, and take for a value what lies under it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from layerwise.errors import DataError
from layerwise.typing import Array


def refuse_masked(values: object, name: str) -> None:
    """Refuse an array, or a list of arrays, with masked values. A mask that hides nothing is taken.

    Raises
    ------
    DataError
        Says what to do instead.
    """
    if "numpy.ma" not in sys.modules:  # NumPy imports it when it is first used: until then nothing is masked
        return
    parts = values if isinstance(values, (list, tuple)) else (values,)
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in parts):
        raise DataError(f"{name} has masked values; fill them in with .filled(value), or leave them out")


def unmasked(values: Any, name: str, dtype: Any = None) -> Array:
    """What NumPy makes of array-like values, none of which may be masked."""
    refuse_masked(values, name)
    return np.asarray(values, dtype)
