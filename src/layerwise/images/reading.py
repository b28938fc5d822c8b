"""Picture files of any kind as grey values, upright, and from there as digits."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from layerwise.errors import DataError
from layerwise.images.form import WORK_SIDE, require_pillow, to_mnist
from layerwise.typing import Array

if TYPE_CHECKING:
    from PIL import Image as PillowImage

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")


def read_digit(path: str | os.PathLike[str]) -> Array:
    """Read a picture of one handwritten digit as a row of MNIST's form.

    Any size, dark ink on light paper or the reverse. The picture may have colours, transparency, a palette,
    16-bit greys or CMYK inks, and it is turned upright if the camera noted that it was held sideways.

    Parameters
    ----------
    path : str or path-like
        A PNG, JPEG, BMP, GIF (the first frame) or WebP file.

    Returns
    -------
    ndarray of uint8, shape (784,)
        Row by row, 0 where there is paper, 255 where there is ink.

    Raises
    ------
    DataError
        The file is missing, is not a picture, is damaged, is too large, or shows no ink.
    MissingDependencyError
        Pillow is not installed.
    """
    require_pillow()
    try:
        return to_mnist(_load_grey(Path(path)))
    except DataError as problem:
        raise DataError(f"{os.fspath(path)}: {problem}") from None


def _load_grey(path: Path) -> Array:
    """The grey values of the picture at `path`, upright."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not path.is_file():
        found = "is a directory" if path.is_dir() else "does not exist"
        raise DataError(f"expected a picture ({', '.join(FORMATS)}), but this {found}; check the path")
    if path.stat().st_size == 0:
        raise DataError("expected a picture, got an empty file (0 bytes); save or download it again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                picture.draft("L", (WORK_SIDE, WORK_SIDE))  # a large JPEG is decoded at half its size or less
                return _grey(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            f"expected at most {Image.MAX_IMAGE_PIXELS or 0:,} pixels, got more; "
            "crop the picture to the digit or make it smaller"
        ) from None
    except UnidentifiedImageError:
        raise DataError(
            f"expected a picture ({', '.join(FORMATS)}), got a file of another kind; save it as PNG or JPEG"
        ) from None
    except Exception as problem:  # a damaged file makes decoders raise nearly anything
        raise DataError(
            f"expected a whole picture, but it cannot be read ({problem}); save or download it again"
        ) from None


def _grey(picture: PillowImage.Image) -> Array:
    """Grey values of a picture of any mode; what is transparent becomes paper."""
    if picture.mode.startswith("I"):  # 16-bit greys, which some versions of Pillow hold in 32 bits
        return np.asarray(np.clip(np.asarray(picture), 0, 65535), np.uint16)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"))
    grey, alpha = np.moveaxis(np.asarray(picture.convert("RGBA").convert("LA"), np.float64), -1, 0)
    alpha /= 255
    if alpha.mean() > 0.5:  # paper with clear corners or margins
        paper = np.median(grey[alpha > 0.5])
    else:  # ink alone: put under it what shows it best
        paper = 255.0 if (grey * alpha).sum() < 127.5 * alpha.sum() else 0.0
    return np.asarray(alpha * grey + (1 - alpha) * paper)
