"""Every field of a description against the JSON Schema that says what model files hold: one table for both.

The part of JSON Schema that the file uses is read here, so that a file is checked without another package: `type`,
`enum`, `const`, the bounds, `items`, `required`, `properties`, `additionalProperties`, `if`, `then`, `$ref`, `allOf`.
Two rules are stricter: a whole number is written as one (1, not 1.0), and a number is one that float64 has.
"""

from __future__ import annotations

import functools
import math
import reprlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layerwise.errors import FormatError
from layerwise.files.safetensors import read_json

Schema = dict[str, Any]
_ANY_VALUE = {"$ref": "#/$defs/value"}
_PLAIN = (type(None), bool, int, float, str)  # JSON's own values, which read_json has looked at


def check(value: Any, definition: str, where: str = "") -> None:
    """See that a value of a description is what the schema says under ``$defs``.

    Raises
    ------
    FormatError
        Names the field, what was expected, and what it is.
    """
    try:
        _check(value, _definitions()[definition], where)
    except RecursionError:
        raise FormatError(f"{where or 'the description'} is nested too deeply") from None


@functools.cache
def _definitions() -> dict[str, Schema]:
    text = Path(__file__).with_name("model-3.schema.json").read_text("utf-8")
    found: dict[str, Schema] = read_json(text)["$defs"]
    return found


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return -(2**1024) < value < 2**1024 - 2**970  # as many as float64 has, rounded
    return type(value) is float and math.isfinite(value)


_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "null": (lambda value: value is None, "null"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "integer": (lambda value: type(value) is int, "a whole number"),
    "number": (_is_number, "a finite number"),
    "string": (lambda value: isinstance(value, str), "text"),
    "array": (lambda value: isinstance(value, list), "a list"),
    "object": (lambda value: isinstance(value, dict), "an object"),
}


def _check(value: Any, schema: Schema, where: str) -> None:
    if "$ref" in schema:
        _check(value, _definitions()[schema["$ref"].removeprefix("#/$defs/")], where)
    for part in schema.get("allOf", ()):
        _check(value, part, where)
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(_TYPES[kind][0](value) for kind in kinds):
            raise _wrong(where, " or ".join(_TYPES[kind][1] for kind in kinds), value)
    if "const" in schema and not _same(value, schema["const"]):
        raise _wrong(where, repr(schema["const"]), value)
    if "enum" in schema and not any(_same(value, other) for other in schema["enum"]):
        raise _wrong(where, f"one of {', '.join(map(repr, schema['enum']))}", value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_bounds(value, schema, where)
    elif isinstance(value, list):
        _check_items(value, schema, where)
    elif isinstance(value, dict):
        _check_members(value, schema, where)
    if "if" in schema and _fits(value, schema["if"]):
        _check(value, schema["then"], where)


def _check_bounds(value: float, schema: Schema, where: str) -> None:
    if "minimum" in schema and value < schema["minimum"]:
        raise _wrong(where, f"at least {schema['minimum']}", value)
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        raise _wrong(where, f"above {schema['exclusiveMinimum']}", value)
    if "maximum" in schema and value > schema["maximum"]:
        raise _wrong(where, f"at most {schema['maximum']}", value)
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        raise _wrong(where, f"below {schema['exclusiveMaximum']}", value)


def _check_items(value: list[Any], schema: Schema, where: str) -> None:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        count = f"{least}" if least == most else f"at least {least}" if len(value) < least else f"at most {most}"
        raise _wrong(where, f"a list of {count}", value)
    if "items" in schema:
        any_value = schema["items"] == _ANY_VALUE
        for i, item in enumerate(value):
            if not (any_value and type(item) in _PLAIN):  # of which there may be many
                _check(item, schema["items"], f"{where}[{i}]")


def _check_members(value: dict[str, Any], schema: Schema, where: str) -> None:
    for name in schema.get("required", ()):
        if name not in value:
            raise FormatError(f"there is no field {_member(where, name)}")
    if len(value) < schema.get("minProperties", 0):
        raise _wrong(where, f"an object of at least {schema['minProperties']} fields", value)
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, item in value.items():
        if name in known:
            _check(item, known[name], _member(where, name))
        elif isinstance(others, dict):
            _check(item, others, _member(where, name))


def _member(where: str, name: str) -> str:
    shown = name if len(name) <= 40 and name.isprintable() else reprlib.repr(name)
    return f"{where}.{shown}" if where else shown


def _fits(value: Any, condition: Schema) -> bool:
    """Whether an ``if`` holds, which asks for a type, a number of members, and the values of some of them."""
    if "type" in condition and not _TYPES[condition["type"]][0](value):
        return False
    if not isinstance(value, dict):
        return True
    if len(value) < condition.get("minProperties", 0):
        return False
    for name, asked in condition.get("properties", {}).items():
        if name in value and not any(_same(value[name], one) for one in asked.get("enum", [asked.get("const")])):
            return False
    return True


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _wrong(where: str, expected: str, value: Any) -> FormatError:
    return FormatError(f"{where or 'the description'} must be {expected}; got {reprlib.repr(value)}")
