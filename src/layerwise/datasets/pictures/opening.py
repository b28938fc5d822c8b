"""A picture file of any kind that Pillow reads, opened upright, or an error that says what is wrong with it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from layerwise.datasets.images.reading import FORMATS
from layerwise.errors import DataError, missing

if TYPE_CHECKING:
    from PIL import Image as PillowImage


@contextmanager
def opened(path: str | os.PathLike[str], least: int) -> Iterator[PillowImage.Image]:
    """Open a picture, turned upright if the camera noted that it was held sideways.

    Nothing is decoded before the picture is used. What goes wrong then is reported as a DataError, too.

    Parameters
    ----------
    path : str or path-like
        A PNG, JPEG, BMP, GIF (the first frame) or WebP file.
    least : int
        A large JPEG may be decoded at half its size or less, but with no side shorter than this.

    Raises
    ------
    DataError
        The file is missing, is not a picture, is damaged or is too large.
    MissingDependencyError
        Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise missing("pillow", "images", "reading images") from None
    name = os.fspath(path)
    try:
        if Path(path).stat().st_size == 0:
            raise DataError(f"{name}: expected a picture, got an empty file (0 bytes); save or download it again")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                picture.draft(None, (least, least))
                ImageOps.exif_transpose(picture, in_place=True)
                yield picture
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        most = Image.MAX_IMAGE_PIXELS or 0
        raise DataError(f"{name}: expected at most {most:,} pixels, got more; make the picture smaller") from None
    except UnidentifiedImageError:
        kinds = ", ".join(FORMATS)
        raise DataError(
            f"{name}: expected a picture ({kinds}), got a file of another kind; save it as PNG or JPEG"
        ) from None
    except FileNotFoundError:
        raise DataError(f"{name}: expected a picture, but this does not exist; check the path") from None
    except Exception as problem:  # a damaged file makes decoders raise nearly anything
        raise DataError(
            f"{name}: expected a whole picture, but it cannot be read ({problem}); save or download it again"
        ) from None
