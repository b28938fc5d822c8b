"""Windows of rows: blocks in a random order, read ahead by a thread, their rows shuffled within what fits into memory.

    begin_epoch(step) ── order of the blocks ──► read ──► │ window │ window │ …      two buffers: of one the engine
    window(i) ◄──────── rows of a window, in a random order ──────────────────      learns while the other is filled

A window holds whole batches, so that every step but the epoch's last one takes as many rows. What is drawn depends on
the seed and the step alone: an epoch can be entered at any window, and ends with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from layerwise.data.philox import BLOCKS, ORDER, generator
from layerwise.data.rows import Rows, check_finite
from layerwise.data.streams.reader import Buffers, Reader, Window
from layerwise.data.streams.source import Piece, Source, changed
from layerwise.data.streams.survey import Survey
from layerwise.data.targets import Targets
from layerwise.errors import DataError, LayerwiseError
from layerwise.parts.scaling import Scaler
from layerwise.typing import Array

Encode = Callable[[Array, Array | None, str], Targets]
"""Targets of y and weights; the name is what errors call y."""


@dataclass
class Stream:
    """A source with what its first pass has found: what stands for X in a fit.

    Attributes
    ----------
    source : Source
    survey : Survey
    sizes : list of int
        Rows of each block.
    sample : Piece
        Some of the first rows, for whoever wants to look at data.
    window : int
        How many rows may be in memory.
    encode : function, optional
        Makes targets of y and weights.
    held_out : (X, y, weights), optional
        Rows that were set aside, in memory.
    """

    source: Source
    survey: Survey
    sizes: list[int]
    sample: Piece
    window: int
    encode: Encode | None = None
    held_out: tuple[Array, Array | None, Array | None] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.survey.rows, self.survey.n_in

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of X."""
        return np.dtype(self.survey.dtype)

    @property
    def has_weights(self) -> bool:
        """Whether rows have weights."""
        return self.survey.has_weights

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns of X."""
        return self.source.columns

    def __len__(self) -> int:
        return self.survey.rows


class StreamRows(Rows):
    """Rows of a stream, window by window.

    Parameters
    ----------
    stream : Stream
        Where they come from.
    encode : function
        Makes targets of y and weights.
    scaler, dtype, batch_size
        As for `Rows`.
    window : int
        Rows of a window, a multiple of the batch's.
    seed : int, optional
        The key of the order; None: blocks and rows as they come.
    last_step : int, optional
        With which the training ends, where it is known: nothing is read ahead for later epochs.
    """

    made: ClassVar[bool] = True

    def __init__(
        self,
        stream: Stream,
        encode: Encode,
        scaler: Scaler | None,
        dtype: np.dtype[np.floating],
        batch_size: int,
        window: int,
        seed: int | None = None,
        last_step: int | None = None,
    ) -> None:
        super().__init__(stream.sample.X, scaler, dtype, batch_size)
        self.stream, self.batch_size, self.size, self.seed = stream, batch_size, window, seed
        self.last_step = last_step
        self.targets = encode(_given(stream.sample.y), stream.sample.weights, f"{stream.sample.label}: y")
        self._encode, self._kind = encode, dtype
        self._epoch = 0
        self._reader: Reader | None = None
        self._starts = np.concatenate([[0], np.cumsum(stream.sizes)])

    def __len__(self) -> int:
        return self.stream.survey.rows

    @property
    def steps_per_window(self) -> int:
        """Steps that a whole window is for."""
        return self.size // self.batch_size

    def begin_epoch(self, epoch: int) -> None:
        """Take the orders of the epoch that begins at this step."""
        self._epoch = epoch

    def window(self, number: int, poll: Callable[[], bool] | None = None) -> Window | None:
        """Return a window of the epoch, as soon as it has been read; None if `poll` says that something else is due.

        The window before is let go. What went wrong with reading is raised here.
        """
        wanted = (self._epoch, number)
        if self._reader is None or self._reader.coming != wanted:
            self.close()
            self._reader = Reader(self._windows(*wanted), wanted)
        found = self._reader.take(poll)
        if found is not None:
            self.X, self.targets = found.X, found.targets
            is_last = (number + 1) * self.size >= len(self)
            following = self._epoch + -(-len(self) // self.batch_size)
            self._reader.coming = (following, 0) if is_last else (self._epoch, number + 1)
        return found

    def close(self) -> None:
        """End the reader."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    # ---------------------------------------------------------------- in the reader's thread

    def _windows(self, epoch: int, number: int) -> Callable[[Buffers], Iterator[Window]]:
        def windows(buffers: Buffers) -> Iterator[Window]:
            at, first = epoch, number
            steps = -(-len(self) // self.batch_size)
            while self.last_step is None or at < self.last_step:
                yield from self._epoch_from(at, first, buffers)
                at, first = at + steps, 0

        return windows

    def _epoch_from(self, epoch: int, number: int, buffers: Buffers) -> Iterator[Window]:
        """Yield the windows of an epoch, from one of them on."""
        filled = _Filling(self, buffers)
        for piece in self._pieces(epoch, number * self.size):
            rows = piece
            while len(rows):
                rows = filled.add(rows)
                if filled.count == self.size:
                    yield filled.window(epoch, number)
                    number += 1
        if filled.count:
            yield filled.window(epoch, number)

    def _pieces(self, epoch: int, skipped: int) -> Iterator[Piece]:
        """Yield the rows of an epoch, without the first ones; see that they are as many as in the first pass."""
        stream, sizes = self.stream, self.stream.sizes
        if stream.source.n_blocks is None:
            order = np.arange(len(sizes))
        else:
            n = len(sizes)
            order = np.arange(n) if self.seed is None else generator(self.seed, BLOCKS, epoch).permutation(n)
            ends = np.cumsum(np.asarray(sizes)[order])
            first = int(np.searchsorted(ends, skipped, "right"))
            skipped -= int(ends[first - 1]) if first else 0
            order = order[first:]
        is_free = stream.source.n_blocks is not None
        found, at = 0, 0  # rows of the block at work; which of the order it is
        for piece in stream.source.pieces(order.tolist() if is_free else None, self._kind):
            while at < len(order) and piece.block != order[at]:
                self._check_block(int(order[at]), found)
                at, found = at + 1, 0
            if at == len(order):
                raise DataError(f"the stream has more blocks now than the {len(sizes)} of its first pass")
            self._check_piece(piece)
            found += len(piece)
            if found > sizes[piece.block]:
                raise changed(piece.label, sizes[piece.block], found)
            left = min(skipped, len(piece))
            skipped -= left
            if left < len(piece):
                yield _cut(piece, left, len(piece)) if left else piece
        missing = [int(i) for i in order[at + 1 :] if sizes[i]]
        if missing and not is_free:
            raise DataError(
                f"the stream ended after {at + 1} blocks, {int(self._starts[at]) + found} rows; it had {len(sizes)} "
                f"blocks and {len(self)} rows in the first pass: every epoch must give the same"
            )
        for block in order[at : at + 1].tolist():
            self._check_block(block, found)
        for block in missing:
            self._check_block(block, 0)

    def _check_block(self, block: int, found: int) -> None:
        if found != self.stream.sizes[block]:
            raise changed(self.stream.source.label(block), self.stream.sizes[block], found)

    def _check_piece(self, piece: Piece) -> None:
        survey = self.stream.survey
        if piece.X.shape[1] != survey.n_in or piece.X.dtype != survey.dtype:
            raise DataError(
                f"{piece.label}: X has {piece.X.shape[1]} columns of type {piece.X.dtype} now; it had {survey.n_in} of "
                f"type {survey.dtype} in the first pass"
            )
        if (piece.weights is not None) != survey.has_weights:
            raise DataError(
                f"{piece.label} has {'' if piece.weights is not None else 'no '}weights now, otherwise than before"
            )
        check_finite(piece.X, self._kind, f"{piece.label}: X", self.stream.columns)


def _given(y: Array | None) -> Array:
    assert y is not None
    return y


def _cut(piece: Piece, start: int, stop: int) -> Piece:
    y, weights = (None if part is None else part[start:stop] for part in (piece.y, piece.weights))
    return Piece(piece.block, piece.start + start, piece.label, piece.X[start:stop], y, weights)


class _Filling:
    """A window that is being filled."""

    def __init__(self, rows: StreamRows, buffers: Buffers) -> None:
        self._rows, self._buffers = rows, buffers
        self._begin()

    def _begin(self) -> None:
        self.count, self._pieces = 0, list[Piece]()
        self._buffer: Array | None = None

    def add(self, piece: Piece) -> Piece:
        """Copy as many rows as there is room for; return the others."""
        size = self._rows.size
        if self._buffer is None:
            self._buffer = self._buffers.take((min(size, len(self._rows)), piece.X.shape[1]), piece.X.dtype)
        room = min(size - self.count, len(piece))
        np.copyto(self._buffer[self.count : self.count + room], piece.X[:room])
        self._pieces.append(Piece(piece.block, piece.start, piece.label, piece.X[:0], *_owned(piece, room)))
        self.count += room
        return _cut(piece, room, len(piece))

    def window(self, epoch: int, number: int) -> Window:
        """Return what was filled, and begin another."""
        assert self._buffer is not None
        rows, n = self._rows, self.count
        targets = self._targets()
        order = None
        if rows.seed is not None:
            order = generator(rows.seed, ORDER, epoch + number * rows.steps_per_window).permutation(n)
        found = Window(epoch, number, self._buffer[:n], targets, order, self._buffer)
        self._begin()
        return found

    def _targets(self) -> Targets:
        parts = [_given(piece.y) for piece in self._pieces]
        weights = [piece.weights for piece in self._pieces if piece.weights is not None]
        try:
            y = parts[0] if len(parts) == 1 else np.concatenate(parts)
            return self._rows._encode(y, np.concatenate(weights) if weights else None, "y")
        except (LayerwiseError, ValueError):
            for piece in self._pieces:  # which of them it is
                label = f"{piece.label} (from row {piece.start}): y" if piece.start else f"{piece.label}: y"
                self._rows._encode(_given(piece.y), piece.weights, label)
            raise


def _owned(piece: Piece, room: int) -> tuple[Array | None, Array | None]:
    """Return y and weights of the first rows, which may lie in memory that is used again."""
    return tuple(None if part is None else part[:room].copy() for part in (piece.y, piece.weights))  # type: ignore[return-value]


def window_rows(batch_size: int, rows: int) -> int:
    """Return how many rows one of the two halves of a window has: whole batches.

    Examples
    --------
    >>> window_rows(32, 1000), window_rows(1000, 100)
    (480, 1000)
    """
    return max(1, rows // 2 // batch_size) * batch_size


def in_order(
    source: Source, size: int, encode: Encode, dtype: np.dtype[np.floating]
) -> Iterator[tuple[Array, Targets]]:
    """Yield all rows of a source once, in their order, some at a time, with their targets."""
    waiting: list[Piece] = []
    count = 0

    def joined() -> tuple[Array, Targets]:
        X = np.concatenate([piece.X for piece in waiting]) if len(waiting) > 1 else waiting[0].X
        weights = [piece.weights for piece in waiting if piece.weights is not None]
        y = [_given(piece.y) for piece in waiting]
        name = f"{waiting[0].label}: y" if len(waiting) == 1 else f"y from {waiting[0].label} on"
        return X, encode(np.concatenate(y), np.concatenate(weights) if weights else None, name)

    for piece in source.pieces(None, dtype):
        check_finite(piece.X, dtype, f"{piece.label}: X", source.columns)
        waiting.append(Piece(piece.block, piece.start, piece.label, piece.X, *_owned(piece, len(piece))))
        count += len(piece)
        if count >= size:
            yield joined()
            waiting, count = [], 0
    if waiting:
        yield joined()
