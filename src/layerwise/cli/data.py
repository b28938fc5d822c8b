"""Data for the commands: the data sets by name, and tables from files, each with its rows to train and to test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from layerwise import datasets
from layerwise.datasets.fashion import CLASS_NAMES
from layerwise.errors import DataError, UnknownNameError, nearest
from layerwise.targets import Task
from layerwise.typing import Array

Rows = tuple[Array, Array]

SPLIT_SEED = 42  # a table's rows are held out by this seed, whatever the seed of the training
MOST_CLASSES = 20  # more distinct whole numbers than that in a table's target are a quantity


@dataclass
class Data:
    """Rows to train, to validate (None: no validation) and to test.

    `recipe` is the default one's name, `classes` how many there are, None where a number is to be predicted.
    """

    name: str
    recipe: str
    train: Rows
    validation: Rows | None
    test: Rows
    classes: int | None

    def sizes(self) -> str:
        """How many rows there are, in words."""
        parts = [f"{len(self.train[1]):,} rows to train"]
        if self.validation is not None:
            parts.append(f"{len(self.validation[1]):,} to validate")
        return ", ".join([*parts, f"{len(self.test[1]):,} to test"])


@dataclass(frozen=True)
class DataSet:
    """A data set by name: what `layerwise datasets` shows, and how it is loaded."""

    name: str
    description: str
    rows: str
    features: int
    classes: int | None
    recipe: str
    load: Callable[[], tuple[Rows, Rows | None, Rows]]
    names: tuple[str, ...] = ()  # of the classes, where they are not 0, 1, …

    def suits(self, n_in: int, task: Task) -> bool:
        """Whether a network of that task and so many inputs could have been trained on it."""
        if self.features != n_in or (self.classes is None) != (task.kind == "regression"):
            return False
        expected = self.names or range(self.classes or 0)
        own = () if task.classes is None else task.classes.tolist()
        return sorted(map(str, expected)) == sorted(map(str, own))


def _mnist() -> tuple[Rows, Rows | None, Rows]:
    return datasets.load_mnist()


def _fashion() -> tuple[Rows, Rows | None, Rows]:
    names = np.array(CLASS_NAMES)
    train, validation, test = ((X, names[y]) for X, y in datasets.load_fashion_mnist())
    return train, validation, test


def iris_split() -> tuple[Array, Array]:
    """The rows to test and to train of the published run: 75/25 by the legacy generator's seed 42."""
    order = np.random.RandomState(SPLIT_SEED).permutation(150)
    return order[:38], order[38:]


def _iris() -> tuple[Rows, Rows | None, Rows]:
    table = datasets.load_iris()
    X, y = table.X, np.array(table.class_names)[table.y]
    test, train = iris_split()
    return (X[train], y[train]), None, (X[test], y[test])


def _spiral() -> tuple[Rows, Rows | None, Rows]:
    return datasets.make_spiral(), None, datasets.make_spiral(random_state=1)


def _vertical() -> tuple[Rows, Rows | None, Rows]:
    return datasets.make_vertical(), None, datasets.make_vertical(random_state=1)


def _sine() -> tuple[Rows, Rows | None, Rows]:
    return datasets.make_sine(1000), None, datasets.make_sine(333)


DATA_SETS: dict[str, DataSet] = {
    entry.name: entry
    for entry in (
        DataSet("mnist", "handwritten digits, 28x28 pixels", "50,000 + 10,000 + 10,000",
                784, 10, "mnist", _mnist),
        DataSet("fashion", "clothes, in the same form (downloads 31 MB once)", "50,000 + 10,000 + 10,000",
                784, 10, "mnist", _fashion, CLASS_NAMES),
        DataSet("iris", "three species of flower by four lengths", "112 + 38", 4, 3,
                "iris-4-10-5-3", _iris, ("setosa", "versicolor", "virginica")),
        DataSet("spiral", "points on three arms of a spiral", "300 + 300", 2, 3, "spiral-adam", _spiral),
        DataSet("vertical", "points in three clouds side by side", "300 + 300", 2, 3, "spiral-adam", _vertical),
        DataSet("sine", "a number to predict: one period of a sine", "1,000 + 333", 1, None,
                "sine", _sine),
    )
}  # fmt: skip


def is_table(name: str) -> bool:
    """Whether it is a file of one's own rather than a data set's name."""
    return name not in DATA_SETS and (Path(name).suffix != "" or Path(name).exists())


def check_name(name: str) -> str:
    """The name of a data set or a file.

    Raises
    ------
    UnknownNameError
        Neither; the nearest name is suggested.
    """
    if name not in DATA_SETS and not is_table(name):
        raise UnknownNameError(
            f"data set {name!r} is not known; {nearest(name, DATA_SETS)} (a table of your own: FILE.csv)"
        )
    return name


def load(
    name: str,
    validation: float | None = None,
    test: float | None = None,
    target: str | None = None,
    regression: bool | None = None,
) -> Data:
    """Load a data set or a table.

    Parameters
    ----------
    name : str
        A data set's name or a CSV file's path.
    validation : float, optional
        The share of the rows to train that is held out to validate; 0 for none.
    test : float, optional
        The share of a table's rows that is held out to test.
    target : str, optional
        The column of a table to be predicted, by default the last one.
    regression : bool, optional
        Whether a table's target is a number rather than a class; by default its values tell.
    """
    if name in DATA_SETS:
        entry = DATA_SETS[name]
        train, held_out, tested = entry.load()
        data = Data(name, entry.recipe, train, held_out, tested, entry.classes)
    else:
        X, y = read_table(name, target, regression)
        train, tested = datasets.train_validation_split(
            X, y, validation_size=0.2 if test is None else test, random_state=SPLIT_SEED
        )
        classes = None if y.dtype.kind == "f" else len(np.unique(y))
        data = Data(Path(name).stem, "table", train, None, tested, classes)
        validation = 0.15 if validation is None else validation
    return data if validation is None else _hold_out(data, validation)


def _hold_out(data: Data, share: float) -> Data:
    """The same data with that share of the rows to train and to validate held out to validate."""
    X, y = data.train
    if data.validation is not None:
        X, y = np.concatenate([X, data.validation[0]]), np.concatenate([y, data.validation[1]])
    if share == 0:
        return replace(data, train=(X, y), validation=None)
    train, held_out = datasets.train_validation_split(X, y, validation_size=share, random_state=SPLIT_SEED)
    return replace(data, train=train, validation=held_out)


def read_table(path: str, target: str | None, regression: bool | None) -> Rows:
    """Features and target of a CSV file; the target is float64 for a quantity, else 0, 1, … or names of classes."""
    X, y = datasets.read_csv(path, target=target)
    if regression is None:
        regression = y.dtype.kind == "f" or (y.dtype.kind == "i" and len(np.unique(y)) > MOST_CLASSES)
    if not regression:
        known = np.unique(y)
        if len(known) == 1:
            raise DataError(f"{path}: the target has one class only ({known[0]}); at least two are needed")
        counted = y.dtype.kind == "i" and np.array_equal(known, np.arange(len(known)))
        return X, y if counted else y.astype(str)
    if y.dtype.kind not in "if":
        raise DataError(f"{path}: the target has names ({y[0]!r}), but a regression needs numbers")
    return X, y.astype(np.float64)
