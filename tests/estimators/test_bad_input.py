"""Bad input gets what scikit-learn gives, by the same types of exception, and at least as clear."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils._param_validation import InvalidParameterError

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "newton"}, "'solver' parameter of MLPClassifier must be a str among {"),
        ({"learning_rate": "fast"}, "must be a str among {"),
        ({"max_iter": 0}, "max_iter"),
        ({"hidden_layer_sizes": (5, 0)}, r"hidden_layer_sizes must be > 0, got \[5, 0\]"),
        ({"activation": "rellu"}, "did you mean 'ReLU'"),
        ({"loss": "hinge"}, "known: .*CategoricalCrossEntropy"),
        ({"activation": ("relu", "tanh")}, "2 entries for 1 hidden layers"),
        ({"dropout": 1.5}, "rate must be below 1"),
        ({"schedule": "cosin"}, "did you mean"),
        ({"class_weight": {0: 1, 3: 1}}, r"classes, \[1, 2\], are not in class_weight"),
        ({"class_weight": "balance"}, "must be .*'balanced'"),
        ({"preset": "images"}, "tabular"),
        ({"scoring": "acuracy", "early_stopping": True}, "acuracy.* not a valid scoring value"),
        ({"solver": "lbfgs", "dropout": 0.5, "ema": 0.9}, "dropout, ema cannot be used with solver='lbfgs'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_parameters(parameters, message):
    clf = MLPClassifier(max_iter=3) if "max_iter" not in parameters else MLPClassifier()
    with pytest.raises(ValueError, match=message):
        clf.set_params(**parameters).fit(X, y)
    assert not hasattr(clf, "network_") or "solver" in parameters


def test_parameters_of_the_wrong_type():
    with pytest.raises(InvalidParameterError, match="max_iter"):
        MLPClassifier(max_iter="many").fit(X, y)
    with pytest.raises(TypeError, match=r"layers must be layers, such as \[Dense"):
        MLPClassifier(layers=[8, "relu"]).fit(X, y)
    with pytest.raises(TypeError, match="Callback"):
        MLPClassifier(callbacks=[print], max_iter=2).fit(X, y)


def test_validation_data():
    clf = MLPClassifier(max_iter=2)
    with pytest.raises(ValueError, match=r"y has \[7\] besides"):
        clf.fit(X, y, validation_data=(X[:2], [0, 7]))
    with pytest.raises(ValueError, match="3 features"):
        clf.fit(X, y, validation_data=(X[:2, :3], [0, 1]))
    with pytest.raises(ValueError, match="looked at after each epoch"):
        MLPClassifier(solver="lbfgs").fit(X, y, validation_data=(X, y))
    with pytest.raises(ValueError, match=r"\(X, y\) or \(X, y, sample_weight\)"):
        clf.fit(X, y, validation_data=X)
    with pytest.raises(ValueError, match="too small"):
        MLPRegressor(early_stopping=True, validation_fraction=0.01).fit(X[40:60], y[40:60])


def test_a_scorer_that_fails_is_shown_with_its_own_message():
    def scorer(estimator, X, y):
        raise RuntimeError("the moon is in the wrong quarter")

    with pytest.raises(RuntimeError, match="wrong quarter") as caught:
        MLPClassifier(early_stopping=True, scoring=scorer, max_iter=2).fit(X, y)
    assert "scoring=" in caught.value.__notes__[0]


def test_parts_of_ones_own_that_are_wrong():
    class Wide(lw.Activation):
        def forward(self, p, x, out):
            out[:] = np.hstack([x, x])

        def backward(self, p, x, y, dy, g, dx):
            dx[:] = dy

    class Returns(lw.Loss):
        def forward(self, y, t, out, tmp):
            return ((y - t) ** 2).sum(axis=1)

        def backward(self, y, t, dy, tmp):
            dy[:] = 2 * (y - t)

    with pytest.raises((TypeError, ValueError), match="Wide"):
        MLPClassifier(activation=Wide(), max_iter=2).fit(X, y)
    with pytest.raises(TypeError, match=r"Returns.forward.* returned a result; write into the array given"):
        MLPRegressor(loss=Returns(), max_iter=2).fit(X, y)


def test_labels_that_changed():
    clf = MLPClassifier(max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        clf.fit(X[:100], y[:100])
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        MLPClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"has \[3\] besides"):
        MLPClassifier().partial_fit(X[:100], y[:100], classes=[0, 1]).partial_fit(X[:2], [0, 3])
    with pytest.raises(AttributeError, match="partial_fit"):
        _ = MLPClassifier(solver="lbfgs").partial_fit
    with pytest.raises(ValueError, match="does not support early_stopping"):
        MLPClassifier(early_stopping=True).partial_fit(X, y, classes=[0, 1, 2])


def test_large_inputs_say_so():
    with pytest.raises(ValueError, match="learning rate"):
        MLPRegressor(activation="identity", solver="sgd", learning_rate_init=10.0, random_state=0).fit(X * 1e3, y * 1e3)


@pytest.mark.parametrize("preset", [None, "tabular"])
@pytest.mark.parametrize("make", [lw.MLPClassifier, lw.MLPRegressor])
def test_two_columns_of_one_name_are_refused(make, preset):
    pd = pytest.importorskip("pandas")
    rows = np.random.default_rng(0).random((40, 3))
    frame, good = pd.DataFrame(rows, columns=["a", "b", "a"]), pd.DataFrame(rows, columns=["a", "b", "c"])
    y = np.arange(40) % 2
    estimator = make(preset=preset, max_iter=2, early_stopping=False)
    with pytest.raises(lw.ShapeError, match="X has two columns named 'a'; rename one of them"):
        estimator.fit(frame, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(good, y)
    with pytest.raises(lw.ShapeError, match="X has two columns named 'a'"):
        estimator.predict(frame)


@pytest.mark.parametrize(
    "labels", [["a"] * 50, np.array(["a"] * 50, object), [7] * 50], ids=["text", "objects", "whole"]
)
def test_one_class_is_named_with_all_of_its_rows(labels):
    shown = "7" if labels[0] == 7 else "'a'"
    with pytest.raises(lw.DataError, match=rf"labels of one class only \({shown} in all 50 rows\)"):
        lw.MLPClassifier(preset="tabular").fit(np.random.default_rng(0).random((50, 3)), labels)
