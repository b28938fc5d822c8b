"""Drawings, ink on paper, brought to one form: wherever the ink is, however large, with a pen of any width.

    grey ─► less paper and shadows ─► specks away ─► cropped ─► thin pens widened ─► scaled, centred by mass

Unlike the form of a digit, all parts of the ink count that are more than specks: the dot of an i, both lines of =.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerwise.datasets.images.pixels import frame, resize, thicken
from layerwise.errors import DataError

Floats = NDArray[np.float32]

WORK_SIDE = 256  # a larger picture is reduced to this
SHADED_SIDE = 64  # a smaller picture has no shadows
BLOCK = 8  # pixels: within such a square the paper has one shade
LEAST_CONTRAST = 16.0  # of 255, between ink and paper
LEAST_INK, EDGE = 0.25, 0.4  # of full ink: less is noise; where a stroke ends
BOX = 20 / 28  # of the image's side: what the ink fills, as in MNIST
FINE = 4  # the pen is widened at so many times the size
THIN_PEN = 2.5  # pixels: a thinner pen is widened to this


@dataclass(frozen=True)
class Ink:
    """The ink of a picture: how much of it is in each pixel, 0 to 1; how far it and the paper's shades are apart."""

    values: Floats
    strokes: NDArray[np.bool_]
    contrast: float
    shadows: float

    @classmethod
    def of(cls, grey: NDArray[np.uint8]) -> Ink:
        """Find the ink on a grey picture of at most `WORK_SIDE`, darker or lighter than the paper."""
        picture = grey.astype(np.float32)
        middle = (picture.min() + picture.max()) / 2
        if (frame(picture) < middle).mean() > 0.5:  # light on dark
            picture = 255 - picture
        paper = _paper(picture)
        ink = paper - picture
        dark = ink[ink > 0.3 * ink.max()]
        contrast = float(np.percentile(dark, 70)) if dark.size else 0.0
        if contrast < LEAST_CONTRAST:
            raise DataError("expected ink on paper, but it shows none")
        values = np.clip(ink / contrast, 0, 1)
        return cls(values, _without_specks(values > EDGE), contrast, float(np.ptp(paper)))

    def cropped(self) -> Floats:
        """Return the part with strokes."""
        rows, columns = (np.flatnonzero(self.strokes.any(axis=other)) for other in (1, 0))
        inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        return np.where(self.values < LEAST_INK, 0, self.values)[inside]

    def pen(self) -> float:
        """Return about how wide the strokes are, in pixels: twice their area over the pixels at their edges."""
        mask = np.pad(self.strokes, 1)
        within = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
        area, inner = int(mask.sum()), int(within.sum())
        return 2 * area / (area - inner) if inner else 1.0

    def is_drawing(self) -> bool:
        """Return whether it looks like strokes on plain paper, rather than like a photograph of something."""
        plain = (self.values < LEAST_INK / 2).mean()
        full = (self.values > 0.7).sum() / (self.values > LEAST_INK / 2).sum()
        return bool(
            plain > 0.55 and full > 0.35 and self.contrast > 2 * LEAST_CONTRAST and self.shadows < self.contrast
        )


def standard_drawing(grey: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Bring a grey picture of a drawing to its standard form.

    Parameters
    ----------
    grey : array of uint8
        Of at most `WORK_SIDE`, ink darker or lighter than the paper.
    height, width : int
        Of the result.

    Returns
    -------
    array (height, width) of uint8
        The ink, light on 0; its longer side is 20/28 of the result's, its centre of mass in the middle.

    Raises
    ------
    DataError
        There is no ink.
    """
    ink = Ink.of(grey)
    side = min(height, width)
    box = max(1, round(BOX * side))
    strokes = ink.cropped()
    scale = FINE * box / max(strokes.shape)
    fine = _scaled(strokes, FINE * box)
    short = FINE * THIN_PEN - scale * ink.pen()
    if short > 0:
        reach = short / 2 + 0.5
        fine = _trimmed(thicken(np.pad(fine, int(reach)), reach))
    drawn = _scaled(fine, box)
    drawn = np.rint(255 * drawn / drawn.max())
    result = np.zeros((height, width), np.uint8)
    top, left = (_place(drawn.sum(axis=1 - axis), size) for axis, size in enumerate((height, width)))
    result[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return result


def _paper(picture: Floats) -> Floats | np.float32:
    """Return the shade of light paper under each pixel, or one shade where the picture is too small for shadows."""
    if min(picture.shape) < SHADED_SIDE:
        return np.float32(np.median(frame(picture)))
    height, width = picture.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    padded = np.pad(picture, ((0, rows * BLOCK - height), (0, columns * BLOCK - width)), mode="edge")
    blocks = padded.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(rows, columns, -1)
    lights = np.pad(np.partition(blocks, 4 * BLOCK * BLOCK // 5)[..., 4 * BLOCK * BLOCK // 5], 1, mode="edge")
    around = [lights[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return np.asarray(resize(np.median(around, axis=0), (height, width)))


def _without_specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without pixels that have not two others of it around them, unless that leaves none."""
    padded = np.pad(mask, 1).astype(np.int8)
    height, width = mask.shape
    near = sum(padded[i : i + height, j : j + width] for i in range(3) for j in range(3))
    kept = mask & (near >= 3)
    return kept if kept.any() else mask


def _scaled(values: Floats, side: int) -> Floats:
    """Return the picture with `side` as its longer side."""
    height, width = (max(1, round(n * side / max(values.shape))) for n in values.shape)
    return np.asarray(resize(values, (height, width)))


def _trimmed(values: Floats) -> Floats:
    rows, columns = (np.flatnonzero((values > EDGE).any(axis=other)) for other in (1, 0))
    return values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _place(mass: Floats, size: int) -> int:
    """Return where the box begins, so that its centre of mass is nearest to the middle."""
    centre = float(mass @ (np.arange(len(mass)) + 0.5)) / float(mass.sum())
    return int(np.clip(round(size / 2 - centre), 0, size - len(mass)))
