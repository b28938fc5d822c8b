"""A folder of pictures as a data set: what is in it, the form that suits all, and a row for each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layerwise.datasets.checks import check_count
from layerwise.datasets.pictures.form import PictureForm
from layerwise.datasets.pictures.listing import Listing, list_classes, listed, parts_of
from layerwise.datasets.pictures.rows import Problems, read_rows
from layerwise.datasets.pictures.survey import choose_form
from layerwise.errors import DataError

MEMORY = 2**30  # bytes of rows that are kept in memory


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures as rows, and the names of their classes.

    They unpack into two arrays: ``X, y = pictures``.

    Attributes
    ----------
    X : ndarray of shape (n, form.n_in), uint8
        A picture a row.
    y : ndarray of shape (n,), str
        The class of each: the name of its folder.
    class_names : tuple of str
        The classes in order.
    files : tuple of str
        The files in the folder, such as ``"a/one.png"``.
    form : PictureForm
        The size and colour that they were brought to; `form.read` brings another picture to it.
    notes : tuple of str
        Sentences on the files that were left out.
    """

    X: NDArray[np.uint8]
    y: NDArray[np.str_]
    class_names: tuple[str, ...]
    files: tuple[str, ...]
    form: PictureForm
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[NDArray[np.uint8] | NDArray[np.str_]]:
        return iter((self.X, self.y))


def read_folder(
    path: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    color: bool | None = None,
    drawing: bool | None = None,
    form: PictureForm | None = None,
    memory: int = MEMORY,
) -> Pictures:
    """Read images from a folder with one subfolder for each class, such as ``symbols/star/one.png``.

    The images may have any size and colours, transparency, a palette or 16-bit grey values. They are rotated as their
    EXIF data say, and decoded one at a time. Hidden files, Thumbs.db and __MACOSX are ignored. Files that are not
    images or cannot be read are left out and listed in `notes`.

    Parameters
    ----------
    path : str or path-like
        The folder. The names of its subfolders are the classes.
    size : int or (height, width), optional
        The size in pixels to which all images are scaled, keeping their proportions. By default their own size if all
        have the same, of at most 64 pixels; otherwise 28, or 32 in colour.
    color : bool, optional
        Read three numbers for each pixel instead of one. By default True if any of up to 300 sampled images has
        colours.
    drawing : bool, optional
        Read only the ink, wherever it is and however large: scaled, centred and light on 0. By default True if most
        images are strokes on plain paper, with ink of one colour.
    form : PictureForm, optional
        The form of other images, used instead of `size`, `color` and `drawing`.
    memory : int, default=2**30
        The maximum size of the rows in memory, in bytes. Larger data are mapped from a temporary file, which is deleted
        with the array.

    Returns
    -------
    Pictures
        Unpacks as ``X, y``. `X` has shape (n, height · width · channels) and type uint8, `y` the class names. It also
        has `class_names`, `files`, `form` and `notes`.

    Raises
    ------
    DataError
        There are no subfolders with images, or they are nested; a class has no readable image; or `size` is not a size.
    MissingDependencyError
        Pillow is not installed.

    Examples
    --------
    >>> import layerwise as lw
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, shade in (("night", 20), ("day", 200)):
    ...         pathlib.Path(folder, name).mkdir()
    ...         Image.new("L", (8, 8), shade).save(pathlib.Path(folder, name, "1.png"))
    ...     pictures = lw.datasets.read_folder(folder)
    >>> pictures.X.shape, pictures.class_names, pictures.files
    ((2, 64), ('day', 'night'), ('day/1.png', 'night/1.png'))
    >>> str(pictures.form)
    '8x8, grey'
    """
    folder = Path(path)
    if parts := parts_of(folder):
        names = listed([part.name for part in parts.values()])
        raise DataError(f"{folder} holds {names}: read {parts['train']} by itself, and the others with its form=")
    listing = list_classes(folder)
    if form is None:
        form = choose_form(listing.files, check_size(size), color, drawing)
    elif (size, color, drawing) != (None, None, None):
        raise DataError("form= says size, color and drawing already; leave these out")
    X, kept, problems = read_rows(listing.files, form, check_count("memory", memory, least=0))
    labels = [listing.labels[i] for i in kept]
    check_classes(listing, labels, problems)
    notes = (*listing.notes(), *unread(listing, problems))
    files = tuple(listing.name(listing.files[i]) for i in kept)
    return Pictures(X, np.array(labels), listing.class_names, files, form, notes)


def check_size(size: int | Sequence[int] | None) -> tuple[int, int] | None:
    """Return a size as (height, width).

    Raises
    ------
    DataError
        It is neither one whole number nor two.
    """
    if size is None:
        return None
    sides = tuple(size) if isinstance(size, (Sequence, np.ndarray)) and not isinstance(size, str) else (size, size)
    if len(sides) != 2:
        raise DataError(f"size must be a number of pixels or (height, width), got {size!r}")
    height, width = (check_count("size", side) for side in sides)
    return height, width


def check_classes(listing: Listing, labels: Sequence[str], problems: Problems) -> None:
    """Refuse a class none of whose pictures could be read."""
    if lost := sorted(set(listing.labels) - set(labels)):
        count = Counter(listing.labels)[lost[0]]
        word = "the only picture" if count == 1 else f"none of the {count:,} pictures"
        can = "cannot" if count == 1 else "can"
        why = next(why for file, why in problems if listing.labels[listing.files.index(file)] == lost[0])
        raise DataError(f"{word} of the class {lost[0]!r} {can} be read; {why}")


def unread(listing: Listing, problems: Problems) -> list[str]:
    """Return a sentence on the pictures that could not be read, if there are some."""
    if not problems:
        return []
    names = listed([listing.name(file) for file, _ in problems])
    file, why = problems[0]
    why = why.removeprefix(f"{os.fspath(file)}: ")
    count = len(listing.files)
    return [f"{len(problems):,} of {count:,} files could not be read, and are left out: {names} (the first: {why})"]
