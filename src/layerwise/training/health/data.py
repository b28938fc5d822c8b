"""Findings about the data: columns on another scale, columns that say nothing or nothing new, classes that are rare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from layerwise.data.targets import Targets
from layerwise.training.health.finding import Finding
from layerwise.training.health.remedy import Remedy
from layerwise.typing import Array

# Weights are drawn for inputs of about 1. At 10 the first layer's sums are ten times too large, its gradient too, so
# that a rate which suits the other layers is too large for it. A flower's centimetres, 1 to 8, need no scaling.
LARGE_INPUT = 10.0
# A column whose deviation is a thousandth of the typical one needs a weight of a thousand to be heard.
FAINT = 1e-3
# So many columns may be the pixels of a picture (8 x 8, the smallest in use): some of them are never drawn on, and
# some are drawn on in one or two pictures only. That is no fault.
PICTURE, RARELY = 64, 0.05
# Of two classes, one with a tenth of the other's rows: 91% right without looking at a single input.
IMBALANCE = 10.0
MOST = 5  # columns named


def of_inputs(x: Array, names: Sequence[str]) -> Iterator[Finding]:
    """Whether the inputs, as the first layer takes them (n, n_in), are on a scale of about 1.

    Parameters
    ----------
    x : array (n, n_in)
        Some rows, scaled by the network's own scaler.
    names : sequence of str
        What the columns are called.
    """
    wide = x.astype(np.float64)
    size = np.sqrt(np.einsum("ij,ij->j", wide, wide) / len(wide))
    deviation = wide.std(axis=0)
    large = np.flatnonzero(size > LARGE_INPUT)
    if len(large):
        worst = int(size.argmax())
        yield Finding(
            "unscaled inputs", "warning", _listed(names, large),
            f"{names[worst]} reaches the first layer with a size (root mean square) of {size[worst]:.3g}",
            "weights are drawn for inputs of about 1: larger ones drown the others, and make steps too long",
            (Remedy("scaling", "standard"),),
            {"size": float(size[worst]), "threshold": LARGE_INPUT},
        )  # fmt: skip
        return
    varies = deviation > 0
    if x.shape[1] >= PICTURE or not varies.any():
        return
    typical = float(np.median(deviation[varies]))
    faint = np.flatnonzero(varies & (deviation < FAINT * typical))
    if len(faint):
        worst = int(faint[deviation[faint].argmin()])
        yield Finding(
            "unscaled inputs", "warning", _listed(names, faint),
            f"{names[worst]} varies by {deviation[worst]:.2g}, a typical column by {typical:.2g}",
            "it would need a weight of a thousand to be heard beside the others",
            (Remedy("scaling", "standard"),),
            {"ratio": float(deviation[worst] / typical), "threshold": FAINT},
        )  # fmt: skip


def of_columns(X: Any, some: Array, names: Sequence[str]) -> Iterator[Finding]:
    """Whether columns are the same in all rows, or the same as others.

    Parameters
    ----------
    X : array or sparse matrix (n, n_in)
        All rows: what `some` of them suggest is looked up there. Sparse ones are not looked through.
    some : array (m, n_in)
        Some of them.
    names : sequence of str
        What the columns are called.
    """
    constant = np.flatnonzero((some == some[0]).all(axis=0))
    pairs = _pairs(some, np.setdiff1d(np.arange(some.shape[1]), constant))
    if some.shape[1] >= PICTURE:  # what is never drawn on is background
        constant = constant[some[0, constant] != some.min()]
    if isinstance(X, np.ndarray) and len(X) > len(some):
        constant = np.array([j for j in constant if (X[:, j] == X[0, j]).all()], np.intp)
        pairs = [(i, j) for i, j in pairs if np.array_equal(X[:, i], X[:, j])]
    if len(constant):
        yield Finding(
            "constant columns", "note", _listed(names, constant),
            f"{_count(len(constant), 'column')} the same in every row",
            "nothing can be learned from it; where it is not 0, it is a second bias",
            (Remedy("columns", constant.tolist(), "them" if len(constant) > 1 else "it"),),
            {"columns": float(len(constant))},
        )  # fmt: skip
    if pairs:
        twins = [j for _, j in pairs]
        first, second = pairs[0]
        yield Finding(
            "duplicate columns", "note", _listed(names, twins),
            f"{_count(len(twins), 'column')} the copy of another: {names[second]} of {names[first]}",
            "two weights do the work of one: the column counts twice, in penalties and in what is read from weights",
            (Remedy("columns", twins, "the copies"),),
            {"columns": float(len(twins))},
        )  # fmt: skip


def _pairs(some: Array, columns: Array) -> list[tuple[int, int]]:
    """Each column that is the copy of one before it, with that one."""
    first: dict[bytes, int] = {}
    pairs = []
    is_picture, least = some.shape[1] >= PICTURE, some.min()
    for j in columns.tolist():
        column = np.ascontiguousarray(some[:, j])
        if is_picture and (column != least).mean() < RARELY:
            continue
        i = first.setdefault(column.tobytes(), j)
        if i != j:
            pairs.append((i, j))
    return pairs


def of_classes(targets: Targets) -> Iterator[Finding]:
    """Whether some classes have far fewer rows than others; silent where samples are weighed."""
    if targets.labels is None or targets.levels is None or targets.weights is not None:
        return
    classes = targets.task.classes
    counts = np.bincount(targets.labels, minlength=2 if classes is None else len(classes))
    few, many = int(np.where(counts > 0, counts, counts.max() + 1).argmin()), int(counts.argmax())  # one that is there
    if counts[many] < IMBALANCE * counts[few]:
        return
    rare, frequent = (i if classes is None else classes.tolist()[i] for i in (few, many))
    yield Finding(
        "class imbalance", "warning", "y",
        f"class {rare!r} has {counts[few]:,} rows, class {frequent!r} {counts[many]:,}",
        f"always answering {frequent!r} is right for {counts[many] / counts.sum():.1%}: the rare class adds little "
        "to the loss, and is learned last or never",
        (Remedy("class_weight", "balanced"),),
        {"ratio": float(counts[many] / counts[few]), "threshold": IMBALANCE},
    )  # fmt: skip


def _listed(names: Sequence[str], columns: Sequence[int] | Array) -> str:
    shown = ", ".join(names[int(j)] for j in columns[:MOST])
    return shown + (f" and {len(columns) - MOST} more" if len(columns) > MOST else "")


def _count(n: int, word: str) -> str:
    return f"1 {word} is" if n == 1 else f"{n} {word}s are"
