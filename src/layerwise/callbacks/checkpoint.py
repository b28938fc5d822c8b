"""Saving the network while it trains."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from layerwise.callbacks.base import Callback
from layerwise.callbacks.monitor import Monitor
from layerwise.description import Description, whole_number
from layerwise.files import check_writable

if TYPE_CHECKING:
    from layerwise.training import Training


class Checkpoint(Description, Callback):
    """Save the network at the end of epochs, each time whole or not at all.

    Parameters
    ----------
    path : path
        The model file; ``{epoch}`` in it is the epoch's number, ``{epoch:03d}`` with zeros before it.
    every : int
        Save after every so many epochs.
    monitor : str, optional
        A column of the history: of these epochs, save only those that are the best so far.
    mode : {"auto", "min", "max"}
        Which number is better; auto: the smaller one of a loss, penalty or error, else the greater.

    Attributes
    ----------
    saved : list of str
        The files of this fit, oldest first, each once.

    Raises
    ------
    OSError
        The path cannot be written to: before the first epoch.
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int = 1, monitor: str | None = None, mode: str = "auto"
    ) -> None:
        self._watched = None if monitor is None else Monitor(self, monitor, mode)
        self.path = os.fspath(path)
        self.every = whole_number(self, "every", every, least=1)
        self.monitor, self.mode = monitor, mode
        self.saved: list[str] = []

    def on_fit_begin(self, run: Training) -> None:
        """See whether the path can be written to."""
        check_writable(self._file(1))
        self.saved = []
        if self._watched is not None:
            self._watched.reset()

    def on_epoch_end(self, run: Training) -> None:
        """Save, if it is this epoch's turn."""
        if run.epoch % self.every or (self._watched is not None and not self._watched.improves(run)):
            return
        file = self._file(run.epoch)
        run.save(file)
        if file not in self.saved:
            self.saved.append(file)

    def _file(self, epoch: int) -> str:
        return re.sub(r"\{epoch(?::(\w*))?\}", lambda found: format(epoch, found[1] or ""), self.path)
