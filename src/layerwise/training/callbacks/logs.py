"""The numbers of each epoch, written down while the network trains: as CSV, and for TensorBoard."""

from __future__ import annotations

import csv
import io
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerwise.data.writing import check_writable, write_whole
from layerwise.errors import DataError, missing
from layerwise.parts.description import Description, flag
from layerwise.training.callbacks.base import Callback
from layerwise.training.callbacks.unwritten import Unwritten

if TYPE_CHECKING:
    from layerwise.training.loop import Training


class CSVLog(Description, Callback):
    """Write the history to a CSV file, with a row for each epoch.

    Each row is on the disk before the next epoch begins. A further fit appends its rows and continues the numbers of
    the epochs. A new column is empty in earlier rows, a missing one in later rows.

    Parameters
    ----------
    path : str or path-like
        The file.

    Raises
    ------
    OSError
        The path cannot be written. Raised before the first epoch.
    DataError
        The file exists and is not such a log. It is left unchanged.
    WriteError
        Rows could not be written, for example because the disk is full. Raised after the fit; before, there is a
        `RuntimeWarning`, and each epoch tries again.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "log.csv")
    ...     history = net.fit(X, y, epochs=2, callbacks=lw.CSVLog(file), verbose=False)
    ...     len(file.read_text().splitlines())
    3
    """

    state_names = ("_rows",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._columns: list[str] = []
        self._rows = 0
        self._pending: list[dict[str, float]] = []
        self._unwritten = Unwritten(self)

    def on_fit_begin(self, run: Training) -> None:
        """Look at what is there."""
        check_writable(self.path)
        self._columns, self._rows, self._pending = [], 0, []
        self._unwritten.reset()
        if os.path.exists(self.path) and os.path.getsize(self.path):
            rows = self._read()
            if rows[0][:1] != ["epoch"]:
                raise DataError(f"CSVLog: {self.path} is there and is no log of a training; give another path")
            self._columns, self._rows = rows[0], len(rows) - 1
            self._write(rows)  # whole lines, whatever ended the fit before

    def on_epoch_end(self, run: Training) -> None:
        """Add the epoch."""
        self._rows += 1
        self._pending.append({"epoch": self._rows, **run.history.last()})
        try:
            self._add()
        except OSError as error:
            self._unwritten.failed(self.path, error)
        else:
            self._unwritten.reset()

    def on_fit_end(self, run: Training) -> None:
        """See all rows written.

        Raises
        ------
        WriteError
            They could not be.
        """
        self._unwritten.settle(f"The log lacks the last {len(self._pending)} epochs, which are in the history.")

    def _add(self) -> None:
        """Write the rows that are not on the disk yet, all of them or none."""
        columns = self._columns if os.path.exists(self.path) else []
        new = dict.fromkeys(name for row in self._pending for name in row if name not in columns)
        if new:
            rows = self._read() if columns else [[]]
            columns = [*columns, *new]
            self._write([columns, *([*cells, *[""] * len(new)] for cells in rows[1:])])
            self._columns = columns
        size = os.path.getsize(self.path)
        try:
            with open(self.path, "a", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([row.get(name, "") for name in columns] for row in self._pending)
        except OSError:
            os.truncate(self.path, size)  # no half of a row
            raise
        self._pending = []

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
        write_whole(Path(self.path), text.getvalue().encode(errors="backslashreplace"))


class TensorBoard(Description, Callback):
    """Write the history for TensorBoard, with the package tensorboardX.

    Parameters
    ----------
    directory : str or path-like
        The folder for the files. Use one for each training.
    histograms : bool, default=False
        Also write histograms of the weights and biases after each epoch.
    """

    state_names = ("_epochs",)

    def __init__(self, directory: str | os.PathLike[str], histograms: bool = False) -> None:
        self.directory = os.fspath(directory)
        self.histograms = flag(self, "histograms", histograms)
        self._writer: Any = None
        self._epochs = 0
        self._unwritten = Unwritten(self)

    def on_fit_begin(self, run: Training) -> None:
        """Open the file."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise missing("tensorboardX", "tensorboard", "the callback TensorBoard") from None
        # Its names have seconds: two trainings within one would write over each other. Its thread dies of a full disk,
        # and whoever puts more than `max_queue` numbers before it then waits for ever.
        self._writer = SummaryWriter(self.directory, filename_suffix=f".{time.time_ns()}", max_queue=10_000)
        self._unwritten.reset()

    def on_epoch_end(self, run: Training) -> None:
        """Add the epoch; those of a further fit are counted on."""
        self._epochs += 1
        if self._writer is None:
            return
        try:
            self._add(run)
            self._writer.flush()
            self._check_thread()
        except OSError as error:
            self._writer = None  # what it was to write next is lost to it
            self._unwritten.failed(self.directory, error, "TensorBoard gets no more of this fit")

    def _add(self, run: Training) -> None:
        for name, value in run.history.last().items():
            if not math.isnan(value):
                self._writer.add_scalar(name, value, self._epochs)
        if self.histograms:
            for stage, p in zip(run.plan.stages, run.parameters.p, strict=True):
                for name, array in vars(p).items():
                    self._writer.add_histogram(
                        f"{stage.index}_{type(stage.layer).__name__}/{name}", array, self._epochs
                    )

    def _check_thread(self) -> None:
        thread = getattr(self._writer.file_writer.event_writer, "_worker", None)
        if thread is not None and not thread.is_alive():
            raise OSError("the thread that writes has ended by an error")

    def on_fit_end(self, run: Training) -> None:
        """Close the file.

        Raises
        ------
        WriteError
            Epochs could not be written.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except OSError as error:
                self._unwritten.failed(self.directory, error)
        self._unwritten.settle()
