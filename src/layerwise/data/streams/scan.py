"""The first pass over a stream: it looks at all rows, and keeps them where a window holds them all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from layerwise.data.rows import check_finite
from layerwise.data.streams.opening import WINDOW_BYTES, as_source
from layerwise.data.streams.source import Piece, Source, check_columns
from layerwise.data.streams.survey import Survey
from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array

_SAMPLE = 1024  # rows that are kept to be looked at

Seen = Callable[[int, int, "int | None"], None]
"""Told, now and then, how many blocks and rows were seen, and of how many rows."""


class Scan:
    """One pass over a source.

    Parameters
    ----------
    source : Source
        What is looked at.
    dtype : dtype
        What the network computes in.
    window : int, optional
        Rows that may be kept; by default as many as fit into 256 MB, and 0 for none.
    moments : bool
        Whether the means and extremes of columns are needed.
    n_in : int, optional
        How many columns there must be.
    columns : sequence of str, optional
        What they must be called, where they have names.
    seen : function, optional
        Called after each block.
    needs_y : bool
        Whether there must be targets.
    name : str
        Whose argument the source is, for errors.
    too_many : str, optional
        The error where the window does not hold all rows; ``{rows}`` in it is how many it would have to.

    Attributes
    ----------
    survey : Survey
    sizes : list of int
        Rows of each block.
    sample : Piece
        Some of the first rows.
    window : int
        As it was given, or follows from the rows.
    kept : (X, y, weights), optional
        All rows, where the window holds them.

    Raises
    ------
    ShapeError, DataError
        There are no rows, or blocks that cannot be learned from: names them.
    """

    def __init__(
        self,
        source: Source,
        dtype: np.dtype[np.floating],
        window: int | None = None,
        *,
        moments: bool = False,
        n_in: int | None = None,
        columns: Sequence[str] | None = None,
        seen: Seen | None = None,
        needs_y: bool = True,
        name: str = "fit",
        too_many: str | None = None,
    ) -> None:
        survey: Survey | None = None
        self.sizes: list[int] = []
        total = None if source.sizes is None else int(sum(source.sizes))
        kept: list[Piece] | None = []
        whole: Array | None = None
        for piece in source.pieces(None, dtype):
            if survey is None:
                self._check_first(piece, n_in, needs_y)
                check_columns(source, columns)
                self.sample = _copy_of(piece, _SAMPLE)
                if window is None:
                    window = max(1, WINDOW_BYTES // max(1, piece.X[0].nbytes))
                if total is not None:
                    kept = kept if total <= window else None
                    whole = None if kept is None else np.empty((total, piece.X.shape[1]), piece.X.dtype)
            check_finite(piece.X, dtype, f"{piece.label}: X", source.columns)
            _check_weights(piece)
            one = Survey.of(
                piece.X, piece.y, piece.weights, moments=moments, columns=source.columns,
                target_columns=source.target_columns, start=piece.start, blocks=int(piece.start == 0),
            )  # fmt: skip
            survey = one if survey is None else survey.merge(one, piece.label)
            self._count(piece)
            assert window is not None
            if kept is not None and survey.rows > window:
                kept = whole = None
            if kept is None and too_many is not None:
                raise DataError(too_many.format(rows=f"{total or window:,}"))
            if kept is not None:
                if whole is not None:
                    whole[survey.rows - len(piece) : survey.rows] = piece.X
                    kept.append(_copy_of(piece, 0))
                else:
                    kept.append(_copy_of(piece, len(piece)))
            if seen is not None:
                seen(survey.blocks, survey.rows, total)
        if survey is None:
            raise DataError(f"{name}: the stream gave no rows; at least one block (X, y) is needed")
        if total is not None and survey.rows != total:
            raise DataError(f"{name}: the stream says that it has {total} rows, and gave {survey.rows}")
        assert window is not None
        self.survey, self.window = survey, window
        self.sizes += [0] * ((source.n_blocks or 0) - len(self.sizes))
        self.kept = None if kept is None else _joined(kept, whole)

    def _count(self, piece: Piece) -> None:
        self.sizes += [0] * (piece.block + 1 - len(self.sizes))
        self.sizes[piece.block] += len(piece)

    def _check_first(self, piece: Piece, n_in: int | None, needs_y: bool) -> None:
        if n_in is not None and piece.X.shape[1] != n_in:
            raise ShapeError(f"{piece.label}: X has {piece.X.shape[1]} columns; the network takes {n_in} inputs")
        if needs_y and piece.y is None:
            raise DataError(f"{piece.label} has no y; a block must be (X, y) or (X, y, weights)")


def in_memory(X: Any, y: Any, weights: Any, name: str, needs_y: bool = True) -> tuple[Any, Any, Any]:
    """Return a stream as arrays, where a window of the usual size holds it; all else as it is.

    Raises
    ------
    DataError
        It is larger: says what takes it.
    """
    source = as_source(X, y, weights, window=sys.maxsize, needs_y=needs_y, name=name)
    if source is None:
        return X, y, weights
    words = (
        f"{name} holds all rows in memory, and X is a stream of {{rows}} rows or more, beyond {WINDOW_BYTES >> 20} MB: "
        "layerwise.Network.fit learns from streams window by window, and partial_fit from one block after another"
    )
    found = Scan(source, np.dtype(np.float64), needs_y=needs_y, name=name, too_many=words)
    assert found.kept is not None
    return found.kept


def _check_weights(piece: Piece) -> None:
    if piece.weights is None:
        return
    bad = ~np.isfinite(piece.weights) | (piece.weights < 0)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{piece.label}: weights must be finite and at least 0; that of row {piece.start + row} is "
            f"{piece.weights[row]}"
        )


def _copy_of(piece: Piece, rows: int) -> Piece:
    """Return the first rows in memory of their own; y and weights of all where `rows` is 0."""
    y, weights = (None if p is None else p[: rows or None].copy() for p in (piece.y, piece.weights))
    return Piece(piece.block, piece.start, piece.label, piece.X[:rows].copy(), y, weights)


def _joined(pieces: list[Piece], whole: Array | None) -> tuple[Array, Array | None, Array | None]:
    X = np.concatenate([piece.X for piece in pieces]) if whole is None else whole
    parts: list[Any] = []
    for name in ("y", "weights"):
        there = [part for part in (getattr(piece, name) for piece in pieces) if part is not None]
        parts.append(np.concatenate(there) if there else None)
    return X, parts[0], parts[1]
