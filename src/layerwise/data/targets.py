"""What the outputs should be: labels, one-hot rows, yes/no answers or numbers, brought to one form.

    labels (n,)  ── off, on ──► t (n, outputs)       a class a sample: kept as whole numbers, made a row batch by batch
    numbers (n, outputs)    ──► t                    everything else

The task follows from the targets and the loss: one class of several is "classification", several yes/no answers
"multilabel", numbers "regression".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from layerwise.data.arrays import read_array, read_sparse, sparse_of
from layerwise.data.columns import decimal_comma, hint_of_text
from layerwise.data.names import target_names
from layerwise.data.tasks import Task as Task
from layerwise.data.tasks import check_asked, check_one_label
from layerwise.errors import DataError, ShapeError
from layerwise.formula.quoting import legible
from layerwise.parts.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, Poisson
from layerwise.typing import Array, ArrayLike


@dataclass
class Targets:
    """The targets of one data set: either `labels` with `levels`, or `dense`.

    A label asks of its class's output for ``levels[1]``, and of all others for ``levels[0]``: 1 and 0, unless they are
    smoothed. A single output stands for the second of two classes.
    A mean by the `weights` is divided by their sum, or, with `by_rows`, by how many rows there are.
    """

    task: Task
    labels: Array | None = None
    levels: Array | None = None
    dense: Array | None = None
    weights: Array | None = None
    by_rows: bool = False

    def __len__(self) -> int:
        part = self.dense if self.labels is None else self.labels
        assert part is not None
        return len(part)

    def part(self, rows: Array) -> Targets:
        """Those of some rows."""
        labels, dense, weights = (
            None if array is None else array[rows] for array in (self.labels, self.dense, self.weights)
        )
        return Targets(self.task, labels, self.levels, dense, weights, self.by_rows)

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the network computes in."""
        values = self.dense if self.levels is None else self.levels
        assert values is not None
        return values.dtype

    def values(self, n_out: int) -> Array:
        """What the outputs should be, (n, n_out)."""
        if self.labels is None or self.levels is None:
            assert self.dense is not None
            return self.dense
        if n_out == 1:
            return self.levels[self.labels[:, np.newaxis]]
        t = np.full((len(self.labels), n_out), self.levels[0])
        t[np.arange(len(t)), self.labels] = self.levels[1]
        return t

    def columns(self) -> Array:
        """The class of each row as the number of its column in `Task.shares`, (n,)."""
        if self.labels is not None:
            return self.labels
        assert self.dense is not None
        return (self.dense[:, 0] > 0.5).astype(np.intp) if self.dense.shape[1] == 1 else self.dense.argmax(axis=1)

    def true(self) -> Array:
        """The targets as `predict` would give them."""
        if self.labels is None:
            assert self.dense is not None
            return replace(self.task, threshold=0.5).answers(self.dense)
        return self.labels if self.task.classes is None else self.task.classes[self.labels]


def encode(
    y: ArrayLike,
    n_out: int,
    loss: Loss,
    dtype: np.dtype[np.floating],
    task: Task | None = None,
    name: str = "y",
    *,
    asked: Task | None = None,
) -> Targets:
    """Targets for a network of `n_out` outputs.

    Parameters
    ----------
    y : array_like, frame or sparse matrix, (n,) or (n, n_out)
        Labels, yes/no answers or numbers. Names of several columns are those of the task, or become them.
    n_out : int
        The network's outputs.
    loss : Loss
        Which decides what y may be, and what it means where nothing else does.
    dtype : dtype
        What the network computes in.
    task : Task, optional
        What the network was trained for, which stays.
    name : str
        What errors call y.
    asked : Task, optional
        What a first training was asked for, as `asked_task` gives it; by default it follows from y and the loss.

    Raises
    ------
    ShapeError
        y does not fit the outputs: says which shapes would.
    DataError
        Labels out of range or unknown, NaN, values that the loss or the task cannot take: names the row. Columns of
        other names than in the first training, or in another order.
    """
    names = target_names(y)
    task = None if task is None else task.named(names, name)
    targets = _encoded(y, n_out, loss, dtype, task, name, asked)
    targets.task = targets.task.named(names, name)
    return targets


def _encoded(
    y: ArrayLike,
    n_out: int,
    loss: Loss,
    dtype: np.dtype[np.floating],
    task: Task | None,
    name: str,
    asked: Task | None,
) -> Targets:
    if isinstance(y, str):
        raise ShapeError(
            f"{name} must be (samples,) or (samples, outputs); got the text {y!r}: the name of a column is taken where "
            "X is read in blocks, such as Parquet or a LazyFrame; of a table in memory, give its other columns as X "
            f"and the column {y!r} as {name}"
        )
    sparse = sparse_of(y)
    values = read_array(y, name, text=True) if sparse is None else read_sparse(sparse, name).toarray()
    if values.ndim not in (1, 2) or 0 in values.shape:
        raise ShapeError(f"{name} must be (samples,) or (samples, outputs) and not empty; its shape is {values.shape}")
    if values.ndim == 2 and values.shape[1] == 1:
        flat, values = False, values[:, 0]
    else:
        flat = values.ndim == 1
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise DataError(f"{name}: row {row} is {values[row]}; remove the row or fill in a number")
    if task is None and asked is not None:
        check_asked(values, n_out, loss, asked, name)
    known = task or asked
    if _are_labels(values, n_out, loss, known):
        classes = known.classes if known is not None and known.classes is not None else _classes(values, n_out, name)
        return _of_labels(values, n_out, loss, dtype, task or Task("classification", classes, flat), name)
    if task is None and asked is not None:
        task = _settled(asked, n_out, flat)
    return _of_numbers(values, n_out, loss, dtype, task, flat, name)


def _are_labels(values: Array, n_out: int, loss: Loss, known: Task | None) -> bool:
    """Whether the targets are labels, one a sample, by the task where it is known."""
    if known is None:
        return values.ndim == 1 and (n_out > 1 or _is_yes_or_no(values, loss))
    return values.ndim == 1 and known.kind == "classification" and not _are_shares(values, n_out, loss, known.classes)


def _are_shares(values: Array, n_out: int, loss: Loss, classes: Array | None) -> bool:
    """Whether the targets of a single output are probabilities of yes, not labels: whole numbers are labels."""
    if n_out > 1 or values.dtype.kind != "f":
        return False
    labels = () if classes is None or classes.dtype.kind not in "iuf" else classes
    if ((values % 1 == 0) | np.isin(values, labels)).all():
        return False
    return isinstance(loss, BinaryCrossEntropy) or bool(((values >= 0) & (values <= 1)).all())


def _settled(asked: Task, n_out: int, flat: bool) -> Task:
    """The task that was asked for, with what targets of rows leave to be known."""
    if asked.kind != "classification":
        return replace(asked, flat=flat and asked.kind == "regression")
    classes = np.arange(max(n_out, 2)) if asked.classes is None else asked.classes
    return Task("classification", classes, flat)


def _is_yes_or_no(values: Array, loss: Loss) -> bool:
    if not isinstance(loss, BinaryCrossEntropy):
        return False
    return values.dtype.kind not in "f" or bool(np.isin(values, (0, 1)).all())


def _classes(values: Array, n_out: int, name: str) -> Array:
    """What the outputs stand for: 0, 1, … for whole numbers, else the values that there are, in order."""
    outputs = max(n_out, 2)
    if values.dtype.kind == "b":
        classes = np.array([False, True])
    elif values.dtype.kind in "iu" or (values.dtype.kind == "f" and (values == np.floor(values)).all()):
        classes = np.arange(outputs)
    elif values.dtype.kind == "f":
        raise ShapeError(
            f"{name} holds numbers that are no labels, one a sample, but the network has {n_out} outputs: "
            f"give {name} of shape (samples, {n_out}), or end with Dense(1) for regression"
        )
    else:
        classes = np.unique(values.astype(str))
        if len(classes) == 1:
            raise one_class(classes[0], len(values), name)
    if len(classes) != outputs:
        raise ShapeError(
            f"{name} has {len(classes)} classes, the network {n_out} outputs: end with Dense({len(classes)})"
        )
    return classes


def _of_labels(values: Array, n_out: int, loss: Loss, dtype: np.dtype[np.floating], task: Task, name: str) -> Targets:
    assert task.classes is not None
    classes = task.classes
    try:
        plain = values.astype(classes.dtype) if classes.dtype.kind != "U" else values.astype(str)
    except ValueError:
        raise DataError(
            f"{name} holds text, such as {values[0].item()!r}; the classes are {_listed(classes)}"
        ) from None
    order = np.argsort(classes)  # classes that came with a network may stand in any order
    labels = order[np.searchsorted(classes, plain, sorter=order).clip(0, len(classes) - 1)].astype(np.int64, copy=False)
    numbers = classes.dtype.kind in "biuf" and values.dtype.kind in "biuf"
    wrong = classes[labels] != (values if numbers else plain)
    if wrong.any():
        row = int(np.argmax(wrong))
        counted = np.array_equal(classes, np.arange(len(classes)))
        outputs = f"{n_out} outputs stand" if n_out > 1 else "output stands"
        raise DataError(
            f"{name}: row {row} has the label {values[row].item()!r}; the network's {outputs} for "
            f"{_listed(classes)}" + (f": {_other_labels(values, len(classes))}" if counted else "")
        )
    if n_out > 1 and type(loss).smooth is not Loss.smooth:  # it may treat each class in its own way
        dense = np.zeros((len(labels), n_out), dtype)
        dense[np.arange(len(labels)), labels] = 1
        loss.smooth(dense)
        return Targets(task, dense=dense)
    return Targets(task, labels=labels, levels=_smoothed(loss, n_out, dtype))


def _other_labels(values: Array, known: int) -> str:
    """What to do where labels are not 0, 1, …, or are more than the outputs can stand for."""
    found = np.unique(values)
    count = len(found)
    if count <= known:
        return "give classes=[the labels in order] to the first fit; or give y as numbers that count labels from 0"
    cure = f"{count} labels need {count} outputs: end with Dense({count}), Softmax()"
    counted = found.dtype.kind in "iuf" and np.array_equal(found, np.arange(count))
    return cure + ("" if counted else ", and give classes=[the labels in order]")


def _smoothed(loss: Loss, n_out: int, dtype: np.dtype[np.floating]) -> Array:
    """What the outputs of other classes, and that of the label's own, should be: (2,)."""
    t = np.eye(1, n_out, dtype=dtype) if n_out > 1 else np.array([[1], [0]], dtype)
    loss.smooth(t)
    return t.reshape(-1)[1::-1].copy()


def _listed(classes: Array) -> str:
    """The classes as an error lists them."""
    if classes.dtype.kind in "iu" and np.array_equal(classes, np.arange(len(classes))):
        return f"{classes[0]} to {classes[-1]}"
    return ", ".join(map(legible, classes[:12].tolist())) + (", …" if len(classes) > 12 else "")


def _of_numbers(
    values: Array,
    n_out: int,
    loss: Loss,
    dtype: np.dtype[np.floating],
    task: Task | None,
    flat: bool,
    name: str,
) -> Targets:
    if values.dtype.kind not in "buif":
        comma = decimal_comma(values.ravel()[:100].tolist())
        hint = f": {hint_of_text([comma])}" if comma else ""
        raise DataError(f"{name} must hold numbers for a network of {n_out} outputs; its type is {values.dtype}{hint}")
    numbers = values.reshape(len(values), -1)
    if numbers.shape[1] != n_out:
        cure = f"end with Dense({numbers.shape[1]})"
        if len(numbers) == 1:
            cure = f"give {name}.ravel() if these are the targets of {numbers.shape[1]} samples"
        elif len(numbers) == n_out:
            cure += f", or give {name}.T if its rows are the outputs"
        raise ShapeError(f"{name} has {numbers.shape[1]} columns, the network {n_out} outputs: {cure}")
    is_binary = n_out > 1 and bool(((numbers == 0) | (numbers == 1)).all())
    if is_binary and bool((numbers.sum(axis=1) == 1).all()) and (task is None or task.kind == "classification"):
        one_of = task or Task("classification", np.arange(n_out))
        assert one_of.classes is not None
        return _of_labels(one_of.classes[numbers.argmax(axis=1)], n_out, loss, dtype, one_of, name)
    if task is not None and task.kind == "classification" and n_out > 1:
        check_one_label(numbers, name)
    else:
        _check_numbers(numbers, loss, name)
    with np.errstate(over="ignore"):
        dense = numbers.astype(dtype, order="C")  # always a copy: smoothing works in place
    if not np.isfinite(dense).all():
        row = int(np.argwhere(~np.isfinite(dense))[0][0])
        raise DataError(
            f'{name}: row {row} is {numbers[row].tolist()}, too large for {dtype.name}; use dtype="float64"'
        )
    loss.smooth(dense)
    if task is None:
        if isinstance(loss, CategoricalCrossEntropy):
            task = Task("classification", np.arange(n_out))
        elif isinstance(loss, BinaryCrossEntropy):
            task = Task("multilabel", None) if n_out > 1 else Task("classification", np.arange(2), flat)
        else:
            task = Task("regression", None, flat)
    return Targets(task, dense=dense)


def _check_numbers(numbers: Array, loss: Loss, name: str) -> None:
    """What each loss can take: probabilities that sum to 1, values in [0, 1], counts."""
    if isinstance(loss, CategoricalCrossEntropy):
        bad = (numbers < 0).any(axis=1) | (np.abs(numbers.sum(axis=1) - 1) > 1e-3)
        rule = "probabilities that sum to 1"
    elif isinstance(loss, BinaryCrossEntropy):
        bad, rule = ((numbers < 0) | (numbers > 1)).any(axis=1), "values from 0 to 1"
    elif isinstance(loss, Poisson):
        bad, rule = (numbers < 0).any(axis=1), "counts of at least 0"
    else:
        return
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{name}: row {row} is {numbers[row].tolist()}; {type(loss).__name__} takes {rule}")


def check_lengths(X: Array, targets: Targets, name: str = "X", target_name: str = "y") -> None:
    """Refuse rows and targets that are not as many."""
    if X.shape[0] != len(targets):
        raise ShapeError(f"{name} has {X.shape[0]} rows and {target_name} {len(targets)}; they must be as many")


def check_two_classes(targets: Targets, name: str = "y") -> None:
    """Refuse to learn from one class only: there is nothing to tell apart. A single row is a step worked by hand."""
    if targets.task.kind == "classification" and targets.labels is not None and len(targets) > 1:
        first = targets.labels[0]
        if (targets.labels == first).all():
            assert targets.task.classes is not None
            raise one_class(targets.task.classes[first], len(targets), name)


def one_class(label: object, rows: int, name: str) -> DataError:
    """Return the error for labels of one class only."""
    label = label.item() if isinstance(label, np.generic) else label
    if rows == 1:  # of which the other classes are not known
        return DataError(f"{name} is the label {label!r} alone; give classes=[the labels in order] to the first fit")
    return DataError(
        f"{name} has labels of one class only ({label!r} in all {rows} rows); at least two are needed to learn "
        "to tell them apart"
    )
