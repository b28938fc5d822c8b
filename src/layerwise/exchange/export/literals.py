"""Numbers as text: decimals that are read back as the same numbers, or bytes in base64; lines of a width."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterable

import numpy as np

from layerwise.errors import ExportError
from layerwise.typing import Array

WIDTH = 110  # characters of a line of numbers
LARGE = 64  # numbers of an array from which on base64, a third of the size, is used where there is a choice


def is_packed(array: Array) -> bool:
    """Return whether base64 is used for an array where there is a choice: for many numbers that are no places."""
    return array.size > LARGE and array.dtype.kind == "f"


def decimals(array: Array) -> list[str]:
    """Return each number of an array of floats or whole numbers; nine digits tell any two of float32 apart.

    Raises
    ------
    ExportError
        Some are not finite, or it is no array of numbers.

    Examples
    --------
    >>> decimals(np.array([0.1, 2.0], np.float32))
    ['0.100000001', '2.0']
    """
    if array.dtype.kind in "iu":
        return [str(value) for value in array.ravel().tolist()]
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ExportError(f"export: an array of finite floats was expected; got {array.dtype}, or NaN or infinity")
    values = array.ravel().tolist()
    texts = [f"{value:.9g}" for value in values] if array.dtype == np.float32 else [repr(value) for value in values]
    return [text if "." in text or "e" in text else f"{text}.0" for text in texts]


def wrapped(items: Iterable[str], indent: int = 4) -> str:
    """Return the items with commas between, in lines of at most `WIDTH` characters."""
    margin = " " * indent
    lines, line = [], margin
    for item in items:
        if len(line) + len(item) + 2 > WIDTH and line != margin:
            lines.append(line.rstrip())
            line = margin
        line += f"{item}, "
    return "\n".join([*lines, line.rstrip()])


def base64_lines(array: Array) -> list[str]:
    """Return the array's bytes, the lowest of each number first, in lines."""
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    return textwrap.wrap(base64.b64encode(data).decode("ascii"), WIDTH)


def wrapped_line(text: str) -> str:
    """Return a line of a comment, on several lines where it is longer than `WIDTH`."""
    if len(text) <= WIDTH:
        return text
    indent = " " * (len(text) - len(text.lstrip()) + 4)
    return textwrap.fill(text, WIDTH - 10, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)
