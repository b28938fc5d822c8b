"""The Parquet files that a path, a folder, a pattern or a data set of PyArrow stands for, with what their folders say.

data/year=2020/part-0.parquet ──► DataFile(path, keys={"year": 2020})   a column of all its rows
"""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from layerwise.errors import DataError

ENDINGS = (".parquet", ".pq")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class DataFile:
    """A file.

    Attributes
    ----------
    path : str
    keys : dict
        The columns that its folders are named for: numbers, texts, or None for no value.
    fragment : pyarrow.dataset.Fragment, optional
        Where it is of a data set.
    """

    path: str
    keys: dict[str, Any] = field(default_factory=dict)
    fragment: Any = None


def files_of(data: Any) -> list[DataFile]:
    """Return all files that a path, a folder, a pattern or a data set stands for.

    Folders called ``name=value`` are columns, below the folder that is given or from the first wildcard of a pattern
    on: whole numbers where all values of a name are, else text.

    Raises
    ------
    DataError
        There is none, it is no Parquet file, or a data set that cannot be read by its row groups.
    """
    if not isinstance(data, (str, os.PathLike)):
        return _fragments(data)
    text = os.fsdecode(os.fspath(data))
    if os.path.isdir(text):
        return _with_keys(_within(text), text)
    if os.path.exists(text):
        if not text.lower().endswith(ENDINGS) and not _is_parquet(text):
            hint = ": give np.load(path, mmap_mode='r')" if text.lower().endswith(".npy") else ""
            raise DataError(f"{text} is not a Parquet file{hint}; a path is taken as Parquet, other data as arrays")
        return [DataFile(text)]
    matched = sorted(glob.glob(text, recursive=True))
    found = [file for path in matched for file in (_within(path) if os.path.isdir(path) else [path])]
    found = list(dict.fromkeys(found))  # ** matches folders and what is in them
    if not found:
        raise DataError(f"{text!r}: there is no such file, folder or pattern of Parquet files; give arrays otherwise")
    fixed = text
    while glob.has_magic(fixed):
        fixed = os.path.dirname(fixed)
    return _with_keys(found, fixed or os.curdir)


def _within(folder: str) -> list[str]:
    """Return the Parquet files in a folder and below it."""
    pattern = os.path.join(glob.escape(folder), "**", "*")
    found = sorted(p for p in glob.glob(pattern, recursive=True) if p.lower().endswith(ENDINGS) and os.path.isfile(p))
    if not found:
        raise DataError(f"{folder}: the folder has no .parquet files")
    return found


def _is_parquet(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1"


def _with_keys(paths: list[str], root: str) -> list[DataFile]:
    """Return files with the columns that their folders below the root are named for."""
    files, texts = [], dict[str, set[str]]()
    for path in paths:
        parts = os.path.dirname(os.path.relpath(path, root)).split(os.sep)
        pairs = [part.partition("=") for part in parts]
        keys = {unquote(name): unquote(value) for name, mark, value in pairs if mark and name}
        files.append(DataFile(path, keys))
        for name, value in keys.items():
            texts.setdefault(name, set()).add(value)
    whole = {name for name, values in texts.items() if all(map(_is_whole, values - {_NO_VALUE}))}
    return [replace(file, keys={k: _value(v, k in whole) for k, v in file.keys.items()}) for file in files]


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 19


def _value(text: str, is_whole: bool) -> int | str | None:
    if text == _NO_VALUE:
        return None
    return int(text) if is_whole else text


def _fragments(data: Any) -> list[DataFile]:
    """Return the files of a data set of PyArrow."""
    import pyarrow.dataset

    try:
        fragments = list(data.get_fragments())
    except ValueError as error:
        raise DataError(
            f"the Dataset cannot be read by its row groups: {str(error).splitlines()[0]} Or give fit a function that "
            "yields (X, y) of its to_batches()"
        ) from None
    for fragment in fragments:
        if not hasattr(fragment, "row_groups"):
            held = "of rows in memory" if not hasattr(fragment, "path") else f"of {fragment.path}"
            raise DataError(
                f"the Dataset is {held}, and only Parquet files are read by their row groups: give arrays, as of its "
                "to_table(), or a function that yields (X, y) of its to_batches()"
            )
    keys = pyarrow.dataset.get_partition_keys
    return [DataFile(str(f.path), dict(keys(f.partition_expression)), f) for f in fragments]
