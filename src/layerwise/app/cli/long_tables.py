"""Tables that are not read whole: what a first pass decides, and their rows block by block as a network takes them.

blocks ── first pass ──► a sample of rows ── understand, TableEncoder ──► rules
blocks ── rules ──► (X, y) blocks to train; rows to validate and to test, in memory
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.app.cli.data import check_delimiter
from layerwise.app.cli.tables import listed
from layerwise.data.philox import HELD_OUT, generator
from layerwise.data.tables.deciding import understand
from layerwise.data.tables.parsing import plain_column
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.understanding import Understanding
from layerwise.data.tabular import TableEncoder
from layerwise.datasets.reading.blocks import Blocks
from layerwise.errors import DataError, UnknownNameError, nearest
from layerwise.typing import Array

SAMPLE = 50_000  # rows that everything is decided by, drawn from all
MOST_HELD = 100_000  # rows to validate, and to test
_MOST_LABELS = 1000
SPLIT_SEED = 42
_SPLIT = 2**40  # beside the draws of the sample


@dataclass
class LongTable:
    """A table that is read in blocks, and how its cells become what a network learns from.

    Attributes
    ----------
    blocks : Blocks
    found : Understanding
        Decided by a sample of the rows.
    encoder : TableEncoder
        Learned from them.
    shares : (float, float)
        Of the rows to test and to validate.
    scale, mean : float
        Numbers to be predicted are learned as (y - mean) / scale.
    notes : dict
        What the model file says of it besides.
    """

    blocks: Blocks
    found: Understanding
    encoder: TableEncoder
    shares: tuple[float, float]
    scale: float = 1.0
    mean: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)

    def rows(self, part: str) -> Iterator[tuple[Array, Array]]:
        """Yield X and y of the rows of a part, ``"train"``, ``"validation"`` or ``"test"``, block by block."""
        for i, raw in enumerate(self.blocks):
            X, y, kept = labelled(self.found, raw)
            if not len(kept):
                continue
            drawn = generator(SPLIT_SEED, HELD_OUT, _SPLIT + i).random(raw.n_rows)[kept]
            test, validation = self.shares
            of = {"test": drawn < test, "validation": (drawn >= test) & (drawn < test + validation)}
            chosen = np.flatnonzero(of[part] if part in of else drawn >= test + validation)
            if len(chosen):
                yield self.encoder.transform(X.take(chosen)), self.learned(y[chosen])

    def learned(self, y: Array) -> Array:
        """Return targets as the network learns them."""
        return y if self.found.is_classification else (y - self.mean) / self.scale

    def held(self, part: str) -> tuple[Array, Array]:
        """Return all rows of a part, in memory."""
        found = list(self.rows(part))
        if not found:
            raise DataError(f"{self.blocks.source}: no row is left to {'test' if part == 'test' else 'validate'}")
        return np.concatenate([X for X, _ in found]), np.concatenate([y for _, y in found])


def labelled(found: Understanding, raw: RawTable) -> tuple[Any, Array, Array]:
    """Return the features, targets and places of the rows that have a target; of none, where no row has one."""
    try:
        return found.labelled_rows(raw)
    except DataError as error:
        if "no row has a value" in str(error):
            return None, np.zeros(0), np.zeros(0, int)
        raise


def blocks_of(
    name: str,
    delimiter: str | None,
    encoding: str | None,
    header: bool | None,
    decimal: str | None,
    na: Sequence[str] | None,
    skip: int | None,
) -> Blocks:
    """Return the blocks of a table, read as the options say."""
    return Blocks(
        name, delimiter=check_delimiter(delimiter), encoding=encoding, header=header, decimal=decimal,
        na=listed(na), skip=skip,
    )  # fmt: skip


def look(
    blocks: Blocks, target: str | None, task: str, options: dict[str, Any], test: float | None, validation: float | None
) -> LongTable:
    """Make the first pass.

    Parameters
    ----------
    blocks : Blocks
        The table.
    target : str, optional
        The column to be predicted; it must be given.
    task : {"auto", "classes", "numbers"}
        What it is.
    options : dict
        As `understand` takes them.
    test, validation : float, optional
        The shares of the rows that are held out, by default 0.2.

    Raises
    ------
    DataError, UnknownNameError
        No target is named, or it is not there; or nothing can be learned: says why.
    """
    if target is None:
        raise DataError(f"{blocks.source} is read in blocks: name the column to be predicted by --target")
    if task != "auto":
        options = options | {"kinds": {**options["kinds"], target: "category" if task == "classes" else "number"}}
    shares = [0.2 if share is None else share for share in (test, validation)]
    sample, n_rows = _sampled(blocks, target)
    found = understand(sample, target, **options)
    found.n_rows = n_rows
    if len(found.targets) > 1:
        raise DataError(f"{blocks.source} is read in blocks, and has one target; --target names {len(found.targets)}")
    if n_rows > sample.n_rows:
        found.notes.append(f"all is decided by {sample.n_rows:,} of the rows, drawn by chance")
    encoder = TableEncoder(**found.encoder_arguments()).fit(found.features(), found.answers())
    held = tuple(min(share, MOST_HELD / n_rows) for share in shares)
    table = LongTable(blocks, found, encoder, (held[0], held[1]))
    if not found.is_classification:
        y = found.answers()
        table.scale, table.mean = float(y.std()) or 1.0, float(y.mean())
    return table


def _sampled(blocks: Blocks, target: str) -> tuple[RawTable, int]:
    """Return rows drawn by chance, with one of each label at the least, and how many rows there are."""
    kept: list[tuple[RawTable, Array, Array]] = []  # a block's rows, the draw of each, and whether it stays
    labels: set[str] = set()
    share, n_rows, first = 1.0, 0, None
    for i, raw in enumerate(blocks):
        first = first or raw
        names = [target] if target in raw.names else target.split(",")
        lacking = [name for name in names if name not in raw.names]
        if lacking:
            raise UnknownNameError(f"{raw.source} has no column {lacking[0]!r}; {nearest(lacking[0], raw.names)}")
        drawn = generator(SPLIT_SEED, HELD_OUT, i).random(raw.n_rows)
        stays = _new_labels(raw, raw.names.index(names[0]), labels)
        rows = np.flatnonzero((drawn < share) | stays)
        kept.append((_rows_of(raw, rows), drawn[rows], stays[rows]))
        n_rows += raw.n_rows
        while sum(part.n_rows for part, _, _ in kept) > SAMPLE and share > 1e-9:
            share /= 2
            kept = [_thinned(*each, share) for each in kept]
    if first is None:
        raise DataError(f"{blocks.source} has no rows of data")
    return _joined(blocks.source, first, [part for part, _, _ in kept]), n_rows


def _new_labels(raw: RawTable, column: int, labels: set[str]) -> Array:
    """Return which rows are the first of their label; of none once there are many, as of numbers."""
    stays = np.zeros(raw.n_rows, bool)
    if len(labels) <= _MOST_LABELS:
        cells = plain_column(raw.columns[column])
        for row, cell in enumerate(cells.tolist() if isinstance(cells, np.ndarray) else cells):
            if str(cell) not in labels:
                labels.add(str(cell))
                stays[row] = True
                if len(labels) > _MOST_LABELS:
                    break
    return stays


def _thinned(part: RawTable, drawn: Array, stays: Array, share: float) -> tuple[RawTable, Array, Array]:
    rows = np.flatnonzero((drawn < share) | stays)
    return (part, drawn, stays) if len(rows) == len(drawn) else (_rows_of(part, rows), drawn[rows], stays[rows])


def _rows_of(raw: RawTable, rows: Array) -> RawTable:
    places = rows.tolist()
    columns: list[Any] = [c[rows] if isinstance(c, np.ndarray) else [c[row] for row in places] for c in raw.columns]
    lines = None if raw.lines is None else raw.lines[rows]
    return RawTable(raw.source, raw.names, columns, lines, raw.has_header, raw.notes, raw.how, raw.unnamed, raw.unclear)


def _joined(source: str, first: RawTable, parts: Sequence[RawTable]) -> RawTable:
    columns: list[Any] = []
    for j in range(len(first.names)):
        each = [part.columns[j] for part in parts]
        if all(isinstance(column, np.ndarray) for column in each):
            columns.append(np.concatenate(each))
        else:
            columns.append(
                [cell for column in each for cell in (column.tolist() if hasattr(column, "tolist") else column)]
            )
    lines = None if any(part.lines is None for part in parts) else np.concatenate([part.lines for part in parts])
    notes = list(dict.fromkeys(note for part in parts for note in part.notes))
    return RawTable(
        source, first.names, columns, lines, first.has_header, notes, first.how, first.unnamed, first.unclear
    )
