"""What a network is to answer, said in `fit`: the same whatever the targets happen to look like."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.targets import Task
from layerwise.engine import native_engine
from layerwise.exchange.export.script.beginning import targets_text

ENGINES = ["numpy", pytest.param("native", marks=pytest.mark.skipif(native_engine._native is None, reason="not there"))]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
LABELS = np.arange(30) % 3
ONE_HOT = np.eye(3)[LABELS]
NAMES = np.array(["cat", "ant", "bee"])


def fitted(y, outputs=3, last=None, X=X, **options):
    net = lw.Network([lw.Dense(outputs), *([last] if last else [])], random_state=0)
    net.fit(X, y, epochs=2, verbose=False, **options)
    return net


class TestOneOutputThatIsNoSigmoid:
    """Whole numbers are labels, of whatever type they are; the answers are labels that occurred."""

    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("last", [None, lw.Tanh(), lw.Sigmoid(), lw.ReLU()])
    @pytest.mark.parametrize(
        ("values", "cure"), [((-1, 1), "classes="), ((0, 1, 2), "Dense.3.*Softmax"), ((10, 20), "")]
    )
    def test_floats_are_refused_as_integers(self, engine, last, values, cure):
        said = []
        for kind in (float, np.float32, int):
            with pytest.raises(lw.DataError, match=f"stands for 0 to 1: .*{cure}") as caught:
                fitted(np.resize(values, 30).astype(kind), 1, last, task="classification", engine=engine)
            said.append(str(caught.value).replace(".0", ""))
        assert len(set(said)) == 1

    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("last", [None, lw.Tanh(), lw.Sigmoid()])
    @pytest.mark.parametrize("classes", [[-1, 1], [10, 20]])
    def test_classes_say_what_they_are(self, engine, last, classes):
        y = np.where(X[:, 0] > 0, *classes[::-1])
        nets = [fitted(y.astype(kind), 1, last, classes=classes, engine=engine) for kind in (int, float)]
        np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
        assert set(nets[1].predict(X).tolist()) <= set(classes)
        assert nets[1].evaluate(X, y.astype(float))["accuracy"] == np.mean(nets[1].predict(X) == y)

    def test_numbers_outside_0_to_1_are_no_shares(self):
        with pytest.raises(lw.DataError, match=r"row 0 has the label 0\.3"):
            fitted(np.resize([0.3, 5.7], 30), 1, classes=[0, 1])

    def test_one_class_is_not_learned(self):
        with pytest.raises(lw.DataError, match="one class alone cannot be learned"):
            fitted(np.zeros(30), 1, lw.Sigmoid(), classes=[0])


class TestRowsThatSayNoClass:
    """Several ones or none are refused whatever the last layer is, in a first fit and afterwards."""

    @pytest.mark.parametrize("last", [None, lw.Sigmoid(), lw.Softmax()])
    @pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 0], [-1, 1, -1], [2, 0, -1]])
    @pytest.mark.parametrize("kind", [int, float, np.int8])
    def test_refused(self, last, row, kind):
        y = np.vstack([ONE_HOT[:-1], row]).astype(kind)
        with pytest.raises(lw.DataError, match=r"one label a sample.*row 29 is \["):
            fitted(y, last=last, task="classification")
        net = fitted(ONE_HOT, last=last, task="classification")
        with pytest.raises(lw.DataError, match=r"one label a sample.*row 29 is \["):
            net.evaluate(X, y)

    def test_shares_are_taken(self):
        y = np.full((30, 3), 1 / 3)
        assert fitted(y, last=lw.Sigmoid(), task="classification").task.kind == "classification"


class TestSeveralLabels:
    """Rows that all hold one 1 by chance are one-hot only where nothing is said."""

    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("loss", ["binary_cross_entropy", "quadratic_cost"])
    def test_each_row_has_one(self, engine, loss):
        net = fitted(ONE_HOT, last=lw.Sigmoid(), task="multilabel", loss=loss, engine=engine)
        assert net.task.kind == "multilabel"
        said = net.predict(X)
        np.testing.assert_array_equal(said, net.outputs(X) > 0.5)
        assert net.evaluate(X, ONE_HOT)["accuracy"] == pytest.approx(np.mean(said == ONE_HOT))
        assert fitted(ONE_HOT, last=lw.Sigmoid(), loss=loss).task.kind == "classification"

    def test_training_is_that_of_other_rows(self):
        """The same step from the same rows, be there a row with two labels among those held out or not."""
        y = ONE_HOT.copy()
        net = fitted(y, last=lw.Sigmoid(), task="multilabel", validation_data=(X[:2], [[1, 1, 0], [0, 0, 0]]))
        np.testing.assert_array_equal(net.theta, fitted(y, last=lw.Sigmoid(), task="multilabel").theta)

    def test_one_output(self):
        net = fitted(LABELS > 0, 1, lw.Sigmoid(), task="multilabel")
        assert net.predict(X).shape == (30, 1)

    @pytest.mark.parametrize(
        ("y", "last", "words"),
        [
            (LABELS, lw.Sigmoid(), r"takes a column for each of the 3 outputs; the shape is \(30,\).*labels"),
            (2 * ONE_HOT, lw.Sigmoid(), "takes yes/no answers, 0 to 1; row 0 is"),
            (ONE_HOT, lw.Softmax(), "CategoricalCrossEntropy sum to 1: end with Sigmoid"),
            (NAMES[LABELS], lw.Sigmoid(), "takes a column for each"),
        ],
    )
    def test_contradictions(self, y, last, words):
        with pytest.raises(ValueError, match=f"task='multilabel'.*{words}"):
            fitted(y, last=last, task="multilabel")


class TestNumbers:
    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("y", [RNG.random(30), LABELS > 0, (LABELS > 0).astype(int), (LABELS > 0).astype(float)])
    def test_from_0_to_1_by_a_sigmoid(self, engine, y):
        net = fitted(y, 1, lw.Sigmoid(), task="regression", engine=engine)
        assert isinstance(net.loss, lw.MeanSquaredError)
        assert net.predict(X).shape == (30,)
        assert set(net.evaluate(X, y)) == {"loss", "penalty"}
        np.testing.assert_array_equal(net.predict(X), net.outputs(X)[:, 0])

    def test_the_loss_is_by_hand(self):
        """One sigmoid, one step of SGD by hand: w - η · 2 (s - t) s (1 - s) x."""
        net = lw.Network([lw.Dense(1, weights=[[0.5]], biases=[0.0]), lw.Sigmoid()], dtype="float64")
        net.fit([[2.0]], [1.0], task="regression", optimizer=lw.SGD(0.1), epochs=1, verbose=False)
        s = 1 / (1 + np.exp(-1.0))
        assert net.theta[0] == pytest.approx(0.5 - 0.1 * 2 * (s - 1) * s * (1 - s) * 2)

    def test_binary_cross_entropy_of_numbers(self):
        y = np.where(LABELS > 0, 1.0, 0.0)  # happen to be 0 and 1
        net = fitted(y, 1, lw.Sigmoid(), task="regression", loss="binary_cross_entropy")
        assert net.predict(X).dtype.kind == "f"

    def test_rows_with_one_1(self):
        net = fitted(ONE_HOT, task="regression")
        assert net.predict(X).shape == (30, 3)
        assert fitted(ONE_HOT).task.kind == "classification"

    def test_text_and_labels(self):
        with pytest.raises(lw.ShapeError, match=r"task='regression' takes a column for each of the 3 outputs"):
            fitted(LABELS, task="regression")
        with pytest.raises(lw.DataError, match="must hold numbers"):
            fitted(NAMES[LABELS], 1, task="regression")

    def test_a_later_call_keeps_to_it(self):
        """Whole numbers, one a sample, are no labels for a network of numbers."""
        net = fitted(RNG.random((30, 3)), task="regression")
        for use in (lambda y: net.evaluate(X, y), lambda y: net.fit(X, y, verbose=False)):
            with pytest.raises(lw.ShapeError):
                use(LABELS)
        assert "accuracy" not in net.evaluate(X, ONE_HOT)
        net.fit(X, ONE_HOT, epochs=1, verbose=False)
        assert net.task.kind == "regression"


class TestClasses:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_a_stream_whose_first_chunk_lacks_some(self, engine):
        names = NAMES[LABELS]
        net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
        for part in (slice(0, None, 3), slice(1, None, 3), slice(2, None, 3)):  # each of one label
            options = {} if net.task else {"classes": ["ant", "bee", "cat"]}
            net.fit(X[part], names[part], epochs=20, optimizer=lw.SGD(0.5), verbose=False, engine=engine, **options)
        assert net.task.classes.tolist() == ["ant", "bee", "cat"]
        assert set(net.predict(X)) <= {"ant", "bee", "cat"}

    @pytest.mark.parametrize(
        "classes", [["ant", "bee", "cat"], ("cat", "ant", "bee"), np.array(["bee", "cat", "ant"], object)],
    )  # fmt: skip
    def test_the_outputs_stand_in_their_order(self, classes):
        net = fitted(NAMES[LABELS], last=lw.Softmax(), classes=classes)
        assert net.task.classes.tolist() == list(classes)
        places = [list(classes).index(name) for name in NAMES[LABELS]]
        np.testing.assert_array_equal(net.theta, fitted(np.array(places), last=lw.Softmax()).theta)
        np.testing.assert_array_equal(net.predict(X), np.array(classes)[net.outputs(X).argmax(1)])

    def test_names_of_one_hot_columns(self):
        net = fitted(ONE_HOT, last=lw.Softmax(), classes=NAMES)
        assert set(net.predict(X)) <= set(NAMES)
        assert net.evaluate(X, NAMES[LABELS]) == net.evaluate(X, ONE_HOT)
        np.testing.assert_array_equal(net.theta, fitted(LABELS, last=lw.Softmax()).theta)

    @pytest.mark.parametrize(
        ("classes", "y"),
        [
            ([-1, 1], np.where(LABELS > 0, 1, -1)),
            ([-1, 1], np.where(LABELS > 0, 1.0, -1.0)),
            ([1, 2], np.where(LABELS > 0, 2.0, 1.0)),
            ([1.0, 2.0], np.where(LABELS > 0, 2, 1)),
            ([0.5, 1.5], np.where(LABELS > 0, 1.5, 0.5)),
            ([False, True], LABELS > 0),
            ([False, True], (LABELS > 0).astype(float)),
            (["1", "2"], np.where(LABELS > 0, "2", "1")),
            (["no", "yes"], np.where(LABELS > 0, "yes", "no").astype(object)),
        ],
    )
    @pytest.mark.parametrize("loss", ["binary_cross_entropy", "quadratic_cost"])
    def test_two_by_one_output(self, classes, y, loss, tmp_path):
        net = fitted(y, 1, lw.Sigmoid(), classes=classes, loss=loss)
        plain = fitted(LABELS > 0, 1, lw.Sigmoid(), task="classification", loss=loss)
        np.testing.assert_array_equal(net.theta, plain.theta)
        net.save(tmp_path / "model.safetensors")
        for model in (net, lw.load(tmp_path / "model.safetensors")):
            said = model.predict(X)
            np.testing.assert_array_equal(said, np.where(plain.predict(X), classes[1], classes[0]))
            assert model.evaluate(X, y)["accuracy"] == np.mean(said == y)
            one = y == y[0]
            assert model.evaluate(X[one], y[one])["accuracy"] == np.mean(said[one] == y[one])

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"classes": [0, 1]}, r"2 classes, and the network has 3 outputs: end with Dense\(1\) or Dense\(2\)"),
            ({"classes": [0, 1, 1]}, "labels that differ"),
            ({"classes": [0, 1, np.nan]}, "labels that differ"),
            ({"classes": [[0, 1, 2]]}, "labels that differ"),
            ({"classes": {"a", "b", "c"}}, "must be a list of labels, in the order of the outputs"),
            ({"classes": "abc"}, "must be a list of labels"),
            ({"classes": [1, 2, 3]}, "y: row 0 has the label 0; the network's 3 outputs stand for 1, 2, 3"),
            ({"classes": NAMES}, "row 0 has the label 0; the network's 3 outputs stand for cat, ant, bee"),
            ({"classes": [0, 1, 2], "task": "regression"}, 'classes are for task="classification"'),
            ({"classes": [0, 1, 2], "task": "multilabel"}, 'classes are for task="classification"'),
            ({"task": "clasification"}, "did you mean 'classification'"),
        ],
    )
    def test_refused(self, options, words):
        with pytest.raises(ValueError, match=words):
            fitted(LABELS, last=lw.Softmax(), **options)

    def test_text_where_the_classes_are_numbers(self):
        net = fitted(LABELS, last=lw.Softmax())
        with pytest.raises(lw.DataError, match="y holds text, such as 'cat'; the classes are 0 to 2"):
            net.evaluate(X, NAMES[LABELS])
        assert net.evaluate(X, LABELS.astype(str)) == net.evaluate(X, LABELS)  # as a table of text has them

    def test_labels_that_are_not_counted_lead_to_classes(self):
        with pytest.raises(lw.DataError, match=r"row 0 has the label -1; .*give classes=\[the labels in order\]"):
            fitted(np.where(LABELS > 0, 1, -1), 1, lw.Sigmoid())


class TestLabels:
    def test_floats_are_none(self):
        for y, words in (
            (RNG.random(30), r"task='classification' takes labels; .*task='regression'; row 0 is"),
            (
                RNG.random((30, 3)),
                r"takes labels, or rows of probabilities that sum to 1: one label a sample.*; row 0 is \[",
            ),
        ):
            with pytest.raises(lw.DataError, match=words):
                fitted(y, task="classification", loss="mean_squared_error")

    def test_probabilities_are_some(self):
        y = RNG.dirichlet([1, 1, 1], 30)
        assert fitted(y, last=lw.Softmax(), task="classification").task.kind == "classification"
        soft = fitted(y[:, 0], 1, lw.Sigmoid(), task="classification")
        assert soft.predict(X).dtype.kind == "i"

    @pytest.mark.parametrize("engine", ENGINES)
    def test_yes_and_no_by_a_loss_of_numbers(self, engine):
        net = fitted(LABELS > 0, 1, lw.Sigmoid(), task="classification", loss="quadratic_cost", engine=engine)
        assert net.predict(X).dtype == bool
        assert 0 <= net.evaluate(X, LABELS > 0)["accuracy"] <= 1
        assert fitted(LABELS > 0, 1, lw.Sigmoid(), loss="quadratic_cost").task.kind == "regression"


def test_the_second_fit_keeps_the_task_of_the_first():
    net = fitted(LABELS, last=lw.Softmax())
    net.fit(X, LABELS, task="classification", classes=[0, 1, 2], epochs=1, verbose=False)
    for options, words in (
        ({"task": "regression"}, "trained for task='classification', and is asked for 'regression' now"),
        ({"classes": [2, 1, 0]}, r"stand for \[0, 1, 2\], and classes are \[2, 1, 0\] now"),
    ):
        with pytest.raises(lw.DataError, match=words):
            net.fit(X, LABELS, verbose=False, **options)
    net.task = None
    net.fit(X, ONE_HOT, task="regression", loss="mean_squared_error", epochs=1, verbose=False)
    assert net.task.kind == "regression"


def test_a_resumed_fit_must_ask_for_the_same(tmp_path):
    path = tmp_path / "run.safetensors"

    def fit(**options):
        net = lw.Network([lw.Dense(3), lw.Sigmoid()], random_state=0)
        net.fit(X, ONE_HOT, epochs=2, callbacks=lw.callbacks.Checkpoint(path), verbose=False, **options)
        return net

    fit(task="multilabel")
    with pytest.raises(lw.DataError, match="task: 'multilabel' then, None now"):
        fit(resume=True)
    assert fit(task="multilabel", resume=True).task.kind == "multilabel"


def test_an_ensemble():
    members = lw.Ensemble([lw.Dense(3), lw.Sigmoid()], size=2, random_state=0)
    members.fit(X, ONE_HOT, task="multilabel", epochs=1, verbose=False)
    assert members.predict(X).shape == (30, 3)


@pytest.mark.parametrize(
    ("classes", "y", "rows"),
    [
        (["c", "a", "b"], ["a", "c", "b"], [[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
        (["a", "b", "c"], ["a", "c", "b"], [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
        ([5, 7, 6], [7, 6, 5], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]),
        ([-1, 1], [1, -1], [[1], [0]]),
        ([False, True], [True, False], [[1], [0]]),
    ],
)
def test_a_training_script_reads_the_same_targets(classes, y, rows):
    loss = lw.CategoricalCrossEntropy() if len(classes) > 2 else lw.BinaryCrossEntropy()
    task = Task("classification", np.array(classes), True)
    names = {"np": np, "DTYPE": np.float32}
    exec(targets_text(task, len(rows[0]), loss), names)
    assert names["targets"](np.array(y)).tolist() == rows
