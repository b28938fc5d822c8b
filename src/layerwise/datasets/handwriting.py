"""Digits of other hands than MNIST's, which come with the package: bitmaps and the path of a pen.

MNIST was written in the United States. The writers of these, in Turkey and Italy, give a 1 a flag and a foot, close
the 4, curl the 9 and cross the 7.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from layerwise.datasets.packaged import packaged_files
from layerwise.errors import DataError

Bitmaps: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]
Strokes: TypeAlias = tuple[NDArray[np.float64], NDArray[np.int64]]


def load_optdigits() -> tuple[Bitmaps, Bitmaps]:
    """Load handwritten digits of 30 people in Turkey, as 32×32 bitmaps: 1,934 to train and 946 to test.

    The two sets have the same writers: they are the published training and cross-validation sets.

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarrays
        `X` has shape (n, 1024) and type uint8: a bitmap in each row, its 32 rows of 32 pixels one after another, 0
        (paper) or 255 (ink). `y` has shape (n,) and type int64: the digit, 0 to 9.

    Raises
    ------
    DataError
        If the data file of the installed package is missing or damaged.

    Notes
    -----
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998),
    under the licence CC BY 4.0, as the file LICENSE-HANDS beside the data says.

    Examples
    --------
    >>> import layerwise as lw
    >>> (X_train, y_train), (X_test, y_test) = lw.datasets.load_optdigits()
    >>> X_train.shape, X_test.shape
    ((1934, 1024), (946, 1024))
    >>> y_train[:10]
    array([0, 0, 7, 4, 6, 2, 5, 5, 0, 8])
    """
    train, y_train, test, y_test = _arrays(
        "optdigits_train", "optdigits_train_labels", "optdigits_test", "optdigits_test_labels"
    )
    return (_pixels(train), y_train.astype(np.int64)), (_pixels(test), y_test.astype(np.int64))


def load_semeion() -> Bitmaps:
    """Load 1,593 handwritten digits of about 80 people in Italy, as 16×16 bitmaps.

    Each person wrote every digit twice, once carefully and once quickly. The digits are stretched to the full height
    and width.

    Returns
    -------
    (X, y) : tuple of ndarrays
        `X` has shape (1593, 256) and type uint8: a bitmap in each row, its 16 rows of 16 pixels one after another,
        0 (paper) or 255 (ink). `y` has shape (1593,) and type int64: the digit, 0 to 9.

    Raises
    ------
    DataError
        If the data file of the installed package is missing or damaged.

    Notes
    -----
    Semeion Research Center of Sciences of Communication and Tattile, "Semeion Handwritten Digit", UCI Machine
    Learning Repository (1994), under the licence CC BY 4.0, as the file LICENSE-HANDS beside the data says.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> X, y = lw.datasets.load_semeion()
    >>> X.shape, np.bincount(y).tolist()
    ((1593, 256), [161, 162, 159, 159, 161, 159, 161, 158, 155, 158])
    """
    bitmaps, labels = _arrays("semeion", "semeion_labels")
    return _pixels(bitmaps), labels.astype(np.int64)


def load_pendigits() -> tuple[Strokes, Strokes]:
    """Load digits written with a pen on a tablet, as points: 7,494 of 30 writers to train, 3,498 of 14 others to test.

    Returns
    -------
    (strokes_train, y_train), (strokes_test, y_test) : tuples of ndarrays
        `strokes` has shape (n, 8, 2) and type float64: eight points (x, y) of each digit, at equal distances along the
        path of the pen, whole numbers from 0 to 100, with y upwards. Where the pen was lifted is not recorded. `y` has
        shape (n,) and type int64: the digit, 0 to 9.

    Raises
    ------
    DataError
        If the data file of the installed package is missing or damaged.

    See Also
    --------
    draw_strokes : Draw the digits as images.

    Notes
    -----
    E. Alpaydin and F. Alimoglu, "Pen-Based Recognition of Handwritten Digits", UCI Machine Learning Repository
    (1996), under the licence CC BY 4.0, as the file LICENSE-HANDS beside the data says.

    Examples
    --------
    >>> import layerwise as lw
    >>> (strokes_train, y_train), (strokes_test, y_test) = lw.datasets.load_pendigits()
    >>> strokes_train.shape, strokes_test.shape
    ((7494, 8, 2), (3498, 8, 2))
    >>> int(y_train[1]), strokes_train[1, :4].tolist()
    (2, [[0.0, 89.0], [27.0, 100.0], [42.0, 75.0], [29.0, 45.0]])
    """
    train, y_train, test, y_test = _arrays("pen_train", "pen_train_labels", "pen_test", "pen_test_labels")
    return (
        (train.astype(np.float64), y_train.astype(np.int64)),
        (test.astype(np.float64), y_test.astype(np.int64)),
    )


def _arrays(*names: str) -> list[NDArray[np.uint8]]:
    """Return arrays of the package's file."""
    with packaged_files("hands.npz") as [path]:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return [arrays[name] for name in names]
        except OSError:
            raise
        except Exception as problem:  # a damaged file makes zip, zlib and NumPy raise errors of many kinds
            raise DataError(f"{path} is damaged ({problem})") from problem


def _pixels(bitmaps: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return bitmaps, a bit a pixel, as rows of 0 and 255."""
    return (np.unpackbits(bitmaps, axis=2) * np.uint8(255)).reshape(len(bitmaps), -1)
