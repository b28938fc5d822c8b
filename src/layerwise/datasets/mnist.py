"""MNIST: 70,000 handwritten digits of 28×28 grey pixels, which come with the package."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from layerwise.datasets.idx import read_idx
from layerwise.datasets.packaged import packaged_files
from layerwise.errors import DataError

Labelled: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]

FILE_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
TRAIN, VALIDATION, TEST = 50_000, 10_000, 10_000
HEIGHT, WIDTH, CLASSES = 28, 28, 10


def load_mnist() -> tuple[Labelled, Labelled, Labelled]:
    """Load MNIST, images of handwritten digits: 50,000 to train, 10,000 to validate and 10,000 to test.

    The published training set of 60,000 images is split after the first 50,000. The test set is the published one.

    Returns
    -------
    (X_train, y_train), (X_validation, y_validation), (X_test, y_test) : tuples of ndarrays
        `X` has shape (n, 784) and type uint8: an image in each row, its 28 rows of 28 pixels one after another, from 0
        (paper) to 255 (ink). `y` has shape (n,) and type int64: the digit, 0 to 9. Training and validation data are
        views of one array. All of MNIST takes 55 MB of memory.

    Raises
    ------
    DataError
        If a data file of the installed package is missing or damaged.

    See Also
    --------
    load_fashion_mnist : Images of clothes in the same form.

    Notes
    -----
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998), 2278–2324. The images are under the licence
    CC BY-SA 3.0, as the file LICENSE-MNIST beside them says.

    Examples
    --------
    >>> import layerwise as lw
    >>> (X_train, y_train), (X_val, y_val), (X_test, y_test) = lw.datasets.load_mnist()
    >>> X_train.shape, X_val.shape, X_test.shape
    ((50000, 784), (10000, 784), (10000, 784))
    >>> y_train[:10]
    array([5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    """
    with packaged_files(*FILE_NAMES) as paths:
        return read_splits(paths)


def read_splits(paths: Sequence[str | os.PathLike[str]]) -> tuple[Labelled, Labelled, Labelled]:
    """Read MNIST, or a data set of the same form, from its four files, in the order of `FILE_NAMES`."""
    train_images, train_labels, test_images, test_labels = paths
    X, y = _read_labelled(train_images, train_labels, TRAIN + VALIDATION)
    return (X[:TRAIN], y[:TRAIN]), (X[TRAIN:], y[TRAIN:]), _read_labelled(test_images, test_labels, TEST)


def _read_labelled(images_path: str | os.PathLike[str], labels_path: str | os.PathLike[str], samples: int) -> Labelled:
    """Read `samples` images, each as a row, and their labels."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    for path, array, shape in (
        (images_path, images, (samples, HEIGHT, WIDTH)),
        (labels_path, labels, (samples,)),
    ):
        if array.shape != shape or array.dtype != np.uint8:
            raise DataError(
                f"{os.fspath(path)} should hold uint8 values of shape {shape}, but holds {array.dtype} "
                f"of shape {array.shape}"
            )
    if labels.max() >= CLASSES:
        raise DataError(f"{os.fspath(labels_path)} should hold labels 0 to 9, but holds {labels.max()}")
    return images.reshape(samples, HEIGHT * WIDTH), labels.astype(np.int64)
