"""What a report is about: a network, held-out rows, and what it says of them, computed once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layerwise.data.targets import Task, check_lengths, encode
from layerwise.formula.quoting import legible
from layerwise.network.network import Network
from layerwise.typing import Array, ArrayLike

LEAST_SIDE = 8  # pixels, of what is shown as an image


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

    @classmethod
    def of(
        cls, network: Network, X: ArrayLike, y: ArrayLike, columns: Mapping[str, Sequence[int]] | None = None
    ) -> Subject:
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
        if columns is None and network.column_names is not None:
            columns = {name: [j] for j, name in enumerate(network.column_names)}
        return cls(network, task, rows, targets.true(), said, figures, labels, shares, columns)

    @property
    def names(self) -> list[str]:
        """What the classes are called."""
        return [] if self.task.classes is None else [legible(name) for name in self.task.classes.tolist()]

    @property
    def is_of_images(self) -> bool:
        """Whether rows are square images: without names of columns, or with names of pixels."""
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
