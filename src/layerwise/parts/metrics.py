"""How good predictions are, as numbers that people read: metric(y_true, y_pred), as in scikit-learn.

`y_pred` is what `Network.predict` gives. Any function of this form can be a metric of `fit` and `evaluate`; where the
samples have weights, it must take them as `sample_weight`. A function whose second parameter is called `y_score`,
`y_prob` or `y_proba`, such as scikit-learn's `roc_auc_score`, is handed probabilities instead of answers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from layerwise.errors import DataError, ShapeError, UnknownNameError, nearest
from layerwise.parts.masked import unmasked
from layerwise.typing import Array, ArrayLike

__all__ = [
    "METRICS",
    "Metric",
    "accuracy",
    "as_metrics",
    "binary_accuracy",
    "calibration_bins",
    "check_weighted",
    "confusion_matrix",
    "coverage_curve",
    "expected_calibration_error",
    "r2_score",
    "regression_accuracy",
    "takes",
    "takes_weights",
]

Metric = Callable[..., float]


def accuracy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """The share of predictions that are right.

    Examples
    --------
    >>> accuracy([0, 1, 2, 2], [0, 1, 1, 2])
    0.75
    """
    t, y = _pair(y_true, y_pred)
    return _mean(t == y, sample_weight)


def binary_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5, sample_weight: ArrayLike | None = None
) -> float:
    """The share of all outputs that are on the right side of the threshold, where each is a yes or no.

    Examples
    --------
    >>> binary_accuracy([[1, 0], [1, 1]], [[0.9, 0.2], [0.4, 0.8]])
    0.75
    """
    t, y = _pair(y_true, y_pred)
    return _mean((t > threshold) == (y > threshold), sample_weight)


def regression_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, precision: float | None = None, sample_weight: ArrayLike | None = None
) -> float:
    """The share of predictions nearer than `precision`, by default std(y_true) / 250 (Kinsley and Kukiela).

    Examples
    --------
    >>> regression_accuracy([0.0, 100.0], [0.1, 101.0])
    0.5
    """
    t, y = (array.astype(np.float64) for array in _pair(y_true, y_pred))
    return _mean(np.abs(t - y) < (np.std(t) / 250 if precision is None else precision), sample_weight)


def r2_score(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """1 - Σ (t - y)² / Σ (t - mean t)², the mean over the outputs: 1 is perfect, 0 is as good as the mean.

    With weights w: 1 - Σ w (t - y)² / Σ w (t - Σ w t / Σ w)².

    Examples
    --------
    >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 3.5])
    0.875
    """
    t, y = (array.astype(np.float64) for array in _pair(y_true, y_pred))
    w = np.ones(len(t)) if sample_weight is None else _weights(sample_weight, len(t))
    t, y, w = t[w > 0], y[w > 0], w[w > 0].reshape(-1, *[1] * (t.ndim - 1))
    spread = np.sum(w * (t - np.sum(w * t, axis=0) / np.sum(w)) ** 2, axis=0)
    wrong = np.sum(w * (t - y) ** 2, axis=0)
    constant = t.min(axis=0) == t.max(axis=0)  # then 1 for right, 0 for wrong
    return float(np.mean(np.where(constant, wrong == 0, 1 - wrong / np.where(constant, 1, spread))))


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, classes: int | None = None) -> Array:
    """How often class i (row) was taken for class j (column): an int array (classes, classes).

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1])
    array([[1, 1],
           [0, 1]])
    """
    t, y = _pair(y_true, y_pred)
    if t.dtype.kind not in "biuf" or y.dtype.kind not in "biuf" or (t != np.floor(t)).any() or (y != np.floor(y)).any():
        raise ShapeError(
            "confusion_matrix: classes must be whole numbers from 0; "
            "np.unique(labels, return_inverse=True)[1] makes such numbers of others"
        )
    t, y = t.astype(np.intp), y.astype(np.intp)
    if t.size and min(t.min(), y.min()) < 0:
        raise ShapeError("confusion_matrix: classes must be whole numbers from 0; got a negative one")
    least = int(max(t.max(), y.max(), -1)) + 1 if t.size else 0
    size = least if classes is None else classes
    if size < least:
        raise ShapeError(f"confusion_matrix: classes={size}, but got class {least - 1}")
    return np.bincount(t * size + y, minlength=size * size).reshape(size, size)


def calibration_bins(y_true: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> tuple[Array, Array, Array]:
    """Mean confidence, accuracy and number of samples in bins of equal width of the confidence; NaN where none is.

    Parameters
    ----------
    y_true : array (n,)
        Classes as whole numbers: the columns of `probabilities`.
    probabilities : array (n, classes)
        As `predict_proba` gives them; the largest is the confidence, its column the answer.
    bins : int
        How many; a confidence on an edge counts in the bin below it.

    Raises
    ------
    ShapeError
        Labels and probabilities do not fit together.
    DataError
        What should be probabilities are none.

    Examples
    --------
    >>> confidence, accuracy, counts = calibration_bins([0, 1], [[0.9, 0.1], [0.6, 0.4]], bins=2)
    >>> confidence.tolist(), accuracy.tolist(), counts.tolist()
    ([nan, 0.75], [nan, 0.5], [0, 2])
    """
    t, p = unmasked(y_true, "y_true"), unmasked(probabilities, "probabilities", np.float64)
    if p.ndim != 2 or t.shape != (len(p),) or not len(p):
        raise ShapeError(
            f"calibration needs labels (n,) and probabilities (n, classes), n at least 1; got {t.shape} and {p.shape}"
        )
    if t.dtype.kind not in "biuf" or (t != np.floor(t)).any() or t.min() < 0 or t.max() >= p.shape[1]:
        raise ShapeError(
            f"calibration: labels must be whole numbers from 0 to {p.shape[1] - 1}, the columns of probabilities; "
            "np.searchsorted(network.task.classes, labels) makes such numbers of others"
        )
    if not ((p >= 0) & (p <= 1 + 1e-6)).all():
        raise DataError("calibration: probabilities must be from 0 to 1, as predict_proba gives them; got others")
    confidence, right = p.max(axis=1), p.argmax(axis=1) == t
    place = np.clip(np.ceil(confidence * bins).astype(np.intp) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, values, bins) / counts for values in (confidence, right.astype(np.float64))]
    return means[0], means[1], counts


def expected_calibration_error(y_true: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> float:
    """How far confidence is from accuracy: the mean absolute difference over bins, weighted by their samples.

    Parameters
    ----------
    y_true, probabilities, bins
        As for `calibration_bins`.

    References
    ----------
    M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI
    2015.

    Examples
    --------
    >>> expected_calibration_error([0, 1], [[0.75, 0.25], [0.75, 0.25]])
    0.25
    """
    confidence, accuracy, counts = calibration_bins(y_true, probabilities, bins)
    filled = counts > 0
    return float(np.sum(counts[filled] * np.abs(confidence - accuracy)[filled]) / counts.sum())


def coverage_curve(y_true: ArrayLike, probabilities: ArrayLike) -> tuple[Array, Array, Array]:
    """The accuracy of the answers given if only the surest are: share answered, accuracy of those, least confidence.

    Parameters
    ----------
    y_true, probabilities
        As for `calibration_bins`.

    Returns
    -------
    coverage, accuracy, confidence : arrays (n,)
        If only the surest sample is answered, the two surest, …, all.

    Examples
    --------
    >>> coverage, accuracy, confidence = coverage_curve([0, 1], [[0.9, 0.1], [0.6, 0.4]])
    >>> coverage.tolist(), accuracy.tolist(), confidence.tolist()
    ([0.5, 1.0], [1.0, 0.5], [0.9, 0.6])
    """
    calibration_bins(y_true, probabilities, 1)  # refuses what does not fit
    p = np.asarray(probabilities, dtype=np.float64)
    confidence = p.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = (p.argmax(axis=1) == np.asarray(y_true))[order]
    answered = np.arange(1, len(right) + 1)
    return answered / len(right), np.cumsum(right) / answered, confidence[order]


METRICS: tuple[Metric, ...] = (accuracy, binary_accuracy, regression_accuracy, r2_score)


def as_metrics(values: Sequence[str | Metric] | str | Metric | None) -> dict[str, Metric]:
    """The metrics by name, from functions and the names of ours."""
    known = {_name(function): function for function in METRICS}
    items: Iterable[str | Metric] = [values] if isinstance(values, str) or callable(values) else values or ()
    chosen: dict[str, Metric] = {}
    for item in items:
        if callable(item):
            name = _name(item)
            if name in chosen or name in ("loss", "penalty"):
                raise UnknownNameError(f"there is another column called {name!r}: give the metric another __name__")
            chosen[name] = item
        elif item in known:
            chosen[item] = known[item]
        else:
            raise UnknownNameError(f"metric {item!r} is not known; {nearest(str(item), known)}, or give a function")
    return chosen


def check_weighted(metrics: Mapping[str, Metric]) -> None:
    """Refuse metrics that cannot take the samples' weights.

    Raises
    ------
    DataError
        Names them.
    """
    deaf = [name for name, metric in metrics.items() if not takes_weights(metric)]
    if deaf:
        raise DataError(
            f"the samples have weights, and the metric {', '.join(deaf)} takes none: give metric(y_true, y_pred, "
            "sample_weight=None), or evaluate it without weights"
        )


def takes_weights(metric: Callable[..., object]) -> bool:
    """Whether a function has a parameter `sample_weight`, or takes any."""
    try:
        parameters = inspect.signature(metric).parameters
    except (TypeError, ValueError):  # of a function in C that does not say
        return False
    return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def takes(metric: Metric) -> str:
    """What a metric's second argument is: ``"answers"``, ``"probabilities"`` or ``"columns"``.

    scikit-learn's functions of scores name it so. "columns" are probabilities too, with y_true as their columns: so
    are those of `expected_calibration_error`.

    Examples
    --------
    >>> takes(accuracy), takes(expected_calibration_error), takes(lambda y_true, y_score: 0.0)
    ('answers', 'columns', 'probabilities')
    """
    try:
        names = list(inspect.signature(metric).parameters)
    except (TypeError, ValueError):  # of a function in C that does not say
        return "answers"
    if names[1:2] == ["probabilities"]:
        return "columns"
    scores = ("y_score", "y_prob", "y_proba", "y_probas", "pred_decision")
    return "probabilities" if (names[1:2] and names[1] in scores) or _name(metric) in _OF_SCORES else "answers"


_OF_SCORES = ("log_loss", "d2_log_loss_score", "d2_brier_score")  # scikit-learn's, which call it y_pred


def _mean(values: Array, sample_weight: ArrayLike | None) -> float:
    """The mean over samples and outputs, by the samples' weights."""
    if sample_weight is None:
        return float(np.mean(values))
    of_samples = values.reshape(len(values), -1).mean(axis=1)
    return float(np.average(of_samples, weights=_weights(sample_weight, len(values))))


def _weights(sample_weight: ArrayLike, n: int) -> Array:
    weights = unmasked(sample_weight, "sample_weight", np.float64)
    if weights.shape != (n,):
        raise ShapeError(f"sample_weight must be one a sample ({n},); its shape is {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise DataError("sample_weight: weights must be finite, at least 0, and not all 0")
    return weights


def _name(metric: Metric) -> str:
    own = metric.func if isinstance(metric, partial) and not hasattr(metric, "__name__") else metric
    return str(getattr(own, "__name__", type(own).__name__))


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    t, y = unmasked(y_true, "y_true"), unmasked(y_pred, "y_pred")
    if t.shape != y.shape:
        raise ShapeError(f"y_true has shape {t.shape} and y_pred {y.shape}; a metric needs them alike")
    return t, y
