"""The thread that reads windows ahead: two buffers, one of which is being filled while the other is learned from."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.targets import Targets
from layerwise.typing import Array

_POLL = 0.05  # seconds between two looks for Ctrl-C while a window is waited for
_PATIENCE = 2.0  # seconds that the end of a fit waits for a block that is being read


@dataclass
class Window:
    """Rows that are in memory, of an epoch.

    Attributes
    ----------
    epoch : int
        The step at which the epoch begins.
    number : int
        Which window of the epoch.
    X : array (n, n_in)
        In the order in which they were read; overwritten when the window is let go.
    targets : Targets
    order : int64 array (n,), optional
        In which they are learned from; None: as they lie.
    """

    epoch: int
    number: int
    X: Array
    targets: Targets
    order: Array | None
    buffer: Array | None = None


class Closed(Exception):
    """The reader was told to end."""


class Buffers:
    """Room for two windows, handed to and fro."""

    def __init__(self) -> None:
        self._free: queue.SimpleQueue[Array | None] = queue.SimpleQueue()
        self._made = 0
        self.closed = threading.Event()

    def take(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
        """Return room for a window, as soon as there is some."""
        if self._made < 2:
            self._made += 1
            return np.empty(shape, dtype)
        buffer = self._free.get()
        if self.closed.is_set() or buffer is None:
            raise Closed
        return buffer

    def give(self, buffer: Array | None) -> None:
        """Take room back."""
        self._free.put(buffer)


class Reader:
    """A thread that reads windows ahead.

    Parameters
    ----------
    windows : function
        Yields them, into buffers.
    coming : (int, int)
        Epoch and number of the first one.
    """

    def __init__(self, windows: Callable[[Buffers], Iterator[Window]], coming: tuple[int, int]) -> None:
        self.coming = coming
        self._windows, self._buffers = windows, Buffers()
        self._ready: queue.SimpleQueue[Window | BaseException | None] = queue.SimpleQueue()
        self._held: Window | None = None
        self._thread = threading.Thread(target=self._read, name="layerwise-reader", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        windows = self._windows(self._buffers)
        try:
            for window in windows:
                if self._buffers.closed.is_set():
                    break
                self._ready.put(window)
        except Closed:
            pass
        except BaseException as error:
            self._ready.put(error)
        finally:
            close = getattr(windows, "close", None)
            if close is not None:
                close()
            self._ready.put(None)

    def take(self, poll: Callable[[], bool] | None) -> Window | None:
        """Return the next window, and let the one before go; None if `poll` wants something else done first."""
        if self._held is not None:
            self._buffers.give(self._held.buffer)
            self._held = None
        while True:
            try:
                found = self._ready.get(timeout=_POLL)
            except queue.Empty:
                if poll is not None and poll():
                    return None
                continue
            if isinstance(found, BaseException):
                raise found
            if found is None:
                raise RuntimeError("the reader of the stream has ended, and a window is asked for")
            self._held = found
            return found

    def close(self) -> None:
        """End the thread: after the block that it is reading, at the latest."""
        self._buffers.closed.set()
        self._buffers.give(None)
        self._thread.join(_PATIENCE)
