"""What a fit is called with, as names and values that can be written down, compared and printed.

    settings      {"batch_size": 32, "optimizer": {"type": "SGD", "learning_rate": 0.1, …}, "X": {"type": "data", …}, …}
    differences   [Difference("optimizer.learning_rate", 0.01, 0.1), …]

Parts are their class and its constructor's arguments; arrays their shape, type and a digest of all values; functions
their name, a digest of their code and the values they refer to. Nothing that a callback changes later is in it.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from layerwise import files as storage
from layerwise.data.streams.window import Stream
from layerwise.errors import FormatError, UnknownNameError, nearest
from layerwise.files.formulas import FORMULA_KINDS
from layerwise.network.custom import KEY, OF_FUNCTION, changed_rule, computed_by, shown_rule
from layerwise.network.functions import Describe, describe_callable, describe_function, path_of
from layerwise.parts.description import Description
from layerwise.parts.initializers import Given
from layerwise.training.callbacks import Callback, Checkpoint
from layerwise.typing import Array

Settings = dict[str, Any]

EXECUTION = ("self", "resume", "verbose", "n_threads", "engine", "window")  # no numbers, or of a rule of their own
DATA = ("X", "y", "validation_data", "sample_weight")  # which may be lists
_VALUES = (
    "data", "function", "pairs", "float", "array", "tuple", "dict", "partial", "object", "RandomState", "set", "module",
    "again", "formula", "methods",
)  # fmt: skip
_BLOCK = 2**22  # bytes that are made contiguous and hashed at a time
_MOST = 100  # items of a list that are written down one by one


@dataclass(frozen=True)
class Difference:
    """A setting that is not what it was: its name, and both values as JSON."""

    name: str
    then: Any
    now: Any

    def __str__(self) -> str:
        if _type(self.then) == _type(self.now) == "data" and self.then["shape"] == self.now["shape"]:
            types = [np.dtype(data["dtype"]) for data in (self.then, self.now)]
            then, now = (kind.name if kind.isnative else kind.str for kind in types)
            return f"{self.name}: other values" + (f", of type {then} then, {now} now" if then != now else "")
        if {_type(self.then), _type(self.now)} <= {"formula", "methods"}:
            return f"{self.name}: {changed_rule(self.then, self.now)}"
        then, now = shown(self.then), shown(self.now)
        if then == now:
            return f"{self.name}: {now}, but with {' and '.join(_changed(self.then, self.now)) or 'other values'}"
        return f"{self.name}: {then} then, {now} now"


def describe_call(arguments: Mapping[str, Any], callbacks: Sequence[Callback]) -> Settings:
    """All arguments of a fit but those of its execution; and callbacks by their names, but those that only look."""
    if isinstance(arguments.get("classes"), np.ndarray):
        arguments = {**arguments, "classes": arguments["classes"].tolist()}
    found = {
        name: _describe_data(value) if name in DATA else describe(value)
        for name, value in arguments.items()
        if name not in (*EXECUTION, "callbacks")
    }
    found["callbacks"] = {label: describe(callback) for label, callback in labels(callbacks).items()}
    return found


def _describe_data(value: Any) -> Any:
    """Arrays, whatever container their values are in; the held-out ones are a tuple of them."""
    if isinstance(value, tuple):
        return [_describe_data(part) for part in value]
    return describe(np.asarray(value) if isinstance(value, (list, range)) else value)


def labels(callbacks: Sequence[Callback]) -> dict[str, Callback]:
    """Callbacks that act on the training, by their class's name, with a number where there are several of one class."""
    callbacks = [callback for callback in callbacks if not callback.only_looks]
    kinds = [type(callback).__name__ for callback in callbacks]
    return {
        kind if kinds.count(kind) == 1 else f"{kind}[{kinds[:i].count(kind)}]": callbacks[i]
        for i, kind in enumerate(kinds)
    }


def describe(value: Any, within: tuple[int, ...] = ()) -> Any:
    """A value as JSON, such that equal values give equal JSON; `within`: the ids of those that it is a part of."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, Stream):
        return {"type": "stream", **value.survey.facts(), "window": value.window}
    if isinstance(value, Given):
        return {"type": "Given", "values": _data(value.values)}
    if id(value) in within:  # refers to itself
        return {"type": "again", "name": path_of(value)}
    part = functools.partial(describe, within=(*within, id(value)))
    if isinstance(value, (Description, Callback)):
        return _describe_part(value, part)
    if isinstance(value, (list, tuple)) and len(value) <= _MOST:
        return [part(item) for item in value]
    if isinstance(value, dict):
        items = [[part(key), part(item)] for key, item in value.items()]
        return {"type": "pairs", "items": sorted(items, key=json.dumps)}
    if isinstance(value, (set, frozenset)):
        return {"type": "set", "items": sorted(map(part, value), key=json.dumps)}
    if isinstance(value, functools.partial):
        return {"type": "partial", "of": [part(each) for each in (value.func, value.args, value.keywords)]}
    if inspect.isroutine(value) or isinstance(value, type):
        return describe_function(value, part)
    if is_dataclass(value):
        return {
            "type": path_of(type(value)),
            **{field.name: part(getattr(value, field.name)) for field in fields(value)},
        }
    if isinstance(value, (list, tuple)) or hasattr(value, "__array__") or hasattr(value, "indptr"):
        return storage.encode(value) if isinstance(value, np.generic) else _data(value)
    try:
        return storage.encode(value)
    except FormatError:
        return describe_callable(value, part) if callable(value) else {"type": "object", "name": path_of(type(value))}


def _describe_part(value: Description | Callback, describe: Describe) -> dict[str, Any]:
    """Its class and arguments; of a custom one, also what it computes."""
    arguments, rule = _config(value), computed_by(value, describe)
    if rule is not None and type(value) in FORMULA_KINDS:
        arguments = {name: each for name, each in arguments.items() if name not in OF_FUNCTION}
    found = {"type": _kind(type(value)), **{name: describe(each) for name, each in arguments.items()}}
    return found if rule is None else {**found, KEY: rule}


def _config(value: Description | Callback) -> dict[str, Any]:
    if isinstance(value, Checkpoint):  # its folder may be moved
        return {**value.config(), "path": os.path.basename(value.path)}
    if isinstance(value, Description):
        return value.config()
    names = inspect.signature(type(value)).parameters  # as far as they are kept under their names
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _data(value: Any) -> dict[str, Any]:
    """Shape, type and BLAKE2b of all values, whatever their layout in memory; of labels, whatever their type too."""
    parts = [value] if not hasattr(value, "indptr") else [value.indptr, value.indices, value.data]
    arrays = [np.asarray(part) for part in parts]
    shape = list(getattr(value, "shape", arrays[0].shape))
    found = {"type": "data", "shape": shape, "dtype": arrays[-1].dtype.str, "digest": _digest(arrays)}
    labels = _labels(arrays[0]) if len(arrays) == 1 else None
    return found if labels is None else found | {"labels": _digest([labels])}


def _labels(array: Array) -> Array | None:
    """Whole numbers or text (n,) in the one type that all such are compared in; None for all else.

    Numbers that are stored in other types are other bits, for X also other results: they are compared as they are.
    """
    if array.ndim != 1 or not array.size:
        return None
    if array.dtype.kind in "iu":
        return array.astype("<i8") if array.dtype != np.uint64 or array.max() <= np.iinfo(np.int64).max else None
    if array.dtype.kind == "U" or (array.dtype.hasobject and all(type(label) is str for label in array)):
        return np.array(array.tolist())  # as wide as its longest
    return None


def _digest(arrays: Iterable[Array]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.shape} {array.dtype}".encode())
        if array.dtype.hasobject:
            found.update("\x1f".join(map(repr, array.ravel().tolist())).encode("utf-8", "surrogatepass"))
            continue
        rows = array.reshape(1) if array.ndim == 0 else array
        step = max(1, _BLOCK // max(1, rows[:1].nbytes))
        for start in range(0, len(rows), step):
            found.update(np.ascontiguousarray(rows[start : start + step]).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def _kind(kind: type) -> str:
    return kind.__name__ if storage.known_kind(kind.__name__) is kind else path_of(kind)


def _type(value: Any) -> str | None:
    return value.get("type") if isinstance(value, dict) else None


# ---------------------------------------------------------------- comparing


def differences(then: Settings, now: Settings) -> list[Difference]:
    """All settings that are not what they were, parts argument by argument."""
    found: list[Difference] = []
    left_out = ["callbacks"]
    if then.get("schedule") is None and now.get("schedule") is None:
        left_out.append("epochs")  # more of them, or fewer, are the same training
    for name in (name for name in dict.fromkeys([*now, *then]) if name not in left_out):
        found += _compare(name, then.get(name), now.get(name))
    old, new = then["callbacks"], now["callbacks"]
    if list(old) != list(new):
        found.append(Difference("callbacks", list(old), list(new)))
    for label in new:
        if label in old:
            found += _compare(label, old[label], new[label])
    return found


def _compare(name: str, then: Any, now: Any) -> list[Difference]:
    if _same(then, now):
        return []
    if _is_part(then) and _is_part(now) and then["type"] == now["type"]:
        keys = [key for key in dict.fromkeys([*now, *then]) if key != "type"]
        pairs = [(key, name if key == KEY else f"{name}.{key}") for key in keys if key not in _untold(then, now)]
        return [other for key, place in pairs for other in _compare(place, then.get(key), now.get(key))]
    if isinstance(then, list) and isinstance(now, list) and _same(_without_rules(then), _without_rules(now)):
        items = enumerate(zip(then, now, strict=True))
        return [other for i, pair in items for other in _compare(f"{name}[{i}]" if len(now) > 1 else name, *pair)]
    return [Difference(name, then, now)]


def _same(then: Any, now: Any) -> bool:
    """Whether values are equal; labels, in whatever types they came; functions, as far as both are known."""
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(map(_same, then, now))
    if not _type(then) == _type(now) == "data":
        if not (isinstance(then, dict) and isinstance(now, dict)):
            return bool(then == now)
        left_out = _untold(then, now)
        names = [name for name in dict.fromkeys([*then, *now]) if name not in left_out]
        return all(name in then and name in now and _same(then[name], now[name]) for name in names)
    found = {then.get("labels", then["digest"]), then["digest"]} & {now.get("labels", now["digest"]), now["digest"]}
    return then["shape"] == now["shape"] and bool(found)


def _untold(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What of two parts or functions cannot be compared, since the file is of another version."""
    if _type(now) == "function" and not _same_python(then, now):
        return ("code", "python", "values")
    return (KEY, *OF_FUNCTION) if KEY in now and KEY not in then else ()


def _without_rules(value: Any) -> Any:
    """A description without what its custom parts compute."""
    if isinstance(value, list):
        return [_without_rules(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_rules(item) for name, item in value.items() if name != KEY}
    return value


def _same_python(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return bool(then.get("python") == now.get("python"))


def _changed(then: Any, now: Any) -> list[str]:
    """What differs in two functions, or lists of them, of the same names."""
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [change for pair in zip(then, now, strict=True) for change in _changed(*pair)]
    if not _type(then) == _type(now) == "function" or _same(then, now):
        return []
    was, has = then.get("values", {}), now.get("values", {})
    names = [name for name in dict.fromkeys([*was, *has]) if not _same(was.get(name), has.get(name))]
    found = ["other code"] if then.get("code") != now.get("code") and _same_python(then, now) else []
    for name in names:
        pair = [shown(each.get(name)) for each in (was, has)]
        found.append(f"another {name}" + (f", {pair[0]} then, {pair[1]} now" if pair[0] != pair[1] else ""))
    return found


def unchecked(then: Settings, now: Settings) -> dict[str, str]:
    """The settings that hold what cannot be compared, or not with what the file has, and what that is."""
    found = {}
    for name, value in {**now, **now["callbacks"]}.items():
        if name != "callbacks" and (what := _unchecked({**then, **then["callbacks"]}.get(name), value)):
            found[name] = what
    return found


def _unchecked(then: Any, now: Any) -> str:
    if isinstance(now, list):
        parts = zip(then, now) if isinstance(then, list) else ()  # another length is a difference
        return next(filter(None, (_unchecked(*pair) for pair in parts)), "")
    if not isinstance(now, dict) or not isinstance(then, dict):
        return ""
    if now.get("type") == "object" and "state" not in now:
        return f"nothing tells the state of {now['name']}"
    if KEY in now and KEY not in then:
        return f"the file is of another version of layerwise, so {now['type']} is compared by its arguments alone"
    if now.get("type") == "function" and not _same_python(then, now):
        return f"the file is of another version of Python or layerwise, so {now['name']} is compared by name alone"
    return next(filter(None, (_unchecked(then.get(name), value) for name, value in now.items())), "")


def _is_part(value: Any) -> bool:
    return _type(value) is not None and _type(value) not in _VALUES


def known_names(*all_settings: Settings) -> list[str]:
    """The names of all settings, those of parts with their owner: ``optimizer.learning_rate``."""
    found: dict[str, None] = {}
    for settings in all_settings:
        for name, value in {**settings, **settings["callbacks"]}.items():
            found[name] = None
            if isinstance(value, list) and len(value) <= _MOST:
                found.update(dict.fromkeys(f"{name}[{i}]" for i, item in enumerate(value) if _is_part(item)))
            if _is_part(value) and name != "callbacks":
                found.update(dict.fromkeys(f"{name}.{key}" for key in value if key != "type"))
    return list(found)


def short_name(name: str, known: Iterable[str]) -> str:
    """The name without its owner, where it is the only one that ends so."""
    last = name.rpartition(".")[2]
    return last if [other.rpartition(".")[2] for other in known].count(last) == 1 else name


def full_name(name: str, known: Sequence[str]) -> str:
    """The one of the known names that is meant by a name, with its owner or without.

    Raises
    ------
    UnknownNameError
        There is none, or there are several.
    """
    if name in known:
        return name
    meant = [other for other in known if other.rpartition(".")[2] == name]
    if len(meant) > 1:
        raise UnknownNameError(f"resume: {name!r} can be {' or '.join(meant)}; say which")
    if not meant:
        short = [short_name(other, known) for other in known]
        raise UnknownNameError(f"resume: there is no setting {name!r}; {nearest(name, short)}")
    return meant[0]


# ---------------------------------------------------------------- printing


def shown(value: Any) -> str:
    """A described value as one would write it."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    kind = _type(value)
    if kind is None:
        return repr(value)
    if kind == "data":
        return f"an array of shape {tuple(value['shape'])}"
    if kind in ("function", "object", "module", "again"):
        return str(value["name"])
    if kind in ("formula", "methods"):
        return shown_rule(value)
    if kind in ("partial", "set"):
        return f"{kind} {shown(value['of' if kind == 'partial' else 'items'])}"
    try:
        return repr(storage.decode(value, {}))
    except FormatError:
        return f"{kind}({', '.join(f'{k}={shown(v)}' for k, v in value.items() if k != 'type')})"


def plain(value: Any) -> Any:
    """A described value for the history: numbers and words as they are, all else as one would write it."""
    return value if value is None or isinstance(value, (bool, int, float, str)) else shown(value)
