"""Fashion-MNIST: 70,000 pictures of clothes in the form of MNIST, and harder; downloaded on first use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from layerwise.datasets.download import RemoteFile, cache_folder, cached_files
from layerwise.datasets.mnist import Labelled, read_splits

FILES = (  # with the checksums of https://github.com/zalandoresearch/fashion-mnist
    RemoteFile("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    RemoteFile("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
    RemoteFile("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
    RemoteFile("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
)
SOURCES = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
)
CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load_fashion_mnist(
    cache: str | os.PathLike[str] | None = None, source: str | None = None
) -> tuple[Labelled, Labelled, Labelled]:
    """Load Fashion-MNIST, images of clothes: 50,000 to train, 10,000 to validate and 10,000 to test.

    The first call downloads four files, 31 MB together, and keeps them in a cache folder.

    Parameters
    ----------
    cache : str or path-like, optional
        The cache folder; the files are in its subfolder 'fashion-mnist'. By default the environment variable
        LAYERWISE_CACHE, or else 'layerwise' in the platform's folder for caches.
    source : str, optional
        The URL of a folder with the four files, instead of the two of the publisher.

    Returns
    -------
    (X_train, y_train), (X_validation, y_validation), (X_test, y_test) : tuples of ndarrays
        `X` has shape (n, 784) and type uint8: an image in each row, from 0 (background) to 255. `y` has shape (n,) and
        type int64: 0 T-shirt/top, 1 Trouser, 2 Pullover, 3 Dress, 4 Coat, 5 Sandal, 6 Shirt, 7 Sneaker, 8 Bag,
        9 Ankle boot. Training and validation data are views of one array.

    Raises
    ------
    DataError
        If a file is neither in the cache nor can be downloaded, or the cache folder cannot be written.

    Notes
    -----
    H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms" (2017), arXiv:1708.07747. Copyright Zalando SE, MIT licence.

    Examples
    --------
    >>> import layerwise as lw
    >>> (X_train, y_train), (X_val, y_val), (X_test, y_test) = lw.datasets.load_fashion_mnist()  # doctest: +SKIP
    >>> X_train.shape, X_val.shape, X_test.shape  # doctest: +SKIP
    ((50000, 784), (10000, 784), (10000, 784))
    """
    return _load(FILES, cache, SOURCES if source is None else (source,))


def _load(
    files: Sequence[RemoteFile], cache: str | os.PathLike[str] | None, sources: Sequence[str]
) -> tuple[Labelled, Labelled, Labelled]:
    """Load a data set of MNIST's form from its four files, downloaded where they are not in the cache."""
    # MNIST's own files have the same names, hence a folder that no other data set shares.
    folder = (cache_folder() if cache is None else Path(cache)) / "fashion-mnist"
    return read_splits(cached_files(files, folder, sources))
