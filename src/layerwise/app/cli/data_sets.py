"""Data for a training, and the data sets that the commands know by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise import datasets
from layerwise.datasets.fashion import CLASS_NAMES
from layerwise.typing import Array

Rows = tuple[Array, Array]

SPLIT_SEED = 42  # rows are held out by this seed, whatever the seed of the training


@dataclass
class Data:
    """Rows to train, to validate (None: no validation) and to test.

    `recipe` is the default one's name, `classes` how many there are, None where a number is to be predicted, `notes`
    what the model file keeps, the data's name and that of a table's target, and `columns` the names of its columns.
    """

    name: str
    recipe: str
    train: Rows
    validation: Rows | None
    test: Rows
    classes: int | None
    notes: dict[str, Any] = field(default_factory=dict)
    columns: Sequence[str] = ()

    def sizes(self) -> str:
        """Return how many rows there are, in words."""
        parts = [f"{len(self.train[1]):,} rows to train"]
        if self.validation is not None:
            parts.append(f"{len(self.validation[1]):,} to validate")
        return ", ".join([*parts, f"{len(self.test[1]):,} to test"])


@dataclass(frozen=True)
class DataSet:
    """A data set by name: what `layerwise datasets` shows, and how it is loaded."""

    name: str
    description: str
    rows: tuple[int, int, int]  # to train, to validate, to test
    features: int
    classes: int | None
    recipe: str
    load: Callable[[], tuple[Rows, Rows | None, Rows]]
    columns: tuple[str, ...] = ()  # their names and the target's, where they have names
    target: str = ""

    def notes(self) -> dict[str, Any]:
        """Return what a model that is trained on it keeps in its file."""
        return {"data": self.name, **({"target": self.target} if self.columns else {})}


def _mnist() -> tuple[Rows, Rows | None, Rows]:
    return datasets.load_mnist()


def _fashion() -> tuple[Rows, Rows | None, Rows]:
    names = np.array(CLASS_NAMES)
    train, validation, test = ((X, names[y]) for X, y in datasets.load_fashion_mnist())
    return train, validation, test


def iris_split() -> tuple[Array, Array]:
    """Return the rows to test and to train of the published run: 75/25 by the legacy generator's seed 42."""
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


def _optdigits() -> tuple[Rows, Rows | None, Rows]:
    train, test = datasets.load_optdigits()
    return train, None, test


def _semeion() -> tuple[Rows, Rows | None, Rows]:
    X, y = datasets.load_semeion()
    train, test = datasets.train_validation_split(X, y, validation_size=319, random_state=SPLIT_SEED)
    return train, None, test


def _pendigits() -> tuple[Rows, Rows | None, Rows]:
    train, test = (
        (strokes.reshape(len(strokes), -1).astype(np.float32), y) for strokes, y in datasets.load_pendigits()
    )
    return train, None, test


IRIS_COLUMNS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")

DATA_SETS: dict[str, DataSet] = {
    entry.name: entry
    for entry in (
        DataSet("mnist", "handwritten digits, 28x28 pixels", (50_000, 10_000, 10_000),
                784, 10, "mnist", _mnist),
        DataSet("fashion", "clothes, in the same form (downloads 31 MB once)", (50_000, 10_000, 10_000),
                784, 10, "images", _fashion),
        DataSet("optdigits", "digits of 30 writers in Turkey, 32x32 bitmaps", (1934, 0, 946),
                1024, 10, "bitmaps", _optdigits),
        DataSet("semeion", "digits of 80 writers in Italy, 16x16 bitmaps", (1274, 0, 319),
                256, 10, "bitmaps", _semeion),
        DataSet("pendigits", "digits as eight points of a pen's path, tested on other writers", (7494, 0, 3498),
                16, 10, "pendigits", _pendigits),
        DataSet("iris", "three species of flower by four lengths", (112, 0, 38), 4, 3,
                "iris-4-10-5-3", _iris, IRIS_COLUMNS, "species"),
        DataSet("spiral", "points on three arms of a spiral", (300, 0, 300), 2, 3, "spiral-adam", _spiral),
        DataSet("vertical", "points in three clouds side by side", (300, 0, 300), 2, 3, "spiral-adam", _vertical),
        DataSet("sine", "a number to predict: one period of a sine", (1000, 0, 333), 1, None,
                "sine", _sine),
    )
}  # fmt: skip
