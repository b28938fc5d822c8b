"""Every parameter, with every solver, in fit and in partial_fit: it changes the result, or is refused by name, or is
documented by scikit-learn as without effect there."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier as Theirs

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
X = ((X - X.mean(axis=0)) / X.std(axis=0))[::3]
y = y[::3]
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:batch_size=",
    "ignore:Training interrupted",
    "ignore:.*early_stopping is without effect",
)


class Shake(lw.Callback):
    def on_epoch_end(self, run):
        run.parameters.theta += 0.01


BASE = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0, "batch_size": 20, "tol": 1e-9}
CHANGED = {
    "hidden_layer_sizes": (6,), "activation": "tanh", "alpha": 1.0, "batch_size": 7, "learning_rate": "adaptive",
    "learning_rate_init": 0.05, "power_t": 0.1, "max_iter": 3, "shuffle": False, "random_state": 1, "tol": 10.0,
    "momentum": 0.5, "nesterovs_momentum": False, "early_stopping": True, "validation_fraction": 0.3, "beta_1": 0.5,
    "beta_2": 0.5, "epsilon": 0.1, "n_iter_no_change": 1, "max_fun": 2, "loss": "mean_absolute_error",
    "layers": [lw.Dense(3), lw.Tanh()], "dropout": 0.5, "batch_norm": True, "layer_norm": True,
    "scoring": "neg_log_loss", "schedule": "cosine", "clip_norm": 0.01, "weight_decay": 0.5, "ema": 0.5,
    "augmentation": lw.Augmentation(shape=(2, 2), shift=1), "scaling": "min_max", "callbacks": Shake(),
    "dtype": "float32", "preset": "tabular", "class_weight": {0: 5.0}, "label_smoothing": 0.3,
    "categorical": [0], "max_categories": 2, "exclude": [0], "kinds": {0: "category"}, "ensemble": 2,
}  # fmt: skip
SAME = {"verbose", "warm_start", "engine", "n_threads"}  # how it runs, not what comes out; warm_start: the next fit
OF_TABLES = {"categorical", "max_categories", "exclude", "kinds"}
WITH = {  # what a parameter needs to come into play, and to be watched
    "scoring": {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 30, "tol": 0.05},
    "validation_fraction": {"early_stopping": True},
    "power_t": {"learning_rate": "invscaling", "learning_rate_init": 0.1},
    "learning_rate": {"tol": 10.0, "n_iter_no_change": 1},
    "tol": {"n_iter_no_change": 1},
    "n_iter_no_change": {"tol": 10.0, "max_iter": 12},
    "layers": {"hidden_layer_sizes": "auto"},
}
OF_SGD = {"learning_rate", "power_t", "momentum", "nesterovs_momentum"}
OF_ADAM = {"beta_1", "beta_2", "epsilon"}
OF_EPOCHS = {"batch_size", "learning_rate_init", "shuffle", "early_stopping", "validation_fraction", "n_iter_no_change"}
ONE_EPOCH = {"max_iter", "tol", "n_iter_no_change", "validation_fraction", "learning_rate"}
NONE = {
    ("adam", "fit"): OF_SGD | {"max_fun"},
    ("sgd", "fit"): OF_ADAM | {"max_fun"},
    ("lbfgs", "fit"): OF_SGD | OF_ADAM | OF_EPOCHS,
    ("adam", "partial_fit"): OF_SGD | ONE_EPOCH | {"max_fun"},
    ("sgd", "partial_fit"): OF_ADAM | ONE_EPOCH | {"max_fun"},
}
REFUSED = {  # OF_TABLES: without a preset
    ("adam", "fit"): OF_TABLES,
    ("sgd", "fit"): OF_TABLES,
    ("lbfgs", "fit"): {"dropout", "batch_norm", "weight_decay", "schedule", "clip_norm", "ema", "callbacks",
                       "augmentation", "scoring", "preset", "ensemble"} | OF_TABLES,
    ("adam", "partial_fit"): {"early_stopping", "schedule", "scoring", "ensemble"} | OF_TABLES,
    ("sgd", "partial_fit"): {"early_stopping", "schedule", "scoring", "ensemble"} | OF_TABLES,
}  # fmt: skip


def outcome(kind, call, **parameters):
    estimator = kind(**parameters)
    target = y if kind is MLPClassifier else y + X[:, 0]
    if call == "fit":
        estimator.fit(X, target)
    else:
        classes = {"classes": [0, 1, 2]} if kind is MLPClassifier else {}
        estimator.partial_fit(X, target, **classes).partial_fit(X, target)
    return np.concatenate([estimator.network_.theta, estimator.loss_curve_, estimator.validation_scores_ or []])


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("sizes", [(), [], np.array([], dtype=int)], ids=["tuple", "list", "array"])
@pytest.mark.parametrize(
    "given",
    [
        {"dropout": 0.5}, {"batch_norm": True}, {"layer_norm": True}, {"dropout": 0.5, "layer_norm": True},
        {"batch_norm": True, "preset": "tabular"},
    ],
    ids=lambda given: "-".join(given),
)  # fmt: skip
def test_what_acts_on_hidden_layers_needs_one(kind, call, sizes, given):
    names = ", ".join(name for name in given if name != "preset")
    with pytest.raises(ValueError, match=f"{kind.__name__}: {names} act on hidden layers, and hidden_layer_sizes="):
        outcome(kind, call, hidden_layer_sizes=sizes, **given)


def test_without_hidden_layers_the_activation_is_idle_as_in_scikit_learn():
    parameters = {"hidden_layer_sizes": (), "random_state": 0, "max_iter": 4}
    ours = MLPClassifier(**parameters, activation="tanh", dropout=0.0, batch_norm=False).fit(X, y)
    theirs = Theirs(**parameters, activation="tanh").fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_early_stopping_with_lbfgs_is_said_to_be_idle(kind):
    plain = kind(**BASE, solver="lbfgs").fit(X, y)
    with pytest.warns(UserWarning, match="early_stopping is without effect with solver='lbfgs'") as caught:
        asked = kind(**BASE, solver="lbfgs", early_stopping=True).fit(X, y)
    assert [w.filename for w in caught if "early_stopping" in str(w.message)] == [__file__]
    np.testing.assert_array_equal(asked.network_.theta, plain.network_.theta)


def same(one, other):
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=0)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor], ids=["classifier", "regressor"])
@pytest.mark.parametrize(("solver", "call"), NONE)
def test_no_parameter_is_dropped(kind, solver, call):
    names = set(kind().get_params()) - SAME - {"solver"}
    assert names <= set(CHANGED)
    found = {"none": set(), "refused": set()}
    for name in sorted(names):
        base = BASE | {"solver": solver}
        if (solver, call) not in REFUSED or name not in REFUSED[solver, call]:
            base |= {key: v for key, v in WITH.get(name, {}).items() if call == "fit" or key != "early_stopping"}
        value = "r2" if name == "scoring" and kind is MLPRegressor else CHANGED[name]
        plain = outcome(kind, call, **base)
        try:
            changed = outcome(kind, call, **base | {name: value})
        except (ValueError, AttributeError) as error:
            found["refused"].add(name if name in f"{error} {error.__cause__}" else str(error))
            continue
        if same(plain, changed):
            found["none"].add(name)
    expected_none = NONE[solver, call] - REFUSED.get((solver, call), set())
    if kind is MLPRegressor:
        expected_none = expected_none | ({"scoring"} if call == "fit" and solver != "lbfgs" else set())  # r2 is its own
    assert found["refused"] == REFUSED.get((solver, call), set())
    assert found["none"] == expected_none & names


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_a_scorer_needs_held_out_data(call):
    with pytest.raises(ValueError, match="scoring judges held-out data, and there are none: use early_stopping=True"):
        outcome(MLPClassifier, call, scoring="accuracy", **BASE)
    clf = MLPClassifier(scoring="neg_log_loss", **BASE).fit(X, y, validation_data=(X, y))
    assert len(clf.history_["val_score"]) == 6


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layers": [lw.Dense(3)], "hidden_layer_sizes": (3,)}, "layers stand in place of hidden_layer_sizes"),
        ({"layers": [lw.Dense(3)], "dropout": 0.1, "activation": "tanh"}, "in place of activation, dropout"),
        ({"loss": "mean_squared_error", "label_smoothing": 0.1}, "label_smoothing is for loss='log_loss'"),
        ({"solver": "sgd", "learning_rate": "invscaling", "schedule": "cosine"}, "choose one"),
        ({"solver": "lbfgs", "layers": [lw.Dense(3), lw.Dropout(0.5)]}, "Dropout.* not with solver='lbfgs'"),
        ({"solver": "lbfgs", "layers": [lw.Dense(3), lw.BatchNorm()]}, "BatchNorm.* not with solver='lbfgs'"),
        ({"solver": "lbfgs", "layers": [lw.Dense(3, weight_rate="ntk")]}, "Dense.* not with solver='lbfgs'"),
        ({"scoring": roc_auc_score, "early_stopping": True}, "looks like it is a metric function"),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, dict) else "",
)
def test_options_that_exclude_each_other(parameters, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(max_iter=2, **parameters).fit(X, y)


def test_no_dropout_in_any_layer_is_no_dropout():
    for rates in ((0.0, 0), np.zeros(2)):
        MLPClassifier((5, 4), dropout=rates, solver="lbfgs", max_iter=2).fit(X, y)
    MLPClassifier((5, 4), dropout=np.array([0.1, 0.0]), max_iter=2).fit(X, y)


def test_balanced_weights_of_a_stream_are_refused():
    clf = MLPClassifier(class_weight="balanced")
    assert not hasattr(clf, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as caught:
        clf.partial_fit(X, y, classes=[0, 1, 2])
    assert "class_weight='balanced', which needs all labels: give a dict" in str(caught.value.__cause__)


def test_weights_of_classes_follow_scikit_learn():
    """Classes without a weight count 1; a dict may name classes that a fold lacks, where it names all others."""
    some = MLPClassifier(class_weight={1: 4.0}, **BASE).fit(X, y)
    full = MLPClassifier(class_weight={0: 1, 1: 4, 2: 1, 9: 3}, **BASE).fit(X, y)
    np.testing.assert_array_equal(some.coefs_[0], full.coefs_[0])
    with pytest.raises(ValueError, match=r"\[0, 2\], are not in class_weight"):
        MLPClassifier(class_weight={1: 4.0, 9: 3}, **BASE).fit(X, y)


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "neg_log_loss"])
def test_scorers_get_probabilities(scoring):
    from sklearn.metrics import average_precision_score, log_loss

    score = {"roc_auc": roc_auc_score, "average_precision": average_precision_score}.get(
        scoring, lambda t, p: -log_loss(t, p)
    )
    noisy = (X[:, 1] + np.random.default_rng(0).normal(size=len(X)) > 0).astype(int)
    clf = MLPClassifier(early_stopping=True, scoring=scoring, **BASE).fit(X, noisy, X_val=X, y_val=noisy)
    assert clf.best_validation_score_ == pytest.approx(score(noisy, clf.predict_proba(X)[:, 1]))


def test_frozen_layers_stay_with_lbfgs():
    clf = MLPClassifier(solver="lbfgs", warm_start=True, hidden_layer_sizes=(5,), max_iter=3, random_state=0).fit(X, y)
    clf.network_.freeze(0)
    before, last = clf.coefs_[0].copy(), clf.coefs_[1].copy()
    clf.fit(X, y)
    np.testing.assert_array_equal(clf.coefs_[0], before)
    assert not np.allclose(clf.coefs_[1], last)
