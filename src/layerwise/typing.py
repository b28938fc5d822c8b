"""The two types that stand in signatures everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Floats = NDArray[np.floating[Any]]

__all__ = ["Array", "ArrayLike", "Floats"]
