"""The numbers of each epoch, written down while the network trains: as CSV, and for TensorBoard."""

from __future__ import annotations

import csv
import io
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerwise.callbacks.base import Callback
from layerwise.description import Description
from layerwise.errors import DataError, missing
from layerwise.files import check_writable, write_whole

if TYPE_CHECKING:
    from layerwise.training import Training


class CSVLog(Description, Callback):
    """A row an epoch in a CSV file, on the disk before the next epoch begins.

    A further fit adds its rows, and the epochs are counted on. A column that is new is empty in the rows before it, one
    that is missing in the rows after it.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    OSError
        The path cannot be written to: before the first epoch.
    DataError
        There is a file that is no such log; it stays as it is.
    """

    state_names = ("_rows",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._columns: list[str] = []
        self._rows = 0

    def on_fit_begin(self, run: Training) -> None:
        """Look at what is there."""
        check_writable(self.path)
        self._columns, self._rows = [], 0
        if os.path.exists(self.path) and os.path.getsize(self.path):
            rows = self._read()
            if rows[0][:1] != ["epoch"]:
                raise DataError(f"CSVLog: {self.path} is there and is no log of a training; give another path")
            self._columns, self._rows = rows[0], len(rows) - 1
            self._write(rows)  # whole lines, whatever ended the fit before

    def on_epoch_end(self, run: Training) -> None:
        """Add the epoch."""
        row: dict[str, float] = {"epoch": self._rows + 1, **run.history.last()}
        new = [name for name in row if name not in self._columns]
        if new:
            rows = self._read() if self._columns else [[]]
            self._columns = [*self._columns, *new]
            self._write([self._columns, *([*cells, *[""] * len(new)] for cells in rows[1:])])
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow([row.get(name, "") for name in self._columns])
        self._rows += 1

    def restore(self, state: dict[str, Any]) -> None:
        """Take the rows out that came after the checkpoint: they will come again."""
        if self._rows > state["_rows"]:
            self._rows = state["_rows"]
            self._write(self._read()[: self._rows + 1])

    def _read(self) -> list[list[str]]:
        try:
            with open(self.path, encoding="utf-8", newline="") as file:
                return [row for row in csv.reader(file) if row] or [[]]
        except (UnicodeDecodeError, csv.Error):
            return [[]]

    def _write(self, rows: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        write_whole(Path(self.path), text.getvalue().encode())


class TensorBoard(Description, Callback):
    """The columns of the history as scalars for TensorBoard, by way of tensorboardX.

    Parameters
    ----------
    directory : path
        Where its files go; one for each training that shall have a curve of its own.
    histograms : bool
        Whether each epoch's weights and biases are added, as histograms.
    """

    state_names = ("_epochs",)

    def __init__(self, directory: str | os.PathLike[str], histograms: bool = False) -> None:
        self.directory = os.fspath(directory)
        self.histograms = bool(histograms)
        self._writer: Any = None
        self._epochs = 0

    def on_fit_begin(self, run: Training) -> None:
        """Open the file."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise missing("tensorboardX", "tensorboard", "the callback TensorBoard") from None
        # Its names have seconds: two trainings within one would write over each other.
        self._writer = SummaryWriter(self.directory, filename_suffix=f".{time.time_ns()}")

    def on_epoch_end(self, run: Training) -> None:
        """Add the epoch; those of a further fit are counted on."""
        self._epochs += 1
        for name, value in run.history.last().items():
            if not math.isnan(value):
                self._writer.add_scalar(name, value, self._epochs)
        if self.histograms:
            for stage, p in zip(run.plan.stages, run.parameters.p, strict=True):
                for name, array in vars(p).items():
                    self._writer.add_histogram(
                        f"{stage.index}_{type(stage.layer).__name__}/{name}", array, self._epochs
                    )
        self._writer.flush()

    def on_fit_end(self, run: Training) -> None:
        """Close the file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
