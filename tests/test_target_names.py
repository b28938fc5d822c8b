"""Columns of a frame of targets are those of training, by name and in order, or are refused; arrays have no names."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

import layerwise as lw
from layerwise.data.tasks import Task
from layerwise.files import read
from model_files import rewrite

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

X = np.random.default_rng(0).normal(size=(12, 3))
NUMBERS = np.random.default_rng(1).normal(size=(12, 2))
ANSWERS = np.array([[i % 2, i % 3 == 0] for i in range(12)], float)
ONE_HOT = np.eye(2)[np.arange(12) % 2]
MAKERS = {
    "pandas": lambda A, names: pandas.DataFrame(A, columns=names),
    "Polars": lambda A, names: polars.DataFrame(A, schema=names),
}
SWAPPED = r"same order as they were in fit: column 0 was 'a', and is 'b' now. Give the columns \['a', 'b'\]"


@pytest.fixture(params=MAKERS)
def frame(request):
    return MAKERS[request.param](NUMBERS, ["a", "b"])


def network(ending=lw.Identity, **arguments):
    return lw.Network([lw.Dense(2), ending()], random_state=0, **arguments)


def trained(y, ending=lw.Identity):
    net = network(ending)
    net.fit(X, y, epochs=1, verbose=False)
    return net


USES = {
    "evaluate": lambda net, y: net.evaluate(X, y),
    "fit": lambda net, y: net.fit(X, y, epochs=1, verbose=False),
    "validation_data": lambda net, y: net.fit(X, NUMBERS, validation_data=(X, y), epochs=1, verbose=False),
    "gradcheck": lambda net, y: lw.gradcheck(net, X, y),
    "diagnose": lambda net, y: lw.diagnose(net, X, y),
}


@pytest.mark.parametrize("use", USES)
class TestNetwork:
    def test_another_order(self, frame, use):
        net = trained(frame)
        before = net.theta.copy()
        with pytest.raises(lw.DataError, match=SWAPPED):
            USES[use](net, frame[["b", "a"]])
        np.testing.assert_array_equal(net.theta, before)

    def test_the_same_order(self, frame, use):
        net = trained(frame)
        USES[use](net, frame)
        USES[use](net, NUMBERS)
        assert net.task.columns == ("a", "b")


def test_other_names(frame):
    net = trained(frame)
    renamed = pandas.DataFrame(NUMBERS, columns=["a", "c"])
    with pytest.raises(lw.DataError, match=r"y: the column names.*unseen at fit time: 'c'.*now missing: 'b'"):
        net.evaluate(X, renamed)


@pytest.mark.parametrize(
    ("y", "ending"), [(ANSWERS, lw.Sigmoid), (ONE_HOT, lw.Softmax), (ONE_HOT * 0.8 + 0.1, lw.Softmax)]
)
def test_of_yes_or_no_and_of_classes(y, ending):
    frame = pandas.DataFrame(y, columns=["a", "b"])
    net = trained(frame, ending)
    net.evaluate(X, frame)
    with pytest.raises(lw.DataError, match=SWAPPED):
        net.evaluate(X, frame[["b", "a"]])


def test_they_are_not_forgotten_by_a_threshold():
    net = trained(pandas.DataFrame(ANSWERS, columns=["a", "b"]), lw.Sigmoid)
    net.threshold = 0.4
    assert net.task.columns == ("a", "b")


def test_validation_data_of_a_first_fit(frame):
    with pytest.raises(lw.DataError, match="y of validation_data: the column names should match"):
        network().fit(X, frame, validation_data=(X, frame[["b", "a"]]), verbose=False)


def test_an_array_has_no_names_to_compare(frame):
    net = trained(NUMBERS)
    net.evaluate(X, frame)
    assert net.task.columns is None
    net.fit(X, frame, epochs=1, verbose=False)  # the first names that there are
    assert net.task.columns == ("a", "b")


def test_one_column_cannot_be_taken_for_another():
    net = lw.Network([lw.Dense(1)], random_state=0)
    net.fit(X, pandas.DataFrame({"price": NUMBERS[:, 0]}), epochs=1, verbose=False)
    assert net.task.columns is None
    net.evaluate(X, pandas.DataFrame({"price in 2024": NUMBERS[:, 0]}))


def test_training_that_fails_leaves_no_names(frame):
    net = network()
    with pytest.raises(lw.ShapeError):
        net.fit(X[:5], frame, verbose=False)
    assert net.task is None


def test_names_are_saved(frame, tmp_path):
    trained(frame).save(tmp_path / "model.safetensors")
    net = lw.load(tmp_path / "model.safetensors")
    assert net.task.columns == ("a", "b")
    with pytest.raises(lw.DataError, match=SWAPPED):
        net.evaluate(X, frame[["b", "a"]])


def test_a_file_has_them_only_where_there_are_any(tmp_path):
    trained(NUMBERS).save(tmp_path / "model.safetensors")
    assert "columns" not in read(tmp_path / "model.safetensors")[0]["task"]
    assert Task.from_dict({"kind": "regression", "classes": None, "flat": False}).columns is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["a", "b", "c"], "task: 3 columns do not belong to 2 outputs"),
        (["a"], r"task.columns must be .*at least 2"),
        (["a", 1], r"task.columns\[1\] must be text"),
        ("ab", "task.columns must be a list"),
    ],
)
def test_names_in_a_file_that_cannot_be(frame, tmp_path, columns, words):
    path = tmp_path / "model.safetensors"
    trained(frame).save(path)
    rewrite(path, lambda description: description["task"].update(columns=columns))
    with pytest.raises(lw.FormatError, match=words):
        lw.load(path)


class Interrupt(lw.Callback):
    only_looks = True

    def on_epoch_end(self, run):
        if run.epoch == 2:
            run.stop()


class TestResuming:
    def fit(self, path, X, y, *, resume=False):
        net = network()
        watchers = [lw.Checkpoint(path), *([] if resume else [Interrupt()])]
        net.fit(X, y, epochs=3, callbacks=watchers, resume=resume, verbose=False)
        return net

    def test_the_same_values_under_other_names(self, frame, tmp_path):
        path, inputs = tmp_path / "run.safetensors", pandas.DataFrame(X, columns=["p", "q", "r"])
        self.fit(path, inputs, frame)
        with pytest.raises(lw.DataError, match="y: the column names should match"):
            self.fit(path, inputs, pandas.DataFrame(NUMBERS, columns=["b", "a"]), resume=True)
        with pytest.raises(lw.DataError, match="X: the column names should match"):
            self.fit(path, pandas.DataFrame(X, columns=["q", "p", "r"]), frame, resume=True)

    def test_names_stay(self, frame, tmp_path):
        path, inputs = tmp_path / "run.safetensors", pandas.DataFrame(X, columns=["p", "q", "r"])
        self.fit(path, inputs, frame)
        net = self.fit(path, X, NUMBERS, resume=True)
        assert (net.task.columns, net.column_names) == (("a", "b"), ["p", "q", "r"])


def test_an_ensemble_has_the_names_of_its_networks(frame, tmp_path):
    ensemble = lw.Ensemble([lw.Dense(2)], size=2, random_state=0)
    ensemble.fit(X, frame, epochs=1, verbose=False)
    ensemble.save(tmp_path / "ensemble.safetensors")
    for model in (ensemble, lw.load(tmp_path / "ensemble.safetensors")):
        model.evaluate(X, frame)
        with pytest.raises(lw.DataError, match=SWAPPED):
            model.evaluate(X, frame[["b", "a"]])


@pytest.mark.parametrize(("kind", "y"), [(lw.MLPRegressor, NUMBERS), (lw.MLPClassifier, ANSWERS.astype(int))])
@pytest.mark.parametrize("arguments", [{}, {"preset": "tabular"}, {"solver": "lbfgs"}])
@pytest.mark.filterwarnings("ignore:adam made|Stochastic|lbfgs")
class TestEstimators:
    """scikit-learn's estimators take a frame of targets by position; here its names are compared."""

    def test_another_order(self, kind, y, arguments, tmp_path):
        frame = pandas.DataFrame(y, columns=["a", "b"])
        one = {"ensemble": 1} if "preset" in arguments else {}  # which alone goes on
        fitted = kind(max_iter=1, random_state=0, **arguments, **one).fit(X, frame)
        fitted.save(tmp_path / "model.safetensors")
        for model in (fitted, lw.load(tmp_path / "model.safetensors")):
            uses = [lambda y: model.score(X, y), lambda y: model.set_params(warm_start=True).fit(X, y)]  # noqa: B023
            uses += [lambda y: model.partial_fit(X, y)] if "solver" not in arguments else []  # noqa: B023
            for use in uses:
                use(frame)
                use(y)
                with pytest.raises(lw.DataError, match=SWAPPED):
                    use(frame[["b", "a"]])

    def test_a_new_fit_forgets_them(self, kind, y, arguments):
        frame = pandas.DataFrame(y, columns=["a", "b"])
        model = kind(max_iter=1, random_state=0, **arguments).fit(X, frame)
        model.fit(X, frame[["b", "a"]])
        assert model.network_.task.columns == ("b", "a")
        assert model.fit(X, y).network_.task.columns is None

    def test_validation_data(self, kind, y, arguments):
        frame = pandas.DataFrame(y, columns=["a", "b"])
        with pytest.raises(lw.DataError, match="y of validation_data: the column names should match"):
            kind(max_iter=1, **arguments).fit(X, frame, validation_data=(X, frame[["b", "a"]]))


# ---------------------------------------------------------------- weights by name


def several(make):
    """Two labels of which one is rare, by a loss whose weights have names."""
    frame = make(ANSWERS, ["a", "b"])
    weights = {"b": 3.0, "a": 0.5}
    kinds = {
        "mapping": weights,
        "Series": pandas.Series(weights),
        "list": [0.5, 3.0],
        "counted": pandas.Series([0.5, 3.0]),
    }
    return frame, {kind: lw.BinaryCrossEntropy(pos_weight=value) for kind, value in kinds.items()}


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_pos_weight_goes_by_the_names_of_y(make, engine):
    frame, losses = several(make)
    thetas = {}
    for kind, loss in losses.items():
        net = network(lw.Sigmoid)
        net.fit(X, frame, loss=loss, epochs=2, engine=engine, verbose=False)
        assert net.loss.pos_weight == (0.5, 3.0)
        assert net.evaluate(X, frame, loss=loss)["loss"] == net.evaluate(X, frame)["loss"]
        net.fit(X, ANSWERS, loss=loss, epochs=1, engine=engine, verbose=False)  # the names are known by now
        thetas[kind] = net.theta
    for kind in ("mapping", "Series", "counted"):
        np.testing.assert_array_equal(thetas[kind], thetas["list"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_pos_weight_of_estimators_goes_by_the_names_of_y(make):
    frame, losses = several(make)
    fits = [lw.MLPClassifier((3,), loss=loss, max_iter=2, random_state=0).fit(X, frame) for loss in losses.values()]
    for clf in fits[1:]:
        np.testing.assert_array_equal(clf.network_.theta, fits[0].network_.theta)


def test_names_of_pos_weight_that_y_has_not_are_refused(tmp_path):
    frame = pandas.DataFrame(ANSWERS, columns=["a", "b"])
    for weights, y, message in (
        ({"a": 1.0, "c": 2.0}, frame, r"has \['c'\] besides and lacks \['b'\]"),
        ({"a": 1.0}, frame, r"lacks \['b'\]"),
        ({"a": 1.0, "b": 2.0}, ANSWERS, r"pos_weight has the names \['a', 'b'\], and y has none"),
    ):
        net = network(lw.Sigmoid)
        with pytest.raises(lw.DataError, match=message):
            net.fit(X, y, loss=lw.BinaryCrossEntropy(pos_weight=weights), epochs=1, verbose=False)
        assert net.history is None
    for index in (["a", "a"], [1, 0], ["a", 1], []):
        with pytest.raises(lw.DataError, match="must have the names of y's columns, each once"):
            lw.BinaryCrossEntropy(pos_weight=pandas.Series([1.0] * len(index), index=index, dtype=float))
    clf = lw.MLPClassifier(loss=lw.BinaryCrossEntropy(pos_weight={"a": 1.0, "c": 2.0}))
    with pytest.raises(lw.DataError, match=r"lacks \['b'\]"):
        clf.fit(X, frame)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pos_weight_by_name_is_kept_in_parameters(tmp_path):
    clf = lw.MLPClassifier((3,), loss=lw.BinaryCrossEntropy(pos_weight={"b": 3.0, "a": 0.5}), max_iter=1, tol=9.0)
    fitted = clone(clf).fit(X, pandas.DataFrame(ANSWERS, columns=["a", "b"]))
    fitted.save(tmp_path / "clf")
    assert lw.load(tmp_path / "clf").loss.pos_weight == {"b": 3.0, "a": 0.5}
    assert lw.load(tmp_path / "clf").network_.loss.pos_weight == (0.5, 3.0)


# ---------------------------------------------------------------- names that are no text


@pytest.mark.parametrize("names", [[5, 7], [("a", 1), ("a", 2)], [1.5, 2.5]])
def test_names_that_are_no_text_are_none(names):
    """As in scikit-learn: such columns are taken as they are."""
    frame, other = pandas.DataFrame(NUMBERS, columns=names), pandas.DataFrame(NUMBERS, columns=names[::-1])
    net = trained(frame)
    assert net.task.columns is None
    net.fit(X, other, epochs=1, verbose=False)
    net = network()
    net.fit(frame, NUMBERS, epochs=1, verbose=False)
    assert net.column_names is None
    np.testing.assert_array_equal(net.predict(other), net.predict(NUMBERS))


def test_names_of_which_some_are_text_are_refused():
    """As in scikit-learn, which raises a TypeError."""
    frame = pandas.DataFrame(NUMBERS, columns=["a", 1])
    with pytest.raises(TypeError, match="string names"):
        LinearRegression().fit(frame, NUMBERS)
    for call in (
        lambda: network().fit(frame, NUMBERS, epochs=1, verbose=False),
        lambda: network().fit(X, frame, epochs=1, verbose=False),
        lambda: trained(NUMBERS).evaluate(X, frame),
    ):
        with pytest.raises(lw.DataError, match=r"must all be text, or none of them; got names of the types int, str"):
            call()
    with pytest.raises(TypeError, match="string names"):
        lw.MLPRegressor(max_iter=1).fit(frame, NUMBERS)
