"""A column of the history, watched: which of two of its numbers is better, and the best so far."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from layerwise.errors import UnknownNameError, nearest
from layerwise.parts.description import number

if TYPE_CHECKING:
    from layerwise.training.loop import Training

_SMALLER = ("loss", "penalty", "error", "deviance", "entropy", "perplexity", "mse", "mae")  # is better
MODES = ("auto", "min", "max")


def is_cost(column: str) -> bool:
    """Return whether a column's numbers are the better, the smaller, by its name."""
    name = column.lower()
    return not name.endswith("score") and any(word in name for word in _SMALLER)


def is_gain(column: str) -> bool:
    """Return whether a column's name says that its numbers are the better, the greater; of many it cannot be known."""
    return not is_cost(column) and column.lower().endswith(("accuracy", "score", "auc", "r2", "f1"))


class Monitor:
    """The best of a column so far.

    Parameters
    ----------
    owner : object
        Who asks, for errors.
    column : str
        Its name in the history. Of the training data it is the number measured at the epoch's end, in the column
        ``train_…``; "loss" itself is the mean over an epoch in which the weights move.
    mode : {"auto", "min", "max"}
        Which number is better; auto: the smaller one of a loss, penalty or error, else the greater.
    min_delta : float
        What is better by less counts as no better.

    Attributes
    ----------
    best : float
        NaN before the first.
    """

    def __init__(self, owner: object, column: str, mode: str, min_delta: float = 0.0) -> None:
        self.owner = type(owner).__name__
        if not isinstance(column, str):
            raise TypeError(f"{self.owner}: monitor must be a column's name, such as 'val_loss'; got {column!r}")
        if mode not in MODES:
            raise UnknownNameError(f"{self.owner}: mode={mode!r} is not known; {nearest(str(mode), MODES)}")
        self.column = column
        self.min_delta = number(owner, "min_delta", min_delta, least=0)
        self.smaller = mode == "min" or (mode == "auto" and is_cost(column))
        self.best = math.nan

    def reset(self) -> None:
        """Forget the best."""
        self.best = math.nan

    def column_in(self, run: Training) -> str:
        """Return the name that the column has in the history.

        Raises
        ------
        UnknownNameError
            There is no such column.
        """
        columns = run.history.columns
        column = f"train_{self.column}" if f"train_{self.column}" in columns else self.column
        if column not in columns:
            hint = " (val_ columns need validation_data)" if self.column.startswith("val_") else ""
            raise UnknownNameError(
                f"{self.owner}: the history has no column {self.column!r}{hint}; there are {', '.join(columns)}"
            )
        return column

    def improves(self, run: Training) -> bool:
        """Return whether the newest epoch is the best so far; NaN is not.

        Raises
        ------
        UnknownNameError
            There is no such column.
        """
        value = run.history.columns[self.column_in(run)][-1]
        if math.isnan(value):
            return False
        gain = self.best - value if self.smaller else value - self.best
        if math.isnan(self.best) or gain > self.min_delta:
            self.best = value
            return True
        return False
