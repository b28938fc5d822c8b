"""What programs written for scikit-learn do with its estimator, and what frames, labels and searches they bring."""

import pickle
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_regression
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"solver": "lbfgs", "hidden_layer_sizes": (8,), "random_state": 0, "alpha": 0.1, "max_iter": 500}


def test_weights_are_read_and_set():
    clf = MLPClassifier(**QUICK).fit(X, y)
    assert [w.shape for w in clf.coefs_] == [(4, 8), (8, 3)]
    assert [b.shape for b in clf.intercepts_] == [(8,), (3,)]
    clf.coefs_[0][:] = 0  # in place
    clf.coefs_[1] = np.zeros((8, 3))  # an array in the place of another
    clf.intercepts_ = [np.zeros(8), np.array([0.0, 1.0, 0.0])]  # all of them
    np.testing.assert_allclose(clf.predict_proba(X[:1])[0], np.exp([0, 1, 0]) / np.exp([0, 1, 0]).sum())
    assert (clf.predict(X) == 1).all()
    with pytest.raises(ValueError, match="broadcast"):
        clf.coefs_[0] = np.zeros((3, 8))


@pytest.mark.parametrize(
    "labels",
    [np.array(["setosa", "versicolor", "virginica"]), np.array([-1.0, 5.0, 7.0]), np.array([10, 20, 30])],
    ids=["text", "floats", "integers"],
)
def test_labels_of_any_kind(labels):
    clf = MLPClassifier(**QUICK).fit(X, labels[y])
    assert clf.classes_.dtype == labels.dtype
    assert clf.score(X, labels[y]) > 0.95
    assert clf.predict(X).dtype == labels.dtype


def test_yes_and_no():
    clf = MLPClassifier(**QUICK).fit(X, y == 1)
    assert clf.classes_.tolist() == [False, True]
    assert clf.predict(X).dtype == bool
    assert clf.out_activation_ == "logistic"
    assert clf.predict_proba(X).shape == (150, 2)
    np.testing.assert_allclose(np.exp(clf.predict_log_proba(X)), clf.predict_proba(X))


def test_a_pickle_and_a_clone_are_the_same():
    clf = MLPClassifier(random_state=0, max_iter=400, early_stopping=True, layers=[lw.Dense(5), lw.Tanh()]).fit(X, y)
    copied = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(copied.predict_proba(X), clf.predict_proba(X))
    assert copied.loss_curve_ == clf.loss_curve_
    again = clone(clf).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    with pytest.raises(NotFittedError):
        clone(clf).predict(X)


def test_early_stopping_may_begin_with_a_later_fit():
    clf = MLPClassifier(random_state=0, max_iter=3, warm_start=True).fit(X, y)
    assert clf.best_loss_ > 0
    assert clf.validation_scores_ is None
    clf.set_params(early_stopping=True).fit(X, y)
    assert len(clf.validation_scores_) == 3
    assert clf.best_loss_ is None
    assert len(clf.set_params(early_stopping=False).fit(X, y).loss_curve_) == 9
    assert clf.best_loss_ > 0


def test_pipelines_grids_and_scores():
    grid = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(**QUICK)),
        {"mlpclassifier__alpha": [0.01, 1.0], "mlpclassifier__activation": ["relu", "mish"]},
        cv=3,
        n_jobs=2,
    ).fit(X, y)
    assert grid.best_score_ > 0.9
    assert cross_val_score(MLPRegressor(**QUICK), *make_regression(60, 4, random_state=0), cv=3).mean() > 0.8


@pytest.mark.parametrize(
    "around",
    [
        lambda clf: BaggingClassifier(clf, n_estimators=3, random_state=0, n_jobs=2),
        lambda clf: VotingClassifier([("a", clf), ("b", clone(clf).set_params(random_state=1))], voting="soft"),
        lambda clf: CalibratedClassifierCV(clf, cv=3),
    ],
    ids=["bagging", "voting", "calibration"],
)
def test_ensembles_of_scikit_learn(around):
    assert around(MLPClassifier(**QUICK)).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_and_their_names(library):
    frames = pytest.importorskip(library)
    names = ["a", "b", "c", "d"]
    frame = frames.DataFrame({name: X[:, i] for i, name in enumerate(names)})
    target = frames.Series(np.array(["x", "y", "z"])[y])
    clf = MLPClassifier(**QUICK).fit(frame, target)
    assert clf.feature_names_in_.tolist() == names
    assert clf.score(frame, target) > 0.95
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(frame[names[::-1]])


def test_metadata_is_routed():
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        clf = MLPClassifier(**QUICK).set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        grid = GridSearchCV(clf, {"alpha": [0.1, 1.0]}, cv=2).fit(X, y, sample_weight=np.ones(len(y)))
    assert grid.best_score_ > 0.9


def test_numpy_alone_suffices_until_they_are_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for name in [name for name in sys.modules if name.startswith("layerwise.estimators")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("estimators", "MLPClassifier"):
        monkeypatch.delattr(lw, name, raising=False)
    with pytest.raises(ImportError, match=r"pip install 'layerwise\[sklearn\]'"):
        _ = lw.MLPClassifier
    with pytest.raises(AttributeError, match="no attribute 'MLPclassifier'"):
        _ = lw.MLPclassifier
