"""A picture of a user's handwritten digit, in the form that MNIST's digits have.

`inks` finds the ink of a picture, `digit_of` picks the parts that belong to one digit, and `standard` crops them,
brings a pen that is too thin or too fat to a usual width, and scales and centres as MNIST was [1]_: the longer side to
20 pixels, proportions kept and edges grey from antialiasing, then the centre of mass to the centre of 28x28.

References
----------
.. [1] Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
   http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import numpy as np

from layerwise.datasets.images.ink import Ink, inks
from layerwise.datasets.images.pixels import block_max, enlarge, frame, reduce, resize, thicken
from layerwise.errors import DataError, ShapeError, missing
from layerwise.typing import Array, ArrayLike

SIDE = 28  # of an MNIST image, in pixels
BOX = 20  # the square in it that the ink fills
HALO_SIDE = 128  # on a grid of this size, ink is blurred by a pixel and a half at most
PEN_SIDE = 100  # the pen is changed on a digit of this size

UNIT = 1.05  # floats up to this go from 0 to 1, with what interpolation adds
DEEP = 2**13  # of 2**16: 16-bit pictures that reach no further have fewer bits
LEAST_INK = 0.09  # on an edge of the digit
LEAST_PART = 0.08  # a part smaller than this share of the largest is a speck
PEN_RANGE = (1.45, 4.4)  # stroke widths, in pixels of the box, that are left alone: 98% of MNIST's lie here
THIN_PEN, FAT_PEN = 2.2, 3.6  # the widths that the others are brought to


def to_mnist(grey: ArrayLike) -> Array:
    """Bring a grey picture of one handwritten digit to MNIST's form.

    An image that already has this form comes out almost as it was.

    Parameters
    ----------
    grey : array-like, shape (height, width)
        Values from 0 to 255 (or to 65535 in uint16, to 1 in bool and float), of ink darker or lighter than paper.

    Returns
    -------
    ndarray of uint8, shape (784,)
        The ink, light on 0, in a 20x20 box whose centre of mass is at the centre of 28x28.

    Raises
    ------
    ShapeError
        The array has not two dimensions.
    DataError
        The picture is smaller than 3x8, holds NaN or infinity, or is blank.
    MissingDependencyError
        Pillow is not installed.
    """
    require_pillow()
    ink = next(inks(check_grey(grey)))
    return standard(cut(ink, digit_of(ink)))


def require_pillow() -> None:
    """Raise the error that says how to install Pillow, unless it is there."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise missing("pillow", "images", "reading images") from None


def check_size(width: int, height: int) -> None:
    """Refuse a picture that is too small for a digit; a 1 may be narrow."""
    if min(width, height) < 3 or max(width, height) < 8:
        raise DataError(f"expected at least 3x8 pixels, got {width}x{height}; use a larger picture")


def check_grey(grey: ArrayLike) -> Array:
    """`grey` as float32 from 0 to 255, or an error that says why it cannot be a picture."""
    values = np.asarray(grey)
    if values.ndim != 2:
        raise ShapeError(
            f"grey: expected the shape (height, width), got {values.shape}; pass one picture, without colours"
        )
    check_size(values.shape[1], values.shape[0])
    if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
        raise DataError(f"grey: expected finite numbers, got {values.dtype} with others; pass values from 0 to 255")
    unit = values.dtype.kind in "bf" and values.max() <= UNIT
    scale = 255.0 if unit else 1.0
    if values.dtype == np.uint16:  # of a camera that has 10 or 12 bits, perhaps
        scale = 1 / 257 if values.max() >= DEEP else 255 / max(int(values.max()), 1)
    return np.asarray(np.clip(values * np.float64(scale), 0, 255), np.float32)


def digit_of(ink: Ink) -> Array:
    """Return a mask of one digit's parts: none that runs off the picture if others do not, no specks."""
    parts = ink.parts
    size = np.bincount(parts.ravel(), block_max(ink.values > 0.6, ink.factor).ravel())
    size[0] = 0
    inner = size.copy()
    inner[frame(parts)] = 0
    if inner.max() > 0.1 * size.max():
        size = inner
    return np.asarray(size > LEAST_PART * size.max())[parts]


def cut(ink: Ink, mask: Array) -> Array:
    """Return the ink under a mask of its grid, and next to it, without that of other parts."""
    rows, columns = (np.flatnonzero(mask.any(axis=other)) for other in (1, 0))
    reach = 1.5 * max(1, max(mask.shape) / HALO_SIDE)
    near = tuple(slice(max(at[0] - int(reach), 0), at[-1] + 1 + int(reach)) for at in (rows, columns))
    wide = thicken(mask[near], reach) & (mask[near] | (ink.parts[near] == 0))
    values = ink.values[tuple(slice(s.start * ink.factor, s.stop * ink.factor) for s in near)]
    return np.asarray(values * enlarge(wide, ink.factor, values.shape))


def standard(ink: Array) -> Array:
    """Return a digit's ink (height, width) in MNIST's form, (784,) of uint8."""
    return _centred(_adjust_pen(_cut_out(ink)))


def centred(ink: Array) -> Array:
    """Return ink (height, width) in MNIST's form, (784,) of uint8, with the pen that it was drawn with."""
    return _centred(_cut_out(ink))


def _centred(square: Array) -> Array:
    box = resize(square, (BOX, BOX))
    box = np.rint(255 * np.clip(box / box.max(), 0, 1))
    shift = [_centring_shift(box.sum(axis=other)) for other in (1, 0)]
    digit = np.zeros((SIDE, SIDE), np.uint8)
    digit[shift[0] : shift[0] + BOX, shift[1] : shift[1] + BOX] = box
    return digit.ravel()


def _cut_out(ink: Array) -> Array:
    """Return the smallest upright square with all of the ink, which is in its middle."""
    rows, columns = (np.flatnonzero(ink.max(axis=other) > LEAST_INK) for other in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    margins = [max(ink.shape) - n for n in ink.shape]
    return np.pad(ink, [(margin // 2, margin - margin // 2) for margin in margins])


def _adjust_pen(ink: Array) -> Array:
    """Return the same digit drawn with a pen of MNIST's width; as it came, if the width is within PEN_RANGE."""
    width = _pen_width(reduce(ink, PEN_SIDE))
    if PEN_RANGE[0] <= width <= PEN_RANGE[1]:
        return ink
    thin = width < PEN_RANGE[0]
    if thin:  # the mean of a block would let a fine line fade away
        ink = block_max(ink, -(-len(ink) // PEN_SIDE))
    ink = np.clip(resize(ink, (PEN_SIDE, PEN_SIDE)), 0, 1)
    change = ((THIN_PEN if thin else FAT_PEN) - _pen_width(ink)) / 2 * PEN_SIDE / BOX
    ink = np.pad(ink, PEN_SIDE // 8)
    changed = thicken(ink, change) if change > 0 else 1 - thicken(1 - ink, -change)
    return _cut_out(changed)


def _pen_width(ink: Array) -> float:
    """Return the mean width of the strokes in a square of ink, as if its side were BOX pixels.

    A stroke of width w covers w for each pixel of its length, and its two sides rise and fall by 1 each however
    blurred they are: the width is twice the ink over the sum of |gradient|.
    """
    padded = np.pad(ink, 1)
    slopes = np.hypot(np.diff(padded, axis=0)[:, 1:], np.diff(padded, axis=1)[1:])
    return float(2 * ink.sum() / slopes.sum() * BOX / len(ink))


def _centring_shift(profile: Array) -> int:
    """Return where a box with these sums of ink begins, so that its centre of mass is within half a pixel of 14."""
    centre = float(profile @ np.arange(BOX) / profile.sum())
    return int(np.clip(np.ceil(SIDE / 2 - 0.5 - centre), 0, SIDE - BOX))
