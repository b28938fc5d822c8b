import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from layerwise.datasets import load_iris, packaged
from layerwise.errors import DataError


def test_equals_scikit_learns_copy():
    published = sklearn_datasets.load_iris()
    X, y = load_iris()
    np.testing.assert_array_equal(X, published.data)
    np.testing.assert_array_equal(y, published.target)
    assert X.dtype == np.float64
    assert y.dtype == np.int64


def test_names():
    table = load_iris()
    published = sklearn_datasets.load_iris()
    assert list(table.feature_names) == published.feature_names
    assert list(table.class_names) == published.target_names.tolist()
    assert table.target_name == "species"


def test_flowers_35_and_38_are_as_fisher_printed_them():
    X, _ = load_iris()
    assert X[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert X[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_each_call_gives_arrays_of_its_own():
    first, second = load_iris().X, load_iris().X
    first[:] = 0
    assert second.min() > 0


def test_a_missing_file_says_to_install_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(packaged, "files", lambda package: tmp_path)
    with pytest.raises(DataError, match=r"iris\.csv.*pip install --force-reinstall"):
        load_iris()
