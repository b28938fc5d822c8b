"""Pictures decoded one at a time into rows: in memory as far as that is allowed, otherwise in a temporary file."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from layerwise.errors import DataError

Problems = list[tuple[Path, str]]


class Form(Protocol):
    """What pictures are brought to: rows of so many numbers."""

    @property
    def n_in(self) -> int:
        """How many numbers a row has."""
        ...

    def read(self, path: Path) -> NDArray[np.uint8]:
        """Read one picture as a row."""
        ...


def read_rows(files: Sequence[Path], form: Form, memory: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], Problems]:
    """Read pictures as rows.

    Parameters
    ----------
    files : sequence of Path
        The pictures.
    form : Form
        What they are brought to.
    memory : int
        Bytes that the rows may take in memory; more are written to a temporary file, and mapped.

    Returns
    -------
    X : array (n, form.n_in) of uint8
        A row for each that could be read. If it lies in a file, that is removed with the array.
    kept : array (n,) of int64
        Which files these are.
    problems : list of (Path, str)
        The others, and what is wrong with them.
    """
    kept: list[int] = []
    problems: Problems = []

    def rows() -> Iterator[NDArray[np.uint8]]:
        for place, file in enumerate(files):
            try:
                row = form.read(file)
            except DataError as problem:
                problems.append((file, str(problem)))
            else:
                kept.append(place)
                yield row

    X = _in_memory(rows(), len(files), form) if len(files) * form.n_in <= memory else _in_file(rows(), form)
    return X, np.array(kept, np.int64), problems


def _in_memory(rows: Iterator[NDArray[np.uint8]], most: int, form: Form) -> NDArray[np.uint8]:
    X = np.empty((most, form.n_in), np.uint8)
    count = 0
    for row in rows:
        X[count] = row
        count += 1
    return X[:count]


def _in_file(rows: Iterator[NDArray[np.uint8]], form: Form) -> NDArray[np.uint8]:
    """Return rows in a file of their own; written, not mapped, at first, so that a full disk is an error."""
    folder = TemporaryDirectory(prefix="layerwise-", ignore_cleanup_errors=True)
    path = Path(folder.name, "pictures")
    try:
        count = _write(rows, path)
    except OSError as problem:
        folder.cleanup()
        raise DataError(
            f"the pictures do not fit into {folder.name} ({problem.strerror or problem}): make room, let TMPDIR name a "
            "folder with more, or give a smaller size"
        ) from None
    if not count:
        return np.empty((0, form.n_in), np.uint8)
    X = np.memmap(path, np.uint8, "r", shape=(count, form.n_in))
    weakref.finalize(X, folder.cleanup)
    return X


def _write(rows: Iterator[NDArray[np.uint8]], path: Path) -> int:
    """Write the rows one after another, and return how many they are."""
    count = 0
    with path.open("wb") as file:
        for row in rows:
            file.write(row.data)
            count += 1
    return count
