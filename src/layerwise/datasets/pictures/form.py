"""The form that the pictures of a data set are brought to, each becoming a row of numbers.

A picture as it is, whole: proportions are kept, and paper or what is at its edge is added where they differ.
A drawing, ink on paper: only the ink counts, scaled and centred as MNIST's digits are.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from layerwise.datasets.checks import check_count
from layerwise.datasets.pictures.drawn import WORK_SIDE, standard_drawing
from layerwise.datasets.pictures.opening import opened
from layerwise.errors import DataError

if TYPE_CHECKING:
    from PIL import Image as PillowImage

MOST_NUMBERS = 2**22  # of a picture: more inputs than a dense network can learn from


@dataclass(frozen=True)
class PictureForm:
    """Size and colour of the rows that pictures become.

    Parameters
    ----------
    height, width : int
        Pixels.
    color : bool
        Red, green and blue side by side, pixel by pixel; otherwise one grey value a pixel.
    drawing : bool
        Only the ink counts: it is light on 0, its longer side 20/28 of the picture's, its centre of mass in the middle.

    Raises
    ------
    DataError
        The sizes are not positive whole numbers, the rows would be too long, or a drawing has colours.

    Examples
    --------
    >>> form = PictureForm(32, 24, color=True)
    >>> form.shape, form.n_in, str(form)
    ((32, 24, 3), 2304, '32x24, colour')
    """

    height: int
    width: int
    color: bool = False
    drawing: bool = False

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            object.__setattr__(self, name, check_count(name, getattr(self, name)))
        if self.n_in > MOST_NUMBERS:
            raise DataError(f"a picture of {self} would be {self.n_in:,} numbers; give a smaller size")
        if self.drawing and self.color:
            raise DataError("drawings are read in grey, for only their ink counts; leave out the colour, or drawing")

    @property
    def shape(self) -> tuple[int, ...]:
        """How the numbers of a row make a picture: (height, width) or (height, width, 3)."""
        return (self.height, self.width, 3) if self.color else (self.height, self.width)

    @property
    def n_in(self) -> int:
        """How many numbers a row has."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        kind = "drawings" if self.drawing else "colour" if self.color else "grey"
        return f"{self.height}x{self.width}, {kind}"

    def read(self, path: str | os.PathLike[str]) -> NDArray[np.uint8]:
        """Read one picture as a row.

        Parameters
        ----------
        path : str or path-like
            A PNG, JPEG, BMP, GIF (the first frame) or WebP file of any size, with colours, transparency, a palette
            or 16-bit greys.

        Returns
        -------
        ndarray of shape (n_in,), uint8
            Row by row; of a drawing, 0 is paper and 255 ink.

        Raises
        ------
        DataError
            The file is missing, is not a picture, is damaged or too large; or a drawing shows no ink.
        MissingDependencyError
            Pillow is not installed.
        """
        with opened(path, WORK_SIDE if self.drawing else 2 * max(self.height, self.width)) as picture:
            if not self.drawing:
                return np.asarray(_fitted(in_mode(picture, self.color), self.height, self.width)).ravel()
            grey = reduced(in_mode(picture, color=False))
        try:
            return standard_drawing(grey, self.height, self.width).ravel()
        except DataError as problem:
            raise DataError(f"{os.fspath(path)}: {problem}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return it for a model file's notes."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PictureForm:
        """Return the form that `to_dict` wrote.

        Raises
        ------
        DataError
            These are no such values.
        """
        try:
            height, width, color, drawing = (values[name] for name in ("height", "width", "color", "drawing"))
        except (KeyError, TypeError):
            raise DataError(f"expected height, width, color and drawing of pictures, got {values!r:.100}") from None
        if not isinstance(color, bool) or not isinstance(drawing, bool):
            raise DataError(f"color and drawing of pictures must be true or false, got {color!r:.50}, {drawing!r:.50}")
        return cls(height, width, color, drawing)


def form_of(notes: Mapping[str, Any]) -> PictureForm | None:
    """Return the form of the pictures that a model was trained on, by its notes; None if it was not on a folder.

    Raises
    ------
    DataError
        The notes are damaged.
    """
    kept = notes.get("pictures")
    return None if kept is None else PictureForm.from_dict(kept)


def in_mode(picture: PillowImage.Image, color: bool) -> PillowImage.Image:
    """Return a picture of any mode in 8-bit grey or colour; what is transparent becomes paper."""
    from PIL import Image

    mode = "RGB" if color else "L"
    if picture.mode.startswith("I"):  # 16-bit greys, which some versions of Pillow hold in 32 bits
        greys = np.clip(np.asarray(picture, np.float64) / 257, 0, 255)
        return Image.fromarray(np.rint(greys).astype(np.uint8)).convert(mode)
    if not picture.has_transparency_data:
        return picture.convert(mode)
    layers = picture.convert("RGBA")
    grey, alpha = np.moveaxis(np.asarray(layers.convert("LA"), np.float64), -1, 0)
    light = (grey * alpha).sum() > 200 * alpha.sum() > 0  # white ink on nothing: it would vanish on white paper
    paper = Image.new("RGBA", layers.size, "black" if light else "white")
    return Image.alpha_composite(paper, layers).convert(mode)


def reduced(picture: PillowImage.Image) -> NDArray[np.uint8]:
    """Return the picture as an array, with no side longer than is needed to find the ink."""
    factor = -(-max(picture.size) // WORK_SIDE)
    return np.asarray(picture.reduce(factor) if factor > 1 else picture)


def _fitted(picture: PillowImage.Image, height: int, width: int) -> PillowImage.Image:
    """Return the picture at that size, proportions kept; around it is the median of its frame."""
    from PIL import Image

    if picture.size == (width, height):
        return picture
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    resized = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)  # averages where it shrinks
    if size == (width, height):
        return resized
    frame = np.asarray(resized)
    frame = np.concatenate([frame[0], frame[-1], frame[:, 0], frame[:, -1]])
    middle = np.median(frame, axis=0).astype(int).tolist()
    whole = Image.new(picture.mode, (width, height), tuple(middle) if isinstance(middle, list) else middle)
    whole.paste(resized, ((width - size[0]) // 2, (height - size[1]) // 2))
    return whole
