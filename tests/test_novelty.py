"""Principal components of few rows with many inputs, by the smaller of two matrices."""

import numpy as np

from layerwise.data import novelty


class Rows:
    """Rows in two parts, as a network gives them."""

    def __init__(self, x):
        self._x, self.shape = x, x.shape

    def __iter__(self):
        half = len(self._x) // 2
        yield from (self._x[:half], self._x[half:])


def test_few_rows_have_the_components_of_their_covariance():
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(40, 90)) * rng.uniform(0.1, 3, 90)).astype(np.float32)
    found = novelty._directions(Rows(x), x.mean(axis=0))
    vectors = np.linalg.eigh(np.cov(x.T.astype(np.float64), bias=True)).eigenvectors
    assert found.shape == (90, 39)  # the mean takes one of 40
    np.testing.assert_allclose(abs((found * vectors[:, :-40:-1]).sum(axis=0)), 1, atol=1e-5)
    np.testing.assert_allclose(found.T @ found, np.eye(39), atol=1e-5)


def test_few_rows_that_are_all_the_same():
    assert np.isfinite(novelty._directions(Rows(np.ones((4, 9), np.float32)), np.ones(9, np.float32))).all()
