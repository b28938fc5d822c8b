"""The header of a model file, read alone: a few kilobytes, however large the arrays behind it are."""

from __future__ import annotations

import json
import os
from typing import Any

from layerwise.errors import FormatError

KEY = "layerwise"  # in the metadata: the description
LONGEST_HEADER = 2**25  # bytes: a file is refused before more than this is taken for JSON


def read_description(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The description in a model file's header, empty if another program wrote it; it is checked to be a JSON object.

    Raises
    ------
    FormatError
        The file is not safetensors, or cannot be read.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= LONGEST_HEADER:
                raise FormatError(f"{name} is not a whole safetensors file: its header would take {length:,} bytes")
            header = json.loads(file.read(length))
            description = json.loads(header.get("__metadata__", {}).get(KEY, "{}"))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise FormatError(f"{name} is not a whole safetensors file: {str(error)[:200]}") from None
    if not isinstance(description, dict):
        raise FormatError(f"{name}: its description is not that of a model")
    return description
