"""Drawings of a pen's path, in the form of MNIST's images.

Each drawing is scaled so that its ink fills a square box, drawn there, and the box is placed on the image with the
centre of mass in the middle. A pixel at the distance d from the nearest segment of the path is covered by

    clip((pen / 2 - d) / soft + 1/2, 0, 1)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layerwise.datasets.checks import check_count
from layerwise.errors import DataError, ShapeError

_CHUNK = 128  # drawings that are worked on together, so that their pixels stay in the cache


def draw_strokes(
    strokes: ArrayLike, *, pen: ArrayLike = 2.5, side: int = 28, box: int = 20, soft: float = 1.0
) -> NDArray[np.uint8]:
    """Draw the path of a pen as antialiased grey images like those of MNIST.

    The longer side of the ink is `box` pixels, with proportions kept. The centre of mass of the ink is in the middle of
    the image, to half a pixel, or as near to it as the box allows.

    Parameters
    ----------
    strokes : array-like of shape (n, points, 2)
        The points (x, y) of n paths, with y upwards, in any unit. A point that is NaN lifts the pen: it is not
        connected to its neighbours. So a path can have several strokes, and shorter paths are padded with NaN. A point
        between two lifts is a dot.
    pen : float or array-like of shape (n,), default=2.5
        The width of the line in pixels, for all paths or for each; less than `box`.
    side : int, default=28
        The height and width of an image in pixels.
    box : int, default=20
        The height and width of the square for the ink in pixels.
    soft : float, default=1.0
        The width of the soft edge of a line in pixels.

    Returns
    -------
    ndarray of shape (n, side * side), uint8
        An image in each row, from 0 (paper) to 255 (ink).

    Raises
    ------
    ShapeError
        If `strokes` or `pen` has another shape.
    DataError
        If a path has no point or an infinite one, or `pen`, `side`, `box` or `soft` is out of range.

    Examples
    --------
    A tick, and a vertical line with a dot above it:

    >>> import layerwise as lw
    >>> nan = float("nan")
    >>> strokes = [[[0, 1], [1, 0], [3, 3], [nan, nan]], [[0, 0], [0, 3], [nan, nan], [0, 4]]]
    >>> images = lw.datasets.draw_strokes(strokes, pen=2, side=10, box=8)
    >>> print((images[1].reshape(10, 10)[:, 3:7] > 127).astype(int))
    [[0 0 0 0]
     [0 1 1 0]
     [0 1 1 0]
     [0 1 1 0]
     [0 1 1 0]
     [0 1 1 0]
     [0 1 1 0]
     [0 1 1 0]
     [0 1 1 0]
     [0 0 0 0]]
    """
    side, box = check_count("side", side), check_count("box", box)
    if box > side:
        raise DataError(f"box must be at most the side of the image, {side}; got {box}")
    points = _check_points(strokes)
    if not 0 < soft < np.inf:
        raise DataError(f"soft must be a positive number of pixels; got {soft!r}")
    pens = _check_pen(pen, len(points), box - max(soft - 1, 0))
    images = np.zeros((len(points), side, side), np.uint8)
    for start in range(0, len(points), _CHUNK):
        part = slice(start, start + _CHUNK)
        _place(_draw(_fitted(points[part], pens[part], box, soft), pens[part], box, soft), images[part])
    return images.reshape(len(points), side * side)


def _check_points(strokes: ArrayLike) -> NDArray[np.float64]:
    try:
        points = np.asarray(strokes, np.float64)
    except (TypeError, ValueError) as problem:
        raise ShapeError(
            f"strokes must have the shape (n, points, 2), NaN after the end of shorter paths; NumPy says: {problem}"
        ) from None
    if points.ndim != 3 or points.shape[2] != 2:
        raise ShapeError(f"strokes must have the shape (n, points, 2); got {points.shape}")
    for fault, wrong in (
        ("has an infinite point", np.isinf(points).any(axis=(1, 2))),
        ("has no point", np.isnan(points).any(axis=2).sum(axis=1) == points.shape[1]),
    ):
        if wrong.any():
            raise DataError(f"strokes[{wrong.argmax()}] {fault}; leave it out")
    return points


def _check_pen(pen: ArrayLike, n: int, box: float) -> NDArray[np.float64]:
    pens = np.asarray(pen, np.float64)
    if pens.shape not in {(), (n,)}:
        raise ShapeError(f"pen must be a number, or one for each of the {n} paths; got the shape {pens.shape}")
    wrong = ~((pens > 0) & (pens < box))
    if wrong.any():
        raise DataError(f"pen must be above 0 and below the box, {box:g} pixels; got {pens[wrong].flat[0]:g}")
    return np.broadcast_to(pens, n)


def _fitted(points: NDArray[np.float64], pens: NDArray[np.float64], box: int, soft: float) -> NDArray[np.float64]:
    """Return the paths in pixels of the box, rows downwards, so that the ink fills it along the longer side."""
    points = np.where(np.isnan(points).any(axis=2, keepdims=True), np.nan, points) * (1.0, -1.0)
    low, high = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    extent = (high - low).max(axis=1)
    room = box - pens - (soft - 1)  # the ink reaches pen / 2 + (soft - 1) / 2 beyond the points
    scale = room / np.where(extent > 0, extent, 1)
    return np.asarray((points - (low + high)[:, None] / 2) * scale[:, None, None] + box / 2)


def _draw(points: NDArray[np.float64], pens: NDArray[np.float64], box: int, soft: float) -> NDArray[np.float32]:
    """Return how much of each pixel is covered, (n, box, box), from 0 to 1."""
    centres = np.arange(box, dtype=np.float32) + np.float32(0.5)
    nearest = np.full((len(points), box, box), np.inf, np.float32)  # squares of distances
    for start, along in _segments(points):
        x, y = (centres - start[:, i, None] for i in (0, 1))
        dx, dy = along[:, 0, None], along[:, 1, None]
        length = np.maximum(dx * dx + dy * dy, np.float32(1e-12))
        t = (y * dy / length)[:, :, None] + (x * dx / length)[:, None, :]  # the foot of the perpendicular
        np.clip(t, 0, 1, out=t)
        square = (x[:, None, :] - t * dx[:, :, None]) ** 2
        square += (y[:, :, None] - t * dy[:, :, None]) ** 2
        np.fmin(nearest, square, out=nearest)  # where there is no segment, it is NaN
    distance = np.sqrt(nearest, out=nearest)
    edge = (pens / 2 / soft + 0.5).astype(np.float32)[:, None, None]
    return np.asarray(np.clip(edge - distance / np.float32(soft), 0, 1))


def _segments(points: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield where the segments of all paths start, (n, 2), and how they go on; NaN where a path has none."""
    there = ~np.isnan(points[..., 0])
    follows = np.zeros_like(there)
    follows[:, :-1] = there[:, :-1] & there[:, 1:]
    dots = there & ~follows
    dots[:, 1:] &= ~there[:, :-1]
    along = np.full_like(points, np.nan)
    along[:, :-1] = np.diff(points, axis=1)
    along[dots] = 0
    for i in np.flatnonzero((follows | dots).any(axis=0)):
        yield points[:, i].astype(np.float32), along[:, i].astype(np.float32)


def _place(covered: NDArray[np.float32], images: NDArray[np.uint8]) -> None:
    """Put each box on its image, moved by whole pixels, with the centre of mass nearest to the middle."""
    n, box, _ = covered.shape
    side = images.shape[1]
    centres = np.arange(box, dtype=np.float32) + np.float32(0.5)
    mass = covered.sum(axis=(1, 2))
    rows, columns = (
        np.clip(np.rint(side / 2 - covered.sum(axis=other) @ centres / mass), 0, side - box).astype(np.intp)
        for other in (2, 1)
    )
    inside = np.arange(box)
    images[np.arange(n)[:, None, None], (rows[:, None] + inside)[:, :, None], (columns[:, None] + inside)[:, None]] = (
        np.rint(255 * covered)
    )
