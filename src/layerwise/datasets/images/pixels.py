"""Operations on arrays of pixels: smaller and larger ones, and what lies next to each other."""

from __future__ import annotations

import numpy as np

from layerwise.typing import Array

PARTS_SIDE = 128  # connected parts are told apart on a grid of this size


def reduction(shape: tuple[int, ...], side: int) -> int:
    """Return the side of square blocks that, a pixel each, leave no side of a picture longer than `side`."""
    return -(-max(shape) // side)


def reduce(values: Array, side: int, shape: tuple[int, ...] | None = None) -> Array:
    """Return the means over square blocks, so that no side of the picture, or of `shape`, is longer than `side`."""
    from PIL import Image

    factor = reduction(shape or values.shape, side)
    return values if factor == 1 else np.asarray(Image.fromarray(values).reduce(factor))


def resize(values: Array, shape: tuple[int, ...]) -> Array:
    """Return the picture interpolated, or averaged where it shrinks."""
    from PIL import Image

    picture = Image.fromarray(values.astype(np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def block_max(values: Array, factor: int) -> Array:
    """Return the maximum of each square block."""
    padded = np.pad(values, [(0, -n % factor) for n in values.shape])
    height, width = padded.shape
    return np.asarray(padded.reshape(height // factor, factor, width // factor, factor).max(axis=(1, 3)))


def enlarge(mask: Array, factor: int, shape: tuple[int, ...]) -> Array:
    """Return each pixel as a square block: the mask of `shape` that `block_max` reduced."""
    return np.kron(mask, np.ones((factor, factor), bool))[: shape[0], : shape[1]]


def connected_parts(mask: Array) -> Array:
    """Return a number for each pixel: 0 off the mask, elsewhere the same within a part that hangs together."""
    parts = np.arange(1, mask.size + 1).reshape(mask.shape) * mask
    while True:
        spread = thicken(parts, 1.5) * mask  # the highest number of the nine around
        spread = np.append(0, spread)[spread]  # and the one that this pixel has by now, which is higher still
        if np.array_equal(spread, parts):
            return parts
        parts = spread


def thicken(values: Array, radius: float) -> Array:
    """Return the maximum over a disc around each pixel."""
    reach = int(radius)
    height, width = values.shape
    padded = np.pad(values, reach)
    result = values
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            if i * i + j * j <= radius**2:
                shifted = padded[reach + i : reach + i + height, reach + j : reach + j + width]
                result = np.maximum(result, shifted)
    return result


def frame(values: Array) -> Array:
    """Return the outermost pixels."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
