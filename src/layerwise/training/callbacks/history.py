"""The table of a training: what `Network.fit` returns, and callbacks look at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from layerwise.formula.quoting import markup, visible


class History(Mapping[str, list[float]]):
    """The columns recorded in a fit, with an entry for each epoch.

    ``history["loss"]`` is a list. The columns are ``loss`` (the mean over the samples of the epoch, without penalty),
    ``penalty``, ``accuracy`` (for classes), the same with ``val_`` for the validation data, ``learning_rate``,
    ``seconds``, ``samples_per_second``, metrics, and columns that callbacks record.

    Attributes
    ----------
    stopped_by : str
        The reason why the training ended: ``"epochs"``, ``"interrupt"``, ``"divergence"``, ``"error"``, or the reason
        of a callback.
    kept_epoch : int
        The epoch, from 1, whose weights early stopping has restored. 0 if the weights are those of the last epoch.
    changes : list of dict
        The settings that ``fit(resume=[…])`` has changed: ``{"epoch": 6, "step": 30, "name": "learning_rate", "then":
        0.01, "now": 0.001}``, with the first epoch of the new value.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, epochs=3, verbose=False)
    >>> history.epochs, len(history["loss"]), history.stopped_by
    (3, 3, 'epochs')

    The histories of two fits can be added:

    >>> (history + net.fit(X, y, epochs=2, verbose=False)).epochs
    5
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}
        self.stopped_by, self.kept_epoch = "", 0
        self.changes: list[dict[str, Any]] = []

    def append(self, row: Mapping[str, float]) -> None:
        """Add an epoch; NaN stands where it, or an epoch before it, has no entry in a column."""
        columns = self.columns
        if columns.keys() != row.keys():
            epochs = self.epochs
            for name in row:
                columns.setdefault(name, [math.nan] * epochs)
            row = {name: row.get(name, math.nan) for name in columns}
        for name, value in row.items():
            columns[name].append(value)

    def amend(self, name: str, value: float) -> None:
        """Set an entry of the newest epoch; the column is NaN in those before, if it is new."""
        if name not in self.columns:
            self.columns[name] = [math.nan] * self.epochs
        self.columns[name][-1] = value

    def extend(self, rows: Mapping[str, Sequence[float]]) -> None:
        """Add several epochs, column by column."""
        for name, values in rows.items():
            self.columns.setdefault(name, []).extend(values)

    def __add__(self, other: History) -> History:
        """Both tables as one, the epochs of `other` last; NaN stands where one of them lacks a column."""
        if not isinstance(other, History):
            return NotImplemented
        whole = History()
        for one in (self, other):
            for values in zip(*one.columns.values(), strict=True):
                whole.append(dict(zip(one.columns, values, strict=True)))
        whole.stopped_by = other.stopped_by
        whole.kept_epoch = other.kept_epoch and self.epochs + other.kept_epoch
        later = [{**change, "epoch": change["epoch"] + self.epochs} for change in other.changes]
        whole.changes = [*self.changes, *later]
        return whole

    def clear(self) -> None:
        """Forget all epochs."""
        self.columns, self.changes, self.kept_epoch = {}, [], 0

    def last(self) -> dict[str, float]:
        """Return the values of the last epoch by column.

        Returns
        -------
        dict of float
            The values; empty if no epoch was recorded.
        """
        return {name: values[-1] for name, values in self.columns.items() if values}

    def to_dict(self) -> dict[str, list[float]]:
        """Return a copy of the columns, for JSON or a data frame.

        Returns
        -------
        dict of list of float
            The columns by name.
        """
        return {name: list(values) for name, values in self.columns.items()}

    def __getitem__(self, name: str) -> list[float]:
        try:
            return self.columns[name]
        except KeyError:
            raise KeyError(
                f"no column {name!r} in the history; there are {', '.join(self.columns) or 'none yet'}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def epochs(self) -> int:
        """The number of epochs recorded."""
        return len(next(iter(self.columns.values()), []))

    def _rows(self) -> list[list[str]]:
        """The epochs as text; of a long training the first five and the last fifteen."""
        shown = range(self.epochs) if self.epochs <= 20 else [*range(5), *range(self.epochs - 15, self.epochs)]
        return [[str(i + 1), *(f"{values[i]:.5g}" for values in self.columns.values())] for i in shown]

    def change_lines(self) -> list[str]:
        """Say for each change what it was, in a line."""
        return [
            visible(f"from epoch {c['epoch']} on: {c['name']} {c['now']!r}, {c['then']!r} before") for c in self.changes
        ]

    def __repr__(self) -> str:
        rows = [["epoch", *map(visible, self.columns)], *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*lines, *self.change_lines()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{markup(name)}</th>" for name in ("epoch", *self.columns))
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self._rows())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
