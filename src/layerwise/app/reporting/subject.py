"""What a report is about: a network, held-out rows, and what it says of them, computed once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from layerwise.app.measures import COVERAGE, of_classes, of_numbers, sampled, usable_intervals
from layerwise.app.reporting.tables import Table
from layerwise.data.targets import Task, check_lengths, encode
from layerwise.datasets.pictures import form_of
from layerwise.explain.importance import Importance, input_groups, of_inputs
from layerwise.formula.quoting import legible
from layerwise.network.network import Network
from layerwise.typing import Array, ArrayLike

LEAST_SIDE = 8  # pixels, of what is shown as an image
MOST_MEASURED = 200  # columns that are shuffled, one after the other
REPEATS, MOST_CELLS, MOST_ROWS, LEAST_ROWS = 5, 200_000, 2000, 200  # shuffles of each; predictions; rows


@dataclass(frozen=True)
class Subject:
    """A network and its answers.

    Attributes
    ----------
    network, task
        The network, and what it answers.
    X, y : array
        The rows, and what they are, in the form of the answers.
    said : array
        The answers.
    figures : dict
        What `evaluate` gave.
    labels : array (n,), optional
        Of classes: y as the columns of `shares`.
    shares : array (n, classes), optional
        Their probabilities, if the network gives any.
    columns : dict of str to list of int, optional
        The inputs of each column of a table.
    table : Table, optional
        The rows before an encoder made inputs of them.
    """

    network: Network
    task: Task
    X: Array
    y: Array
    said: Array
    figures: dict[str, float]
    labels: Array | None = None
    shares: Array | None = None
    columns: Mapping[str, Sequence[int]] | None = None
    table: Table | None = None

    @classmethod
    def of(cls, network: Network, X: ArrayLike, y: ArrayLike, table: Table | None = None) -> Subject:
        """Return all that sections need.

        Raises
        ------
        DataError, ShapeError
            X and y are not for this network.
        """
        task = network.task
        assert task is not None
        plan, _ = network.built()
        rows = network.read_rows(X)
        targets = encode(y, plan.n_out, network.choose_loss(), network.dtype, task)
        check_lengths(rows, targets)
        metrics = ["r2_score"] if task.kind == "regression" else None
        figures, said = network.evaluate(rows, y, metrics=metrics), network.predict(rows)
        labels = shares = None
        if task.kind == "classification" and targets.labels is not None and network.layers[-1].gives != "values":
            labels, shares = targets.labels, network.predict_proba(rows)
        columns = None if table is None else input_groups(table.encoder)
        if columns is None and network.column_names is not None:
            columns = {name: [j] for j, name in enumerate(network.column_names)}
        return cls(network, task, rows, targets.true(), said, figures, labels, shares, columns, table)

    @cached_property
    def is_of_a_table(self) -> bool:
        """Whether the columns have names, and are no pixels."""
        return self.columns is not None and isinstance(self.X, np.ndarray) and not self.is_of_images

    @cached_property
    def measures(self) -> dict[str, Any] | None:
        """How good the answers for a table are; None where they are several yes and no."""
        if not self.is_of_a_table or self.task.kind == "multilabel":
            return None
        if self.task.kind == "regression":
            y = np.asarray(self.y, np.float64)
            return of_numbers(y, np.asarray(self.said, np.float64).reshape(y.shape))
        if self.shares is None or self.task.classes is None:
            return None
        return of_classes(np.asarray(self.y), self.shares, np.asarray(self.said), self.task.classes)

    @cached_property
    def shuffled(self) -> Array:
        """Which rows the importance of the columns is measured on: some where there are many."""
        affordable = max(LEAST_ROWS, MOST_CELLS // (REPEATS * max(len(self.columns or ()), 1)))
        return sampled(len(self.X), min(MOST_ROWS, affordable))

    @cached_property
    def importance(self) -> Importance | None:
        """How much each column of a table matters; None of more than 200."""
        if not self.is_of_a_table or self.columns is None or len(self.columns) > MOST_MEASURED:
            return None
        rows = self.shuffled
        return of_inputs(self.network, self.X[rows], np.asarray(self.y)[rows], self.columns, REPEATS)

    @cached_property
    def ends(self) -> Array | None:
        """The two ends of each number's 90% interval, (..., 2), where the network has learned them."""
        if self.task.kind != "regression" or usable_intervals(self.network) is None:
            return None
        return np.asarray(self.network.predict_interval(self.X, COVERAGE), np.float64)

    @property
    def targets(self) -> list[str]:
        """The columns of a table that are predicted, as the model's notes name them."""
        name = str(self.network.notes.get("target", ""))
        known = [] if self.table is None else self.table.raw.names
        return [name] if name in known else [part for part in name.split(",") if part in known]

    @property
    def names(self) -> list[str]:
        """What the classes are called."""
        return [] if self.task.classes is None else [legible(name) for name in self.task.classes.tolist()]

    @property
    def is_of_images(self) -> bool:
        """Whether rows are a folder's pictures, or square images: without names of columns, or with those of pixels."""
        if form_of(self.network.notes) is not None:
            return True
        side = math.isqrt(self.X.shape[1])
        names = self.network.column_names or ()
        return (
            all(name.lower().startswith("pixel") for name in names)
            and side * side == self.X.shape[1]
            and side >= LEAST_SIDE
        )

    @property
    def wrong(self) -> Array:
        """Which rows have a wrong answer, the one that it is surest of first."""
        assert self.shares is not None
        (found,) = np.nonzero(self.said != self.y)
        return found[np.argsort(-self.shares[found].max(axis=1), kind="stable")]
