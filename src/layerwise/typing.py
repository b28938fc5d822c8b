"""The two types that stand in signatures everywhere."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

__all__ = ["Array", "ArrayLike"]
