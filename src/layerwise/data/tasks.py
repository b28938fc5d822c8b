"""What a network answers: one class of several, several yes/no answers, or numbers.

    fit(task=, classes=) ── asked_task ──► Task, as far as it was asked for ── encode(y) ──► Task, kept by the network

Where nothing is asked for, the task follows from the targets and the loss: see `layerwise.data.targets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from layerwise.data.arrays import read_array
from layerwise.data.names import check_names
from layerwise.errors import DataError, ShapeError, UnknownNameError, nearest
from layerwise.parts.description import number
from layerwise.parts.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss
from layerwise.typing import Array, ArrayLike

KINDS = ("classification", "multilabel", "regression")


@dataclass(frozen=True)
class Task:
    """What a network answers: needed to turn outputs into predictions.

    Attributes
    ----------
    kind : str
        ``"classification"``, ``"multilabel"`` or ``"regression"``.
    classes : array, optional
        For classification, what each output (or, for a single one, no and yes) stands for.
    flat : bool
        Targets came as (n,), so predictions of a single output do too.
    threshold : float
        Of yes or no: an output above it is a yes.
    columns : tuple of str, optional
        What the columns of the targets were called, where they came with names.
    """

    kind: str
    classes: Array | None = None
    flat: bool = False
    threshold: float = 0.5
    columns: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The task as JSON, for the model file."""
        return {
            "kind": self.kind,
            "classes": None if self.classes is None else self.classes.tolist(),
            "flat": self.flat,
            "threshold": self.threshold,
        } | ({} if self.columns is None else {"columns": list(self.columns)})

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> Task:
        """What `to_dict` was called on.

        Raises
        ------
        ValueError
            The kind is not one of the three.
        """
        kind, classes = description["kind"], description["classes"]
        if kind not in ("classification", "multilabel", "regression"):
            raise ValueError(f"a task is classification, multilabel or regression; got {kind!r}")
        if classes is not None:
            types = {type(label) for label in classes}
            if len(types) != 1 or len(set(classes)) != len(classes):
                raise ValueError(f"classes must be different labels of one type; got {classes!r}")
            classes = np.array(classes)
            if classes.dtype.kind not in "biufU":
                raise ValueError(f"classes must be text or numbers of 64 bits; got {classes!r}")
        threshold = number("task", "threshold", description.get("threshold", 0.5), above=0, below=1)
        columns = description.get("columns")
        if columns is not None and not all(isinstance(name, str) for name in columns):
            raise ValueError(f"columns must be names; got {columns!r}")
        return cls(kind, classes, bool(description["flat"]), threshold, None if columns is None else tuple(columns))

    def named(self, names: Sequence[str] | None, title: str = "y") -> Task:
        """The task with the names of its targets' columns, where it has none yet; else they must be the same.

        Raises
        ------
        DataError
            The columns are called otherwise, or are in another order: names both.
        """
        if names is None:
            return self
        if self.columns is None:
            return replace(self, columns=tuple(map(str, names)))
        check_names(names, self.columns, title)
        return self

    def with_threshold(self, threshold: float, n_out: int, kept: bool = False) -> Task:
        """The task of a network of n_out outputs, with another threshold; `kept`: as a part of the network.

        Raises
        ------
        DataError
            The network answers something else than yes or no, or one of two classes.
        ValueError
            The threshold is not between 0 and 1.
        """
        of_two = self.kind == "classification" and n_out == 2
        if not (self.says_yes_or_no(n_out) or (of_two and not kept)):
            what = "numbers" if self.kind == "regression" else f"one of {n_out} classes, that of the greatest output"
            hint = ": give it to predict(X, threshold=)" if of_two else ""
            raise DataError(
                f"a threshold is for yes or no, a single sigmoid or several labels; the network answers {what}{hint}"
            )
        return replace(self, threshold=number("Network", "threshold", threshold, above=0, below=1))

    def says_yes_or_no(self, n_out: int) -> bool:
        """Whether each of n_out outputs is a yes or a no."""
        return self.kind == "multilabel" or (self.kind == "classification" and n_out == 1)

    def answers(self, y: Array) -> Array:
        """What the outputs y (n, n_out) say: labels, yes/no answers (0 or 1), or numbers."""
        if self.kind == "multilabel":
            return (y > self.threshold).astype(np.intp)
        if self.kind == "classification":
            chosen = self._chosen(y)
            return chosen if self.classes is None else self.classes[chosen]
        return np.copy(y[:, 0] if self.flat else y)

    def _chosen(self, y: Array) -> Array:
        """The number of the class of each row of outputs: of two outputs, the second if its share is above."""
        if y.shape[1] > 2 or (y.shape[1] == 2 and self.threshold == 0.5):
            greatest: Array = y.argmax(axis=1)
            return greatest
        is_second: Array = y[:, -1] > self.threshold * (1 if y.shape[1] == 1 else y.sum(axis=1))
        return is_second.astype(np.intp)

    def shares(self, y: Array, is_softmax: bool) -> Array:
        """The outputs y (n, n_out) as probabilities of the classes, or of each yes.

        A single output is the probability of the second of two classes. Several sigmoids, one a class, are divided by
        their sum, as in scikit-learn.
        """
        if self.kind == "multilabel" or (is_softmax and y.shape[1] > 1):
            return y
        if y.shape[1] == 1:
            return np.hstack([1 - y, y])
        shares: Array = y / np.maximum(y.sum(axis=1, keepdims=True), np.finfo(y.dtype).tiny)
        return shares

    def confidence(self, y: Array, is_softmax: bool) -> Array:
        """The probability of each answer that the outputs y (n, n_out) give, in the form of `answers`."""
        if self.says_yes_or_no(y.shape[1]):
            of_answers: Array = np.where(y > self.threshold, y, 1 - y)
            return of_answers if self.kind == "multilabel" else of_answers[:, 0]
        shares = self.shares(y, is_softmax)
        return shares[np.arange(len(y)), self._chosen(y)]


def asked_task(task: str | None, classes: ArrayLike | None, known: Task | None, n_out: int) -> Task | None:
    """What `fit` is asked to train for: `task` and `classes` as far as they are given; None if neither is.

    Raises
    ------
    UnknownNameError
        There is no such task.
    DataError, ShapeError
        Classes that cannot be, or are not as many as the outputs; or the network was trained for something else.
    """
    if task is not None and task not in KINDS:
        raise UnknownNameError(f"fit: task {task!r} is not known; {nearest(str(task), KINDS)}")
    if classes is not None and task not in (None, "classification"):
        raise DataError(f'fit: classes are for task="classification", one label a sample; task is {task!r}')
    labels = None if classes is None else _labels(classes, n_out)
    kind = task if classes is None else "classification"
    if kind is None:
        return None
    if known is not None:
        _check_same(kind, labels, known)
    return Task(kind, labels)


def _labels(classes: ArrayLike, n_out: int) -> Array:
    if isinstance(classes, (set, frozenset, dict, str)):
        raise DataError(f"fit: classes must be a list of labels, in the order of the outputs; got {classes!r:.80}")
    labels = read_array(classes, "classes", text=True)
    if labels.dtype.kind == "f" and (labels == np.floor(labels)).all():
        labels = labels.astype(np.int64)
    finite = labels.dtype.kind != "f" or np.isfinite(labels).all()
    if labels.ndim != 1 or not finite or len(np.unique(labels)) != labels.size:
        raise DataError(f"fit: classes must be labels that differ, in the order of the outputs; got {classes!r:.80}")
    if labels.size < 2:
        raise DataError(
            f"fit: classes must be two or more; got {classes!r:.80}: one class alone cannot be learned, for there is "
            "nothing to tell it from"
        )
    if labels.size != max(n_out, 2):
        fitting = "Dense(1) or Dense(2)" if labels.size == 2 else f"Dense({labels.size})"
        raise ShapeError(f"fit: {labels.size} classes, and the network has {n_out} outputs: end with {fitting}")
    return labels


def _check_same(kind: str, labels: Array | None, known: Task) -> None:
    if kind != known.kind:
        raise DataError(
            f"fit: the network was trained for task={known.kind!r}, and is asked for {kind!r} now: take a new network, "
            "or set network.task = None to let it learn another"
        )
    if labels is not None and known.classes is not None and labels.tolist() != known.classes.tolist():
        raise DataError(
            f"fit: the network's outputs stand for {known.classes.tolist()}, and classes are {labels.tolist()} now: "
            "give those of the first fit, or none"
        )


def check_asked(values: Array, n_out: int, loss: Loss, asked: Task, name: str) -> None:
    """Refuse targets (n,) or (n, columns) that are not what the task asks for.

    Raises
    ------
    DataError, ShapeError
        Names the row, and the task that the targets are for.
    """
    rows = values.reshape(len(values), -1)
    title = f"{name}: task={asked.kind!r}"
    if asked.kind == "multilabel" and isinstance(loss, CategoricalCrossEntropy):
        raise DataError(
            f"{title} has several yes/no answers a sample, and the probabilities of CategoricalCrossEntropy sum to 1: "
            "end with Sigmoid(), with loss=BinaryCrossEntropy()"
        )
    if asked.kind != "classification" and rows.shape[1] != n_out:
        raise ShapeError(
            f"{title} takes a column for each of the {n_out} outputs; the shape is {values.shape}"
            + (f': give (samples, {n_out}), or task="classification" for labels' if values.ndim == 1 else "")
        )
    if asked.kind == "multilabel" and rows.dtype.kind != "U":
        _refuse((rows < 0) | (rows > 1), rows, f"{title} takes yes/no answers, 0 to 1")
    if asked.kind != "classification" or rows.dtype.kind != "f" or values.ndim == 2:
        return
    if asked.classes is None and not (n_out == 1 and isinstance(loss, BinaryCrossEntropy)):
        _refuse(values[:, np.newaxis] % 1 != 0, rows, f"{title} takes labels; for numbers give task='regression'")


def check_one_label(rows: Array, name: str) -> None:
    """Refuse rows (n, n_out) for one class of several that do not say which.

    Raises
    ------
    DataError
        A row has several ones or none, or is no probabilities.
    """
    wrong = (rows < 0).any(axis=1) | (np.abs(rows.sum(axis=1, dtype=np.float64) - 1) > 1e-3)
    rule = "takes labels, or rows of probabilities that sum to 1: one label a sample"
    _refuse(
        wrong[:, np.newaxis], rows, f"{name}: task='classification' {rule}; for several labels give task='multilabel'"
    )


def _refuse(wrong: Array, rows: Array, rule: str) -> None:
    bad = np.flatnonzero(wrong.any(axis=1))
    if bad.size:
        values: Sequence[Any] = rows[bad[0]].tolist()
        raise DataError(f"{rule}; row {bad[0]} is {values[0] if len(values) == 1 else values}")
