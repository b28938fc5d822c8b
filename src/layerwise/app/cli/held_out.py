"""Which rows of a table were held out to test, kept in the model file and found again in the same table."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from zlib import crc32

import numpy as np

from layerwise.typing import Array


def remembered(y: Array, test: Array) -> dict[str, Any]:
    """Return what a model file keeps of the rows to test, a bit a row.

    Parameters
    ----------
    y : array (n,) or (n, targets)
        The targets of all rows that have one, by which the table is known again.
    test : array of int
        Which of them were held out.
    """
    mask = np.zeros(len(y), bool)
    mask[test] = True
    return {"rows": len(y), "crc32": crc32(_bytes(y)), "test": base64.b64encode(np.packbits(mask).tobytes()).decode()}


def found_again(notes: dict[str, Any], y: Array) -> Array | None:
    """Return which rows of a table were held out; None where it is not the table that a model has learned from."""
    kept = notes.get("held_out")
    if not isinstance(kept, dict) or kept.get("rows") != len(y) or kept.get("crc32") != crc32(_bytes(y)):
        return None
    try:
        bits = np.frombuffer(base64.b64decode(str(kept.get("test")), validate=True), np.uint8)
    except binascii.Error:
        return None
    mask = np.unpackbits(bits)
    rows = np.flatnonzero(mask[: len(y)])
    return rows if len(mask) >= len(y) and len(rows) else None


def _bytes(y: Array) -> bytes:
    return "\x1f".join(map(str, y.ravel().tolist())).encode(errors="surrogatepass")
