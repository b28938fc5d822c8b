"""Parts of a network as JSON, and back: a part is its class's name and its constructor's arguments.

What JSON cannot say by itself is an object too: {"type": "float", "value": "nan"}, an array, a dict whose keys are not
text, the state of NumPy's random numbers. Classes of the user's own are named by their import path, which is never
followed: they are found among those that the user passes in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from layerwise.augmentation import Augmentation
from layerwise.callbacks import CALLBACKS
from layerwise.description import Description
from layerwise.errors import FormatError, nearest
from layerwise.initializers import INITIALIZERS, Given
from layerwise.layers import LAYERS
from layerwise.losses import LOSSES
from layerwise.optimizers import OPTIMIZERS
from layerwise.penalties import PENALTIES
from layerwise.scaling import SCALERS
from layerwise.schedules import SCHEDULES

KNOWN: dict[str, type[Description]] = {
    kind.__name__: kind
    for kind in (
        *LAYERS, *LOSSES, *PENALTIES, *OPTIMIZERS, *INITIALIZERS, *SCALERS, *SCHEDULES, Augmentation,
        *(callback for callback in CALLBACKS if issubclass(callback, Description)),
    )
}  # fmt: skip
_ARRAYS = {np.dtype(name).name: np.dtype(name) for name in "?bhilqBHILQfd"}  # that are written as lists


def known_by_name(custom: Iterable[type[Description]]) -> dict[str, type[Description]]:
    """Classes of the user's own by their import path, and by their name alone for a path that has changed since."""
    kinds = list(custom)
    return {kind.__name__: kind for kind in kinds} | {_path(kind): kind for kind in kinds}


def encode(value: Any) -> Any:
    """A part of a network, or anything made of such parts, as JSON."""
    if isinstance(value, Given):
        return {"type": "Zeros"}  # what was given is in the arrays, trained since
    if isinstance(value, Description):
        kind = type(value)
        name = kind.__name__ if KNOWN.get(kind.__name__) is kind else _path(kind)
        return {"type": name, **{key: encode(v) for key, v in value.config().items()}}
    if isinstance(value, tuple):
        return {"type": "tuple", "items": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        if all(isinstance(name, str) for name in value) and "type" not in value:
            return {"type": "dict", **{name: encode(item) for name, item in value.items()}}
        return {"type": "pairs", "items": [[encode(name), encode(item)] for name, item in value.items()]}
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"type": "float", "value": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray) and (value.dtype.name in _ARRAYS or value.dtype.kind in "UO"):
        dtype = {"U": "str", "O": "object"}.get(value.dtype.kind, value.dtype.name)
        items = encode(value.ravel().tolist())
        return {"type": "array", "dtype": dtype, "shape": list(value.shape), "items": items}
    if isinstance(value, np.random.RandomState):
        return {"type": "RandomState", "state": encode(value.get_state(legacy=False))}
    raise FormatError(f"a {type(value).__name__} cannot be written to a model file: {value!r}")


def decode(value: Any, custom: Mapping[str, type[Description]]) -> Any:
    """What `encode` was given.

    Raises
    ------
    FormatError
        A name is not known, or its arguments are not right.
    """
    if isinstance(value, list):
        return [decode(item, custom) for item in value]
    if not isinstance(value, dict):
        return value
    name = value.get("type")
    if isinstance(name, str) and name in _READERS:
        return _READERS[name](value, custom)
    kind = _find(name, custom)
    arguments = {key: decode(item, custom) for key, item in value.items() if key != "type"}
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name} cannot be made from {arguments}: {error}") from None


def _find(name: object, custom: Mapping[str, type[Description]]) -> type[Description]:
    if not isinstance(name, str):
        raise FormatError(f"the part {name!r} is not known: it must be a name")
    if name in custom:
        return custom[name]
    if name in KNOWN:
        return KNOWN[name]
    last = name.rpartition(".")[2]
    if "." in name and last in custom:
        return custom[last]
    if "." in name:
        raise FormatError(f"the part {name!r} is not known: its class is not layerwise's own; pass it, custom=[{last}]")
    raise FormatError(f"the part {name!r} is not known: {nearest(name, KNOWN)}. Your own are passed as custom=[...]")


def _array(value: dict[str, Any], custom: Mapping[str, type[Description]]) -> Any:
    items, name = decode(value["items"], custom), value["dtype"]
    if name == "object":
        array = np.empty(len(items), object)
        array[:] = items
    elif name == "str":
        array = np.array([str(item) for item in items], dtype=str)
    else:
        array = np.array(items, _ARRAYS[name])
    shape = tuple(int(n) for n in value["shape"])
    if any(n < 0 for n in shape):
        raise FormatError(f"an array cannot have the shape {shape}")
    return array.reshape(shape)


def _random_state(value: dict[str, Any], custom: Mapping[str, type[Description]]) -> np.random.RandomState:
    random = np.random.RandomState()
    random.set_state(decode(value["state"], custom))
    return random


_READERS = {
    "tuple": lambda value, custom: tuple(decode(value["items"], custom)),
    "dict": lambda value, custom: {key: decode(item, custom) for key, item in value.items() if key != "type"},
    "pairs": lambda value, custom: {decode(key, custom): decode(item, custom) for key, item in value["items"]},
    "float": lambda value, custom: float(value["value"]),
    "array": _array,
    "RandomState": _random_state,
}


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
