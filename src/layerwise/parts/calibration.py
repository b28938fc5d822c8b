"""Whether probabilities are right: confidence beside accuracy, in bins and over coverage."""

from __future__ import annotations

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.parts.masked import unmasked
from layerwise.typing import Array, ArrayLike


def calibration_bins(y_true: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> tuple[Array, Array, Array]:
    """Return mean confidence, accuracy and number of samples in bins of the confidence.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Classes as whole numbers: the columns of `probabilities`.
    probabilities : array-like of shape (n, classes)
        As `predict_proba` returns them. The largest of a row is its confidence, its column the answer.
    bins : int, default=15
        The number of bins, of equal width. A confidence on an edge counts in the bin below it.

    Returns
    -------
    confidence : array of shape (bins,)
        The mean confidence in each bin; NaN for an empty one.
    accuracy : array of shape (bins,)
        The share of right answers in each bin; NaN for an empty one.
    counts : array of shape (bins,)
        The number of samples in each bin.

    Raises
    ------
    ShapeError
        Labels and probabilities do not fit together.
    DataError
        The probabilities are not between 0 and 1.

    Examples
    --------
    >>> import layerwise as lw
    >>> confidence, accuracy, counts = lw.metrics.calibration_bins([0, 1], [[0.9, 0.1], [0.6, 0.4]], bins=2)
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
    """Return the expected calibration error: how far confidence is from accuracy.

    It is the absolute difference of mean confidence and accuracy in each bin of `calibration_bins`, averaged over the
    bins and weighted by their numbers of samples.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Classes as whole numbers: the columns of `probabilities`.
    probabilities : array-like of shape (n, classes)
        As `predict_proba` returns them.
    bins : int, default=15
        The number of bins.

    Returns
    -------
    float
        The error, from 0 to 1.

    References
    ----------
    M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI
    2015.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.metrics.expected_calibration_error([0, 1], [[0.75, 0.25], [0.75, 0.25]])
    0.25
    """
    confidence, accuracy, counts = calibration_bins(y_true, probabilities, bins)
    filled = counts > 0
    return float(np.sum(counts[filled] * np.abs(confidence - accuracy)[filled]) / counts.sum())


def coverage_curve(y_true: ArrayLike, probabilities: ArrayLike) -> tuple[Array, Array, Array]:
    """Return the accuracy of the most confident answers, for each number of answers.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Classes as whole numbers: the columns of `probabilities`.
    probabilities : array-like of shape (n, classes)
        As `predict_proba` returns them.

    Returns
    -------
    coverage : array of shape (n,)
        The share of samples that is answered: the most confident one, the two most confident ones, …, all.
    accuracy : array of shape (n,)
        The accuracy of these answers.
    confidence : array of shape (n,)
        The lowest confidence among them.

    Examples
    --------
    >>> import layerwise as lw
    >>> coverage, accuracy, confidence = lw.metrics.coverage_curve([0, 1], [[0.9, 0.1], [0.6, 0.4]])
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
