"""Model files that nobody would write: taken apart, changed, and put together again with a checksum that is right."""

import json

from safetensors import safe_open
from safetensors.numpy import save

from layerwise.files import container


def parts(path):
    """The description's text and the arrays of a file, as they are in it."""
    with safe_open(str(path), "numpy") as file:
        arrays = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
        return file.metadata()[container.KEY], arrays


def put_together(path, text, arrays):
    """A file of that text and those arrays, whatever they are."""
    metadata = {container.KEY: text, container.CHECKSUM: container.checksum(text, arrays)}
    path.write_bytes(save(arrays, metadata=metadata))


def rewrite(path, change=None, change_arrays=None):
    """The file with its description or its arrays changed in place."""
    text, arrays = parts(path)
    description = json.loads(text)
    if change is not None:
        change(description)
    if change_arrays is not None:
        change_arrays(arrays)
    put_together(path, json.dumps(description), arrays)
