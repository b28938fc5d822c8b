"""What X may be, and what it may not."""

import tracemalloc

import numpy as np
import pytest

import layerwise as lw

Y = np.array([0, 1, 0, 1])


def network(**options):
    return lw.Network([lw.Dense(3), lw.Tanh(), lw.Dense(2), lw.Softmax()], random_state=0, **options)


class Table:
    """Like a data frame: an array with named columns."""

    def __init__(self, values, columns):
        self.values, self.columns = np.asarray(values), columns

    def __array__(self, dtype=None, copy=None):
        return self.values if dtype is None else self.values.astype(dtype)


class TestForms:
    @pytest.mark.parametrize(
        "form",
        [
            np.asfortranarray,
            lambda X: X.astype(">f8"),
            lambda X: np.repeat(X, 2, axis=0)[::2],
            lambda X: np.ascontiguousarray(X[:, ::-1])[:, ::-1],
            lambda X: X.astype(np.float64).tolist(),
            lambda X: X.astype(np.longdouble),
            lambda X: Table(X, ["a", "b", "c"]),
            lambda X: np.ma.array(X),
            np.matrix,
        ],
        ids=["fortran", "big-endian", "strided", "reversed", "lists", "longdouble", "table", "masked", "matrix"],
    )
    @pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
    def test_the_same_numbers_train_the_same_network(self, form):
        X = np.random.default_rng(0).normal(size=(4, 3))
        nets = [network(), network()]
        for net, data in zip(nets, (X, form(X)), strict=True):
            net.fit(data, Y, epochs=3, batch_size=2, verbose=False)
        np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
        np.testing.assert_array_equal(nets[0].predict_proba(form(X)), nets[0].predict_proba(X))
        assert type(nets[0].predict_proba(form(X))) is np.ndarray

    @pytest.mark.parametrize("dtype", [bool, np.int8, np.int32, np.uint16, np.int64, ">i4", np.float16, np.float32])
    def test_any_real_type(self, dtype):
        X = np.random.default_rng(0).integers(0, 2, size=(4, 3))
        nets = [network(), network()]
        for net, data in zip(nets, (X.astype(np.float64), X.astype(dtype)), strict=True):
            net.fit(data, Y, epochs=3, batch_size=2, verbose=False)
        np.testing.assert_array_equal(nets[0].theta, nets[1].theta)

    def test_read_only_data(self):
        X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
        X.flags.writeable = False
        net = network()
        net.fit(X, Y, shuffle=False, epochs=1, verbose=False)
        net.predict(X)
        net.forward(X)

    def test_data_are_never_written_to(self):
        X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
        before, y = X.copy(), Y.copy()
        net = lw.Network([lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0, scaling="standard")
        net.fit(X, y, loss=lw.CategoricalCrossEntropy(label_smoothing=0.1), validation_data=(X, y), verbose=False)
        for use in (net.predict, net.forward, net.activations, net.outputs):
            use(X)
        net.evaluate(X, y)
        np.testing.assert_array_equal(X, before)
        np.testing.assert_array_equal(y, Y)

    def test_what_comes_back_is_the_users_own(self):
        X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
        net = lw.Network([lw.Identity(), lw.Dense(2)], random_state=0)
        first = [net.forward(X), *net.activations(X), net.outputs(X), net.predict(X), *net.get_parameters()]
        kept = [array.copy() for array in first]
        for array in first:
            array += 1
        again = [net.forward(X), *net.activations(X), net.outputs(X), net.predict(X), *net.get_parameters()]
        for array, expected in zip(again, kept, strict=True):
            np.testing.assert_array_equal(array, expected)


class TestMemory:
    def test_uint8_is_used_without_a_copy(self):
        X = np.random.default_rng(0).integers(0, 256, size=(20_000, 200)).astype(np.uint8)  # 4 MB; 16 as float32
        y = np.arange(20_000) % 10
        net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
        tracemalloc.start()
        try:
            net.fit(X, y, epochs=1, batch_size=100, validation_data=(X[:5000], y[:5000]), verbose=False)
            net.evaluate(X, y)
            net.predict(X)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 3_500_000  # batches, labels and 1,024 rows in float32 at a time

    def test_float32_is_used_without_a_copy(self):
        X = np.random.default_rng(0).random((60_000, 200), np.float32)  # 48 MB
        net = lw.Network([lw.Dense(1)], random_state=0, scaling="standard")
        tracemalloc.start()
        try:
            net.fit(X, X[:, 0], epochs=1, batch_size=100, verbose=False)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 16_000_000  # 4,096 rows in float64, twice, while the scaler is fitted


MALFORMED = {
    "NaN": ([[0.0, 1.0], [1.0, np.nan], [0, 0], [0, 0]], ["X: row 1, column 1 is nan", "remove the row or fill in"]),
    "infinity": ([[0.0, 1.0], [1.0, 0.0], [-np.inf, 0], [0, 0]], ["X: row 2, column 0 is -inf"]),
    "NaN in a named column": (
        Table([[0, 1], [1, 2], [0, 3], [0, np.nan]], ["age", "income"]), [r"row 3, column 1 \(income\) is nan"]),
    "too large for float32": (np.full((4, 2), 1e39), ["row 0, column 0 is 1e\\+39, too large for float32"]),
    "no rows": (np.empty((0, 2)), ["X is empty", r"\(0, 2\)", "at least one row"]),
    "no columns": (np.empty((4, 0)), ["X is empty", r"\(4, 0\)", "one column"]),
    "one dimension": (np.ones(4), ["two-dimensional", r"\(4,\)", r"np.reshape\(X, \(1, -1\)\)", r"\(-1, 1\)"]),
    "three dimensions": (np.ones((4, 2, 2)), [r"\(4, 2, 2\)", r"X.reshape\(len\(X\), -1\)"]),
    "a number": (3.0, ["two-dimensional", r"shape is \(\)"]),
    "text": ([["red", "1"]] * 4, ["X must hold numbers", "<U3", "turn text into numbers"]),
    "objects": (np.array([["red", 1]] * 4, object), ["X must hold numbers", "object", "one-hot"]),
    "complex numbers": (np.ones((4, 2)) * 1j, ["X must hold numbers", "complex128"]),
    "dates": (np.zeros((4, 2), "datetime64[D]"), ["X must hold numbers", "datetime64"]),
    "rows of several lengths": ([[1, 2], [3], [4, 5], [6, 7]], ["X must be a table of numbers", "one length"]),
}  # fmt: skip


@pytest.mark.parametrize(("X", "words"), MALFORMED.values(), ids=MALFORMED)
def test_malformed(X, words):
    net = network()
    with pytest.raises((lw.DataError, lw.ShapeError)) as error:
        net.fit(X, Y, verbose=False)
    for word in words:
        assert error.match(word)
    with pytest.raises(lw.NotBuiltError):  # nothing has been changed
        net.get_parameters()


@pytest.mark.parametrize(("X", "words"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_in_prediction_and_validation(X, words):
    net = network().build(2)
    before = net.theta.copy()
    good = np.ones((4, 2))
    for use in (
        lambda: net.predict(X),
        lambda: net.evaluate(X, Y),
        lambda: net.activations(X),
        lambda: net.fit(good, Y, validation_data=(X, Y), verbose=False),
    ):
        with pytest.raises((lw.DataError, lw.ShapeError)):
            use()
    np.testing.assert_array_equal(net.theta, before)
    assert net.steps == 0


def test_the_row_is_found_far_down():
    X = np.zeros((10_000, 3), np.float32)
    X[9_876, 2] = np.nan
    with pytest.raises(lw.DataError, match="row 9876, column 2 is nan"):
        network().fit(X, np.arange(10_000) % 2, verbose=False)


def test_what_float64_can_hold_is_no_fault_there():
    assert np.isfinite(lw.Network([lw.Identity()], dtype="float64").forward([[1e300]])).all()


class TestSizes:
    def test_another_number_of_columns(self):
        net = network()
        net.fit(np.eye(4), Y, epochs=1, verbose=False)
        for use in (net.predict, net.forward, net.activations, lambda X: net.evaluate(X, Y)):
            with pytest.raises(lw.ShapeError, match="X has 3 columns; the network takes 4 inputs"):
                use(np.ones((4, 3)))

    def test_validation_data_of_another_width_are_found_before_training(self):
        net = network()
        with pytest.raises(lw.ShapeError, match="X of validation_data has 3 columns; the network takes 4 inputs"):
            net.fit(np.eye(4), Y, validation_data=(np.ones((4, 3)), Y), verbose=False)
        assert net.steps == 0

    def test_validation_data_must_be_a_pair(self):
        with pytest.raises(lw.ShapeError, match=r"validation_data must be \(X, y\) or"):
            network().fit(np.eye(4), Y, validation_data=np.eye(4), verbose=False)

    def test_the_gradient_handed_to_backward(self):
        net = network()
        with pytest.raises(lw.NotBuiltError, match=r"call forward\(X\) first"):
            net.backward(np.ones((4, 2)))
        net.forward(np.eye(4))
        with pytest.raises(lw.ShapeError, match=r"dy must have the outputs' shape \(4, 2\); got \(4, 3\)"):
            net.backward(np.ones((4, 3)))
