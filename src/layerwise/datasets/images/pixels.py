"""Operations on arrays of pixels: smaller and larger ones, and what lies next to each other."""

from __future__ import annotations

import numpy as np

from layerwise.typing import Array


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
    if factor == 1:
        return values
    padded = np.pad(values, [(0, -n % factor) for n in values.shape])
    rows = np.maximum.reduce([padded[i::factor] for i in range(factor)])
    return np.asarray(np.maximum.reduce([rows[:, i::factor] for i in range(factor)]))


def enlarge(mask: Array, factor: int, shape: tuple[int, ...]) -> Array:
    """Return each pixel as a square block: the mask of `shape` that `block_max` reduced."""
    if factor == 1:
        return mask[: shape[0], : shape[1]]
    return np.repeat(np.repeat(mask, factor, axis=0), factor, axis=1)[: shape[0], : shape[1]]


def runs(mask: Array) -> tuple[Array, Array, Array]:
    """Return the row, the first column and the column after the last of each horizontal run of a mask, row by row."""
    height, width = mask.shape
    line = np.zeros((height, width + 1), bool)  # with paper at the end of each row, laid out as one line
    line[:, :width] = mask
    flat = line.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[:1].any():
        changes = np.concatenate([[0], changes])
    starts, ends = changes[::2], changes[1::2]
    rows = starts // (width + 1)
    return rows, starts - rows * (width + 1), ends - rows * (width + 1)


def run_lengths(mask: Array) -> Array:
    """Return the length of the horizontal run that each pixel of a mask belongs to, 0 elsewhere."""
    _, starts, ends = runs(mask)
    lengths = np.zeros(mask.shape, np.intp)
    lengths[mask] = np.repeat(ends - starts, ends - starts)
    return lengths


def connected_parts(mask: Array) -> Array:
    """Return a number for each pixel: 0 off the mask, elsewhere 1, 2, … the same within a part that hangs together.

    Pixels hang together with the eight around them. Runs of neighbouring rows that touch are joined, and each takes
    the lowest number of its part.
    """
    rows, starts, ends = runs(mask)
    line = mask.shape[1] + 2
    first = np.searchsorted(rows * line + ends, (rows + 1) * line + starts, "left")
    after = np.searchsorted(rows * line + starts, (rows + 1) * line + ends, "right")
    touching = np.maximum(after - first, 0)
    upper = np.repeat(np.arange(len(rows)), touching)
    lower = np.arange(len(upper)) - np.repeat(np.cumsum(touching) - touching, touching) + np.repeat(first, touching)
    number = np.arange(len(rows))
    while (different := number[upper] != number[lower]).any():
        pair = np.sort([number[upper][different], number[lower][different]], axis=0)
        np.minimum.at(number, pair[1], pair[0])
        while not np.array_equal(shorter := number[number], number):
            number = shorter
    is_first = number == np.arange(len(rows))
    parts = np.zeros(mask.shape, np.intp)
    parts[mask] = np.repeat(np.cumsum(is_first)[number], ends - starts)
    return parts


def joined_parts(mask: Array) -> Array:
    """Return the numbers of connected parts, where parts that a pixel of paper is between count as one."""
    return np.asarray(connected_parts(thicken(mask, 1.5)) * mask)


def bounds(numbers: Array) -> tuple[Array, Array]:
    """Return the first row and column of each numbered part, and those after its last, (2, parts + 1) each.

    The first entry stands for the number 0, and tells nothing.
    """
    places = np.nonzero(numbers)
    number = numbers[places]
    first = np.full((2, int(number.max(initial=0)) + 1), max(numbers.shape))
    after = np.zeros_like(first)
    for axis, along in enumerate(places):
        np.minimum.at(first[axis], number, along)
        np.maximum.at(after[axis], number, along + 1)
    return first, after


def thicken(values: Array, radius: float) -> Array:
    """Return the maximum over a disc around each pixel; beyond the picture are zeros."""
    reach = int(radius)
    height, width = values.shape
    padded = np.pad(values, reach)
    wide = [padded[:, reach : reach + width]]  # the maxima over so many pixels to the left and to the right
    for j in range(1, reach + 1):
        sides = np.maximum(padded[:, reach - j : reach - j + width], padded[:, reach + j : reach + j + width])
        wide.append(np.maximum(wide[-1], sides))
    result = values
    for i in range(-reach, reach + 1):  # the disc row by row
        half = max(j for j in range(reach + 1) if i * i + j * j <= radius**2)
        result = np.maximum(result, wide[half][reach + i : reach + i + height])
    return result


def quantile(values: Array, share: float) -> float:
    """Return the value that a share of them lies below, interpolated.

    As np.quantile, which first imports numpy.ma (as np.unique and np.median do): that takes as long as reading a digit.
    """
    at = share * (values.size - 1)
    below = int(at)
    above = min(below + 1, values.size - 1)
    low, high = np.partition(values, [below, above], axis=None)[[below, above]].tolist()
    return float(low + (high - low) * (at - below))


def frame(values: Array) -> Array:
    """Return the outermost pixels."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
