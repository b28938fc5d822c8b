"""How the answer changes with one column: the mean answer if every row had the same value there.

    f(v) = 1/n · Σ answer(row i with v in column j)

The column is set as it came, before it becomes inputs, so all inputs that are made of it change together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.columns import Columns
from layerwise.data.frames import read_columns
from layerwise.data.tables.features import Features
from layerwise.data.tabular import Encoded, TableEncoder
from layerwise.errors import DataError, UnknownNameError, nearest
from layerwise.explain.importance import input_groups
from layerwise.network.models import network_of
from layerwise.network.network import Network
from layerwise.parts.description import whole_number
from layerwise.typing import Array, ArrayLike

_TAIL = 0.02  # the share of the rows below the grid of a column of numbers, and above it


@dataclass(frozen=True)
class Dependence:
    """What `partial_dependence` found.

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "date", "category", "text"}
        What it holds.
    grid : array (points,)
        The values that it was set to: float64, ``datetime64[us]``, or objects, the most frequent first.
    averages : float64 array (points, outputs)
        The mean over the rows of the probability of each class, or of each number.
    labels : list
        What the outputs are: classes; empty for numbers.
    values : array (n,)
        The column in the rows that the mean is over, as `grid`; NaN, NaT or None where it is missing.
    """

    name: str
    kind: str
    grid: Array
    averages: Array
    labels: list[Any]
    values: Array

    @property
    def span(self) -> float:
        """The largest difference of any output's mean between two values of the column."""
        return float(np.ptp(self.averages, axis=0).max())


def partial_dependence(
    model: Any, X: Any, column: str | int, *, grid: ArrayLike | None = None, points: int = 20
) -> Dependence:
    """Compute the mean answer of a trained model as a function of one column.

    Parameters
    ----------
    model : Network, MLPClassifier or MLPRegressor
        Trained.
    X : array or frame (n, columns)
        Rows as the model takes them. The answer is averaged over them, so some hundreds are enough.
    column : str or int
        The column's name, or its place where columns have no names.
    grid : array (points,), optional
        The values to set the column to. By default those at evenly spaced quantiles from 2% to 98% of the rows, or all
        values where there are no more than `points`; of categories the most frequent ones.
    points : int
        How many values there are at most without `grid`.

    Returns
    -------
    Dependence

    Raises
    ------
    NotBuiltError
        The model was never trained.
    DataError
        X is not for it, or no input is made of the column, or it has no value in X.
    UnknownNameError
        There is no such column.
    ValueError
        `points` is no whole number, or below 2.

    Notes
    -----
    The definition is Friedman's [1]_, and that of scikit-learn's ``inspection.partial_dependence(method="brute")``. A
    mean hides rows that answer in opposite ways; and where columns go together, it is over rows that do not occur.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> from layerwise.explain.dependence import partial_dependence
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> net = lw.Network([lw.Dense(1)], random_state=0)
    >>> _ = net.fit(X, 3 * X[:, 1], optimizer=lw.Adam(0.1), epochs=100, verbose=False)
    >>> found = partial_dependence(net, X, 1, grid=[0.0, 1.0])
    >>> [round(float(value), 2) for value in np.diff(found.averages[:, 0])]
    [3.0]
    """
    network = network_of("partial_dependence", model)
    points = whole_number("partial_dependence", "points", points, least=2)
    encoder: TableEncoder | None = getattr(model, "encoder_", None)
    if encoder is not None:
        columns = read_columns(X)
        found = of_column(network, encoder, columns, encoder.transform(columns), column, grid, points)
    else:
        found = _of_input(network, model, X, column, grid, points)
    if hasattr(model, "target_scale_"):
        return in_units(found, model.target_scale_, model.target_mean_)
    if found.labels and hasattr(model, "classes_") and isinstance(model.classes_, np.ndarray):
        return Dependence(**(vars(found) | {"labels": model.classes_.tolist()}))
    return found


def in_units(found: Dependence, scale: ArrayLike, mean: ArrayLike) -> Dependence:
    """Return the same for numbers that are the outputs times `scale` plus `mean`."""
    return Dependence(**(vars(found) | {"averages": found.averages * np.asarray(scale) + np.asarray(mean)}))


def of_column(
    network: Network,
    encoder: TableEncoder,
    columns: Columns,
    inputs: Array,
    name: str | int,
    grid: ArrayLike | None = None,
    points: int = 20,
) -> Dependence:
    """Return the same for a network whose inputs (n, n_in) an encoder makes of columns."""
    groups, titles = input_groups(encoder), [str(n) if encoder.has_names else f"x{n}" for n in encoder.columns]
    title = _title(name, titles, encoder.has_names)
    if title not in groups:
        raise DataError(f"partial_dependence: no input is made of the column {title!r}")
    j = titles.index(title)
    part = encoder.learned()[j][1]
    place = columns.names.index(encoder.columns[j]) if columns.names is not None and encoder.has_names else j
    values = _values(columns, place, part)
    chosen = _grid(values, points, title) if grid is None else _as_given(grid, values)
    blocks = np.empty((len(chosen), len(groups[title])), inputs.dtype)
    part.write(Features([title], [chosen], "grid"), 0, blocks)
    averages = _averages(network, inputs, groups[title], blocks)
    return Dependence(title, part.kind, chosen, averages, _labels(network), values)


def _of_input(
    network: Network, model: Any, X: Any, column: str | int, grid: ArrayLike | None, points: int
) -> Dependence:
    """Return the same for a column that is an input itself."""
    inputs = network.read_rows(X)
    if not isinstance(inputs, np.ndarray):
        raise DataError("partial_dependence: X is sparse; give X.toarray()")
    names = network.column_names or getattr(model, "feature_names_in_", None)
    titles = [f"x{j}" for j in range(inputs.shape[1])] if names is None else [str(name) for name in names]
    title = _title(column, titles, names is not None)
    j = titles.index(title)
    values = inputs[:, j].astype(np.float64)
    chosen = _grid(values, points, title) if grid is None else np.asarray(grid, np.float64)
    changing = inputs if inputs.dtype.kind == "f" else inputs.astype(np.float64)
    averages = _averages(network, changing, [j], chosen[:, np.newaxis].astype(changing.dtype))
    return Dependence(title, "number", chosen, averages, _labels(network), values)


def _title(column: str | int, titles: Sequence[str], named: bool) -> str:
    if isinstance(column, (int, np.integer)) and 0 <= column < len(titles):
        return titles[column]
    if column not in titles:
        hint = nearest(str(column), titles) if named else f"X has {len(titles)} columns"
        raise UnknownNameError(f"partial_dependence: there is no column {column!r}; {hint}")
    return str(column)


def _values(columns: Columns, place: int, part: Encoded) -> Array:
    """Return a column in the form that its part of the encoder takes."""
    if part.kind == "number":
        return columns.numbers(place)
    if part.kind == "date":
        return columns.dates(place)
    codes, known = columns.categories(place)
    found = np.empty(len(known) + 1, object)
    found[:-1] = known
    return np.asarray(found[codes])


def _grid(values: Array, points: int, title: str) -> Array:
    """Return the values to look at: all if they are few, else quantiles, or the most frequent categories."""
    there = _present(values)
    if not len(there):
        raise DataError(f"partial_dependence: the column {title!r} has no value in X")
    if values.dtype == object:
        found = np.empty(min(points, len(counted := Counter(there.tolist()))), object)
        found[:] = [value for value, _ in counted.most_common(points)]
        return found
    distinct = np.unique(there)
    if len(distinct) <= points:
        return distinct
    ranks = np.quantile(np.arange(len(there)), np.linspace(_TAIL, 1 - _TAIL, points), method="nearest").astype(int)
    return np.unique(np.sort(there)[ranks])


def _present(values: Array) -> Array:
    is_object = values.dtype == object
    there = np.array([value is not None for value in values.tolist()], bool) if is_object else values == values
    present: Array = values[there]
    return present


def _as_given(grid: ArrayLike, values: Array) -> Array:
    given = np.empty(len(np.atleast_1d(np.asarray(grid, object))), values.dtype)
    given[:] = np.asarray(grid, values.dtype)
    return given


def _averages(network: Network, inputs: Array, places: Sequence[int], blocks: Array) -> Array:
    """Return the mean answers (points, outputs) with each of the blocks (points, inputs) in its places."""
    changed, found = inputs.copy(), []
    for block in blocks:
        changed[:, list(places)] = block
        found.append(_answers(network, changed).mean(axis=0, dtype=np.float64))
    return np.array(found)


def _answers(network: Network, X: Array) -> Array:
    task = network.task
    is_classes = task is not None and task.kind != "regression"
    answers: Array = network.predict_proba(X) if is_classes else network.predict(X).reshape(len(X), -1)
    return answers


def _labels(network: Network) -> list[Any]:
    """Return what the outputs are called: classes, numbers of the outputs that say yes or no, nothing for numbers."""
    task = network.task
    if task is None or task.kind == "regression":
        return []
    if task.classes is not None:
        return list(task.classes.tolist())
    return [*range(network.built()[0].n_out)]
