"""The model file, and what goes into it: `container.py` the file, `parts.py` JSON, `model.py` a network's."""

from layerwise.storage.container import FORMAT_VERSION, Shapes, read, read_header, reading, write
from layerwise.storage.model import Model
from layerwise.storage.parts import KNOWN, decode, encode, known_by_name

__all__ = [
    "FORMAT_VERSION",
    "KNOWN",
    "Model",
    "Shapes",
    "decode",
    "encode",
    "known_by_name",
    "read",
    "read_header",
    "reading",
    "write",
]
