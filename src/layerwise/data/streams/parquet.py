"""Parquet files, by their row groups: a file, a folder, a pattern, or a data set of PyArrow.

Columns of one type become the rows of an array in C++ (Arrow's to_tensor), while the network trains. A column of lists
of one length is that many inputs, name[0] to name[k - 1]; so is one of fixed-size binary values, as bytes: pictures are
read far faster from one column of bytes than from 784 columns of numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from layerwise.data.streams.files import DataFile, files_of
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
    ShapeError
        A column of another type than in the first one.
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
        self._asked = getattr(data, "schema", None)  # of a data set
        self._blocks: list[tuple[DataFile, int]] = []
        self.sizes = sizes = []
        schema: Any = None
        for file in self._files:
            metadata, groups, own = self._looked_at(file)
            if schema is None:
                schema, first = own if self._asked is None else self._asked, own
                names = input_names(schema.names, targets, file.path)
                is_chosen = not set(own.names) <= set(schema.names)
            _check_schema(file.path, own, self._files[0].path, first, [*names, *(targets or ())],
                          more=not is_chosen, types=self._asked is None)  # fmt: skip
            for group in groups:
                if rows := metadata.row_group(group).num_rows:
                    self._blocks.append((file, group))
                    sizes.append(int(rows))
        if not sizes:
            raise DataError(f"{self._files[0].path}: there are no rows{' in any file' if len(self._files) > 1 else ''}")
        self.n_blocks, self._schema = len(sizes), schema
        self._names = names
        self.columns = self._input_columns(schema)
        self.target_columns = targets if targets is not None and len(targets) > 1 else None
        row = max(1, sum(_width(schema.field(name).type) * _item(schema.field(name).type) for name in names))
        self._batch = max(256, _BATCH_BYTES // row)

    def _opened(self, file: DataFile, **how: Any) -> Any:
        system = None if file.fragment is None else file.fragment.filesystem
        return self._pq.ParquetFile(file.path, memory_map=False, filesystem=system, **how)

    def _looked_at(self, file: DataFile) -> tuple[Any, Any, Any]:
        """Return what a file says of itself, its row groups, and its columns with those that its folders say."""
        try:
            with self._opened(file) as opened:
                metadata, own = opened.metadata, opened.schema_arrow
            groups: list[int] = list(range(metadata.num_row_groups))
            if file.fragment is not None:
                groups = [group.id for group in file.fragment.row_groups]
        except (self._arrow.ArrowInvalid, self._arrow.ArrowException, OSError, EOFError) as error:
            raise DataError(f"{file.path} cannot be read as Parquet: {_first_line(error)}") from None
        for name in file.keys:
            if name not in own.names:
                own = own.append(self._arrow.field(name, self._type_of(name)))
        return metadata, groups, own

    def _type_of(self, name: str) -> Any:
        """Return the type of a column that a data set asks for, or that folders say."""
        if self._asked is None or name not in self._asked.names:
            is_text = any(isinstance(file.keys.get(name), str) for file in self._files)
            return self._arrow.string() if is_text else self._arrow.int64()
        kind = self._asked.field(name).type
        return kind.value_type if self._arrow.types.is_dictionary(kind) else kind

    def _input_columns(self, schema: Any) -> list[str]:
        found: list[str] = []
        for name in self._names:
            kind = schema.field(name).type
            width = _width(kind)
            _check_type(kind, name, self._files[0].path, self._arrow)
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
        file, group = self._blocks[block]
        return f"{file.path}, row group {group}"

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the row groups in that order, each in pieces."""
        wanted = [*self._names, *(self._targets or ())]
        for i in range(len(self._blocks)) if order is None else order:
            file, group = self._blocks[i]
            try:
                with self._opened(file, pre_buffer=True) as opened:
                    own = [name for name in wanted if name in opened.schema_arrow.names]
                    for batch in opened.iter_batches(self._batch, [group], columns=own, use_threads=False):
                        yield int(i), self._parts(self._completed(batch, file, wanted), self.label(int(i)))
            except (self._arrow.ArrowInvalid, self._arrow.ArrowException, OSError, EOFError) as error:
                raise DataError(f"{self.label(int(i))} cannot be read: {_first_line(error)}") from None

    def _completed(self, batch: Any, file: DataFile, wanted: list[str]) -> Any:
        """Return rows with the columns that the folders say, all of the types that a data set asks for."""
        if self._asked is None and not file.keys:
            return batch
        columns = []
        for name in wanted:
            if name in batch.schema.names:
                column = batch.column(name)
                columns.append(column if self._asked is None else column.cast(self._type_of(name)))
            else:
                value = self._arrow.scalar(file.keys[name], self._type_of(name))
                columns.append(self._arrow.repeat(value, len(batch)))
        return self._arrow.RecordBatch.from_arrays(columns, names=wanted)

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
    hint = (
        "leave it out, as by pyarrow.dataset.dataset(path, partitioning='hive', schema=...), or let `layerwise train` "
        "or lw.TableEncoder make numbers of it"
    )
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


def _check_schema(path: str, own: Any, first: str, schema: Any, needed: list[str], *, more: bool, types: bool) -> None:
    """Refuse a file whose columns are not those of the first one; `more`, `types`: or has others, or of other types."""
    lacking = [name for name in needed if name not in own.names]
    if lacking:
        listed = ", ".join(map(repr, lacking[:5])) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        has = f"which {first} has" if lacking[0] in schema.names else "which the Dataset's schema has"
        raise DataError(f"{path} has no column{'s' if len(lacking) > 1 else ''} {listed}, {has}")
    extra = [name for name in own.names if name not in schema.names]
    if extra and more:
        raise DataError(
            f"{path} has a column {extra[0]!r}, which {first} has not; all files must have the same columns"
        )
    for name in needed if types else ():
        if own.field(name).type != schema.field(name).type:
            raise ShapeError(
                f"{path}: column {name!r} is of type {own.field(name).type}, and {schema.field(name).type} in {first}; "
                "all files must have the same types"
            )
