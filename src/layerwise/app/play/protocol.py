"""Messages between the page and Python: JSON and arrays in one binary frame; page/src/engine/frame.ts is its twin.

    4 bytes          the length of the head, little-endian
    head             JSON in UTF-8, with spaces behind it up to a multiple of 8 bytes of the frame
    arrays           one after the other, little-endian, each from a multiple of 8 bytes on

The head is {"message": …, "arrays": [{"type": "float32", "length": 30}, …]}; where the message has {"$array": 0}, the
first of them belongs. Types: float32, float64, int32, uint8.

    page ─► {"id": 7, "session": 1, "call": "run", "with": {"goal": {"epochs": 3}}}
    ─► page {"id": 7, "result": …}                             the answer
            {"id": 7, "refusal": "fit: batch_size must be …"}  layerwise's own words
            {"session": 1, "progress": …}                      at most 30 times a second
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np

from layerwise.errors import DataError
from layerwise.typing import Array

TYPES = {name: np.dtype(name).newbyteorder("<") for name in ("float32", "float64", "int32", "uint8")}
MOST_HEAD = 2**24
MOST_ARRAYS = 256


def pack(message: Any) -> bytes:
    """Return a message as one frame; arrays in it may be anywhere."""
    arrays: list[Array] = []
    plain = _taken_out(message, arrays)
    about = [{"type": array.dtype.name, "length": array.size} for array in arrays]
    head = json.dumps({"message": plain, "arrays": about}, allow_nan=False, separators=(",", ":")).encode()
    head += b" " * (-(4 + len(head)) % 8)
    pieces = [struct.pack("<I", len(head)), head]
    for array in arrays:
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        pieces += [data, bytes(-len(data) % 8)]
    return b"".join(pieces)


def _taken_out(value: Any, arrays: list[Array]) -> Any:
    """Return a message without its arrays, which are collected; NaN and infinity are None, as JSON has neither."""
    if isinstance(value, np.ndarray):
        arrays.append(value if value.dtype.name in TYPES else value.astype(np.float64))
        return {"$array": len(arrays) - 1}
    if isinstance(value, dict):
        return {str(name): _taken_out(part, arrays) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_taken_out(part, arrays) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def unpack(frame: bytes) -> Any:
    """Return the message of a frame; its arrays are views of it that cannot be written to.

    Raises
    ------
    DataError
        It is no such frame.
    """
    try:
        return _read(frame)
    except (ValueError, KeyError, TypeError, IndexError, struct.error, RecursionError) as error:
        raise DataError(f"the page has sent a message that cannot be read: {type(error).__name__}") from None


def _read(frame: bytes) -> Any:
    (length,) = struct.unpack_from("<I", frame)
    if length > MOST_HEAD or 4 + length > len(frame):
        raise ValueError("the head's length")
    head = json.loads(frame[4 : 4 + length])
    if len(head["arrays"]) > MOST_ARRAYS:
        raise ValueError("the number of arrays")
    arrays, at = [], 4 + length
    for about in head["arrays"]:
        dtype, count = TYPES[about["type"]], about["length"]
        if type(count) is not int or count < 0:
            raise ValueError("the length of an array")
        arrays.append(np.frombuffer(frame, dtype, count, at) if count else np.empty(0, dtype))
        at += -(-count * dtype.itemsize // 8) * 8
    if at > len(frame) + 7:
        raise ValueError("the frame's length")
    return _put_back(head["message"], arrays)


def _put_back(value: Any, arrays: list[Array]) -> Any:
    if isinstance(value, list):
        return [_put_back(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$array"}:
        return arrays[value["$array"]]
    return {name: _put_back(part, arrays) for name, part in value.items()}
