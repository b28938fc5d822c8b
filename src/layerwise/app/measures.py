"""How good a model for tables is, in several measures, beside the best answer that is the same for every row."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from layerwise.data.intervals import Intervals
from layerwise.network.network import Network
from layerwise.parts.metrics import expected_calibration_error
from layerwise.typing import Array

MOST = 5  # confusions that are listed
COVERAGE, LEAST_HELD_OUT = 0.9, 9  # of intervals, and the held-out rows that they need


def of_classes(y: Array, probabilities: Array, answers: Array, classes: Array) -> dict[str, Any]:
    """Return the measures of answers that are classes; ready for JSON.

    Parameters
    ----------
    y, answers : array (n,)
        What the rows are, and what the model takes them for.
    probabilities : array (n, classes)
        Of each class.
    classes : array
        In that order.
    """
    names, n = list(classes.tolist()), len(y)
    places = np.array([names.index(label) for label in y.tolist()])
    right = y == answers
    losses = log_losses(places, probabilities)
    recalls = [
        {"class": name, "rows": int((places == c).sum()), "recall": float(right[places == c].mean())}
        for c, name in enumerate(names)
        if (places == c).any()
    ]
    wrong = Counter((str(t), str(a)) for t, a in zip(y.tolist(), answers.tolist(), strict=True) if t != a)
    result = {
        "samples": n,
        "loss": float(losses.mean()),
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean([item["recall"] for item in recalls])),
        "errors": int((~right).sum()),
        "recalls": recalls,
        "confusions": [
            {"true": true, "answer": answer, "times": times}
            for (true, answer), times in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:MOST]
        ],
    }
    result["calibration_error"] = expected_calibration_error(places, probabilities)
    result["rows_of_half_the_loss"] = _rows_of_half(losses)
    if 2 <= len(names) == len(recalls):
        result["auc"] = _auc(places, probabilities)
    return result


def log_losses(places: Array, probabilities: Array) -> Array:
    """Return -log p of what each row is, given as columns of the probabilities (n, classes)."""
    shares = probabilities[np.arange(len(places)), places].astype(np.float64)
    losses: Array = -np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    return losses


def _auc(places: Array, probabilities: Array) -> float:
    """Return the area under the ROC curve, of several classes the mean over each beside all others."""
    each, areas = range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1]), []
    for c in each:
        _, inverse, counts = np.unique(probabilities[:, c], return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # of equal ones the mean
        is_class = places == c
        ones = int(is_class.sum())
        areas.append((ranks[is_class].sum() - ones * (ones + 1) / 2) / (ones * (len(places) - ones)))
    return float(np.mean(areas))


def _rows_of_half(losses: Array) -> int:
    """Return how many rows, the worst ones, make half of the loss."""
    ordered = np.cumsum(np.sort(losses)[::-1])
    return int(np.searchsorted(ordered, ordered[-1] / 2) + 1) if ordered[-1] > 0 else 0


def of_numbers(y: Array, answers: Array) -> dict[str, Any]:
    """Return the measures of answers that are numbers, in their units; of several targets, each its own list entry."""
    off = answers - y
    squares, spread = (off**2).mean(axis=0), y.var(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 0, 1 - squares / spread, np.nan)
    return {
        "samples": len(y),
        "loss": float((off**2).sum(axis=-1).mean() / 2) if off.ndim > 1 else float(squares / 2),
        "r2": float(np.mean(r2)),
        "mae": np.abs(off).mean(axis=0).tolist(),
        "rmse": np.sqrt(squares).tolist(),
        "rows_of_half_the_loss": _rows_of_half(squared_errors(y, answers)),
    }


def squared_errors(y: Array, answers: Array) -> Array:
    """Return the squared error of each row, of several targets the sum in units of their variances."""
    off = (answers - y) ** 2
    if off.ndim == 1:
        return np.asarray(off)
    spread = y.var(axis=0)
    return np.asarray((off / np.where(spread > 0, spread, 1)).sum(axis=1))


def usable_intervals(network: Network) -> Intervals | None:
    """Return what a network knows of intervals, if it is of its present weights and of enough rows."""
    learned = network.intervals
    return None if learned is None or learned.steps != network.steps or learned.rows < LEAST_HELD_OUT else learned


def covered(y: Array, ends: Array) -> float:
    """Return the share of numbers that lie between the ends (..., 2) of their intervals."""
    return float(((ends[..., 0] <= y) & (y <= ends[..., 1])).mean())


def beside_no_model(result: dict[str, Any], y: Array, known: Array) -> dict[str, Any]:
    """Return the same measures of the best answer without looking: the most frequent class, or the mean.

    Parameters
    ----------
    result : dict
        The model's.
    y, known : array
        The targets of the rows to test, and of those to train.
    """
    if "accuracy" in result:
        values, counts = np.unique(known, return_counts=True)
        shares = np.broadcast_to(counts / len(known), (len(y), len(values)))
        told = of_classes(y, shares, np.full(len(y), values[counts.argmax()]), values)
        kept = ("accuracy", "balanced_accuracy", "auc", "loss")
        return {
            "answer": values.tolist()[int(counts.argmax())],
            **{name: told[name] for name in kept if name in told},
            "better": result["accuracy"] > told["accuracy"],
            "probabilities_better": result["loss"] < told["loss"],
        }
    mean = known.mean(axis=0)
    told = of_numbers(y, np.broadcast_to(mean, y.shape))
    ratio = np.asarray(result["rmse"]) / np.maximum(told["rmse"], np.finfo(np.float64).tiny)
    better = bool(np.mean(ratio) < 1)
    return {"answer": mean.tolist(), "mae": told["mae"], "rmse": told["rmse"], "r2": told["r2"], "better": better}


def four_digits(value: float) -> str:
    """Return a number with four digits, in full where it is not very large or small.

    Examples
    --------
    >>> four_digits(42188.3), four_digits(0.0123456), four_digits(3e12)
    ('42,190', '0.01235', '3e+12')
    """
    if value == 0 or not 1e-4 <= abs(value) < 1e9:
        return f"{value:.4g}"
    digits = 3 - math.floor(math.log10(abs(value)))
    text = f"{round(value, digits):,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def sampled(n: int, most: int) -> Array:
    """Return the numbers of at most so many of n rows, drawn by a fixed seed, in order."""
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(0).permutation(n)[:most])


TITLES = {  # measure ──► how it is called, and whether it is a share
    "accuracy": ("accuracy", True),
    "balanced_accuracy": ("balanced accuracy", True),
    "auc": ("AUC", False),
    "loss": ("log loss", False),
    "mae": ("mean error", False),
    "rmse": ("root mean squared error", False),
    "r2": ("R²", False),
}


def in_words(name: str, value: float, spread: float | None = None) -> tuple[str, str]:
    """Return what a measure is called, and its value, with ± its spread.

    Examples
    --------
    >>> in_words("auc", 0.75), in_words("accuracy of sold", 0.75, 0.01)
    (('AUC', '0.75'), ('accuracy of sold', '75.00% ± 1.00%'))
    """
    measure, _, target = name.partition(" of ")
    title, is_share = TITLES[measure]
    shown = [f"{part:.2%}" if is_share else f"{part:.4g}" for part in (value, spread) if part is not None]
    return title + (f" of {target}" if target else ""), " ± ".join(shown)
