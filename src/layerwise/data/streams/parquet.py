"""Parquet files, by their row groups: a file, a folder, a pattern, or a data set of PyArrow.

Columns of one type become the rows of an array in C++ (Arrow's to_tensor), while the network trains. A column of lists
of one length is that many inputs, name[0] to name[k - 1]; so is one of fixed-size binary values, as bytes: pictures are
read far faster from one column of bytes than from 784 columns of numbers.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from layerwise.data.streams.frames import input_names
from layerwise.data.streams.source import Source
from layerwise.errors import DataError, ShapeError, missing
from layerwise.typing import Array

_BATCH_BYTES = 2**23  # decoded together


class Parquet(Source):
    """The row groups of Parquet files.

    Parameters
    ----------
    data : str, path or pyarrow.dataset.Dataset
        A file, a folder of files, or a pattern such as ``data/*.parquet``.
    targets : list of str, optional
        The columns to be predicted.

    Raises
    ------
    DataError
        No file, a damaged one, or one without a column that the first one has: names it.
    MissingDependencyError
        PyArrow is not installed.
    """

    def __init__(self, data: Any, targets: list[str] | None) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise missing("pyarrow", "streams", "reading Parquet in blocks") from None
        self._arrow, self._pq, self._targets = pyarrow, pyarrow.parquet, targets
        self._files = files_of(data)
        self._blocks: list[tuple[str, int]] = []
        self.sizes = sizes = []
        schema: Any = None
        for path in self._files:
            metadata, own = self._looked_at(path)
            if schema is None:
                schema = own
                names = input_names(own.names, targets, os.fspath(path))
            else:
                _check_schema(path, own, self._files[0], schema, [*names, *(targets or ())])
            for group in range(metadata.num_row_groups):
                if rows := metadata.row_group(group).num_rows:
                    self._blocks.append((path, group))
                    sizes.append(int(rows))
        if not sizes:
            raise DataError(f"{self._files[0]}: there are no rows{' in any file' if len(self._files) > 1 else ''}")
        self.n_blocks, self._schema = len(sizes), schema
        self._names = names
        self.columns = self._input_columns(schema)
        self.target_columns = targets if targets is not None and len(targets) > 1 else None
        row = max(1, sum(_width(schema.field(name).type) * _item(schema.field(name).type) for name in names))
        self._batch = max(256, _BATCH_BYTES // row)

    def _looked_at(self, path: str) -> tuple[Any, Any]:
        try:
            file = self._pq.ParquetFile(path, memory_map=False)
        except (self._arrow.ArrowInvalid, self._arrow.ArrowException, OSError, EOFError) as error:
            raise DataError(f"{path} cannot be read as Parquet: {_first_line(error)}") from None
        with file:
            return file.metadata, file.schema_arrow

    def _input_columns(self, schema: Any) -> list[str]:
        found: list[str] = []
        for name in self._names:
            kind = schema.field(name).type
            width = _width(kind)
            _check_type(kind, name, self._files[0], self._arrow)
            found += [name] if width == 1 and not _is_listed(kind) else [f"{name}[{k}]" for k in range(width)]
        return found

    def columns_wanted(self, names: Sequence[str] | None) -> None:
        """Read these columns of X alone."""
        if names is not None and set(names) <= set(self.columns or ()) and list(names) != self.columns:
            self._names = list(
                dict.fromkeys(name if name in self._names else name.rpartition("[")[0] for name in names)
            )
            self.columns = self._input_columns(self._schema)

    def label(self, block: int) -> str:
        """Return what errors call a block."""
        path, group = self._blocks[block]
        return f"{path}, row group {group}"

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the row groups in that order, each in pieces."""
        wanted = [*self._names, *(self._targets or ())]
        for i in range(len(self._blocks)) if order is None else order:
            path, group = self._blocks[i]
            try:
                with self._pq.ParquetFile(path, memory_map=False, pre_buffer=True) as file:
                    for batch in file.iter_batches(self._batch, [group], columns=wanted, use_threads=False):
                        yield int(i), self._parts(batch, self.label(int(i)))
            except (self._arrow.ArrowInvalid, self._arrow.ArrowException, OSError, EOFError) as error:
                raise DataError(f"{self.label(int(i))} cannot be read: {_first_line(error)}") from None

    def _parts(self, batch: Any, label: str) -> tuple[Any, ...]:
        X = self._array(batch, self._names, label)
        if self._targets is None:
            return (X,)
        if len(self._targets) == 1:
            return X, _column(batch.column(self._targets[0]), self._targets[0], label, self._arrow)
        return X, np.column_stack([_column(batch.column(t), t, label, self._arrow) for t in self._targets])

    def _array(self, batch: Any, names: list[str], label: str) -> Array:
        """Return columns as an array (rows, inputs)."""
        columns = [batch.column(name) for name in names]
        for name, column in zip(names, columns):
            if column.null_count:
                row = next(k for k in range(len(column)) if not column[k].is_valid)
                raise DataError(f"{label}: column {name!r}, row {row} has no value; fill it in, or leave the row out")
        kinds = {column.type for column in columns}
        plain = all(_is_plain(kind, self._arrow) for kind in kinds)
        if plain and len(kinds) == 1 and len(columns) > 1:
            tensor = self._arrow.RecordBatch.from_arrays(columns, names=names).to_tensor(row_major=True)
            return np.asarray(tensor.to_numpy())
        parts = [_values(column, name, label, self._arrow) for name, column in zip(names, columns)]
        return parts[0].reshape(len(batch.column(0)), -1) if len(parts) == 1 else np.column_stack(parts)


def files_of(data: Any) -> list[str]:
    """Return the paths of all files that a path, a folder, a pattern or a data set stands for.

    Raises
    ------
    DataError
        There is none, or it is no Parquet file.
    """
    if not isinstance(data, (str, os.PathLike)):
        return [str(fragment.path) for fragment in data.get_fragments()]
    given = os.fspath(data)
    text = os.fsdecode(given)
    if os.path.isdir(text):
        pattern = os.path.join(glob.escape(text), "**", "*")
        found = sorted(p for p in glob.glob(pattern, recursive=True) if p.lower().endswith((".parquet", ".pq")))
        if not found:
            raise DataError(f"{text}: the folder has no .parquet files")
        return found
    if os.path.exists(text):
        if not text.lower().endswith((".parquet", ".pq")) and not _is_parquet(text):
            hint = ": give np.load(path, mmap_mode='r')" if text.lower().endswith(".npy") else ""
            raise DataError(f"{text} is not a Parquet file{hint}; a path is taken as Parquet, other data as arrays")
        return [text]
    found = sorted(glob.glob(text, recursive=True))
    if not found:
        raise DataError(f"{text!r}: there is no such file, folder or pattern of Parquet files; give arrays otherwise")
    return found


def _is_parquet(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1"


def _first_line(error: BaseException) -> str:
    return str(error).split("\n")[0][:300]


def _is_listed(kind: Any) -> bool:
    return str(kind).startswith(("fixed_size_list", "fixed_size_binary", "extension"))


def _width(kind: Any) -> int:
    """Return how many inputs a column is."""
    if str(kind).startswith("fixed_size_list"):
        return int(kind.list_size)
    return int(kind.byte_width) if str(kind).startswith("fixed_size_binary") else 1


def _item(kind: Any) -> int:
    if str(kind).startswith("fixed_size_binary"):
        return 1
    own = kind.value_type if hasattr(kind, "value_type") and not str(kind).startswith("dictionary") else kind
    try:
        return max(1, int(own.bit_width) // 8)
    except ValueError:
        return 8


def _is_plain(kind: Any, arrow: Any) -> bool:
    return bool(arrow.types.is_integer(kind) or arrow.types.is_floating(kind))


def _check_type(kind: Any, name: str, path: str, arrow: Any) -> None:
    """Refuse columns that hold no numbers."""
    types = arrow.types
    own = kind.value_type if types.is_fixed_size_list(kind) else kind
    if _is_plain(own, arrow) or types.is_boolean(own) or types.is_fixed_size_binary(kind) or types.is_decimal(own):
        return
    hint = "leave it out, or let `layerwise train` or lw.TableEncoder make numbers of it"
    if types.is_list(kind) or types.is_large_list(kind):
        hint = "its lists may be of any length; write it as a fixed_size_list"
    raise DataError(f"{path}: column {name!r} must hold numbers; its type is {kind}: {hint}")


def _values(column: Any, name: str, label: str, arrow: Any) -> Array:
    """Return a column as (rows,), or (rows, k) where it has k values a row."""
    kind = column.type
    if arrow.types.is_fixed_size_list(kind):
        inner = column.flatten()
        if inner.null_count:
            raise DataError(f"{label}: column {name!r} has lists with missing values; fill them in")
        return np.asarray(inner.to_numpy(zero_copy_only=False)).reshape(len(column), kind.list_size)
    if arrow.types.is_fixed_size_binary(kind):
        data = np.frombuffer(column.buffers()[1], np.uint8)
        start = column.offset * kind.byte_width
        return data[start : start + len(column) * kind.byte_width].reshape(len(column), kind.byte_width)
    if arrow.types.is_decimal(kind):
        column = column.cast(arrow.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _column(column: Any, name: str, label: str, arrow: Any) -> Any:
    """Return the target."""
    if column.null_count:
        row = next(k for k in range(len(column)) if not column[k].is_valid)
        raise DataError(f"{label}: the target {name!r}, row {row} has no value; leave the row out")
    if arrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type) or "view" in str(column.type):
        return np.array(column.to_pylist())
    return _values(column, name, label, arrow)


def _check_schema(path: str, own: Any, first: str, schema: Any, needed: list[str]) -> None:
    """Refuse a file whose columns are not those of the first one."""
    lacking = [name for name in needed if name not in own.names]
    if lacking:
        listed = ", ".join(map(repr, lacking[:5])) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        raise DataError(f"{path} has no column{'s' if len(lacking) > 1 else ''} {listed}, which {first} has")
    more = [name for name in own.names if name not in schema.names]
    if more:
        raise DataError(f"{path} has a column {more[0]!r}, which {first} has not; all files must have the same columns")
    for name in needed:
        if own.field(name).type != schema.field(name).type:
            raise ShapeError(
                f"{path}: column {name!r} is of type {own.field(name).type}, and {schema.field(name).type} in {first}; "
                "all files must have the same types"
            )
