"""What the door for arrays refuses, and what it says."""

import datetime
import decimal
import fractions
import tracemalloc

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.arrays import read_array

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])


def classes(**options):
    return lw.Network([lw.Dense(2), lw.Softmax()], random_state=0, **options)


def numbers():
    return lw.Network([lw.Dense(2)], random_state=0)


class TestAnArrayThatIsReadAsItIs:
    @pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "?", "i8"])
    def test_is_not_copied(self, dtype):
        given = X.astype(dtype)
        assert read_array(given, "X") is given

    def test_read_only_memory_is_not_copied(self):
        given = np.broadcast_to(X, (1, 6, 2))[0]
        assert not given.flags.writeable
        assert np.shares_memory(read_array(given, "X"), X)

    def test_another_layout_is_copied_once(self):
        given = np.asfortranarray(np.ones((100_000, 10), np.float32))
        tracemalloc.start()
        try:
            read_array(given, "X")
            assert tracemalloc.get_traced_memory()[1] < 1.1 * given.nbytes
        finally:
            tracemalloc.stop()


class TestSparseOfAnotherByteOrder:
    """The places of values in a sparse matrix may be in another byte order than the machine's, or in a named one."""

    sparse = pytest.importorskip("scipy.sparse")

    def given(self, form):
        plain = self.sparse.random(12, 5, 0.4, form, random_state=0)
        other = plain.copy()
        other.indices, other.indptr = (part.astype(">i4") for part in (plain.indices, plain.indptr))
        return plain, other

    @pytest.mark.parametrize("engine", ["numpy", "auto"])
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("form", ["csr", "csc"])
    def test_network(self, form, dtype, engine):
        nets = [classes(dtype=dtype) for _ in range(2)]
        for net, rows in zip(nets, self.given(form), strict=True):
            net.fit(rows, np.tile(Y, 2), epochs=2, engine=engine, verbose=False)
        plain, other = self.given(form)
        np.testing.assert_array_equal(nets[0].outputs(plain), nets[1].outputs(other))
        assert other.indices.dtype == ">i4"  # the user's own is left as it is

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("parts", [("indices", "indptr"), ("indices",), ("indptr",), ("data",)])
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_native_engine_reads_every_named_order(self, dtype, parts, order):
        plain, other = self.given("csr")[0].astype(dtype), self.given("csr")[0].astype(dtype)
        for name in parts:
            part = getattr(plain, name)
            setattr(other, name, part.astype(part.dtype.newbyteorder(order)))
            assert getattr(other, name).dtype.byteorder == order
        nets = [classes(dtype=dtype) for _ in range(2)]
        for net, rows in zip(nets, (plain, other), strict=True):
            net.fit(rows, np.tile(Y, 2), epochs=2, engine="native", verbose=False)
        np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
        np.testing.assert_array_equal(nets[0].outputs(plain), nets[1].outputs(other))
        assert nets[0].evaluate(plain, np.tile(Y, 2)) == nets[1].evaluate(other, np.tile(Y, 2))

    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_estimators(self, solver):
        make = pytest.importorskip("layerwise.estimators").MLPClassifier
        plain, other = self.given("csr")
        one, two = (make(solver=solver, max_iter=3, random_state=0).fit(rows, np.tile(Y, 2)) for rows in (plain, other))
        np.testing.assert_array_equal(one.predict_proba(plain), two.predict_proba(other))

    def test_a_row_is_traced(self):
        plain, other = self.given("csr")
        for y in (1, None):
            dense = str(lw.trace(classes().build(5), plain.toarray()[:1], y))
            assert str(lw.trace(classes().build(5), plain[0], y)) == dense
            assert str(lw.trace(classes().build(5), other, None if y is None else np.tile(Y, 2)))


class TestMaskedInOtherCalls:
    """What a mask hides is not used, in whatever call it comes."""

    @pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_estimators(self, kind):
        estimator = getattr(pytest.importorskip("layerwise.estimators"), kind)(max_iter=2).fit(X, Y)
        hidden = np.ma.masked_array(X, X > 5)
        calls = {
            "y has masked": lambda: estimator.score(X, np.ma.masked_array(Y, Y == 1)),
            "sample_weight has masked": lambda: estimator.score(X, Y, np.ma.masked_array(np.ones(6), Y == 1)),
            "X has masked": lambda: estimator.score(hidden, Y),
            r"X has masked values; fill them in with \.filled\(value\)": lambda: estimator.predict(hidden),
        }
        if kind == "MLPClassifier":
            calls["X has masked.*"] = lambda: estimator.predict_proba(hidden)
        for words, call in calls.items():
            with pytest.raises(lw.DataError, match=words):
                call()
        assert estimator.score(X, np.ma.masked_array(Y, False)) == estimator.score(X, Y)

    def test_parameters(self):
        net = classes().build(2)
        before = net.theta.copy()
        with pytest.raises(lw.DataError, match="set_parameters: array 1 has masked values"):
            net.set_parameters([np.ones((2, 2)), np.ma.masked_array(np.ones(2), [True, False])])
        for name in ("theta", "grad"):
            with pytest.raises(lw.DataError, match=f"{name} has masked values"):
                setattr(net, name, np.ma.masked_array(np.ones(6), np.arange(6) == 1))
        np.testing.assert_array_equal(net.theta, before)

    def test_the_name_is_no_code(self):
        with pytest.raises(lw.DataError, match=r"y of validation_data has masked values; fill them in with \.filled"):
            classes().fit(X, Y, validation_data=(X, np.ma.masked_array(Y, Y == 1)), verbose=False)


def test_whole_numbers_too_large_for_floats():
    net = classes().build(2)
    for sign, shown in ((1, "inf"), (-1, "-inf")):
        with pytest.raises(lw.DataError, match=f"X: row 1, column 0 is {shown}"):
            net.predict([[1, 2], [sign * 10**400, 2]])


def test_weights_of_classes_in_a_list():
    with pytest.raises(lw.DataError, match=r'must be "balanced" or a dict of class: weight; got list \[1, 2\]'):
        classes().fit(X, Y, class_weight=[1, 2], verbose=False)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_sparse_y_of_one_dimension(kind):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match=r"y is sparse, of the shape \(6,\).*toarray"):
        getattr(pytest.importorskip("layerwise.estimators"), kind)().fit(X, sparse.coo_array(Y))


class TestObjects:
    def test_numbers_of_every_kind(self):
        values = np.array([[1, 2.5], [decimal.Decimal("0.5"), fractions.Fraction(1, 4)], [True, np.float32(3)]], object)
        assert read_array(values, "X").tolist() == [[1, 2.5], [0.5, 0.25], [1, 3]]

    def test_whole_numbers_that_no_type_holds(self):
        assert read_array([[2**70, 1]], "X").tolist() == [[2.0**70, 1.0]]

    def test_rows_within_an_array_of_objects(self):
        rows = np.empty(2, object)
        rows[:] = [np.array([1.0, 2]), [3, 4]]
        assert read_array(rows, "X").tolist() == [[1, 2], [3, 4]]

    @pytest.mark.parametrize("gap", [None, pytest.param("NA", id="pandas.NA"), pytest.param("NaT", id="pandas.NaT")])
    def test_a_gap_is_named(self, gap):
        missing = gap and getattr(pytest.importorskip("pandas"), gap)
        with pytest.raises(lw.DataError, match=r"X: row 1, column 0 is .*; remove the row or fill in a number"):
            classes().fit(np.array([[1, 2], [missing, 4]], object), Y[:2], verbose=False)


REFUSED = {
    "a generator": ((x for x in X), "got generator"),
    "a dict": ({"a": X}, "got dict"),
    "a set": ({1.0, 2.0}, "got set"),
    "None": (None, "got NoneType"),
    "complex": (X + 1j, "complex128: give its real and imaginary parts"),
    "dates": (X.astype("datetime64[D]"), "datetime64.*days since a fixed date"),
    "durations": (X.astype("timedelta64[D]"), "timedelta64.*days since"),
    "dates as objects": (np.array([[datetime.date(2020, 1, 1), 1]] * 6, object), "row 0, column 0 is datetime.date"),
    "numbers as text": (X.astype(str), r"if all of them are numbers, give X.astype\(float\)"),
    "numbers as text objects": (X.astype(str).astype(object), r"if all of them are numbers, give X.astype\(float\)"),
    "text among numbers": (np.array([[1, "red"]] * 6, object), "row 0, column 1 is 'red': turn text into numbers"),
    "fields": (np.zeros(6, [("a", float), ("b", float)]), r"structured_to_unstructured\(X\)"),
    "bytes": (np.full((6, 2), b"\xff"), "no text in UTF-8|labels of bytes"),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_as_X(given, words):
    for use in (classes().predict, lambda X: classes().fit(X, Y, verbose=False)):
        with pytest.raises(lw.DataError, match=words):
            use(given)


@pytest.mark.parametrize("name", ["a generator", "a dict", "a set", "None", "complex", "dates", "durations", "bytes"])
def test_refused_as_y_and_as_weights(name):
    given, words = REFUSED[name]
    for options in ({"y": given}, {"y": Y, "sample_weight": given}, {"y": Y, "validation_data": (X, given)}):
        if given is not None or "sample_weight" not in options:
            with pytest.raises(lw.DataError, match=words.replace("X", ".*")):
                classes().fit(X, verbose=False, **options)


@pytest.mark.parametrize("kind", [list, np.array, lambda rows: np.array(rows, object), "pandas", "polars"])
def test_decimal_commas_are_told(kind):
    rows = [["2", "3,14"], ["1", "-,5"]]
    if isinstance(kind, str):
        library = pytest.importorskip(kind)
        X = library.DataFrame({"a": [2.0, 1.0], "b": ["3,14", "-,5"]})
    else:
        X = kind(rows)
    net = lw.Network([lw.Dense(1)])
    with pytest.raises(
        lw.DataError, match=r"X.* must hold numbers;.*: write decimal commas as points, '3,14' as 3\.14$"
    ):
        net.fit(X, [0.0, 1.0])
    y = np.array(["0,5", "1"])
    with pytest.raises(lw.DataError, match=r"y must hold numbers.*: write decimal commas as points, '0,5' as 0\.5$"):
        net.fit([[1.0], [2.0]], y)
    with pytest.raises(ValueError, match=r"y must be numbers, got type <U3; write decimal commas as points"):
        lw.MLPRegressor().fit([[1.0], [2.0]], y)


def test_a_tensor_that_cannot_be_an_array_says_why():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("Use tensor.detach().numpy() instead")

    with pytest.raises(lw.DataError, match=r"X must be a table.*Use tensor.detach\(\).numpy\(\)"):
        classes().predict(Tensor())


MASKED = np.ma.array(X, mask=X == 3)


class TestMasked:
    """NumPy's own functions would drop the mask, and learn from what lies under it."""

    @pytest.mark.parametrize("X", [MASKED, list(MASKED), tuple(MASKED)], ids=["array", "list of rows", "tuple of rows"])
    def test_X(self, X):
        net = classes().build(2)
        for use in (net.predict, net.forward, net.activations, lambda X: net.fit(X, Y, verbose=False),
                    lambda X: net.fit(np.ones((6, 2)), Y, validation_data=(X, Y), verbose=False),
                    lambda X: lw.trace(net, X, Y), lambda X: lw.gradcheck(net, X, Y),
                    lambda X: lw.diagnose(net, X, Y)):  # fmt: skip
            with pytest.raises(lw.DataError, match="masked values; fill them in"):
                use(X)

    def test_one_sample(self):
        with pytest.raises(lw.DataError, match="masked values"):
            classes().build(2).forward(MASKED[1])

    def test_y(self):
        masked = np.ma.array(Y, mask=Y == 1)
        net = classes().build(2)
        for use in (
            lambda y: net.fit(X, y, verbose=False),
            lambda y: net.fit(X, Y, validation_data=(X, y), verbose=False),
            lambda y: net.evaluate(X, y),
            lambda y: lw.trace(net, X, y),
            lambda y: lw.gradcheck(net, X, y),
            lambda y: lw.diagnose(net, X, y),
        ):
            with pytest.raises(lw.DataError, match=r"y.* has masked values; fill them in"):
                use(masked)
        assert net.steps == 0

    def test_weights(self):
        masked = np.ma.array(np.ones(6), mask=Y == 1)
        with pytest.raises(lw.DataError, match="sample_weight has masked values"):
            classes().fit(X, Y, sample_weight=masked, verbose=False)

    @pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
    def test_estimators(self, kind):
        pytest.importorskip("sklearn")
        ones, mask = np.ones(6), Y == 1
        model = getattr(lw, kind)(max_iter=1)
        for arguments, options in (
            ((MASKED, Y), {}),
            ((X, np.ma.array(Y, mask=mask)), {}),
            ((X, Y, np.ma.array(ones, mask=mask)), {}),
            ((X, Y), {"validation_data": (MASKED, Y)}),
            ((X, Y), {"validation_data": (X, np.ma.array(Y, mask=mask))}),
            ((X, Y), {"validation_data": (X, Y, np.ma.array(ones, mask=mask))}),
        ):
            with pytest.raises(lw.DataError, match="has masked values"):
                model.fit(*arguments, **options)

    @pytest.mark.filterwarnings("ignore:adam made")
    def test_prediction_by_an_estimator(self):
        pytest.importorskip("sklearn")
        model = lw.MLPClassifier(max_iter=1).fit(X, Y)
        with pytest.raises(lw.DataError, match="has masked values"):
            model.predict(MASKED)

    def test_gradients_and_given_weights(self):
        net = classes().build(2)
        net.forward(X)
        hidden = np.ma.masked_array(np.ones((6, 2)), X > 5)
        with pytest.raises(lw.DataError, match="dy has masked values"):
            net.backward(hidden)
        for make in (lambda: lw.Dense(2, weights=hidden), lambda: lw.Neuron(hidden[:, 0])):
            with pytest.raises(lw.DataError, match=r"weights.* masked values"):
                make()
        with pytest.raises(lw.DataError, match="x has masked values"):
            lw.Neuron([1.0, 2.0])(hidden)

    @pytest.mark.parametrize("metric", [*lw.metrics.METRICS, lw.metrics.confusion_matrix])
    def test_metrics(self, metric):
        t, hidden = np.array([0, 1, 1]), np.ma.masked_array([0, 1, 0], [False, False, True])
        with pytest.raises(lw.DataError, match="y_pred has masked values"):
            metric(t, hidden)
        with pytest.raises(lw.DataError, match="y_true has masked values"):
            metric(hidden, t)
        if metric is not lw.metrics.confusion_matrix:
            with pytest.raises(lw.DataError, match="sample_weight has masked values"):
                metric(t, t, sample_weight=np.ma.masked_array(np.ones(3), hidden.mask))
        np.testing.assert_array_equal(metric(t, np.ma.masked_array(t, False)), metric(t, t))

    def test_metrics_of_probabilities(self):
        t, p = np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]])
        for metric in (lw.metrics.calibration_bins, lw.metrics.expected_calibration_error, lw.metrics.coverage_curve):
            with pytest.raises(lw.DataError, match="probabilities has masked values"):
                metric(t, np.ma.masked_array(p, p > 0.8))
            with pytest.raises(lw.DataError, match="y_true has masked values"):
                metric(np.ma.masked_array(t, [True, False]), p)

    def test_answers_that_are_not_given_are_no_wrong_ones(self):
        net = classes()
        net.fit(X, Y, epochs=1, verbose=False)
        with pytest.raises(lw.DataError, match="y_pred has masked values"):
            lw.metrics.accuracy(Y, net.predict(X, min_confidence=1.0))

    def test_formulas_and_data_sets(self):
        hidden = np.ma.masked_array(np.ones((6, 2)), X > 5)
        labels = np.ma.masked_array(Y, Y == 1)
        for use in (
            lambda: lw.MeanSquaredError()(hidden, np.ones((6, 2))),
            lambda: lw.MeanSquaredError()(np.ones((6, 2)), hidden),
            lambda: lw.MeanSquaredError()(np.ones((6, 2)), np.ones((6, 2)), sample_weight=labels),
            lambda: lw.ReLU()(hidden),
            lambda: lw.datasets.one_hot(labels),
            lambda: lw.datasets.batches(hidden, Y, 2),
            lambda: lw.datasets.batches(X, labels, 2),
            lambda: lw.datasets.train_validation_split(hidden, Y),
            lambda: lw.Augmentation(shift=1, shape=(1, 2))(hidden),
        ):
            with pytest.raises(lw.DataError, match="masked values"):
                use()


class TestWeights:
    @pytest.mark.parametrize(
        ("row", "value"), [(2, np.nan), (3, np.inf), (4, -1.0), (5, -np.inf)],
    )  # fmt: skip
    def test_the_row_is_named(self, row, value):
        weights = np.ones(6)
        weights[row] = value
        with pytest.raises(lw.DataError, match=f"sample_weight.*finite and at least 0; that of row {row} is"):
            classes().fit(X, Y, sample_weight=weights, verbose=False)

    def test_text_is_no_weight(self):
        with pytest.raises(lw.DataError, match="sample_weight must hold numbers"):
            classes().fit(X, Y, sample_weight=np.ones(6).astype(str), verbose=False)


class TestSparse:
    sparse = pytest.importorskip("scipy.sparse")

    def test_what_is_given_stays_as_it_is(self):
        rows = self.sparse.csr_array((np.ones(4), [1, 0, 0, 0], [0, 2, 4]), shape=(2, 2))
        classes().fit(rows, Y[:2], epochs=1, verbose=False)
        assert rows.indices.tolist() == [1, 0, 0, 0]

    def test_the_place_of_what_is_not_finite(self):
        rows = self.sparse.csr_array(np.array([[0, 1.0], [0, 0], [0, np.nan]]))
        with pytest.raises(lw.DataError, match="X: row 2, column 1 is nan"):
            classes().fit(rows, Y[:3], verbose=False)

    def test_halves_that_add_up_to_infinity(self):
        huge = np.finfo(np.float64).max
        rows = self.sparse.coo_array(([huge, huge], ([0, 0], [0, 0])), shape=(2, 2))
        with pytest.raises(lw.DataError, match="row 0, column 0 is inf"):
            classes(dtype="float64").fit(rows, Y[:2], verbose=False)

    def test_one_dimension(self):
        with pytest.raises(lw.DataError, match="must be a table"):
            classes().fit(self.sparse.coo_array(np.ones(3)), Y[:3], verbose=False)

    @pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_array", "lil_array"])
    def test_targets(self, kind):
        y = np.array([[1, 0], [1, 1], [0, 0], [0, 1], [1, 1], [0, 0]])
        nets = [lw.Network([lw.Dense(2), lw.Sigmoid()], random_state=0) for _ in range(2)]
        for net, given in zip(nets, (y, getattr(self.sparse, kind)(y)), strict=True):
            net.fit(X, given, validation_data=(X, given), epochs=2, verbose=False)
        np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
        assert nets[1].task.kind == "multilabel"
        assert nets[0].evaluate(X, y) == nets[1].evaluate(X, getattr(self.sparse, kind)(y))


@pytest.mark.filterwarnings("ignore:Stochastic|adam made")
class TestSparseTargetsOfEstimators:
    y = np.array([[1, 0], [1, 1], [0, 0], [0, 1], [1, 1], [0, 0]])

    @pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_matrix"])
    def test_sparse_in_sparse_out_as_scikit_learn(self, kind, tmp_path):
        sparse = pytest.importorskip("scipy.sparse")
        peer = pytest.importorskip("sklearn.neural_network").MLPClassifier(max_iter=3, random_state=0)
        given = getattr(sparse, kind)(self.y)
        model = lw.MLPClassifier(max_iter=3, random_state=0).fit(X, given)
        said, expected = model.predict(X), peer.fit(X, given).predict(X)
        assert (type(said), said.dtype) == (type(expected), expected.dtype)
        np.testing.assert_array_equal(said.toarray(), expected.toarray())
        assert model.score(X, given) == peer.score(X, given)
        model.save(tmp_path / "model.safetensors")
        assert type(lw.load(tmp_path / "model.safetensors").predict(X)) is type(expected)
        assert isinstance(model.fit(X, self.y).predict(X), np.ndarray)

    def test_stopping_early_and_partial_fit(self):
        sparse = pytest.importorskip("scipy.sparse")
        X, y = np.tile(TestSparseTargetsOfEstimators.y, (5, 1)), np.tile(self.y, (5, 1))
        for options in ({}, {"scoring": "accuracy"}):
            models = [
                lw.MLPClassifier(max_iter=3, random_state=0, early_stopping=True, **options).fit(X, given)
                for given in (y, sparse.csr_array(y))
            ]
            assert models[0].validation_scores_ == models[1].validation_scores_
        model = lw.MLPClassifier(random_state=0).partial_fit(X, sparse.csr_array(y), classes=[0, 1])
        assert sparse.issparse(model.predict(X))

    def test_numbers(self):
        sparse = pytest.importorskip("scipy.sparse")
        models = [lw.MLPRegressor(max_iter=2, random_state=0).fit(X, y) for y in (self.y, sparse.csr_array(self.y))]
        np.testing.assert_array_equal(models[0].coefs_[0], models[1].coefs_[0])


NULLABLE = ["Int64", "Float64", "boolean", "int64[pyarrow]", "double[pyarrow]", "bool[pyarrow]"]


class TestFrames:
    pandas = pytest.importorskip("pandas")

    @pytest.mark.parametrize(
        "dtype", ["Int64", "Float64", "boolean", "int64[pyarrow]", "double[pyarrow]", "bool[pyarrow]"]
    )
    def test_a_gap_is_named(self, dtype):
        if "pyarrow" in dtype:
            pytest.importorskip("pyarrow")
        frame = self.pandas.DataFrame({"age": [1.0, 0, 1], "size": self.pandas.array([1, None, 0], dtype=dtype)})
        with pytest.raises(lw.DataError, match="X: column 'size', row 1 is missing; remove the row"):
            classes().fit(frame, Y[:3], verbose=False)
        with pytest.raises(lw.DataError, match="y: row 1 is missing"):
            numbers().fit(X[:3], frame["size"], verbose=False)
        with pytest.raises(lw.DataError, match="sample_weight: row 1 is missing"):
            classes().fit(X[:3], Y[:3], sample_weight=frame["size"], verbose=False)

    def test_a_gap_in_polars(self):
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame({"age": [1.0, 0, 1], "size": [1, None, 0]})
        with pytest.raises(lw.DataError, match="X: column 'size', row 1 is missing"):
            classes().fit(frame, Y[:3], verbose=False)
        with pytest.raises(lw.DataError, match="y: row 1 is missing"):
            numbers().fit(X[:3], frame["size"], verbose=False)
        with pytest.raises(lw.DataError, match="LazyFrame, so y must be the name of the column"):
            classes().fit(frame.lazy(), Y[:3], verbose=False)

    def test_text_and_dates(self):
        frame = self.pandas.DataFrame({"age": [1.0, 0, 1], "city": ["Oslo", "Rome", "Rome"]})
        with pytest.raises(lw.DataError, match=r"X: column 'city' must hold numbers.*TableEncoder"):
            classes().fit(frame, Y[:3], verbose=False)
        frame["city"] = self.pandas.Timestamp("2020-01-01")
        with pytest.raises(lw.DataError, match="X: column 'city' holds dates"):
            classes().fit(frame, Y[:3], verbose=False)
        frame["city"] = [decimal.Decimal(1), None, 3]
        with pytest.raises(lw.DataError, match="X: column 'city', row 1 is missing"):
            classes().fit(frame, Y[:3], verbose=False)

    @pytest.mark.parametrize("dtype", ["string", "category", object, "string[pyarrow]"])
    def test_labels_of_text(self, dtype):
        if "pyarrow" in str(dtype):
            pytest.importorskip("pyarrow")
        names = np.array(["no", "yes"])[Y]
        net, plain = classes(), classes()
        net.fit(X, self.pandas.Series(names).astype(dtype), epochs=2, verbose=False)
        plain.fit(X, names, epochs=2, verbose=False)
        np.testing.assert_array_equal(net.theta, plain.theta)
        assert net.predict(X).tolist() == plain.predict(X).tolist()
        gap = self.pandas.Series([*names[:5], None]).astype(dtype)
        with pytest.raises(lw.DataError, match=r"y: row 5 is .*; remove the row or fill in a label"):
            classes().fit(X, gap, verbose=False)


def test_labels_of_numpys_strings():
    names = np.array(["no", "yes"])[Y].astype(np.dtypes.StringDType())
    net = classes()
    net.fit(X, names, epochs=1, verbose=False)
    assert net.task.classes.tolist() == ["no", "yes"]


@pytest.mark.filterwarnings("ignore:adam made")
def test_a_list_of_numbers_and_text_keeps_its_numbers():
    pytest.importorskip("sklearn")
    model = lw.MLPClassifier(preset="tabular", max_iter=1).fit([[20.0, "red"], [30.0, "blue"]] * 10, [0, 1] * 10)
    assert model.encoder_.kinds == ["number", "category"]
