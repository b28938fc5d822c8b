"""Reading the safetensors format: a header in JSON, then arrays one after the other.

    8 bytes   how long the header is
    header    {"__metadata__": {text: text, …}, "W": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
    arrays    one after the other, without gaps

All lengths are compared with the file's before room is made for anything. Arrays are read, and not mapped: a file that
is cut or changed meanwhile is an error, and does no harm to the process.
"""

from __future__ import annotations

import json
import math
import os
import stat
import sys
from dataclasses import dataclass
from reprlib import repr as short
from typing import IO, Any

import numpy as np

from layerwise.data.header import LONGEST_HEADER
from layerwise.errors import FormatError
from layerwise.typing import Array

TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
_NOT_IN_NUMPY = {"BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}  # bytes
_MOST_DIMENSIONS = 64  # NumPy's own limit


@dataclass(frozen=True)
class Entry:
    """An array as the header has it: its type, its shape, and where after the header its bytes are."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class SafetensorsFile:
    """An open file, whose header is read and sound.

    Parameters
    ----------
    path : path
        A regular file.

    Attributes
    ----------
    metadata : dict of str
        What the file says of itself.
    entries : dict of Entry
        The arrays by name.

    Raises
    ------
    FormatError
        Not such a file, or a damaged one.
    FileNotFoundError
        There is no such file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.fspath(path)
        try:
            found = os.stat(self.name)
        except FileNotFoundError:
            raise FileNotFoundError(f"there is no model file {self.name}") from None
        except (OSError, ValueError) as error:
            raise FormatError(f"{self.name!r} cannot be read: {error}") from None
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            raise FormatError(f"{self.name} is {'a directory' if stat.S_ISDIR(found.st_mode) else 'no regular file'}")
        try:
            self._file: IO[bytes] = open(self.name, "rb", buffering=0)  # noqa: SIM115 (closed by `close`)
        except OSError as error:
            raise FormatError(f"{self.name} cannot be read: {error.strerror or error}") from None
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> SafetensorsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _bad(self, what: str) -> FormatError:
        return FormatError(f"{self.name} is not a whole safetensors file: {what}")

    def _read_header(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        length = int.from_bytes(self._read(bytearray(min(size, 8))), "little")
        if size < 8 or length > size - 8:
            raise self._bad(f"of {size:,} bytes, its header would take {length:,}")
        if length > LONGEST_HEADER:
            raise FormatError(f"{self.name}: its header takes {length:,} bytes; at most {LONGEST_HEADER:,} are read")
        try:
            header = read_json(self._read(bytearray(length)).decode())
        except ValueError as error:
            raise self._bad(f"its header is not JSON: {str(error)[:200]}") from None
        if not isinstance(header, dict):
            raise self._bad("its header is no JSON object")
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise self._bad("__metadata__ must be an object of texts")
        self.metadata: dict[str, str] = metadata
        self._start = 8 + length
        self.entries = {name: self._entry(name, value) for name, value in header.items()}
        self._check_places(size - self._start)

    def _entry(self, name: str, value: Any) -> Entry:
        if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
            raise self._bad(f"{short(name)} must have a dtype, a shape and data_offsets; got {short(value)}")
        dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
        if not isinstance(dtype, str) or dtype not in TYPES | _NOT_IN_NUMPY:
            raise self._bad(f"the dtype of {short(name)} must be one of {', '.join(TYPES)}; got {short(dtype)}")
        if not _are_sizes(shape) or len(shape) > _MOST_DIMENSIONS:
            raise self._bad(f"the shape of {short(name)} must be a list of sizes; got {short(shape)}")
        if not _are_sizes(offsets) or len(offsets) != 2:
            raise self._bad(f"the data_offsets of {short(name)} must be two places; got {short(offsets)}")
        width = np.dtype(TYPES[dtype]).itemsize if dtype in TYPES else _NOT_IN_NUMPY[dtype]
        if offsets[1] - offsets[0] != math.prod(shape) * width:
            raise self._bad(f"{short(name)} of {dtype} {short(shape)} does not take the bytes {offsets}")
        return Entry(dtype, tuple(shape), offsets[0], offsets[1])

    def _check_places(self, size: int) -> None:
        """The arrays follow each other, and nothing follows the last."""
        end = 0
        for name, entry in sorted(self.entries.items(), key=lambda item: (item[1].begin, item[1].end)):
            if entry.begin != end:
                raise self._bad(f"{short(name)} begins at byte {entry.begin:,} of the arrays; {end:,} was expected")
            end = entry.end
        if end != size:
            raise self._bad(f"its arrays take {end:,} bytes, but {size:,} follow the header")

    def read(self, name: str) -> Array:
        """An array, in memory of its own.

        Raises
        ------
        FormatError
            Its type is none of NumPy's, or the file has become shorter.
        """
        entry = self.entries[name]
        if entry.dtype not in TYPES:
            raise FormatError(f"{self.name}: {short(name)} is of type {entry.dtype}, which NumPy does not have")
        try:
            array = np.empty(entry.shape, TYPES[entry.dtype])
        except (ValueError, MemoryError) as error:  # a size of 0 beside enormous ones; more than there is room for
            what = f"{short(name)} of shape {short(entry.shape)}"
            raise FormatError(f"{self.name}: there is no room for {what}: {error}") from None
        try:
            self._file.seek(self._start + entry.begin)
            if array.size:
                self._read(array.reshape(-1).view(np.uint8).data)
        except OSError as error:
            raise FormatError(f"{self.name} cannot be read: {error.strerror or error}") from None
        return array.byteswap(inplace=True) if sys.byteorder == "big" else array

    def _read(self, target: Any) -> Any:
        view, filled = memoryview(target), 0
        while filled < len(view):
            count = self._file.readinto(view[filled:])  # type: ignore[attr-defined]
            if not count:
                raise self._bad("it ended while it was read; it may have been written over")
            filled += count
        return target


def read_json(text: str) -> Any:
    """What a JSON text says, strictly: no name twice in an object, no NaN, no number beyond float64.

    Raises
    ------
    ValueError
        It is none, or nested too deeply.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{short(name)} is there twice")
        found[name] = value
    return found


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large for float64")
    return value


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**63 for n in value)
