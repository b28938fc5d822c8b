"""The model file, and what goes into it: `container.py` the file, `safetensors.py` how it is read, `parts.py` JSON,
`schema.py` what each field must be, `model.py` a network's.
"""

from layerwise.storage.container import FORMAT_VERSION, Shapes, read, read_header, reading, write
from layerwise.storage.model import Model
from layerwise.storage.parts import KNOWN, decode, encode, known_by_name, may_be_made
from layerwise.storage.safetensors import SafetensorsFile, read_json
from layerwise.storage.training import check_training

__all__ = [
    "FORMAT_VERSION",
    "KNOWN",
    "Model",
    "SafetensorsFile",
    "Shapes",
    "check_training",
    "decode",
    "encode",
    "known_by_name",
    "may_be_made",
    "read",
    "read_header",
    "read_json",
    "reading",
    "write",
]
