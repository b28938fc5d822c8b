"""A picture of a user's handwritten digit, in the form that MNIST's digits have.

The picture flows through `to_mnist` from top to bottom: `drop_desk` takes away what lies around a sheet of paper,
`complete_margin` adds paper where there is next to none, `_subtract_paper` takes away the paper and its shadows,
`_find_ink` the noise and the specks, `_cut_out` crops, `_adjust_pen` brings a pen that is too thin or too fat to
a usual width, and what is left is scaled and centred as MNIST was [1]_: the longer side to 20 pixels, proportions
kept and edges grey from antialiasing, then the centre of mass to the centre of 28x28.

References
----------
.. [1] Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
   http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import numpy as np

from layerwise.datasets.images.pixels import (
    PARTS_SIDE,
    block_max,
    connected_parts,
    enlarge,
    frame,
    reduce,
    resize,
    thicken,
)
from layerwise.datasets.images.surroundings import complete_margin, drop_desk
from layerwise.errors import DataError, ShapeError, missing
from layerwise.typing import Array, ArrayLike

SIDE = 28  # of an MNIST image, in pixels
BOX = 20  # the square in it that the ink fills

WORK_SIDE = 1000  # a larger picture is reduced to this before anything else
SURVEY_SIDE = 48  # paper is smooth: a reduction of this size tells its shade
PEN_SIDE = 100  # the pen is changed on a digit of this size

LEAST_CONTRAST = 16.0  # of 255, between ink and paper
LEAST_SIGNAL = 4.0  # ink over noise, in standard deviations of the noise
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
        The picture is smaller than 8x8, holds NaN or infinity, or is blank.
    MissingDependencyError
        Pillow is not installed.
    """
    require_pillow()
    picture = reduce(_check_grey(grey), WORK_SIDE)
    contrast = _subtract_paper(complete_margin(drop_desk(picture)))
    box = resize(_adjust_pen(_cut_out(_find_ink(contrast))), (BOX, BOX))
    box = np.rint(255 * np.clip(box / box.max(), 0, 1))
    shift = [_centring_shift(box.sum(axis=other)) for other in (1, 0)]
    digit = np.zeros((SIDE, SIDE), np.uint8)
    digit[shift[0] : shift[0] + BOX, shift[1] : shift[1] + BOX] = box
    return digit.ravel()


def require_pillow() -> None:
    """Raise the error that says how to install Pillow, unless it is there."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise missing("pillow", "images", "reading images") from None


def _check_grey(grey: ArrayLike) -> Array:
    """`grey` as float32 from 0 to 255, or an error that says why it cannot be a picture."""
    values = np.asarray(grey)
    if values.ndim != 2:
        raise ShapeError(
            f"grey: expected the shape (height, width), got {values.shape}; pass one picture, without colours"
        )
    if min(values.shape) < 8:
        raise DataError(f"expected at least 8x8 pixels, got {values.shape[1]}x{values.shape[0]}; use a larger picture")
    if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
        raise DataError(f"grey: expected finite numbers, got {values.dtype} with others; pass values from 0 to 255")
    unit = values.dtype.kind in "bf" and values.max() <= 1
    scale = 255.0 if unit else 1 / 257 if values.dtype == np.uint16 else 1.0
    return np.asarray(np.clip(values * np.float64(scale), 0, 255), np.float32)


def _subtract_paper(grey: Array) -> Array:
    """Return how far each pixel is from the paper under it, positive on the side that the ink is on.

    Lamps make a quadratic surface, fitted to the paper alone by least squares that trust a pixel less the
    farther it is off (weights of Geman and McClure); shadows make steps, which a median over wide windows keeps.
    """
    small = reduce(grey, SURVEY_SIDE)
    terms = _quadratic_terms(small.shape)
    rest = small - np.median(frame(small))
    for _ in range(20):
        weights = 1 / (1 + (rest / max(2.7 * _noise(rest), 2)) ** 2)
        surface = np.linalg.lstsq((terms * weights).reshape(6, -1).T, (small * weights).ravel())[0]
        rest = small - np.tensordot(surface, terms, 1)
    detail = rest - _window_median(rest)
    # Ink is the few pixels far off, paper the many near 0. Shadows mislead the first, very fat pens the second.
    sign = 1 if _skewness(rest) + _skewness(detail) > 0 else -1
    rest, detail = sign * rest, sign * detail
    shadows = _window_median(np.where(rest > 0.4 * detail.max(), 0, rest))
    paper = np.tensordot(surface.astype(np.float32), _quadratic_terms(grey.shape), 1)
    return np.asarray(sign * (grey - paper) - resize(shadows, grey.shape))


def _noise(contrast: Array) -> float:
    """Return the standard deviation of the paper, were it Gaussian, from the 30% of all pixels nearest to it."""
    return float(np.quantile(abs(contrast), 0.3) / 0.385)


def _skewness(rest: Array) -> float:
    """Return which side of 0 the far outliers are on, and how clearly."""
    return float((rest**3).mean() / max((rest**2).mean(), 1e-9) ** 1.5)


def _find_ink(contrast: Array) -> Array:
    """Return how much ink there is on each pixel, from 0 to 1, with noise and specks taken out."""
    noise = _noise(contrast)
    rank = contrast.size // 50_000  # a few stray pixels do not count as the darkest ink
    peak = -np.partition(-contrast.ravel(), rank)[rank]
    level = np.quantile(contrast[contrast >= peak / 2], 0.75)
    if peak <= 0 or level < LEAST_CONTRAST or level < LEAST_SIGNAL * noise:
        raise DataError(
            "the picture is blank: expected ink that stands out, found none; "
            "draw darker and larger, with paper on all sides"
        )
    noise, ink = noise / level, contrast / level
    certain = ink > np.clip(5 * noise, 0.4, 0.6)
    coarse = -(-max(ink.shape) // PARTS_SIDE)
    parts = _keep_digit(connected_parts(block_max(certain, coarse)), block_max(ink > 0.6, coarse))
    edge = min(3 * noise, 0.5)
    ink = np.clip((ink - edge) / (1 - edge), 0, 1)
    return np.asarray(ink * enlarge(thicken(parts, 1.5), coarse, ink.shape))


def _keep_digit(parts: Array, strong: Array) -> Array:
    """Return a mask of the digit's parts: none that runs off the picture if others do not, no specks."""
    size = np.bincount(parts.ravel(), strong.ravel())
    size[0] = 0
    inner = size.copy()
    inner[frame(parts)] = 0
    if inner.max() > 0.1 * size.max():
        size = inner
    return np.asarray(size > LEAST_PART * size.max())[parts]


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


def _quadratic_terms(shape: tuple[int, ...]) -> Array:
    """1, x, x², y, xy, y² at each pixel, (6, height, width), with x and y from -1 to 1."""
    y, x = ((2 * np.arange(n, dtype=np.float32) + 1) / n - 1 for n in shape)
    return np.stack([np.multiply.outer(y**i, x**j) for i in range(3) for j in range(3 - i)])


def _window_median(values: Array) -> Array:
    """Return the median around each pixel, over half the height and half the width."""
    half = [max(1, n // 4) for n in values.shape]
    padded = np.pad(values, [(n, n) for n in half], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, [2 * n + 1 for n in half])
    return np.asarray(np.median(windows, axis=(2, 3)))
