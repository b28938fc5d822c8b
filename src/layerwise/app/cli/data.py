"""Data for the commands: the data sets by name, and tables from files, each with its rows to train and to test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from layerwise import datasets
from layerwise.app.cli import console
from layerwise.app.cli.data_sets import DATA_SETS, SPLIT_SEED, Data, Rows
from layerwise.app.cli.folders import is_folder, pictures_to_evaluate
from layerwise.app.cli.held_out import found_again
from layerwise.app.cli.model import Trained
from layerwise.app.cli.rows import features, target_names, target_values
from layerwise.data.tables.features import Features
from layerwise.data.tables.raw import RawTable
from layerwise.datasets.reading import read_raw
from layerwise.datasets.table import Table, read_header
from layerwise.errors import DataError, UnknownNameError, nearest
from layerwise.network.network import Network
from layerwise.typing import Array

STDIN = "-"
MOST_CLASSES = 20  # more distinct whole numbers than that in a table's target are a quantity


@dataclass(frozen=True)
class Labelled:
    """The rows of a file that have a target: its cells, the columns that an encoder takes, and which rows they are.

    `tested`: which of these were held out to test, if the model has learned from the others.
    """

    raw: RawTable
    features: Features
    kept: Array
    tested: Array | None


def is_table(name: str) -> bool:
    """Return whether it is the user's file rather than a data set's name or a folder."""
    return (
        name not in DATA_SETS
        and not is_folder(name)
        and (Path(name).suffix != "" or Path(name).exists() or name == STDIN)
    )


def check_name(name: str) -> str:
    """Return the name of a data set, a file or a folder.

    Raises
    ------
    UnknownNameError
        Neither; the nearest name is suggested.
    """
    if name not in DATA_SETS and not is_table(name) and not is_folder(name):
        others = "or a table: FILE.csv, or a FOLDER of pictures, which is not there"
        raise UnknownNameError(f"data set {name!r} is not known; {nearest(name, DATA_SETS)} ({others})")
    return name


def check_delimiter(delimiter: str | None) -> str | None:
    """Return the character that --delimiter names; a tab is hard to type, so its name will do."""
    return "\t" if delimiter in ("tab", "\\t") else delimiter


def load(
    name: str,
    validation: float | None = None,
    test: float | None = None,
    target: str | None = None,
    regression: bool | None = None,
    delimiter: str | None = None,
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
    delimiter : str, optional
        The character between two cells of a table; by default the header tells.
    """
    if name in DATA_SETS:
        entry = DATA_SETS[name]
        train, held_out, tested = entry.load()
        data = Data(name, entry.recipe, train, held_out, tested, entry.classes, entry.notes(), entry.columns)
    else:
        table = datasets.read_csv(name, target, delimiter)
        X, y = table.X, as_target(name, table, regression)
        _check_several_classes(name, y)
        train, tested = _split(X, y, 0.2 if test is None else test, "--test")
        classes = None if y.dtype.kind == "f" else len(np.unique(y))
        file = name if Path(name).name in DATA_SETS else Path(name).name  # a file that is called iris is not iris
        notes = {"data": file, "target": table.target_name}
        data = Data(Path(name).stem, "table", train, None, tested, classes, notes, table.feature_names)
        validation = 0.15 if validation is None else validation
    data = data if validation is None else _hold_out(data, validation)
    found = len(np.unique(data.train[1]))
    if data.classes is not None and found < data.classes:
        raise DataError(
            f"{name}: some classes have too few rows: of {data.classes} classes, only {found} are among the "
            f"{len(data.train[1])} rows to train; give more rows of the others, or hold out fewer"
        )
    return data


def _split(X: Array, y: Array, share: float, option: str) -> tuple[Rows, Rows]:
    """Return the rows without that share, and the share, as the option asked for."""
    held_out = int(share * len(y) + 0.5)
    if not 0 < held_out < len(y):
        raise DataError(
            f"{option} {share:g} of {len(y)} rows would hold out {held_out} and leave {len(y) - held_out} to train; "
            f"at least one of each is needed: give another {option} or more rows"
        )
    return datasets.train_validation_split(X, y, validation_size=held_out, random_state=SPLIT_SEED)


def _hold_out(data: Data, share: float) -> Data:
    """Return the same data with that share of the rows to train and to validate held out to validate."""
    X, y = data.train
    if data.validation is not None:
        X, y = np.concatenate([X, data.validation[0]]), np.concatenate([y, data.validation[1]])
    if share == 0:
        return replace(data, train=(X, y), validation=None)
    train, held_out = _split(X, y, share, "--validation")
    return replace(data, train=train, validation=held_out)


def as_target(path: str, table: Table, regression: bool | None, classes: Array | None = None) -> Array:
    """Return the target of a table as float64 for a quantity, else as 0, 1, … or names of classes.

    Labels are what the file has, letter by letter: 1.10 and 1.1 are two of them. They are numbers only where all are
    spelled 0, 1, … without a gap, or where the model's classes are.
    """
    y, labels = table.y, table.labels
    assert labels is not None
    if regression is None:
        is_whole = y.dtype.kind == "i" or all(label.lstrip("+-").isdecimal() for label in labels.tolist())
        regression = y.dtype.kind in "if" and not (is_whole and len(np.unique(labels)) <= MOST_CLASSES)
    if not regression:
        if y.dtype.kind != "i" or not np.array_equal(y.astype(str), labels):
            return labels
        known = np.unique(y)
        counted = np.array_equal(known, np.arange(len(known))) if classes is None else classes.dtype.kind in "iu"
        return y if counted else labels
    if y.dtype.kind not in "if":
        raise DataError(f"{path}: the target has names ({y[0]!r}), but a regression needs numbers")
    return y.astype(np.float64)


def _check_several_classes(path: str, y: Array) -> None:
    if y.dtype.kind != "f" and (y == y[0]).all():
        raise DataError(f"{path}: the target has one class only ({y[0]}); at least two are needed")


def read_table(path: str, model: Trained, delimiter: str | None) -> RawTable:
    """Return the cells of a table for a model, whose columns have names if the file's shall have some."""
    if (rules := model.rules) is not None:
        return read_raw(path, delimiter=delimiter, how=rules.how)
    assert model.encoder is not None
    return read_raw(path, delimiter=delimiter, header=model.encoder.has_names or None)


def rows_to_evaluate(path: str, model: Trained, target: str | None, delimiter: str | None = None) -> Rows:
    """Return the features, in the order that the model knows them by name, and target of a CSV file or a folder.

    For an encoder, rows without a target that can be used are left out, and counted on stderr.
    """
    network, task = model.network, model.task
    if is_folder(path):
        return pictures_to_evaluate(path, model)
    if model.encoder is not None:
        labelled, y = table_to_evaluate(path, model, target, delimiter)
        if labelled.tested is not None:
            learned = len(y) - len(labelled.tested)
            console.warn(
                f"note: {learned:,} of these {len(y):,} rows were used in training; the others were not", "yellow"
            )
        return model.encoder.transform(labelled.features), y
    columns = columns_of(network)
    if columns is not None:
        target = network.notes.get("target") if target is None else target
        _check_names(path, [*columns, *([] if target is None else [target])], read_header(path, delimiter))
    table = datasets.read_csv(path, target, delimiter)
    X = table.X if columns is None else _by_name(path, table, columns)
    return X, as_target(path, table, task.kind == "regression", task.classes)


def table_to_evaluate(path: str, model: Trained, target: str | None, delimiter: str | None) -> tuple[Labelled, Array]:
    """Return the rows of a table for an encoder that have a target, and what the network shall answer."""
    assert model.encoder is not None
    raw = read_table(path, model, delimiter)
    if model.rules is not None and target is None:
        rows, y, kept = model.rules.labelled_rows(raw)
    else:
        target = model.network.notes.get("target") if target is None else target
        names = target_names(raw, model.encoder, target, _targets(model))
        y, kept = target_values(raw, names, model.task)
        rows = (features(raw, model.encoder) if model.rules is None else model.rules.rows(raw)).take(kept)
    _tell(raw)
    return Labelled(raw, rows, kept, found_again(model.network.notes, y)), model.standardized(y)


def _tell(raw: RawTable) -> None:
    """Print the notes on what could not be read to stderr."""
    for note in dict.fromkeys(raw.notes):
        console.warn(f"{raw.source}: {note}", "yellow")


def encoded(raw: RawTable, model: Trained) -> Array:
    """Return the inputs that a model makes of the rows of a table; what could not be read is told on stderr."""
    assert model.encoder is not None
    rows = features(raw, model.encoder) if model.rules is None else model.rules.rows(raw)
    inputs = model.encoder.transform(rows)
    _tell(raw)
    return inputs


def _targets(model: Trained) -> int:
    """Return how many columns a model predicts."""
    return 1 if model.task.kind == "classification" else model.network.built()[0].n_out


def rows_to_predict(path: str, model: Trained, delimiter: str | None = None) -> Array:
    """Return the features in the order that the model knows them by name; the target may be there, too, or not.

    A model that knows no names takes its columns as they come, and passes over one more, the last.
    """
    if model.encoder is not None:
        return encoded(read_table(path, model, delimiter), model)
    network = model.network
    columns = columns_of(network)
    if columns is not None:
        header, target = read_header(path, delimiter), network.notes.get("target")
        _check_names(path, columns, header)
        table = datasets.read_csv(path, target if target in header else None, delimiter)
        return _by_name(path, table, columns)
    X, y = datasets.read_csv(path, delimiter=delimiter)
    n_in = network.built()[0].n_in
    if X.shape[1] == n_in - 1 and y.dtype.kind in "if":
        X = np.column_stack([X, y])
    if X.shape[1] != n_in:
        raise DataError(f"{path}: the model takes {n_in} columns of numbers; got {X.shape[1] + 1} columns")
    return X


def columns_of(network: Network) -> list[str] | None:
    """Return the names of the columns that a model was trained on, if it knows them."""
    columns = network.columns
    return [column["name"] for column in columns] if columns and len(columns) == network.built()[0].n_in else None


def _check_names(path: str, needed: list[str], header: list[str]) -> None:
    missing = [name for name in needed if name not in header]
    if missing:
        raise DataError(f"{path}: the model needs {_listed(missing)}, but the table has only {_listed(header)}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(map(repr, names[:12]))}{more}"


def _by_name(path: str, table: Table, columns: list[str]) -> Array:
    """Return the columns of those names, in that order; the one that was read as the target may be among them."""
    place = {name: number for number, name in enumerate(table.feature_names)}
    if table.target_name in columns:
        if table.y.dtype.kind not in "if":
            raise DataError(f"{path}: column {table.target_name!r} must be numbers, but has {table.y[0]!r}")
        place[table.target_name] = table.X.shape[1]
        return np.column_stack([table.X, table.y])[:, [place[name] for name in columns]]
    return table.X[:, [place[name] for name in columns]]
