"""The model file, and what goes into it: `container.py` the file, `safetensors.py` how it is read, `parts.py` JSON,
`schema.py` what each field must be, `model.py` a network's.
"""

from layerwise.files.container import FORMAT_VERSION, Shapes, read, read_header, reading, write
from layerwise.files.model import State
from layerwise.files.parts import decode, encode, known_by_name, known_kind, may_be_made
from layerwise.files.safetensors import SafetensorsFile, read_json
from layerwise.files.training import check_training

__all__ = [
    "FORMAT_VERSION",
    "SafetensorsFile",
    "Shapes",
    "State",
    "check_training",
    "decode",
    "encode",
    "known_by_name",
    "known_kind",
    "may_be_made",
    "read",
    "read_header",
    "read_json",
    "reading",
    "write",
]
