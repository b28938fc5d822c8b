import gzip
import hashlib
import shutil
import struct
from importlib.resources import files

import numpy as np
import pytest

from layerwise.datasets import load_mnist, mnist, packaged
from layerwise.errors import DataError

FOLDER = files("layerwise.datasets") / "files"


@pytest.fixture(scope="module")
def splits():
    return load_mnist()


def test_sizes_and_types(splits):
    assert [X.shape for X, _ in splits] == [(50_000, 784), (10_000, 784), (10_000, 784)]
    for X, y in splits:
        assert X.dtype == np.uint8
        assert y.dtype == np.int64
        assert y.shape == (len(X),)
        assert X.flags.c_contiguous
        assert X.flags.writeable
        assert (X.min(), X.max()) == (0, 255)


def test_training_and_validation_rows_share_one_array(splits):
    (X_train, _), (X_validation, _), _ = splits
    assert X_train.base is X_validation.base
    assert X_train.base.nbytes == 60_000 * 784


def test_published_class_counts(splits):
    (_, y_train), (_, y_validation), (_, y_test) = splits
    counts = np.bincount(y_train) + np.bincount(y_validation)
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_published_mean_and_deviation(splits):
    # 0.1307 and 0.3081, the figures by which everyone standardises MNIST, are of the 60,000 scaled to [0, 1].
    pixels = splits[0][0].base
    mean = pixels.sum(dtype=np.int64) / pixels.size / 255
    assert mean == pytest.approx(0.1307, abs=5e-5)
    mean_square = sum(np.square(part, dtype=np.int64).sum() for part in np.split(pixels, 60)) / pixels.size / 255**2
    assert np.sqrt(mean_square - mean**2) == pytest.approx(0.3081, abs=5e-5)


def test_first_labels_and_the_first_image(splits):
    (X_train, y_train), _, (_, y_test) = splits
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    image = X_train[0].reshape(28, 28)
    # Digits were fitted into a box of 20×20 pixels, in a field of 28×28.
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 <= 20


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("train-images-idx3-ubyte.gz", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        ("train-labels-idx1-ubyte.gz", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        ("t10k-images-idx3-ubyte.gz", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        ("t10k-labels-idx1-ubyte.gz", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ],
)
def test_files_unpack_to_what_was_published(name, sha256):
    packed = (FOLDER / name).read_bytes()
    # Flags and time are zero: the container carries neither a name nor a date.
    assert packed[3:8] == bytes(5)
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == sha256


def test_the_licence_comes_with_the_data():
    assert "CC BY-SA 3.0" in (FOLDER / "LICENSE-MNIST").read_text(encoding="utf-8")


@pytest.fixture
def installation(tmp_path, monkeypatch):
    """A copy of the data files, which may be damaged."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in mnist.FILE_NAMES:
        shutil.copy(FOLDER / name, folder)
    monkeypatch.setattr(packaged, "files", lambda package: tmp_path)
    return folder


def test_a_missing_file_says_to_install_anew(installation):
    (installation / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz.*pip install --force-reinstall"):
        load_mnist()


def test_a_damaged_file_says_to_install_anew(installation):
    path = installation / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz.*pip install --force-reinstall"):
        load_mnist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (struct.pack(">BBBBI", 0, 0, 8, 1, 2) + b"\1\2", r"uint8 values of shape \(10000,\).*shape \(2,\)"),
        (struct.pack(">BBBBI", 0, 0, 9, 1, 10_000) + bytes(10_000), "uint8 values.*holds int8"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 10_000) + bytes([10] * 10_000), "labels 0 to 9, but holds 10"),
    ],
)
def test_a_file_of_other_content_is_refused(installation, content, message):
    (installation / "t10k-labels-idx1-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_mnist()
