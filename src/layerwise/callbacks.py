"""What may be done while a network trains: hooks at the beginning and end of the fit, each epoch and each step.

A callback is handed the running `Training`: its `epoch`, `step`, `history`, `optimizer`, `parameters` and
`network`; it may change `optimizer.learning_rate`, or end the training with `stop()`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerwise.training import Training


class Callback:
    """Base of the callbacks: define the hooks that are needed.

    `on_step_end` is called, and costs time, only where it is defined.

    Examples
    --------
    >>> class StopAtLoss(Callback):
    ...     def on_epoch_end(self, run):
    ...         if run.history["loss"][-1] < 0.1:
    ...             run.stop("the loss is below 0.1")
    """

    def on_fit_begin(self, run: Training) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, run: Training) -> None:
        """Before an epoch's first step."""

    def on_step_end(self, run: Training) -> None:
        """After every step."""

    def on_progress(self, run: Training) -> None:
        """About ten times a second within long epochs."""

    def on_epoch_end(self, run: Training) -> None:
        """After an epoch, its row of the history written."""

    def on_fit_end(self, run: Training) -> None:
        """After the last epoch, on every way out."""


def as_callbacks(value: Callback | Sequence[Callback] | None) -> list[Callback]:
    """A list of callbacks from one, several or none.

    Raises
    ------
    TypeError
        One of them is no callback.
    """
    callbacks = [value] if isinstance(value, Callback) else list(value or ())
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must be instances of Callback; {callback!r} came")
    return callbacks


class History(Mapping[str, list[float]]):
    """A table of the training: a list a column, an entry an epoch.

    Columns: ``loss`` (the data loss, mean over the epoch's samples), ``penalty``, ``accuracy`` (for classes),
    the same with ``val_`` on the validation data, ``learning_rate``, ``seconds`` and ``samples_per_second``.

    Attributes
    ----------
    stopped_by : str
        Why the training ended: ``"epochs"``, ``"interrupt"``, or what a callback said.
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}
        self.stopped_by = ""

    def append(self, row: dict[str, float]) -> None:
        """Add an epoch."""
        if not self.columns:
            self.columns = {name: [] for name in row}
        for name, value in row.items():
            self.columns[name].append(value)

    def extend(self, rows: Mapping[str, Sequence[float]]) -> None:
        """Add several epochs, column by column."""
        for name, values in rows.items():
            self.columns.setdefault(name, []).extend(values)

    def last(self) -> dict[str, float]:
        """The newest epoch by column, empty if there is none."""
        return {name: values[-1] for name, values in self.columns.items() if values}

    def to_dict(self) -> dict[str, list[float]]:
        """A copy as plain lists, for JSON or a data frame."""
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
        """How many epochs are in the table."""
        return len(next(iter(self.columns.values()), []))

    def _rows(self) -> list[list[str]]:
        """The epochs as text; of a long training the first five and the last fifteen."""
        shown = range(self.epochs) if self.epochs <= 20 else [*range(5), *range(self.epochs - 15, self.epochs)]
        return [[str(i + 1), *(f"{values[i]:.5g}" for values in self.columns.values())] for i in shown]

    def __repr__(self) -> str:
        rows = [["epoch", *self.columns], *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("epoch", *self.columns))
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self._rows())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
