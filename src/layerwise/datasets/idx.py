"""The IDX format, in which MNIST and its relatives are published: an array behind a short header.

Two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as four bytes,
then the values in row-major order; every number big-endian. Values go from the file, unpacked on the way,
straight into the array that is returned.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.data.writing import most_unpacked
from layerwise.datasets.checks import reading
from layerwise.errors import DataError

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 64  # NumPy's own limit

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 18


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an array from an IDX file, the format of MNIST.

    A gzip-compressed file is recognized by its content.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    ndarray
        The array, of the shape and type in the header (uint8, int8, int16, int32, float32 or float64) and in the
        machine's byte order.

    Raises
    ------
    DataError
        If the file is missing, is not an IDX file, is damaged, or has another number of values than its header says.
        No memory is allocated before the header is checked.

    Notes
    -----
    The format is defined at the end of the page that published MNIST: http://yann.lecun.com/exdb/mnist/

    Examples
    --------
    >>> import layerwise as lw
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "two-by-three.idx")
    ...     _ = file.write_bytes(bytes([0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    ...     lw.datasets.read_idx(file)
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    name = os.fspath(path)
    with reading(name):
        try:
            with open(name, "rb") as file:
                packed = file.read(2) == GZIP_MAGIC
                file.seek(0)
                size = os.fstat(file.fileno()).st_size
                if not packed:
                    return _read_array(file, name, size)
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return _read_array(unpacked, name, most_unpacked(size))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{name} is a damaged gzip file ({error}); obtain it anew") from error


def _read_array(stream: io.BufferedIOBase, name: str, most: int) -> NDArray[Any]:
    """Read header and values from `stream`, which can hold no more than `most` bytes."""
    dtype, shape = _read_header(stream, name)
    expected = math.prod(shape) * dtype.itemsize
    announced = f"{name}: the header announces shape {shape} of {dtype.name}, {expected:,} bytes of values"
    if expected > most:
        raise DataError(f"{announced}, more than the file can hold; it is incomplete or damaged: obtain it anew")
    buffer = np.empty(expected, np.uint8)
    filled = _fill(stream, buffer.data)
    if filled < expected:
        raise DataError(f"{announced}; got only {filled:,}: the file is incomplete: obtain it anew")
    if stream.read(1):
        raise DataError(f"{announced}, but more follow; the file is damaged or has another format: obtain it anew")
    try:
        array = buffer.view(dtype).reshape(shape)
    except ValueError as error:  # a dimension of 0 beside enormous ones
        raise DataError(f"{announced}, which is no possible array ({error}); obtain the file anew") from error
    return array if dtype.isnative else array.byteswap(inplace=True).view(dtype.newbyteorder("="))


def _read_header(stream: io.BufferedIOBase, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Read the type of the values and the shape."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES or not 1 <= magic[3] <= MAX_DIMENSIONS:
        types = ", ".join(f"{code:02x}" for code in DTYPES)
        found = f"begins with {magic.hex(' ')}" if magic else "is empty"
        raise DataError(
            f"{name} is not an IDX file: it should begin with 00 00, a type ({types}) and a number of "
            f"dimensions (01 to {MAX_DIMENSIONS:02x}), but {found}; check the path"
        )
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(
            f"{name}: the header announces {magic[3]} dimensions of 4 bytes each; got only {len(sizes)} "
            "bytes; the file is incomplete: obtain it anew"
        )
    return np.dtype(DTYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())


def _fill(stream: io.BufferedIOBase, target: memoryview) -> int:
    """Read into `target` until it is full or the stream ends, and return the number of bytes that came."""
    filled = 0
    while filled < len(target):
        came = stream.readinto(target[filled : filled + CHUNK])
        if not came:
            break
        filled += came
    return filled
