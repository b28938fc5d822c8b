"""Sources of tables: a path, a URL or stdin, unpacked where it is compressed. Everything is told by its content."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from layerwise.datasets.checks import reading
from layerwise.errors import DataError, nearest

TIMEOUT = 30.0  # seconds without any answer
_URL = re.compile(r"(https?|ftp|file)://", re.IGNORECASE)
_TABLE = re.compile(
    r"\.(csv|tsv|tab|txt|dat|data|psv|jsonl?|ndjson|parquet|feather|arrow|xlsx?|sqlite3?|db|npy)(\.gz)?$", re.I
)


@dataclass
class Source:
    """The bytes of a table.

    Attributes
    ----------
    name : str
        What messages call it.
    data : bytes
        Its content, unpacked.
    path : str or None
        The file that holds exactly these bytes, if there is one.
    notes : list of str
        What was unpacked.
    """

    name: str
    data: bytes
    path: str | None
    notes: list[str]


def load(source: str | os.PathLike[str], member: str | None = None) -> Source:
    """Return the bytes of a source, unpacked from gz, bz2, xz or zip.

    Parameters
    ----------
    source : str or path-like
        A path, a URL, or ``"-"`` for stdin.
    member : str, optional
        The file within a zip archive.

    Raises
    ------
    DataError
        It cannot be read or unpacked, it is empty, or the archive holds several tables.
    """
    given = os.fspath(source)
    notes: list[str] = []
    path = None
    if given == "-":
        name, data = "stdin", sys.stdin.buffer.read()
    elif _URL.match(given):
        name, data = given, _download(given)
    else:
        name = path = given
        with reading(given):
            data = Path(given).read_bytes()
    unpacked = _unpack(name, data, member, notes)
    if not unpacked.strip(b"\x00 \t\r\n\x1a"):
        raise DataError(f"{name} is empty; expected a table with a row for each sample")
    return Source(name, unpacked, path if unpacked is data else None, notes)


def is_workbook(data: bytes) -> bool:
    """Return whether the bytes are those of an Excel file, of which a new one is a zip archive."""
    return data[:4] == b"\xd0\xcf\x11\xe0" or (data[:2] == b"PK" and b"xl/" in data and _holds(data, "xl/workbook."))


def _download(url: str) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers={"User-Agent": "layerwise"}), timeout=TIMEOUT) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        raise DataError(f"{url} cannot be had: the server answers {error.code} ({error.reason})") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"{url} cannot be had ({reason}); check the address, or download the file and give its path"
        ) from None


def _unpack(name: str, data: bytes, member: str | None, notes: list[str]) -> bytes:
    """Return the content of a compressed file, or the data itself."""
    openers = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ": lzma.decompress}
    for magic, decompress in openers.items():
        if data.startswith(magic):
            try:
                return decompress(data)
            except (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError) as error:
                raise DataError(f"{name} is compressed, but damaged ({error}); get it again") from None
            except MemoryError:
                raise DataError(f"{name} holds more than there is memory for") from None
    if data[:4] != b"PK\x03\x04" or is_workbook(data) or _is_arrays(data):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            chosen = _member(name, [info.filename for info in archive.infolist() if not info.is_dir()], member)
            notes.append(f"{chosen} was read from the archive")
            return _unpack(f"{name}/{chosen}", archive.read(chosen), None, notes)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{name} is a zip archive that cannot be unpacked ({error}); get it again") from None


def _member(name: str, files: list[str], member: str | None) -> str:
    """Return the file of an archive that is the table."""
    files = [file for file in files if not file.startswith("__MACOSX") and not Path(file).name.startswith(".")]
    if member is not None and len(files) != 1:
        if member not in files:
            raise DataError(f"{name} has no file {member!r}; {nearest(member, files)}")
        return member
    tables = files if len(files) == 1 else [file for file in files if _TABLE.search(file)]
    if len(tables) != 1:
        listed = ", ".join(map(repr, (tables or files)[:10])) or "none"
        count = len(tables or files)
        raise DataError(
            f"{name} must hold one table, but holds {count} files: {listed}; choose one with sheet= (--sheet)"
        )
    return tables[0]


def _is_arrays(data: bytes) -> bool:
    return _holds(data, ".npy") if b".npy" in data[:4096] else False


def _holds(data: bytes, part: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(part in file for file in archive.namelist())
    except zipfile.BadZipFile:
        return False
