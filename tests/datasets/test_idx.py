import gzip
import math
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from layerwise.datasets import read_idx
from layerwise.errors import DataError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def encode(array):
    """Write the format by the letter of its definition, a number at a time."""
    kind = array.dtype.str[1:]
    letter = {"u1": "B", "i1": "b", "i2": "h", "i4": "i", "f4": "f", "f8": "d"}[kind]
    header = struct.pack(">BBBB", 0, 0, CODES[kind], array.ndim)
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    return header + sizes + b"".join(struct.pack(">" + letter, value) for value in array.ravel().tolist())


def write(tmp_path, content):
    path = tmp_path / "values.idx"
    path.write_bytes(content)
    return path


arrays = st.sampled_from(list(CODES)).flatmap(
    lambda kind: npst.arrays(
        dtype=kind,
        shape=npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
        elements=npst.from_dtype(np.dtype(kind), allow_nan=False),
    )
)


@settings(deadline=None)
@given(array=arrays, packed=st.booleans())
def test_reads_back_what_was_written(array, packed, tmp_path_factory):
    content = encode(array)
    path = tmp_path_factory.getbasetemp() / "round-trip.idx"
    path.write_bytes(gzip.compress(content) if packed else content)
    came = read_idx(path)
    assert came.dtype == array.dtype
    assert came.dtype.isnative
    assert came.flags.writeable
    assert came.flags.c_contiguous
    np.testing.assert_array_equal(came, array)


def test_big_endian_values_by_hand(tmp_path):
    content = bytes([0, 0, 0x0B, 1, 0, 0, 0, 3]) + bytes([0, 1, 1, 0, 0xFF, 0xFE])
    np.testing.assert_array_equal(read_idx(write(tmp_path, content)), np.array([1, 256, -2], np.int16))


def test_path_may_be_a_string(tmp_path):
    assert read_idx(str(write(tmp_path, encode(np.arange(3, dtype="u1"))))).tolist() == [0, 1, 2]


SMALL = encode(np.arange(6, dtype="i2").reshape(2, 3))


@pytest.mark.parametrize("packed", [False, True])
def test_truncation_at_every_byte_is_refused(tmp_path, packed):
    content = gzip.compress(SMALL) if packed else SMALL
    for length in range(len(content)):
        with pytest.raises(DataError, match=r"values\.idx"):
            read_idx(write(tmp_path, content[:length]))


@pytest.mark.parametrize("packed", [False, True])
def test_trailing_bytes_are_refused(tmp_path, packed):
    content = gzip.compress(SMALL + b"\0") if packed else SMALL + b"\0"
    with pytest.raises(DataError, match=r"shape \(2, 3\) of int16, 12 bytes of values, but more follow"):
        read_idx(write(tmp_path, content))


def test_every_damaged_byte_of_a_gzip_is_noticed_or_harmless(tmp_path):
    content = gzip.compress(SMALL, mtime=0)
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        try:
            came = read_idx(write(tmp_path, bytes(damaged)))
        except DataError:
            continue
        # Only the time stamp, two hints about the compressor, and no value, may have changed.
        assert 4 <= position < 10
        np.testing.assert_array_equal(came, np.arange(6).reshape(2, 3))


def test_rubbish_after_a_gzip_is_refused(tmp_path):
    with pytest.raises(DataError, match="damaged gzip file"):
        read_idx(write(tmp_path, gzip.compress(SMALL) + b"rubbish"))


@pytest.mark.parametrize(
    "content",
    [b"P5 28 28 255", b"\0\0\x08\0", b"\0\0\x08\xff", b"\0\0\x0a\x01", b"\1\0\x08\x01", b"\x89PNG\r\n"],
)
def test_other_formats_are_refused_with_the_bytes_that_came(tmp_path, content):
    with pytest.raises(DataError, match="is not an IDX file") as caught:
        read_idx(write(tmp_path, content))
    assert content[:4].hex(" ") in str(caught.value)


def test_an_empty_file_is_named_so(tmp_path):
    with pytest.raises(DataError, match="but is empty"):
        read_idx(write(tmp_path, b""))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("sizes", [[2**32 - 1] * 3, [60_000, 28, 28], [2**32 - 1, 0, 2**32 - 1, 2**32 - 1]])
def test_enormous_dimensions_are_refused_before_memory_is_taken(tmp_path, sizes, packed):
    content = struct.pack(f">BBBB{len(sizes)}I", 0, 0, 0x0E, len(sizes), *sizes) + bytes(8)
    path = write(tmp_path, gzip.compress(content) if packed else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="the header announces shape"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_memory_is_the_array_and_a_small_buffer(tmp_path):
    shape = (200, 100, 100)
    content = struct.pack(">BBBBIII", 0, 0, 0x08, 3, *shape) + bytes(math.prod(shape))
    path = write(tmp_path, gzip.compress(content, 1))
    del content
    tracemalloc.start()
    try:
        array = read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < array.nbytes + 1_500_000
    finally:
        tracemalloc.stop()


def test_a_missing_file_or_a_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)
