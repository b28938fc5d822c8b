"""Parts of a network as JSON, and back: a part is its class's name and its constructor's arguments.

What JSON cannot say by itself is an object too: {"type": "float", "value": "nan"}, an array, a dict whose keys are not
text, the state of NumPy's random numbers. Classes of the user's own are named by their import path, which is never
followed: they are found among those that the user passes in.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np

from layerwise.data.augmentation import Augmentation
from layerwise.errors import FormatError, nearest
from layerwise.files import schema
from layerwise.files.formulas import FORMULA_KINDS, formula_of, from_formula, key_of
from layerwise.parts.description import Description, parameters_of
from layerwise.parts.initializers import INITIALIZERS, Given
from layerwise.parts.layers import LAYERS, Activation
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES
from layerwise.parts.scaling import SCALERS
from layerwise.parts.schedules import SCHEDULES
from layerwise.parts.symbolic import is_name
from layerwise.training.callbacks.base import Callback

KNOWN: dict[str, type[Description]] = {
    kind.__name__: kind
    for kind in (
        *LAYERS, *LOSSES, *PENALTIES, *OPTIMIZERS, *INITIALIZERS, *SCALERS, *SCHEDULES, Augmentation,
    )
}  # fmt: skip
_PATH_NAME = re.compile(r"(^|_)(path|file|filename|dir|directory|folder|url|command)(s|_|$)")
_OF_FUNCTION = [kind.__name__ for kind in FORMULA_KINDS]  # parts that are no class of their own
_TWISTER = "MT19937"
_ARRAYS = {np.dtype(name).name: np.dtype(name) for name in "?bhilqBHILQfd"}  # that are written as lists


@cache
def _callbacks() -> dict[str, type[Description]]:
    """Return the package's callbacks; they are imported once one is asked for, which few files do."""
    from layerwise.training.callbacks.kinds import CALLBACKS

    return {kind.__name__: kind for kind in CALLBACKS if issubclass(kind, Description)}


def known_kind(name: str) -> type[Description] | None:
    """Return the package's own class of that name, None if there is none."""
    return KNOWN.get(name) or _callbacks().get(name)


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
        if isinstance(value, FORMULA_KINDS) and kind in FORMULA_KINDS and value.f is not None:
            own = value.numbers() if isinstance(value, Activation) else {}
            numbers = {key_of(key): number for key, number in own.items()}
            return {"type": kind.__name__, "name": value.name, **numbers, "formula": encode(formula_of(value))}
        name = kind.__name__ if known_kind(kind.__name__) is kind else _path(kind)
        part = {"type": name, **{key_of(key): encode(v) for key, v in value.config().items()}}
        if (
            isinstance(value, FORMULA_KINDS)
            and value.has_formula
            and known_kind(name) is None
            and is_name(kind.__name__)
        ):
            part["formula"] = encode(formula_of(value))
        return part
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
        state = value.get_state(legacy=False)
        if state["bit_generator"] == _TWISTER:
            return {"type": "RandomState", "state": encode(state)}
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
    plain = name in _OF_FUNCTION  # else `name` is an argument of its own
    if "formula" in value and (plain or not _is_found(name, custom)):
        name = str(value.get("name") if plain else name).rpartition(".")[2]
        return from_formula(name, value, decode(value["formula"], custom))
    kind = _find(name, custom)
    if takes_path(kind):
        raise FormatError(f"{name} takes a path, and none that a file names is used: make it yourself")
    left_out = ("type", "formula") if issubclass(kind, FORMULA_KINDS) else ("type",)
    arguments = {key.removeprefix("="): decode(item, custom) for key, item in value.items() if key not in left_out}
    _check_plain(kind, arguments)
    try:
        return kind(**arguments)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{name} cannot be made from {reprlib.repr(arguments)}: {error}") from None


def _is_found(name: Any, custom: Mapping[str, type[Description]]) -> bool:
    return isinstance(name, str) and (
        name in custom or known_kind(name) is not None or name.rpartition(".")[2] in custom
    )


def _check_plain(kind: type[Description], arguments: Mapping[str, Any]) -> None:
    """What a constructor takes as it comes: a flag is true or false, and a whole number one of 64 bits."""
    known = parameters_of(kind)
    for name, value in arguments.items():
        if name in known and known[name].annotation in ("bool", bool) and not isinstance(value, bool):
            raise FormatError(f"{kind.__name__}: {name} must be true or false; got {reprlib.repr(value)}")
        if type(value) is int and not -(2**63) <= value < 2**63:
            raise FormatError(f"{kind.__name__}: {name} must fit into 64 bits; got {reprlib.repr(value)}")


def takes_path(kind: type) -> bool:
    """Whether it is a callback that is told a path: those are not made from a file, which could name any path."""
    return issubclass(kind, Callback) and any(
        _PATH_NAME.search(name) or "Path" in str(parameter.annotation)
        for name, parameter in parameters_of(kind).items()
    )


def may_be_made(value: Any, custom: Mapping[str, type[Description]]) -> bool:
    """Whether a callback, as `encode` gave it, may be made from a file: without paths, and one's own without any text.

    Raises
    ------
    FormatError
        Its class is not known.
    """
    kind = _find(value.get("type") if isinstance(value, dict) else value, custom)
    return not takes_path(kind) and (known_kind(kind.__name__) is kind or not _holds_text(value))


def _holds_text(value: Any) -> bool:
    """Whether the arguments of a part hold any text, which its class might take for a path or a command."""
    if isinstance(value, dict):
        return any(_holds_text(item) for key, item in value.items() if key != "type")
    return isinstance(value, str) or (isinstance(value, list) and any(map(_holds_text, value)))


def _find(name: object, custom: Mapping[str, type[Description]]) -> type[Description]:
    if not isinstance(name, str):
        raise FormatError(f"the part {name!r} is not known: it must be a name")
    if name in custom:
        return custom[name]
    if (known := known_kind(name)) is not None:
        return known
    last = name.rpartition(".")[2]
    if "." in name and last in custom:
        return custom[last]
    if "." in name:
        raise FormatError(f"the part {name!r} is not known: its class is not layerwise's own; pass it, custom=[{last}]")
    near = nearest(name, {**KNOWN, **_callbacks()})
    raise FormatError(f"the part {name!r} is not known: {near}. Your own are passed as custom=[...]")


def _array(value: dict[str, Any], custom: Mapping[str, type[Description]]) -> Any:
    items, name, shape = decode(value["items"], custom), value["dtype"], tuple(value["shape"])
    kinds = {"object": (object,), "str": (str,), "bool": (bool,)}.get(name, (int, float))
    if len(items) != math.prod(shape):
        raise FormatError(f"an array of shape {shape} has {len(items)} items")
    if not all(isinstance(item, kinds) and (kinds != (int, float) or not isinstance(item, bool)) for item in items):
        raise FormatError(f"an array of {name} has items of another type")
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    try:
        return array.astype({"object": object, "str": str}.get(name) or _ARRAYS[name]).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise FormatError(f"an array of {name} has items that are not: {error}") from None


def _pairs(value: dict[str, Any], custom: Mapping[str, type[Description]]) -> Any:
    pairs = [(decode(key, custom), decode(item, custom)) for key, item in value["items"]]
    try:
        return dict(pairs)
    except TypeError:
        raise FormatError(f"a dict has keys that cannot be: {reprlib.repr([key for key, _ in pairs])}") from None


def _random_state(value: dict[str, Any], custom: Mapping[str, type[Description]]) -> np.random.RandomState:
    random, state = np.random.RandomState(), decode(value["state"], custom)
    if type(state) is not dict:
        raise FormatError(f"the state of a RandomState must be a dict; got {reprlib.repr(state)}")
    schema.check(value["state"], _TWISTER, "RandomState")  # NumPy checks nothing of it, and reads where it points
    random.set_state(state)
    return random


_READERS = {
    "tuple": lambda value, custom: tuple(decode(value["items"], custom)),
    "dict": lambda value, custom: {key: decode(item, custom) for key, item in value.items() if key != "type"},
    "pairs": _pairs,
    "float": lambda value, custom: float(value["value"]),
    "array": _array,
    "RandomState": _random_state,
}


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
