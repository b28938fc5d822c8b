"""Tables: a header row that names the columns, then a sample a row, one of whose columns is the target."""

from __future__ import annotations

import contextlib
import csv
import math
import os
import reprlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TextIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from layerwise.data.columns import WITH_COMMA, decimal_comma, hint_of_text
from layerwise.datasets.checks import reading
from layerwise.errors import DataError, nearest, warn

Read = TypeVar("Read")

_LOOKED_AT = 100  # lines, to tell what separates the cells and whether numbers have decimal commas


@dataclass(frozen=True, eq=False)
class Table:
    """Features and target of a table, with the names of its columns and classes.

    A table unpacks into its two arrays: ``X, y = table``.

    Attributes
    ----------
    X : ndarray of shape (rows, features), float64
        The features.
    y : ndarray of shape (rows,)
        The target: float64 for a quantity, int64 for class numbers, str for class names, zip codes such as 01234 too.
    feature_names : tuple of str
        The names of the columns of `X`.
    target_name : str
        The name of the column that `y` was.
    class_names : tuple of str
        The classes in order, where they have names; empty otherwise.
    labels : ndarray of shape (rows,), str, optional
        The target's cells as the file has them, where it came from one.

    Examples
    --------
    >>> table = Table(np.array([[1.5], [2.5]]), np.array([0, 1]), ("length",), "species")
    >>> X, y = table
    >>> X.shape, table.feature_names
    ((2, 1), ('length',))
    """

    X: NDArray[np.float64]
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...] = ()
    labels: NDArray[np.str_] | None = None

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.X, self.y))


def read_csv(path: str | os.PathLike[str], target: str | None = None, delimiter: str | None = ",") -> Table:
    r"""Read a table of numbers from a CSV file in UTF-8 with a header row.

    Parameters
    ----------
    path : str or path-like
        The file.
    target : str, optional
        The column to predict. By default the last one. All other columns are features and must be numeric.
    delimiter : str or None, default=","
        The character between two cells, such as ``";"`` or ``"\t"``. None chooses one of these two if the header
        contains it and no comma, or if all commas are decimal ones.

    Returns
    -------
    Table
        Unpacks as ``X, y``. `X` is float64. `y` is int64 if every target is written as a whole number; float64 if every
        target is a number (``2.0`` counts as a quantity, ``2`` as a class); otherwise an array of str, and
        `class_names` has its sorted distinct values.

    Raises
    ------
    DataError
        If the file cannot be read or is not UTF-8; if columns have no name or the same name, or the target is not among
        them; if a row has too few or too many cells; if a cell is empty, NaN or infinite, or a feature is not a number.
        The message gives the line of the file and the column.

    See Also
    --------
    layerwise.TableEncoder : Encode tables with categories, dates and missing values.

    Notes
    -----
    Cells may be quoted as in RFC 4180. Spaces around a cell and blank lines are ignored. Numbers have a decimal point;
    a target of numbers with decimal commas is taken for class names, with a warning.

    Examples
    --------
    >>> import layerwise as lw
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "flowers.csv")
    ...     _ = file.write_text("length,width,species\n5.1,3.5,setosa\n6.3,3.3,virginica\n")
    ...     X, y = lw.datasets.read_csv(file, target="species")
    >>> X.tolist(), y.tolist()
    ([[5.1, 3.5], [6.3, 3.3]], ['setosa', 'virginica'])
    """
    return _read(path, delimiter, lambda rows, name: _read_table(rows, name, target))


def read_header(path: str | os.PathLike[str], delimiter: str | None = ",") -> list[str]:
    """Read only the names of the columns of such a table; the arguments and errors are those of `read_csv`."""
    return _read(path, delimiter, _read_header)


def _wrong_length(name: str, line: int, header: list[str], cells: list[str]) -> DataError:
    return DataError(f"{name}, line {line}: expected {len(header)} cells, as the header has, but got {len(cells)}")


def _read(
    path: str | os.PathLike[str], delimiter: str | None, parse: Callable[[Iterator[tuple[int, list[str]]], str], Read]
) -> Read:
    """Open the file and hand its rows and its name on."""
    name = os.fspath(path)
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n'):
        raise DataError(f"delimiter must be one character, no quote and no line break, but is {delimiter!r}")
    with reading(name):
        try:
            with open(name, newline="", encoding="utf-8-sig") as file:
                return parse(_rows(file, name, delimiter or _detect(file)), name)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{name} is not text in UTF-8: it has the byte 0x{error.object[error.start]:02x} where none can "
                "be; save it as 'CSV UTF-8'"
            ) from error


def _detect(file: TextIO) -> str:
    """Return the character between two cells, as the header tells: a comma, unless only one of the others is there.

    Where the file begins with numbers that have decimal commas, the other is there equally often in all lines.
    """
    lines = list(islice((line.strip("\r\n") for line in file if line.strip()), _LOOKED_AT))
    file.seek(0)
    others = [character for character in ";\t" if lines and character in lines[0]]
    if len(others) != 1:
        return ","
    rows = [line.split(others[0]) for line in lines]
    is_decimal = all(WITH_COMMA.fullmatch(cell.strip()) for cells in rows for cell in cells if "," in cell)
    is_even = len({len(cells) for cells in rows}) == 1
    return others[0] if "," not in lines[0] or (is_even and is_decimal) else ","


def _rows(file: Iterable[str], name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Return every row that is not blank, with the line of the file on which it starts."""
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=delimiter != " ", strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if stripped not in ([], [""]):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{name}, line {line}: not valid CSV ({error}); check the quotes") from error


def _read_table(rows: Iterator[tuple[int, list[str]]], name: str, target: str | None) -> Table:
    """Turn rows of text, the header first, into a table."""
    header = _read_header(rows, name)
    if target is None:
        target = header[-1]
    elif target not in header:
        raise DataError(f"{name} has no column {target!r} for the target; {nearest(str(target), header)}")
    features = tuple(heading for heading in header if heading != target)
    values, labels = array("d"), []
    for line, cells in rows:
        if len(cells) != len(header):
            raise _wrong_length(name, line, header, cells)
        for heading, cell in zip(header, cells):
            number = _number(cell)
            may_be_text = heading == target and cell
            if not (may_be_text if number is None else math.isfinite(number)):
                column = [cell, *_below(rows, header.index(heading))]
                raise _bad_cell(f"{name}, line {line}, column {heading!r}", column, number)
            if heading == target:
                labels.append(cell)
            elif number is not None:
                values.append(number)
    if not labels:
        raise DataError(f"{name} has a header but no rows; there is nothing to learn from")
    X = np.frombuffer(values).reshape(-1, len(features))
    y, class_names = _read_target(labels)
    if class_names and (comma := decimal_comma(labels)):
        warn(
            f"{name}, column {target!r}: {comma!r} is taken for the name of a class; if it is a number, "
            f"{hint_of_text([comma])}"
        )
    return Table(X, y, features, target, class_names, y if class_names else np.array(labels))


def _read_header(rows: Iterator[tuple[int, list[str]]], name: str) -> list[str]:
    """Read the names of the columns and check that they can serve as such."""
    _, header = next(rows, (1, []))
    if not header:
        raise DataError(f"{name} is empty; expected a header row and a row for each sample")
    if "" in header:
        raise DataError(
            f"{name}: column {header.index('') + 1} has no name in the header; name it, or remove it if it "
            "only counts the rows"
        )
    if twice := sorted(heading for heading, times in Counter(header).items() if times > 1):
        raise DataError(f"{name}: more than one column is named {', '.join(map(repr, twice))}; rename them")
    if all(_number(heading) is not None for heading in header):
        raise DataError(f"{name} must begin with a header row that names the columns, but begins with numbers")
    if len(header) == 1:
        raise DataError(
            f"{name} has only the column {reprlib.repr(header[0])}; expected at least one feature and a "
            "target. Is another delimiter used in the file?"
        )
    return header


def _read_target(labels: list[str]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return class numbers, quantities or class names, as the spelling of all labels together allows.

    Whole numbers with zeros before them, such as zip codes, are names: as numbers they would be spelled otherwise, and
    two of them might be one.
    """
    is_whole = all(label.lstrip("+-").isdecimal() for label in labels)
    if any(_number(label) is None or (is_whole and _is_padded(label)) for label in labels):
        return np.array(labels), tuple(sorted(set(labels)))
    if is_whole:
        try:
            return np.array([int(label) for label in labels], np.int64), ()
        except (OverflowError, ValueError):  # beyond 64 bits, or 4,300 digits, it is no class number
            pass
    return np.array([float(label) for label in labels]), ()


def _is_padded(label: str) -> bool:
    digits = label.lstrip("+-")
    return len(digits) > 1 and digits.startswith("0")


def _number(cell: str) -> float | None:
    """Return the number that `cell` spells, if it does; Python's own 1_000 is not one in a table."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _below(rows: Iterator[tuple[int, list[str]]], place: int) -> list[str]:
    """Return some of the cells that follow in a column, as far as they can be read."""
    found = []
    with contextlib.suppress(DataError):
        for _, cells in islice(rows, _LOOKED_AT):
            found.extend(cells[place : place + 1])
    return found


def _bad_cell(where: str, column: list[str], number: float | None) -> DataError:
    """Return the error for a cell that cannot be used; those below it tell what it may mean."""
    cell = column[0]
    if not cell:
        return DataError(f"{where}: the cell is empty; fill it in or leave out the row")
    if number is None:
        hint = "correct it, encode the column as numbers, or name it as the target"
        if comma := WITH_COMMA.fullmatch(cell) and (decimal_comma([cell]) or decimal_comma(column)):
            hint = hint_of_text([comma])
        return DataError(f"{where}: expected a number, but got {reprlib.repr(cell)}; {hint}")
    return DataError(f"{where}: {cell} cannot be learned from; replace it by a finite number or leave out the row")
