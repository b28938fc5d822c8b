"""The order of an epoch that a function gives."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine import native_engine

ENGINES = ["numpy", pytest.param("native", marks=pytest.mark.skipif(native_engine._native is None, reason="not there"))]
X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 2


def fitted(shuffle, engine, **options):
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, Y, epochs=2, batch_size=5, verbose=False, shuffle=shuffle, engine=engine, **options)
    return net


@pytest.mark.parametrize("engine", ENGINES)
class TestOrder:
    @pytest.mark.parametrize(
        ("order", "words"),
        [
            (lambda n: np.ones(n, bool), "integer type; its type is bool"),
            (lambda n: np.arange(n) + 0.5, "integer type; its type is float64"),
            (lambda n: np.arange(n, dtype=float), "integer type; its type is float64"),
            (lambda n: np.arange(n) - 1, "rows 0 to 11; entry 0 is -1"),
            (lambda n: np.arange(n) + 1, "rows 0 to 11; entry 11 is 12"),
            (lambda n: np.full(n, 2**64 - 1, np.uint64), "rows 0 to 11; entry 0 is 18446744073709551615"),
            (lambda n: np.arange(n - 1), r"an index a row; its shape is \(11,\)"),
            (lambda n: np.arange(n)[:, None], r"its shape is \(12, 1\)"),
            (lambda n: None, "got NoneType"),
            (lambda n: np.ma.masked_equal(np.arange(n), 3), "masked values"),
        ],
    )
    def test_refused(self, engine, order, words):
        with pytest.raises(lw.DataError if "shape" not in words else lw.ShapeError, match=f"shuffle.*{words}"):
            fitted(order, engine)

    @pytest.mark.parametrize("kind", [list, np.uint8, ">i4", np.uint64])
    def test_integers_of_every_type(self, engine, kind):
        order = np.random.default_rng(1).permutation(12)
        given = order.tolist() if kind is list else order.astype(kind)
        np.testing.assert_array_equal(fitted(lambda n: given, engine).theta, fitted(lambda n: order, engine).theta)

    def test_a_row_may_come_twice(self, engine):
        """Rows drawn with replacement are as much as their copies in order."""
        order = np.random.default_rng(1).integers(0, 12, 12)
        net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
        net.fit(X[order], Y[order], epochs=2, batch_size=5, verbose=False, shuffle=False, engine=engine)
        np.testing.assert_allclose(fitted(lambda n: order, engine).theta, net.theta, rtol=1e-6)


@pytest.mark.parametrize("shuffle", ["no", 1, 0, None, "True"])
def test_neither_bool_nor_function(shuffle):
    with pytest.raises(TypeError, match="shuffle must be True, False or a function"):
        fitted(shuffle, "auto")


def test_bool_of_numpy():
    np.testing.assert_array_equal(fitted(np.True_, "auto").theta, fitted(True, "auto").theta)
