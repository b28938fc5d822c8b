"""What a fit that goes on makes of parameters that have changed: it takes them up, or names them in an error."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier as Theirs

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
X = ((X - X.mean(axis=0)) / X.std(axis=0))[::3]
y = y[::3]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BASE = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0, "batch_size": 20, "warm_start": True}
CALLS = [lambda clf: clf.fit(X, y), lambda clf: clf.partial_fit(X, y, classes=[0, 1, 2])]


@pytest.mark.parametrize("go_on", CALLS, ids=["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ({}, {"hidden_layer_sizes": (6, 4)}, "hidden_layer_sizes"),
        ({}, {"hidden_layer_sizes": (6,)}, "hidden_layer_sizes"),
        ({}, {"batch_norm": True}, "batch_norm"),
        ({"layer_norm": True}, {"layer_norm": False}, "layer_norm"),
        ({}, {"layers": [lw.Dense(7)], "hidden_layer_sizes": "auto"}, "layers"),
        ({}, {"preset": "tabular"}, "preset"),
        ({"preset": "tabular"}, {"preset": None}, "preset"),
        ({"preset": "tabular"}, {"hidden_layer_sizes": (6, 4)}, "hidden_layer_sizes"),
        ({}, {"scaling": "standard"}, "scaling"),
        ({"scaling": "standard"}, {"scaling": "min_max"}, "scaling"),
        ({}, {"dtype": "float32"}, "dtype"),
    ],
    ids=str,
)
def test_what_needs_other_weights_is_named(go_on, before, after, name):
    clf = go_on(MLPClassifier(**BASE | before))
    theta = clf.network_.theta.copy()
    with pytest.raises(ValueError, match=rf"MLPClassifier: {name} was changed since the weights were learned"):
        go_on(clf.set_params(**after))
    np.testing.assert_array_equal(clf.network_.theta, theta)
    go_on(clf.set_params(**{key: getattr(MLPClassifier(**BASE | before), key) for key in after}))


def test_a_loss_that_needs_another_output_is_named():
    clf = MLPClassifier(**BASE).fit(X[y < 2], y[y < 2])
    with pytest.raises(ValueError, match="loss was changed since"):
        clf.set_params(loss="categorical_cross_entropy").fit(X[y < 2], y[y < 2])


@pytest.mark.parametrize("go_on", CALLS, ids=["fit", "partial_fit"])
@pytest.mark.parametrize(
    "after",
    [
        {"activation": "tanh"}, {"activation": ("relu", "gelu")}, {"dropout": 0.5}, {"alpha": 10.0}, {"solver": "sgd"},
        {"learning_rate_init": 0.1}, {"batch_size": 5}, {"loss": "mean_absolute_error"},
        {"loss": "binary_cross_entropy"}, {"beta_1": 0.1}, {"weight_decay": 0.5}, {"clip_norm": 1e-4},
        {"label_smoothing": 0.4}, {"class_weight": {0: 7.0}}, {"ema": 0.5}, {"shuffle": False},
    ],
    ids=str,
)  # fmt: skip
def test_everything_else_takes_effect(go_on, after):
    plain, changed = (go_on(go_on(MLPClassifier(**BASE)).set_params(**more)) for more in ({}, after))
    assert not np.allclose(plain.network_.theta, changed.network_.theta)


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_another_activation_goes_on_from_the_same_weights(engine):
    clf = MLPClassifier(solver="lbfgs", **BASE, engine=engine).fit(X, y)
    clf.network_.freeze(0)
    W, b = [w.copy() for w in clf.coefs_], [v.copy() for v in clf.intercepts_]
    clf.set_params(activation="tanh", dropout=0.3, solver="sgd", learning_rate_init=1e-12).fit(X, y)
    kinds = [type(layer).__name__ for layer in clf.network_.layers]
    assert kinds == ["Dense", "Tanh", "Dropout", "Dense", "Tanh", "Dropout", "Dense", "Softmax"]
    assert clf.network_.frozen == {0}
    h = np.tanh(np.tanh(X @ W[0] + b[0]) @ W[1] + b[1]) @ W[2] + b[2]
    p = np.exp(h - h.max(axis=1, keepdims=True))
    np.testing.assert_allclose(clf.predict_proba(X), p / p.sum(axis=1, keepdims=True), rtol=1e-6)


def test_the_ending_follows_the_loss():
    regr = MLPRegressor(**BASE).fit(X, y)
    assert regr.set_params(loss="poisson").fit(X, y).out_activation_ == "exp"
    assert regr.predict(X).min() > 0
    assert regr.set_params(loss="huber").fit(X, y).out_activation_ == "identity"


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_rate_changed_between_chunks_keeps_the_optimizers_state(solver):
    """The second step, with another rate, from the state of the first: as scikit-learn's with the rate set by hand."""
    parameters = {"hidden_layer_sizes": (6,), "random_state": 0, "solver": solver, "shuffle": False}
    ours, theirs = MLPClassifier(**parameters), Theirs(**parameters)
    for clf in (ours, theirs):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    ours.set_params(learning_rate_init=0.02).partial_fit(X, y)
    theirs._optimizer.learning_rate_init = theirs._optimizer.learning_rate = 0.02
    theirs.partial_fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    assert ours.network_.optimizer.iterations == 2


def test_a_rate_that_has_adapted_stays_adapted():
    clf = MLPClassifier((5,), solver="sgd", learning_rate="invscaling", learning_rate_init=0.1, random_state=0)
    rates = [
        clf.partial_fit(X, y, classes=[0, 1, 2]).network_.optimizer.learning_rate
        for _ in range(3)
    ]  # fmt: skip
    np.testing.assert_allclose(rates, [0.1 / np.sqrt(len(X) * n + 1) for n in (1, 2, 3)])


def test_a_loaded_estimator_goes_on(tmp_path):
    clf = MLPClassifier(**BASE).fit(X, y)
    clf.save(tmp_path / "clf.safetensors", optimizer=True)
    again = lw.load(tmp_path / "clf.safetensors")
    for one in (clf, again):
        one.set_params(learning_rate_init=0.01).partial_fit(X, y)
    assert again.network_.optimizer.learning_rate == pytest.approx(0.01)
    with pytest.raises(ValueError, match="hidden_layer_sizes was changed"):
        again.set_params(hidden_layer_sizes=(3,)).fit(X, y)


GOES_ON = [
    {}, {"solver": "sgd"}, {"solver": "sgd", "momentum": 0.0}, {"solver": "sgd", "learning_rate": "invscaling"},
    {"dropout": 0.3, "batch_norm": True}, {"weight_decay": 0.1}, {"scaling": "standard", "ema": 0.9},
]  # fmt: skip


def gone_on(clf, path, **saved):
    """The estimator after two more calls, and one from its file after the same."""
    clf.save(path, **saved)
    again = lw.load(path)
    return tuple(one.partial_fit(X, y).partial_fit(X, y) for one in (clf, again))


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("go_on", CALLS, ids=["fit", "partial_fit"])
@pytest.mark.parametrize("parameters", GOES_ON, ids=str)
def test_with_the_optimizers_state_the_file_makes_no_difference(tmp_path, parameters, go_on, engine):
    clf = go_on(MLPClassifier(**BASE | parameters, engine=engine))
    one, again = gone_on(clf, tmp_path / "clf.safetensors", optimizer=True)
    np.testing.assert_array_equal(again.network_.theta, one.network_.theta)
    np.testing.assert_array_equal(again.predict_proba(X), one.predict_proba(X))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(("solver", "name"), [("adam", "Adam"), ("sgd", "SGD")])
def test_a_state_that_was_left_out_is_said_once(tmp_path, kind, solver, name):
    model = kind(**BASE, solver=solver).fit(X, y)
    with pytest.warns(UserWarning, match=f"{kind.__name__} was loaded .* without the state of {name}") as caught:
        one, again = gone_on(model, tmp_path / "model.safetensors")
    assert [w.filename for w in caught] == [__file__]
    assert not np.array_equal(again.network_.theta, one.network_.theta)
    again.save(tmp_path / "model.safetensors", optimizer=True)
    lw.load(tmp_path / "model.safetensors").partial_fit(X, y)


def test_nothing_is_said_where_no_state_is_missed(tmp_path):
    plain = MLPClassifier(**BASE, solver="sgd", momentum=0.0).fit(X, y)
    one, again = gone_on(plain, tmp_path / "plain.safetensors")
    np.testing.assert_array_equal(again.network_.theta, one.network_.theta)
    for before, after in (({}, {"solver": "sgd"}), ({"solver": "lbfgs"}, {"solver": "adam"})):
        clf = MLPClassifier(**BASE | before).fit(X, y)
        clf.save(tmp_path / "clf.safetensors")
        lw.load(tmp_path / "clf.safetensors").set_params(**after).partial_fit(X, y)
        lw.load(tmp_path / "clf.safetensors").fit(X, y).set_params(solver="adam").partial_fit(X, y)


def test_other_columns_of_y():
    regr = MLPRegressor(**BASE).fit(X, y)
    with pytest.raises(ValueError, match="y has 2 columns; this MLPRegressor has learned to predict 1"):
        regr.fit(X, np.c_[y, y])
    clf = MLPClassifier(**BASE).fit(X, y)
    with pytest.raises(ValueError, match=r"the shape \(50, 2\)"):
        clf.fit(X, np.c_[y, y] > 0)


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"solver": "sgd"}], ids=str)
def test_unchanged_it_is_scikit_learns_warm_start(parameters):
    models = [kind(**BASE | parameters) for kind in (MLPClassifier, Theirs)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in models:
            model.fit(X, y).fit(X, y)
    np.testing.assert_allclose(models[0].loss_curve_, models[1].loss_curve_, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:Stochastic")
def test_several_networks_are_not_gone_on_with():
    X, y = np.random.default_rng(0).random((60, 3)), np.arange(60) % 2
    model = MLPClassifier(max_iter=1, preset="tabular", random_state=0).fit(X, y)
    weights = model.network_.theta.copy()
    with pytest.raises(ValueError, match=r"those of 3 networks that answer together.*fit with ensemble=1"):
        model.partial_fit(X, y)
    assert np.array_equal(model.network_.theta, weights)
