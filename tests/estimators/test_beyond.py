"""What scikit-learn's users asked for and did not get, in the estimators and in `Network.fit`."""

import os
import signal
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score, make_scorer

import layerwise as lw
from layerwise import MLPClassifier, MLPRegressor

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
DIGITS, FIGURES = load_digits(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**parameters):
    return MLPClassifier(**{"random_state": 0, "max_iter": 30, "learning_rate_init": 0.01, **parameters})


def test_weights_of_classes_are_weights_of_samples():
    weights = {0: 1.0, 1: 5.0, 2: 0.5}
    one = classifier(class_weight=weights).fit(X, y)
    of_samples = np.array([weights[label] for label in y])  # of mean 1: the penalty's share is 1 / n, too
    other = classifier().fit(X, y, sample_weight=of_samples / of_samples.mean())
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X))
    rare = np.concatenate([np.arange(50), np.arange(50, 60)])
    balanced = classifier(class_weight="balanced").fit(X[rare], y[rare])
    explicit = classifier(class_weight={0: 60 / 100, 1: 60 / 20}).fit(X[rare], y[rare])
    np.testing.assert_allclose(balanced.predict_proba(X), explicit.predict_proba(X))


def test_an_activation_for_each_layer():
    clf = classifier(hidden_layer_sizes=(7, 6), activation=("tanh", lw.LeakyReLU(0.2))).fit(X, y)
    assert repr(list(clf.network_.layers)) == (
        "[Dense(7), Tanh(), Dense(6), LeakyReLU(negative_slope=0.2), Dense(3), Softmax()]"
    )


def test_dropout_and_norms_have_their_places():
    clf = classifier(hidden_layer_sizes=(7, 6), dropout=(0.5, 0), batch_norm=True, batch_size=16).fit(X, y)
    kinds = [type(layer).__name__ for layer in clf.network_.layers]
    assert kinds == ["Dense", "BatchNorm", "ReLU", "Dropout", "Dense", "BatchNorm", "ReLU", "Dense", "Softmax"]
    np.testing.assert_array_equal(clf.predict_proba(X), clf.predict_proba(X))  # nothing is dropped
    np.testing.assert_allclose(clf.predict_proba(X[:1]), clf.predict_proba(X)[:1])  # statistics, not the batch
    assert clf.score(X, y) > 0.9
    assert len(clf.coefs_) == 3


def test_layers_of_any_kind():
    clf = classifier(layers=[lw.Scale(), lw.Dense(9, "he_normal"), lw.LayerNorm(), lw.Mish()], batch_size=16).fit(X, y)
    assert clf.n_layers_ == 3
    assert clf.score(X, y) > 0.9


@pytest.mark.parametrize(
    "loss", ["mean_absolute_error", "absolute_error", "huber", "quantile", lw.Huber(0.5), "poisson"]
)
def test_other_losses(loss):
    data, target = load_diabetes(return_X_y=True)
    regr = MLPRegressor(loss=loss, random_state=0, max_iter=40, learning_rate_init=0.01, batch_size=32)
    assert regr.fit(data * 20, target / 50).score(data * 20, target / 50) > 0.2


def test_a_quantile_is_one():
    rng = np.random.default_rng(0)
    target = rng.exponential(size=2000)
    regr = MLPRegressor(
        loss=lw.Quantile(0.9), hidden_layer_sizes=(4,), max_iter=200, learning_rate_init=0.01, random_state=0
    )
    predicted = regr.fit(np.ones((2000, 1)), target).predict(np.ones((1, 1)))
    assert (target <= predicted).mean() == pytest.approx(0.9, abs=0.02)


def test_label_smoothing_keeps_probabilities_from_the_ends():
    sharp, smooth = (classifier(label_smoothing=s, max_iter=300).fit(X, y) for s in (0.0, 0.3))
    assert smooth.predict_proba(X).max() < 0.95 < sharp.predict_proba(X).max()


def test_validation_data_of_ones_own():
    held_out = (DIGITS[1200:], FIGURES[1200:])
    clf = classifier(early_stopping=True, n_iter_no_change=4, max_iter=60)
    clf.fit(DIGITS[:1200], FIGURES[:1200], validation_data=held_out)
    assert clf.best_validation_score_ == max(clf.validation_scores_) == pytest.approx(clf.score(*held_out))
    assert len(clf.history_["val_loss"]) == clf.n_iter_
    shown = classifier(max_iter=5).fit(DIGITS[:1200], FIGURES[:1200], validation_data=held_out)
    assert shown.validation_scores_ is None
    assert shown.n_iter_ == len(shown.history_["val_score"]) == 5


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", make_scorer(balanced_accuracy_score)], ids=str)
def test_any_scorer_stops(scoring):
    clf = classifier(early_stopping=True, scoring=scoring, max_iter=20).fit(X, y)
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert clf.history_["val_score"] == clf.validation_scores_


def test_a_scorer_sees_the_columns_names():
    frames = pytest.importorskip("pandas")
    seen = []

    def scorer(estimator, frame, target):
        seen.append(list(frame.columns))
        return estimator.score(frame, target)

    frame = frames.DataFrame(X, columns=list("abcd"))
    classifier(early_stopping=True, scoring=scorer, max_iter=2).fit(frame, frames.Series(y))
    assert seen == [list("abcd")] * 2


class Interrupt(lw.Callback):
    def __init__(self, at):
        self.at = at

    def on_epoch_begin(self, run):
        if run.epoch == self.at:
            os.kill(os.getpid(), signal.SIGINT)


class Explode(lw.Callback):
    def on_epoch_begin(self, run):
        if run.epoch == 8:
            run.optimizer.learning_rate = 1e300


@pytest.mark.parametrize("way", ["patience", "max_iter", "interrupt", "divergence"])
def test_the_best_weights_come_back_on_every_way_out(way, ctrl_c):
    arguments = {"patience": {"n_iter_no_change": 2, "max_iter": 200}, "max_iter": {"max_iter": 12},
                 "interrupt": {"callbacks": [Interrupt(9)]}, "divergence": {"callbacks": [Explode()]}}[way]  # fmt: skip
    clf = classifier(early_stopping=True, validation_fraction=0.3, **arguments)
    if way == "divergence":
        with pytest.raises(ValueError, match="diverged"):
            clf.fit(X, y)
    elif way == "interrupt":
        with pytest.warns(lw.InterruptWarning):
            clf.fit(X, y)
    else:
        clf.fit(X, y)
    from sklearn.model_selection import train_test_split

    random = np.random.RandomState(0)
    for shape in ((4, 100), 100, (100, 3), 3):  # the first weights are drawn before the split
        random.uniform(size=shape)
    held_out = train_test_split(np.arange(150), random_state=random, test_size=0.3)[1]
    assert clf.score(X[held_out], y[held_out]) == pytest.approx(clf.best_validation_score_)
    assert clf.best_validation_score_ == max(clf.validation_scores_)


def test_schedule_clip_decay_and_average_reach_the_training():
    plain = classifier().fit(X, y)
    for changed in (
        {"schedule": "cosine"}, {"schedule": lambda t, total: 0.5**t}, {"clip_norm": 0.01}, {"weight_decay": 0.1},
        {"ema": 0.9},
    ):  # fmt: skip
        other = classifier(**changed).fit(X, y)
        assert not np.allclose(other.coefs_[0], plain.coefs_[0]), changed
    assert np.abs(classifier(weight_decay=2.0).fit(X, y).coefs_[0]).sum() < np.abs(plain.coefs_[0]).sum()


def test_both_executors_give_the_same():
    common = {"batch_norm": True, "batch_size": 25, "schedule": "one_cycle", "clip_norm": 1.0, "ema": 0.9}
    one, other = (classifier(engine=engine, **common).fit(X, y) for engine in ("numpy", "native"))
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-7)


def test_the_same_bits_on_any_number_of_threads():
    one, other = (classifier(n_threads=n, dropout=0.2).fit(DIGITS, FIGURES) for n in (1, 2))
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])


def test_images_are_distorted_anew_each_epoch():
    images = (DIGITS * 15).astype(np.uint8)
    augmentation = lw.Augmentation(shape=(8, 8), shift=1)
    clf = classifier(scaling="range", augmentation=augmentation, max_iter=20).fit(images, FIGURES)
    plain = classifier(scaling="range", max_iter=20).fit(images, FIGURES)
    assert clf.loss_ > plain.loss_
    assert clf.score(images, FIGURES) > 0.95
    again = classifier(scaling="range", augmentation=augmentation, max_iter=20).fit(images, FIGURES)
    np.testing.assert_array_equal(again.coefs_[0], clf.coefs_[0])


def test_scaling_belongs_to_the_network():
    raw, _ = load_iris(return_X_y=True)
    clf = classifier(scaling="standard").fit(raw * 1000, y)
    assert clf.score(raw * 1000, y) > 0.9


def test_precision_on_request():
    assert classifier(dtype="float32", max_iter=2).fit(X, y).coefs_[0].dtype == np.float32
    assert classifier(max_iter=2).fit(X.astype(np.float32), y).predict_proba(X.astype(np.float32)).dtype == np.float32


def test_the_warning_says_what_to_do():
    with pytest.warns(ConvergenceWarning, match=r"scaling='standard'.*max_iter.*learning rate"):
        MLPClassifier(max_iter=2, random_state=0).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier(max_iter=2, random_state=0, schedule="cosine").fit(X, y)  # its schedule ends there


def test_answers_that_are_not_given():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = np.array(["no", "yes"])[(X[:, 0] + rng.normal(size=400) > 0).astype(int)]
    clf = lw.MLPClassifier((8,), max_iter=20, random_state=0, tol=0).fit(X, y)
    confidence = clf.predict_proba(X).max(axis=1)
    answers = clf.predict(X, min_confidence=0.8)
    np.testing.assert_array_equal(answers.mask, confidence < 0.8)
    np.testing.assert_array_equal(answers.filled(), np.where(confidence < 0.8, "", clf.predict(X)))
    lw.learn_novelty(clf.network_, X)
    assert clf.predict(X * 50, reject_novel=True).mask.all()
