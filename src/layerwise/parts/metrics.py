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
from layerwise.parts.calibration import calibration_bins, coverage_curve, expected_calibration_error
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
    """Return the share of predictions that are right.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,) or (n, outputs)
        The true labels and the predicted ones.
    sample_weight : array-like of shape (n,), optional
        The weight of each sample.

    Returns
    -------
    float
        The share, from 0 to 1.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.accuracy([0, 1, 2, 2], [0, 1, 1, 2])
    0.75
    """
    t, y = _pair(y_true, y_pred)
    return _mean(t == y, sample_weight)


def binary_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5, sample_weight: ArrayLike | None = None
) -> float:
    """Return the share of outputs that are on the right side of a threshold, for yes-or-no outputs.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,) or (n, outputs)
        The targets, 0 or 1, and the outputs.
    threshold : float, default=0.5
        Outputs above it mean yes.
    sample_weight : array-like of shape (n,), optional
        The weight of each sample.

    Returns
    -------
    float
        The share, from 0 to 1.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.binary_accuracy([[1, 0], [1, 1]], [[0.9, 0.2], [0.4, 0.8]])
    0.75
    """
    t, y = _pair(y_true, y_pred)
    return _mean((t > threshold) == (y > threshold), sample_weight)


def regression_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, precision: float | None = None, sample_weight: ArrayLike | None = None
) -> float:
    """Return the share of predictions that differ from the target by less than `precision`.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,) or (n, outputs)
        The targets and the predictions.
    precision : float, optional
        In the unit of the targets. By default the standard deviation of y_true, divided by 250 (Kinsley and Kukiela
        2020).
    sample_weight : array-like of shape (n,), optional
        The weight of each sample.

    Returns
    -------
    float
        The share, from 0 to 1.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.regression_accuracy([0.0, 100.0], [0.1, 101.0])
    0.5
    """
    t, y = (array.astype(np.float64) for array in _pair(y_true, y_pred))
    return _mean(np.abs(t - y) < (np.std(t) / 250 if precision is None else precision), sample_weight)


def r2_score(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Return the coefficient of determination R², averaged over the outputs.

    It is 1 - Σ (t - y)² / Σ (t - mean t)²: 1 is perfect, 0 is as good as predicting the mean. With weights w it is
    1 - Σ w (t - y)² / Σ w (t - Σ w t / Σ w)².

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,) or (n, outputs)
        The targets and the predictions.
    sample_weight : array-like of shape (n,), optional
        The weight of each sample.

    Returns
    -------
    float
        At most 1. For constant targets 1 if all predictions are right, else 0.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 3.5])
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
    """Return how often each class was predicted as each class.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        The true classes and the predicted ones, as whole numbers from 0.
    classes : int, optional
        The number of classes. By default the largest class that occurs, plus 1.

    Returns
    -------
    array of shape (classes, classes)
        In row i and column j, how many samples of class i were predicted as class j.

    Raises
    ------
    ShapeError
        The classes are not whole numbers from 0, or there are more than `classes`.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.confusion_matrix([0, 0, 1], [0, 1, 1])
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


METRICS: tuple[Metric, ...] = (accuracy, binary_accuracy, regression_accuracy, r2_score)


def as_metrics(values: Sequence[str | Metric] | str | Metric | None) -> dict[str, Metric]:
    """Return metrics by name, from functions and names.

    Parameters
    ----------
    values : str, callable or sequence of them, optional
        Functions, or names of the metrics of this module.

    Returns
    -------
    dict of callable
        The functions by name.

    Raises
    ------
    UnknownNameError
        A name is not known, or two metrics have the same name.

    Examples
    --------
    >>> import layerwise as lw
    >>> list(lw.metrics.as_metrics(["accuracy", "r2_score"]))
    ['accuracy', 'r2_score']
    """
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
    """Refuse metrics that do not take sample weights.

    Parameters
    ----------
    metrics : dict of callable
        The metrics by name.

    Raises
    ------
    DataError
        Names the metrics that do not.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.check_weighted({"accuracy": lw.metrics.accuracy})
    """
    deaf = [name for name, metric in metrics.items() if not takes_weights(metric)]
    if deaf:
        raise DataError(
            f"the samples have weights, and the metric {', '.join(deaf)} takes none: give metric(y_true, y_pred, "
            "sample_weight=None), or evaluate it without weights"
        )


def takes_weights(metric: Callable[..., object]) -> bool:
    """Return whether a function has a parameter `sample_weight`, or takes any keyword.

    Parameters
    ----------
    metric : callable
        The function.

    Returns
    -------
    bool
        True if it has.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.takes_weights(lw.metrics.accuracy), lw.metrics.takes_weights(lw.metrics.confusion_matrix)
    (True, False)
    """
    try:
        parameters = inspect.signature(metric).parameters
    except (TypeError, ValueError):  # of a function in C that does not say
        return False
    return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def takes(metric: Metric) -> str:
    """Return what the second argument of a metric is.

    Parameters
    ----------
    metric : callable
        The metric. The name of its second parameter decides, as in scikit-learn.

    Returns
    -------
    {"answers", "probabilities", "columns"}
        Predicted labels; probabilities; or probabilities with y_true as their columns, as
        `expected_calibration_error` takes them.

    Examples
    --------
    >>> from layerwise.metrics import accuracy, expected_calibration_error, takes
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
