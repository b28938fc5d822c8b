from importlib.resources import files

import numpy as np
import pytest

from layerwise.datasets import load_optdigits, load_pendigits, load_semeion, packaged
from layerwise.errors import DataError


def parts():
    yield from ((X, y, 1024) for X, y in load_optdigits())
    yield *load_semeion(), 256


def test_bitmaps_are_rows_of_paper_and_ink():
    for X, y, pixels in parts():
        assert X.shape == (len(y), pixels)
        assert (X.dtype, y.dtype) == (np.uint8, np.int64)
        assert np.unique(X).tolist() == [0, 255]
        assert np.unique(y).tolist() == list(range(10))
        assert X.any(axis=1).all()
        assert X.flags.writeable


def test_published_counts_of_classes():
    train, test = load_optdigits()
    # The counts that optdigits-orig.names gives for its training and cross-validation parts.
    assert np.bincount(train[1]).tolist() == [189, 198, 195, 199, 186, 187, 195, 201, 180, 204]
    assert np.bincount(test[1]).tolist() == [87, 97, 92, 85, 114, 108, 87, 96, 91, 89]
    train, test = load_pendigits()
    assert np.bincount(train[1]).tolist() == [780, 779, 780, 719, 780, 720, 720, 778, 719, 719]  # pendigits.names
    assert np.bincount(test[1]).tolist() == [363, 364, 364, 336, 364, 335, 336, 364, 336, 336]


def test_a_zero_is_a_ring():
    (X, y), _ = load_optdigits()
    for digits in (X[y == 0].reshape(-1, 32, 32), load_semeion()[0][load_semeion()[1] == 0].reshape(-1, 16, 16)):
        mean, middle = digits.mean(axis=0), digits.shape[1] // 2
        assert mean[middle, middle] < 0.2 * mean.max()  # paper within
        assert mean[middle].max() > 2 * mean[middle, middle]  # ink to the sides


def test_optdigits_are_the_bitmaps_whose_blocks_scikit_learn_counts():
    """scikit-learn's digits count the ink in blocks of 4x4 of other bitmaps of the same form."""
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    (X, y), _ = load_optdigits()
    counts = (X > 0).reshape(-1, 8, 4, 8, 4).sum(axis=(2, 4)).reshape(len(X), 64)
    theirs = np.array([digits.data[digits.target == k].mean(axis=0) for k in range(10)])
    nearest = ((counts[:, None] - theirs) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == y).mean() > 0.85


def test_pendigits_are_points_of_a_tablet():
    for strokes, y in load_pendigits():
        assert strokes.shape == (len(y), 8, 2)
        assert (strokes.dtype, y.dtype) == (np.float64, np.int64)
        assert (strokes.min(), strokes.max()) == (0, 100)
        assert (np.ptp(strokes, axis=1).max(axis=1) >= 99).all()  # scaled until one side was 0 to 100


def test_damaged_file_says_how_to_restore_it(tmp_path, monkeypatch):
    (tmp_path / "files").mkdir()
    whole = (files("layerwise.datasets") / "files" / "hands.npz").read_bytes()
    monkeypatch.setattr(packaged, "files", lambda _: tmp_path)
    for content in (whole[:5000], b"", whole[:30000] + bytes(100) + whole[30100:]):
        (tmp_path / "files" / "hands.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"hands\.npz.*pip install --force-reinstall"):
            load_optdigits()
    (tmp_path / "files" / "hands.npz").unlink()
    with pytest.raises(DataError, match=r"hands\.npz.*pip install --force-reinstall"):
        load_semeion()
