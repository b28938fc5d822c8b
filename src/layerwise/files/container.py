"""One safetensors file: arrays, and in its metadata a description in JSON and a checksum over both.

    8 bytes   how long the header is
    header    {"__metadata__": {"layerwise": "{…}", "layerwise.checksum": "…"}, "layers.0.W": {"dtype": "F32", …}, …}
    arrays    one after the other

Nothing in it is code, and nothing is believed: lengths, offsets and types are looked at before anything is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.data.header import KEY, LONGEST_HEADER
from layerwise.data.writing import Bytes, write_whole
from layerwise.engine.threads import share
from layerwise.errors import FormatError
from layerwise.files import safetensors, schema
from layerwise.files.parts import encode
from layerwise.files.safetensors import SafetensorsFile, read_json
from layerwise.typing import Array

FORMAT_VERSION = 3
READABLE = (1, 2, 3)
CHECKSUM = "layerwise.checksum"
TYPES = {
    name: safetensors.TYPES[name] for name in ("F64", "F32", "F16", "I64", "I32", "I8", "U64", "U32", "U8", "BOOL")
}
_NAMES = {dtype: name for name, dtype in TYPES.items()}
_PIECE = 2**22  # bytes that are hashed together
_AT_ONCE = 2**23  # bytes that are hashed before a thread is begun


def write(
    path: str | os.PathLike[str], description: dict[str, Any], arrays: Mapping[str, Array], replace: bool = True
) -> None:
    """Write a file: whole, or not at all; `replace`: as of `write_whole`.

    Raises
    ------
    OSError
        The path cannot be written to, or the disk is full; what was there before is untouched.
    FormatError
        An array is of a type that the file cannot hold, or the description is too long.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.name not in _NAMES:
            raise FormatError(f"{name} is of type {array.dtype}; a model file holds {', '.join(_NAMES)}")
    text = json.dumps(description, allow_nan=False, separators=(",", ":"))
    header: dict[str, Any] = {"__metadata__": {KEY: text, CHECKSUM: checksum(text, arrays)}}
    ordered, end = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)), 0  # so that all are aligned
    for name in ordered:
        array, begin = arrays[name], end
        end += array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": [begin, end],
        }  # fmt: skip
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    if len(head) > LONGEST_HEADER:
        raise FormatError(f"the description takes {len(head):,} bytes; a model file holds {LONGEST_HEADER:,}")
    pieces: list[Bytes] = [len(head).to_bytes(8, "little") + head, *(_bytes(arrays[name]) for name in ordered)]
    write_whole(Path(path), pieces, replace)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description, with what a file of an earlier version lacks, and the arrays.

    Raises
    ------
    FormatError
        Not a model file of layerwise, damaged, or of a version that is not known.
    FileNotFoundError
        There is no such file.
    """
    description, arrays, _ = _read(path, whole=True)
    return description, arrays


Shapes = dict[str, tuple[str, tuple[int, ...]]]


def read_header(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array], Shapes]:
    """The description, the history, and each array's type and shape; no other array is read, nor the checksum compared.

    Raises
    ------
    FormatError, FileNotFoundError
        As for `read`.
    """
    return _read(path, whole=False)


def _read(path: str | os.PathLike[str], whole: bool) -> tuple[dict[str, Any], dict[str, Array], Shapes]:
    with SafetensorsFile(path) as file:
        name, text = file.name, file.metadata.get(KEY)
        version, description = _description(name, text)
        foreign = [f"{key} is of type {entry.dtype}" for key, entry in file.entries.items() if entry.dtype not in TYPES]
        if foreign:
            raise FormatError(f"{name}: {foreign[0]}, which no model file has")
        shapes = {key: (TYPES[entry.dtype], entry.shape) for key, entry in file.entries.items()}
        arrays = {key: file.read(key) for key in shapes if whole or ".history." in f".{key}"}
        given = file.metadata.get(CHECKSUM)
    # Files of version 1 have none; one that has was damaged where its version stands, if it says so.
    if whole and (version > 1 or given is not None) and given != checksum(text or "", arrays):
        raise FormatError(f"{name} is damaged: its contents are not what its checksum says; take another copy")
    return description, arrays, shapes


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Whatever goes wrong while an object is made from a file is about the file, and says so.

    Raises
    ------
    FormatError
        In place of any error: a file that somebody made on purpose can cause any.
    """
    name = os.fspath(path)
    try:
        yield
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from None
    except (ImportError, Warning):  # a warning that is made an error
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {str(error)[:200]}"
        raise FormatError(f"{name}: its description is not that of a model ({what})") from None


def checksum(text: str, arrays: Mapping[str, Array]) -> str:
    """What is kept as ``layerwise.checksum``: BLAKE2b, 32 bytes, in hexadecimal.

    Over the description's text in UTF-8; then, array by array in the order of their names, over the line
    ``name type (shape)`` and the BLAKE2b digests, 64 bytes each, of its bytes in pieces of 4 MiB.
    """
    whole = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32)
    names = sorted(arrays)
    digests = _digests([piece for name in names for piece in _pieces(arrays[name])])
    for name in names:
        array = arrays[name]
        whole.update(f"\n{name} {array.dtype.name} {array.shape}\n".encode("utf-8", "surrogatepass"))
        for _ in _pieces(array):
            whole.update(next(digests))
    return whole.hexdigest()


def _pieces(array: Array) -> Iterator[memoryview]:
    data = _bytes(array)
    return (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))


def _digests(pieces: list[memoryview]) -> Iterator[bytes]:
    """The pieces' digests in order; of large arrays, several at a time."""
    if sum(map(len, pieces)) <= _AT_ONCE:
        return map(_digest, pieces)
    from concurrent.futures import ThreadPoolExecutor  # takes long to load, and is not always needed

    with ThreadPoolExecutor(share()) as pool:
        return iter(list(pool.map(_digest, pieces)))


def _digest(piece: memoryview) -> bytes:
    return hashlib.blake2b(piece).digest()


def _bytes(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _description(name: str, text: str | None) -> tuple[int, dict[str, Any]]:
    """The format version of the file, and its description, each field of the type it must have."""
    if text is None:
        raise FormatError(f"{name} is a safetensors file, but not a model of layerwise: its header has no {KEY!r}")
    try:
        description = read_json(text)
    except ValueError as error:
        raise FormatError(f"{name}: its description is not JSON: {str(error)[:200]}") from None
    if not isinstance(description, dict):
        raise FormatError(f"{name}: its description is no JSON object")
    version = description.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version not in READABLE:
        raise FormatError(
            f"{name} has the format version {str(version)[:40]}; this layerwise reads {', '.join(map(str, READABLE))}: "
            "it was written by another version of layerwise, install that or a newer one"
        )
    description = _completed(description)
    kind = description.get("kind")
    if kind not in ("network", "ensemble", "estimator"):
        raise FormatError(f"{name} is the file of a {str(kind)[:40]!r}, which this version does not know")
    try:
        schema.check(description, f"{kind}File")
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from None
    return version, description


def _completed(description: dict[str, Any]) -> dict[str, Any]:
    """A description of an older version with the fields that it lacks."""
    version = description["format_version"]
    if version == 1:
        notes = description.get("notes")
        notes = notes if isinstance(notes, dict) else {}
        names = notes.get("columns")
        columns = [{"type": "dict", "name": name, "kind": "number"} for name in names or ()] or None
        added = {"kind": "network", "frozen": [], "columns": columns, "last_fit": {"type": "dict"}, "history": None}
        return {**added, **description, "notes": encode(notes)}
    networks = description.get("networks")
    for network in (description, description.get("network"), *(networks if isinstance(networks, list) else ())):
        fit = network.get("last_fit") if version == 2 and isinstance(network, dict) else None
        if isinstance(fit, dict) and isinstance(fit.setdefault("others", []), list) and len(fit) > 2:
            fit["others"].append("random numbers of an earlier version")
    return description
