"""Every form that targets may have, and every form that they may not, with what its error says."""

import tracemalloc

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.targets import encode

X = np.random.default_rng(0).normal(size=(6, 2))
LABELS = np.array([0, 1, 2, 0, 1, 2])


def trained(y, outputs=3, last=None, loss=None, **options):
    layers = [lw.Dense(outputs)] + ([last] if last else [])
    net = lw.Network(layers, random_state=0, dtype="float64")
    net.fit(X, y, loss=loss, optimizer=lw.Adam(0.1), epochs=200, batch_size=6, verbose=False, **options)
    return net


class TestLabels:
    @pytest.mark.parametrize(
        "y",
        [
            LABELS,
            LABELS.astype(np.uint8),
            LABELS.astype(np.float64),
            LABELS.tolist(),
            LABELS[:, None],
            LABELS.astype(object),
            np.eye(3)[LABELS],
            np.eye(3, dtype=bool)[LABELS],
            np.eye(3, dtype=int)[LABELS].tolist(),
        ],
        ids=["int", "uint8", "float", "list", "column", "objects", "one-hot", "one-hot bool", "one-hot list"],
    )
    def test_every_form_trains_the_same_network(self, y):
        net = trained(y, last=lw.Softmax())
        np.testing.assert_array_equal(net.theta, trained(LABELS, last=lw.Softmax()).theta)
        assert net.task.kind == "classification"
        assert net.predict(X).dtype.kind == "i"
        assert net.predict(X).shape == (6,)
        assert net.evaluate(X, y)["accuracy"] == np.mean(net.predict(X) == LABELS)

    @pytest.mark.parametrize("dtype", [str, object])
    def test_names_come_back_as_names(self, dtype):
        names = np.array(["zebra", "ant", "cat"])  # not in order: the outputs stand for ant, cat, zebra
        net = trained(names[LABELS].astype(dtype), last=lw.Softmax())
        assert net.task.classes.tolist() == ["ant", "cat", "zebra"]
        same = trained(np.array([2, 0, 1])[LABELS], last=lw.Softmax())
        np.testing.assert_array_equal(net.theta, same.theta)
        np.testing.assert_array_equal(net.predict(X), names[np.array([1, 2, 0])[same.predict(X)]])

    def test_names_survive_saving(self, tmp_path):
        net = trained(np.array(["zebra", "ant", "cat"])[LABELS], last=lw.Softmax())
        net.save(tmp_path / "net.safetensors")
        assert lw.load(tmp_path / "net.safetensors").predict(X).tolist() == net.predict(X).tolist()

    @pytest.mark.parametrize("last", [lw.Softmax(), lw.Sigmoid()], ids=repr)
    def test_yes_and_no(self, last):
        y = np.array([True, False, True, True, False, False])
        net = trained(y, outputs=2 if isinstance(last, lw.Softmax) else 1, last=last)
        assert net.predict(X).dtype == bool
        assert net.predict_proba(X).shape == (6, 2)
        np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1)
        np.testing.assert_array_equal(net.predict(X), net.predict_proba(X)[:, 1] > 0.5)

    def test_two_names_and_one_sigmoid(self):
        net = trained(["spam", "ham", "spam", "ham", "spam", "ham"], outputs=1, last=lw.Sigmoid())
        assert set(net.predict(X)) <= {"ham", "spam"}
        assert net.task.classes.tolist() == ["ham", "spam"]

    def test_a_class_that_the_training_data_lack(self):
        net = trained([0, 1, 0, 1, 0, 1], outputs=3, last=lw.Softmax())
        assert net.predict_proba(X).shape == (6, 3)
        assert net.evaluate(X, [2] * 6)["accuracy"] == 0

    def test_labels_for_a_loss_of_numbers(self):
        # as in the digits' first networks: quadratic cost on one-hot rows
        by_label = trained(LABELS, last=lw.Sigmoid(), loss=lw.QuadraticCost())
        by_rows = trained(np.eye(3)[LABELS], last=lw.Sigmoid(), loss=lw.QuadraticCost())
        np.testing.assert_array_equal(by_label.theta, by_rows.theta)


class TestOthers:
    def test_several_yes_or_no_answers(self):
        y = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1]])
        net = trained(y, last=lw.Sigmoid())
        assert net.task.kind == "multilabel"
        assert net.predict(X).shape == (6, 3)
        assert set(net.predict(X).ravel()) <= {0, 1}
        np.testing.assert_array_equal(net.predict(X), net.predict_proba(X) > 0.5)

    def test_probabilities_as_targets(self):
        y = np.array([[0.6, 0.4, 0.0], [0.2, 0.2, 0.6], [1.0, 0.0, 0.0]] * 2)
        net = trained(y, last=lw.Softmax())
        assert net.predict(X).shape == (6,)
        assert net.evaluate(X, y)["loss"] < np.log(3)

    @pytest.mark.parametrize(("y", "shape"), [(X[:, 0], (6,)), (X[:, :1], (6, 1)), (X, (6, 2))])
    def test_numbers_come_back_in_the_form_they_came(self, y, shape):
        net = trained(y, outputs=np.size(y) // 6)
        assert net.task.kind == "regression"
        assert net.predict(X).shape == shape
        np.testing.assert_allclose(net.predict(X), y, atol=0.1)

    def test_a_linear_output_learns_whole_numbers_as_numbers(self):
        net = trained([0, 1, 2, 3, 4, 5], outputs=1)
        assert net.task.kind == "regression"
        assert net.predict(X).dtype == np.float64

    def test_counts(self):
        net = trained([0, 1, 2, 3, 4, 5], outputs=1, last=lw.Softplus(), loss=lw.Poisson())
        assert net.predict(X).min() > 0


MALFORMED = {
    "a label too large": (
        ([0, 1, 2, 0, 1, 3], 3, lw.Softmax()), ["y: row 5 has the label 3;", "3 outputs stand for 0 to 2"]),
    "a negative label": (([0, 1, 2, 0, 1, -1], 3, lw.Softmax()), ["row 5 has the label -1;", "0 to 2"]),
    "labels from 1": (([1, 2, 3, 1, 2, 3], 3, lw.Softmax()), ["row 2 has the label 3;", "0 to 2"]),
    "labels that are no whole numbers": (
        ([0, 1, 2, 0.5, 1, 2], 3, lw.Softmax()), ["no labels", "3 outputs", r"\(samples, 3\)", r"Dense\(1\)"]),
    "-1 and 1": (([-1, 1] * 3, 1, lw.Sigmoid()), ["row 0 has the label -1;", "0 to 1"]),
    "too few names": ((list("aabbab"), 3, lw.Softmax()), ["2 classes", "3 outputs", r"Dense\(2\)"]),
    "too many names": ((list("abcdab"), 3, lw.Softmax()), ["4 classes", "3 outputs", r"Dense\(4\)"]),
    "one class": (([1] * 6, 3, lw.Softmax()), ["one class only", r"\(1 in all 6 rows\)", "at least two"]),
    "one class by one-hot rows": ((np.eye(3)[[2] * 6], 3, lw.Softmax()), ["one class only", "2 in all 6 rows"]),
    "one name": ((["a"] * 6, 2, lw.Softmax()), ["one class only", r"\('a' in all 6 rows\)", "at least two"]),
    "one name, one output": ((["a"] * 6, 1, lw.Sigmoid()), ["one class only", "'a' in all 6 rows"]),
    "one name, one row": ((["a"], 2, lw.Softmax()), ["'a' alone", r"classes=\[the labels in order\]"]),
    "a missing label": (([0, 1, 2, np.nan, 1, 2], 3, lw.Softmax()), ["y: row 3 is nan", "remove the row or fill"]),
    "a missing name": ((np.array(["a", "b", None] * 2, object), 2, lw.Softmax()), ["y: row 2 is None", "remove"]),
    "NaN among names": ((np.array(["a", np.nan, "b"] * 2, object), 2, lw.Softmax()), ["y: row 1 is nan", "remove"]),
    "infinity": (([0, 1, np.inf, 2, 3, 4], 1, None), ["y: row 2 is inf", "remove the row or fill in a number"]),
    "NaN in a table": (([[0, 1], [1, np.nan]] * 3, 2, None), ["y: row 1 is", "nan", "fill in a number"]),
    "too few rows": (([0, 1, 2], 3, lw.Softmax()), ["X has 6 rows", "y 3", "as many"]),
    "no rows": (([], 3, lw.Softmax()), ["not empty", r"\(0,\)"]),
    "a single number": ((3, 3, lw.Softmax()), [r"\(samples,\) or \(samples, outputs\)", r"shape is \(\)"]),
    "three dimensions": ((np.zeros((6, 2, 1)), 2, None), [r"\(samples, outputs\)", r"\(6, 2, 1\)"]),
    "rows of several lengths": (([[1, 2], [3]] * 3, 2, None), ["y must be", "rows of one length"]),
    "too many columns": ((X, 3, None), ["y has 2 columns", "3 outputs", r"Dense\(2\)"]),
    "numbers, one a row, for three outputs": ((X[:, 0], 3, None), ["3 outputs", r"Dense\(1\) for regression"]),
    "text for numbers": ((list("abcabc"), 1, None), ["y must hold numbers", "1 outputs", "<U1"]),
    "shares that do not sum to 1": (
        (np.full((6, 3), 0.5), 3, lw.Softmax()), [r"row 0 is \[0.5, 0.5, 0.5\]", "sum to 1"]),
    "answers above 1": (([0.5, 2, 0, 1, 0, 1], 1, lw.Sigmoid()), ["row 1 is", "2.0", "values from 0 to 1"]),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), MALFORMED.values(), ids=MALFORMED)
def test_malformed(arguments, words):
    y, outputs, last = arguments
    net = lw.Network([lw.Dense(outputs)] + ([last] if last else []), random_state=0)
    with pytest.raises((lw.DataError, lw.ShapeError)) as error:
        net.fit(X, y, verbose=False)
    for word in words:
        assert error.match(word)
    assert net.task is None  # nothing has been changed
    assert net.steps == 0
    with pytest.raises(lw.NotBuiltError):
        net.get_parameters()


def test_negative_counts():
    net = lw.Network([lw.Dense(1), lw.Softplus()])
    with pytest.raises(lw.DataError, match=r"y: row 1 is \[-2\]; Poisson takes counts of at least 0"):
        net.fit(X, [0, -2, 1, 1, 1, 1], loss=lw.Poisson(), verbose=False)


class TestLater:
    def test_labels_that_training_did_not_know(self):
        net = trained(list("abcabc"), last=lw.Softmax())
        with pytest.raises(lw.DataError, match="row 2 has the label 'd'; the network's 3 outputs stand for a, b, c"):
            net.evaluate(X, list("abdabc"))
        with pytest.raises(lw.DataError, match="y of validation_data: row 0 has the label 'q'"):
            net.fit(X, list("abcabc"), validation_data=(X, list("qbcabc")), verbose=False)

    def test_some_of_the_classes_are_enough_to_evaluate(self):
        net = trained(list("abcabc"), last=lw.Softmax())
        assert net.evaluate(X[:2], ["c", "c"])["accuracy"] == np.mean(net.predict(X[:2]) == "c")
        assert net.evaluate(X[:1], ["a"])["accuracy"] in (0, 1)

    def test_numbers_are_no_yes_or_no(self):
        net = trained([True, False] * 3, outputs=1, last=lw.Sigmoid())
        assert net.evaluate(X, [1, 0] * 3) == net.evaluate(X, [True, False] * 3)
        with pytest.raises(lw.DataError, match="row 1 has the label 5"):
            net.evaluate(X, [1, 5, 1, 0, 1, 0])

    def test_a_second_fit_knows_the_classes_of_the_first(self):
        net = trained(list("abcabc"), last=lw.Softmax())
        net.fit(X[:2], ["c", "a"], epochs=1, verbose=False)
        assert net.task.classes.tolist() == ["a", "b", "c"]


class TestWeights:
    def test_class_weights_are_sample_weights(self):
        y = ["a", "b", "c", "a", "a", "a"]
        by_class = trained(y, last=lw.Softmax(), class_weight={"a": 1.0, "b": 4.0, "c": 2.0})
        by_sample = trained(y, last=lw.Softmax(), sample_weight=[1, 4, 2, 1, 1, 1])
        np.testing.assert_allclose(by_class.theta, by_sample.theta, rtol=1e-12)

    def test_balanced_is_scikit_learns(self):
        from sklearn.utils.class_weight import compute_class_weight

        y = np.array([0, 1, 2, 0, 0, 0])
        weights = compute_class_weight("balanced", classes=np.arange(3), y=y)
        balanced = trained(y, last=lw.Softmax(), class_weight="balanced")
        explicit = trained(y, last=lw.Softmax(), class_weight=dict(enumerate(weights)))
        np.testing.assert_allclose(balanced.theta, explicit.theta, rtol=1e-12)

    def test_weights_of_samples_and_classes_multiply(self):
        sample = np.array([1.0, 2, 3, 1, 2, 3])
        both = trained(LABELS, last=lw.Softmax(), sample_weight=sample, class_weight={0: 1, 1: 5, 2: 1})
        product = trained(LABELS, last=lw.Softmax(), sample_weight=sample * np.array([1, 5, 1])[LABELS])
        np.testing.assert_allclose(both.theta, product.theta, rtol=1e-12)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"sample_weight": [1, 2]}, r"one a sample \(6,\); its shape is \(2,\)"),
            ({"sample_weight": [1, 1, 1, 1, 1, -1]}, "at least 0"),
            ({"sample_weight": [1, 1, 1, 1, 1, np.nan]}, "finite"),
            ({"sample_weight": [0] * 6}, "all 6 weights are 0"),
            ({"class_weight": {0: 1, 1: 2}}, r"no weight for \[2\]; the classes are \[0, 1, 2\]"),
            ({"class_weight": {0: 1, 1: 2, 2: 1, 5: 1}}, r"names \[5\], which are no classes"),
            ({"class_weight": "balance"}, "\"balanced\" or a dict of class: weight; got 'balance'"),
        ],
    )
    def test_malformed(self, options, words):
        with pytest.raises(ValueError, match=words):
            trained(LABELS, last=lw.Softmax(), **options)

    def test_numbers_have_no_classes_to_weigh(self):
        with pytest.raises(lw.DataError, match=r"class_weight needs labels.*use sample_weight"):
            trained(X[:, 0], outputs=1, class_weight="balanced")


def test_soft_yes_or_no_answers_can_be_evaluated_and_trained_on(rng):
    X, y = rng.standard_normal((40, 2)), rng.uniform(0, 1, 40)
    net = lw.Network([lw.Dense(1), lw.Sigmoid()], random_state=0)
    net.fit(X, y, epochs=2, validation_data=(X, y), verbose=False)
    assert 0 < net.evaluate(X, y)["loss"] < 2
    net.fit(X, y, epochs=1, verbose=False)


def test_metrics_of_soft_classes(rng):
    X, y = rng.standard_normal((40, 2)), rng.dirichlet([1, 1, 1], 40)
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=2, verbose=False)
    numbers = net.evaluate(X, y, metrics="accuracy")
    assert numbers["accuracy"] == np.mean(net.predict(X) == y.argmax(axis=1))


def test_a_target_too_large_for_the_type(rng):
    y = rng.standard_normal(10)
    y[3] = 1e39
    with pytest.raises(lw.DataError, match=r"row 3 is \[1e\+39\], too large for float32"):
        lw.Network([lw.Dense(1)]).fit(rng.standard_normal((10, 2)), y, verbose=False)


class Missing:
    """Like a data frame's missing value: what it equals is undefined."""

    def __ne__(self, other):
        return self

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise TypeError("boolean value of a missing value is ambiguous")

    __hash__ = None


def test_a_missing_value_that_cannot_be_compared(rng):
    y = np.array(["a", "b", Missing(), "a"], dtype=object)
    with pytest.raises(lw.DataError, match="y: row 2"):
        lw.Network([lw.Dense(2), lw.Softmax()]).fit(rng.standard_normal((4, 2)), y, verbose=False)


def test_memory_follows_the_number_of_classes():
    """5,000 classes: a row for each of them would take 100 MB."""
    classes = 5000
    X, y = np.eye(4, dtype=np.float32)[np.arange(classes) % 4], np.arange(classes)
    for engine in ("numpy", "auto"):
        tracemalloc.start()
        net = lw.Network([lw.Dense(classes), lw.Softmax()], random_state=0)
        net.fit(X, y, epochs=1, batch_size=50, engine=engine, loss=lw.CategoricalCrossEntropy(label_smoothing=0.1),
                verbose=False, validation_data=(X[:50], y[:50]))  # fmt: skip
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 60e6, f"{engine}: {peak / 1e6:.0f} MB"


@pytest.mark.parametrize("n_out", [1, 4])
def test_values_are_the_rows_that_labels_stand_for(n_out):
    labels = [1, 0, 1] if n_out == 1 else [3, 0, 2]
    loss = lw.BinaryCrossEntropy(label_smoothing=0.2) if n_out == 1 else lw.CategoricalCrossEntropy(label_smoothing=0.2)
    rows = np.array([[0.9], [0.1], [0.9]]) if n_out == 1 else np.eye(4)[labels] * 0.8 + 0.05
    np.testing.assert_allclose(encode(labels, n_out, loss, np.dtype(np.float64)).values(n_out), rows)


@pytest.mark.parametrize(
    "form",
    [
        lambda y: y,
        lambda y: y.tolist(),
        lambda y: list(y),
        lambda y: y.astype(object),
        lambda y: y[:, np.newaxis],
        lambda y: ["a", *y[1:].tolist()],
        lambda y: pytest.importorskip("pandas").Series(y.tolist()),
        lambda y: pytest.importorskip("pandas").Series(y.tolist(), dtype="category"),
        lambda y: pytest.importorskip("polars").Series(y.tolist()),
    ],
    ids=["array", "list", "list of scalars", "objects", "column", "mixed", "series", "category", "polars"],
)
def test_labels_of_bytes_are_refused(form):
    """Answers would be text, which equals no bytes: all would seem wrong."""
    text = np.array(["a", "b", "a", "b", "b", "a"])
    y = form(text.astype("S"))
    refused = pytest.raises(lw.DataError, match=r"labels of bytes, such as b'[ab]'.*\[label\.decode\(\) for label in")
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    with refused:
        net.fit(X, y, verbose=False)
    with refused:
        net.fit(X, text, validation_data=(X, y), verbose=False)
    assert net.task is None
    net.fit(X, text, verbose=False)
    with refused:
        net.evaluate(X, y)


def test_classes_of_bytes_are_refused():
    with pytest.raises(lw.DataError, match="classes holds labels of bytes, such as b'a'"):
        lw.Network([lw.Dense(2), lw.Softmax()]).fit(X, list("ababab"), classes=[b"a", b"b"], verbose=False)
