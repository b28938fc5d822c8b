"""Picture files of any kind as grey values, upright, and from there as digits."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from layerwise.datasets.images.form import check_grey, check_size, require_pillow, to_mnist
from layerwise.datasets.images.ink import WORK_SIDE
from layerwise.datasets.images.pixels import reduce, reduction
from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from PIL import Image as PillowImage

_STRIP = 2**20  # pixels of a picture that are converted together
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
        return to_mnist(_load(Path(path)).grey)
    except DataError as problem:
        raise DataError(f"{os.fspath(path)}: {problem}") from None


@dataclass(frozen=True)
class Picture:
    """A picture in memory.

    Attributes
    ----------
    grey : ndarray of float32, shape (height, width)
        From 0 to 255, upright, reduced if the picture is large.
    scale : float
        How many pixels of the picture make one of these.
    size : (width, height)
        Of the picture, upright, in its pixels.
    """

    grey: Array
    scale: float
    size: tuple[int, int]


def picture_of(image: str | os.PathLike[str] | ArrayLike | PillowImage.Image) -> Picture:
    """Return a picture from a file, an array of grey values or colours, or Pillow's image; see `read_digits`."""
    require_pillow()
    from PIL import Image

    if isinstance(image, (str, os.PathLike)):
        try:
            return _load(Path(image))
        except DataError as problem:
            raise DataError(f"{os.fspath(image)}: {problem}") from None
    if isinstance(image, Image.Image):
        return _picture(image)
    values = np.asarray(image)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 2:
        grey = check_grey(values)
        return Picture(grey, 1.0, (grey.shape[1], grey.shape[0]))
    if values.ndim != 3 or values.shape[2] not in (3, 4):
        raise ShapeError(
            f"image: expected the shape (height, width) or (height, width, 3 or 4), got {values.shape}; "
            "pass one picture"
        )
    check_size(values.shape[1], values.shape[0])
    bands = check_grey(values.reshape(len(values), -1)).reshape(values.shape)  # one scale for all of them
    return _picture(Image.fromarray(bands.astype(np.uint8)))


def _picture(picture: PillowImage.Image) -> Picture:
    check_size(*picture.size)
    width, height = picture.size
    return Picture(check_grey(_grey(picture)), float(reduction((height, width), WORK_SIDE)), (width, height))


def _load(path: Path) -> Picture:
    """Return the picture at `path`, upright."""
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
                full = max(picture.size)
                picture.draft("L", (WORK_SIDE, WORK_SIDE))  # a large JPEG is decoded at half its size or less
                drafted = full / max(picture.size)
                ImageOps.exif_transpose(picture, in_place=True)
                whole = _picture(picture)
                width, height = (round(side * drafted) for side in whole.size)
                return Picture(whole.grey, whole.scale * drafted, (width, height))
    except DataError:
        raise
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
    """Return the grey values of a picture of any mode, reduced if it is large; what is transparent becomes paper."""
    if not _is_transparent(picture):
        return np.concatenate([reduce(_opaque(strip), WORK_SIDE, picture.size) for strip in _strips(picture)])
    paper = _paper(picture)
    strips = (_grey_and_alpha(strip) for strip in _strips(picture))
    return np.concatenate(
        [reduce(np.asarray(alpha * grey + (1 - alpha) * paper), WORK_SIDE, picture.size) for grey, alpha in strips]
    )


def _is_transparent(picture: PillowImage.Image) -> bool:
    if picture.mode in ("RGBA", "LA"):
        return bool(picture.getextrema()[-1] != (255, 255))
    return picture.has_transparency_data


def _strips(picture: PillowImage.Image) -> Iterator[PillowImage.Image]:
    """Yield the picture from top to bottom, in parts, each reduced as the whole would be, to save memory."""
    width, height = picture.size
    factor = reduction(picture.size, WORK_SIDE)
    rows = max(1, _STRIP // (width * factor)) * factor
    for top in range(0, height, rows):
        yield picture.crop((0, top, width, min(top + rows, height)))


def _opaque(strip: PillowImage.Image) -> Array:
    if strip.mode.startswith("I"):  # 16-bit greys, which some versions of Pillow hold in 32 bits
        return np.asarray(np.clip(np.asarray(strip), 0, 65535), np.uint16)
    return np.asarray(strip.convert("L"))


def _grey_and_alpha(strip: PillowImage.Image) -> tuple[Array, Array]:
    """Return the grey values, and how opaque each pixel is, from 0 to 1."""
    grey, alpha = np.moveaxis(np.asarray(strip.convert("RGBA").convert("LA"), np.float32), -1, 0)
    return grey, alpha / 255


def _paper(picture: PillowImage.Image) -> float:
    """Return the grey that shows through where the picture is transparent."""
    opaque, ink, counts = 0.0, 0.0, np.zeros(256, np.int64)
    for strip in _strips(picture):
        grey, alpha = _grey_and_alpha(strip)
        opaque, ink = opaque + float(alpha.sum()), ink + float((grey * alpha).sum())
        counts += np.bincount(grey[alpha > 0.5].astype(np.intp), minlength=256)
    if opaque > 0.5 * picture.size[0] * picture.size[1]:  # paper with clear corners or margins
        below, n = np.cumsum(counts), int(counts.sum())  # the median
        return float(np.searchsorted(below, (n - 1) // 2, "right") + np.searchsorted(below, n // 2, "right")) / 2
    return 255.0 if ink < 127.5 * opaque else 0.0  # ink alone: put under it what shows it best
