"""An image as text, for a terminal."""

from __future__ import annotations

import numpy as np

from layerwise.errors import ShapeError
from layerwise.typing import ArrayLike


def render(image: ArrayLike, width: int | None = None, ascii: bool = False) -> str:
    """Draw an image as text: two rows of pixels to a line, in half blocks, or in letters if `ascii`.

    Parameters
    ----------
    image : array-like, shape (n, n) or (n * n,)
        Ink is high, paper 0, whatever the scale.
    width : int, optional
        Characters in a line, by default n.
    ascii : bool, default=False
        For a terminal that has no block characters: `` .:*#`` from no ink to much.

    Examples
    --------
    >>> print(render([[0, 9, 9, 0], [0, 0, 9, 0], [0, 0, 9, 0], [0, 9, 9, 9]]))
     ▀█
     ▄█▄
    """
    pixels = np.asarray(image, np.float64)
    side = round(pixels.size**0.5)
    if pixels.shape not in {(side, side), (side * side,)} or side < 2:
        raise ShapeError(f"image: expected a square, (n, n) or (n * n,), got {pixels.shape}; pass one image")
    columns = side if width is None else width
    if columns < 2:
        raise ShapeError(f"width: expected at least 2 characters, got {columns}; leave it out for {side}")
    rows = np.arange(columns // 2 * 2) * side // (columns // 2 * 2)
    ink = pixels.reshape(side, side)[rows[:, None], np.arange(columns) * side // columns]
    ink = ink / max(ink.max(), np.finfo(float).tiny)
    upper, lower = ink[::2], ink[1::2]
    shades = np.rint(4 * (upper + lower) / 2) if ascii else (upper > 0.4) + 2 * (lower > 0.4)
    symbols = " .:*#" if ascii else " ▀▄█"
    return "\n".join("".join(symbols[int(shade)] for shade in line).rstrip() for line in shades)
