"""`partial_fit` and its classes; validation data through pipelines; callbacks that are cloned, pickled and searched."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor
from layerwise.training.callbacks import Callback

X, y = load_iris(return_X_y=True)
X, y = X[::3], y[::3]
SEVERAL = make_multilabel_classification(40, 4, n_classes=3, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SOME = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}


# ---------------------------------------------------------------- partial_fit


@pytest.mark.parametrize("classes", [None, [0, 1, 2], [2, 1, 0]], ids=str)
@pytest.mark.parametrize("form", [np.asarray, lambda rows: rows.tolist()], ids=["array", "list"])
def test_several_labels_need_no_classes(classes, form):
    clf = MLPClassifier(**SOME).partial_fit(SEVERAL[0], form(SEVERAL[1]), classes=classes)
    plain = MLPClassifier(**SOME | {"max_iter": 1}).fit(*SEVERAL)
    np.testing.assert_array_equal(clf.coefs_[0], plain.coefs_[0])
    assert clf.partial_fit(SEVERAL[0], form(SEVERAL[1])).classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 2, 3], [1, 2, 3], ["a", "b", "c"]], ids=str)
def test_classes_that_are_not_the_columns(classes):
    clf = MLPClassifier(**SOME)
    with pytest.raises(ValueError, match=r"`classes` must be the numbers of y's columns, \[0, 1, 2\], or be left out"):
        clf.partial_fit(*SEVERAL, classes=classes)
    clf.partial_fit(*SEVERAL)
    with pytest.raises(ValueError, match="`classes` must be the numbers"):
        clf.partial_fit(*SEVERAL, classes=classes)


def test_a_first_call_that_failed_leaves_no_classes():
    clf = MLPClassifier(**SOME)
    with pytest.raises(ValueError, match=r"has \[2\] besides"):
        clf.partial_fit(X, y, classes=[0, 1])
    assert clf.partial_fit(X, y, classes=[0, 1, 2]).classes_.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="is not the same as on last call"):
        clf.partial_fit(X, y, classes=[0, 1])


def test_a_chunk_of_another_kind():
    clf = MLPClassifier(**SOME).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"y has the shape \(40, 3\)"):
        clf.partial_fit(*SEVERAL)
    clf = MLPClassifier(**SOME).partial_fit(*SEVERAL)
    with pytest.raises(ValueError, match="y must have a column for each of 3 labels"):
        clf.partial_fit(SEVERAL[0], SEVERAL[1][:, 0])
    with pytest.raises(ValueError, match="y must have a column for each of 3 labels"):
        clf.partial_fit(SEVERAL[0], SEVERAL[1][:, :2])


# ---------------------------------------------------------------- validation data


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("weight", [None, np.arange(1.0, 51)], ids=["plain", "weighted"])
def test_validation_data_one_by_one_are_the_pair(kind, weight):
    pair = (X, y) if weight is None else (X, y, weight)
    one = kind(early_stopping=True, **SOME).fit(X, y, validation_data=pair)
    other = kind(early_stopping=True, **SOME).fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    assert one.validation_scores_ == other.validation_scores_
    assert one.history_["val_loss"] == other.history_["val_loss"]


def test_validation_data_in_halves():
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        MLPClassifier(**SOME).fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        MLPClassifier(**SOME).fit(X, y, sample_weight_val=np.ones(50))
    with pytest.raises(ValueError, match="not both"):
        MLPClassifier(**SOME).fit(X, y, validation_data=(X, y), X_val=X, y_val=y)


def test_a_pipeline_transforms_them():
    with sklearn.config_context(enable_metadata_routing=True):
        clf = MLPClassifier(early_stopping=True, **SOME).set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("clf", clf)], transform_input=["X_val"])
        pipeline.fit(X * 1000, y, X_val=X[::2] * 1000, y_val=y[::2])
    scaled = StandardScaler().fit(X * 1000)
    alone = MLPClassifier(early_stopping=True, **SOME).fit(
        scaled.transform(X * 1000), y, X_val=scaled.transform(X[::2] * 1000), y_val=y[::2]
    )
    assert pipeline["clf"].history_["val_loss"] == pytest.approx(alone.history_["val_loss"])


# ---------------------------------------------------------------- callbacks


class Keeps(Callback):
    """Keeps all that a running training can give."""

    def __init__(self, seen):
        self.seen = seen

    def on_epoch_end(self, run):
        self.run, self.engine, self.history, self.network = run, run.engine, run.history, run.network
        self.seen.append(run.epoch)


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_a_callback_that_keeps_its_run_is_cloned_and_pickled(engine):
    seen = []
    keeps = Keeps(seen)
    clf = MLPClassifier(callbacks=[keeps], early_stopping=True, engine=engine, **SOME).fit(X, y)
    assert seen == [1, 2, 3]  # it is the user's own that was called
    again = clone(clf)
    assert again.callbacks[0] is not keeps
    assert again.callbacks[0].run is None
    again.fit(X, y)
    np.testing.assert_array_equal(again.coefs_[0], clf.coefs_[0])
    loaded = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert loaded.callbacks[0].history["loss"] == keeps.history["loss"]


def test_searches_with_such_a_callback():
    clf = MLPClassifier(callbacks=[Keeps([])], **SOME).fit(X, y)
    grid = GridSearchCV(clf, {"alpha": [0.1, 1.0]}, cv=2).fit(X, y)
    assert len(grid.best_estimator_.callbacks[0].seen) >= 3
    cross_validate(clf, X, y, cv=2, n_jobs=2, return_estimator=True)


def own_callbacks(tmp_path):
    yield lw.EarlyStopping("loss", 2)
    yield lw.Checkpoint(tmp_path / "run.safetensors")
    yield lw.CSVLog(tmp_path / "log.csv")
    yield lw.ReduceOnPlateau("loss", patience=1)
    yield lw.ExponentialMovingAverage(0.9)
    yield lw.GradientClip(1.0)
    yield lw.Freeze(0)
    yield lw.LearningRateFinder(steps=5)
    yield lw.Progress()
    yield lw.Histograms()
    yield lw.Diagnose()


def test_each_of_our_callbacks_is_cloned_and_pickled_after_a_fit(tmp_path, capsys):
    for callback in own_callbacks(tmp_path):
        clf = MLPClassifier(callbacks=callback, **SOME).fit(X, y)
        clone(clf).fit(X, y)
        assert pickle.loads(pickle.dumps(clf)).predict(X).shape == y.shape, callback
