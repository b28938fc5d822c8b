"""What makes inputs of a row, in JavaScript: ``encode(row)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.exchange.export.literals import decimals, wrapped
from layerwise.exchange.export.tables import (
    Column,
    Date,
    Lookup,
    Number,
    OneHot,
    Table,
    part_arguments,
    plain,
    text_or_number,
)
from layerwise.formula.quoting import javascript_number, javascript_text, javascript_value
from layerwise.typing import Array

_VALUE = """/** A value of a row, an array in the order of the columns, or an object; null where it is missing. */
function value(row, place, name) {
  if (Array.isArray(row)) row = { [name]: row[place] };
  else if (!Object.prototype.hasOwnProperty.call(row, name)) {
    throw new RangeError(`the row has no column ${name}; give null where a value is missing`);
  }
  const found = row[name];
  return found === undefined || Number.isNaN(found) ? null : found;
}

/** Nearly z where it is small, and never beyond 3; rounded to float32, in which the network was trained. */
function clipped(z) {
  return Math.fround(z / Math.sqrt(1 + (z / 3) ** 2));
}
"""

_NUMBER = """/** (value - center) * factor, clipped, 0 where it is missing; then whether it is, missing[0] or [1] */
function number(row, place, name, center, factor, missing) {
  const v = value(row, place, name);
  if (v !== null && !["number", "bigint", "boolean"].includes(typeof v)) {
    throw new TypeError(`column ${name} is one of numbers; got ${JSON.stringify(v)}`);
  }
  const x = v === null ? center : Number(v);
  if (!(Math.abs(x) <= 3.4028234663852886e38)) throw new RangeError(`column ${name} holds ${x}, not a finite float32`);
  const found = [clipped((x - center) * factor)];
  return missing ? [...found, missing[v === null ? 1 : 0]] : found;
}
"""

_CATEGORY = """/** The row's entry in a Map of the categories; undefined where the value is missing or unknown */
function category(row, place, name, categories, text) {
  let v = value(row, place, name);
  if (v === null) return undefined;
  if (typeof v === "boolean" || (typeof v === "bigint" && BigInt.asIntN(54, v) === v)) v = Number(v);
  if (!["string", "number", "bigint"].includes(typeof v)) v = String(v);
  if (text !== null && (typeof v === "string") !== text) {
    throw new TypeError(`column ${name} had ${text ? "text" : "numbers"} for categories; got ${v}`);
  }
  return categories.get(v);
}
"""

_ONE_HOT = """/** off, and on in the place of the row's category */
function one_hot(row, place, name, categories, off, on, text) {
  const found = Array.from(off);
  const i = category(row, place, name, categories, text);
  if (i !== undefined) found[i] = on[i];
  return found;
}
"""

_LOOKUP = """/** The numbers that belong to the row's category */
function lookup(row, place, name, levels, unknown, text) {
  return category(row, place, name, levels, text) ?? unknown;
}
"""

_DATE = """/**
 * Milliseconds since 1970 on the clock where a date was noted: of text such as 2024-03-01T18:30, whose zone is left
 * out; a number of them; or a Date by its UTC clock.
 */
function milliseconds(v, name) {
  if (typeof v !== "string") return Number(v);
  const found = /^(\\d{4})-(\\d\\d)-(\\d\\d)(?:[T ](\\d\\d):(\\d\\d)(?::(\\d\\d(?:\\.\\d+)?))?)?/.exec(v);
  if (!found) throw new RangeError(`column ${name} is one of dates; got ${JSON.stringify(v)}`);
  const [year, month, day, hour, minute, second] = found.slice(1).map((s) => (s ? Number(s) : 0));
  return new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Parts of a date: [part, center, factor] is scaled and clipped, [part, turn] a point on a circle; 0 if missing */
function date(row, place, name, parts, missing) {
  const v = value(row, place, name);
  const ms = v === null ? 0 : milliseconds(v, name);
  if (!Number.isFinite(ms)) throw new RangeError(`column ${name} is one of dates; got ${v}`);
  const days = Math.floor(ms / 86400e3);
  const day = new Date(days * 86400e3);
  const held = {
    elapsed: ms / 86400e3,
    year: day.getUTCFullYear(),
    month: day.getUTCMonth(),
    day: day.getUTCDate() - 1,
    weekday: (day.getUTCDay() + 6) % 7,
    hour: (ms - days * 86400e3) / 3600e3,
  };
  const found = parts.flatMap(([part, ...numbers]) => {
    if (numbers.length === 2) return [clipped((held[part] - numbers[0]) * numbers[1])];
    return [Math.fround(Math.sin(held[part] * numbers[0])), Math.fround(Math.cos(held[part] * numbers[0]))];
  });
  if (v === null) found.fill(0);
  return missing ? [...found, missing[v === null ? 1 : 0]] : found;
}
"""


def parts(table: Table) -> list[str]:
    """Return constants and functions, the last of which is ``encode``."""
    constants, calls = [], []
    for column in table.columns:
        constant, call = _WRITERS[type(column)](column)
        constants += constant
        calls.append(f"    ...{call},\n")
    functions = [_VALUE]
    functions += [_NUMBER] if table.of(Number) else []
    functions += [_CATEGORY] if table.has_categories else []
    functions += [code for kind, code in ((OneHot, _ONE_HOT), (Lookup, _LOOKUP), (Date, _DATE)) if table.of(kind)]
    by_name = ", or an object by the columns' names" if table.has_names else ""
    encode = f"""/**
 * The network's inputs for a row: an array of {table.width} values{by_name}.
 * A missing value is null, undefined or NaN.
 */
export function encode(row) {{
  if (Array.isArray(row) && row.length !== {table.width}) {{
    throw new RangeError(`a row has {table.width} values; got ${{row.length}}`);
  }}
  return [
{"".join(calls)}  ];
}}
"""
    return [*constants, *functions, encode]


def _at(column: Column) -> str:
    return f"row, {column.place}, {javascript_text(str(column.name))}"


def _pair(missing: tuple[float, float] | None) -> str:
    return "" if missing is None else f", {_list(np.array(missing, np.float32))}"


def _list(array: Array) -> str:
    return f"[{', '.join(decimals(array))}]"


def _text(column: Any) -> str:
    return {None: "null", True: "true", False: "false"}[text_or_number(column.categories)]


def _number(column: Number) -> tuple[list[str], str]:
    numbers = f"{javascript_number(column.center)}, {javascript_number(column.factor)}"
    return [], f"number({_at(column)}, {numbers}{_pair(column.missing)})"


def _map(name: str, categories: list[Any], values: list[str]) -> str:
    entries = [f"[{javascript_value(plain(key))}, {value}]" for key, value in zip(categories, values, strict=True)]
    return f"const {name} = new Map([\n{wrapped(entries, 2)}\n]);\n"


def _one_hot(column: OneHot) -> tuple[list[str], str]:
    own = column.place
    constants = [_map(f"categories_{own}", column.categories, [str(i) for i in range(len(column.off))])]
    constants += [
        f"const {name}_{own} = [\n{wrapped(decimals(array), 2)}\n];\n"
        for name, array in (("off", column.off), ("on", column.on))
    ]
    return constants, f"one_hot({_at(column)}, categories_{own}, off_{own}, on_{own}, {_text(column)})"


def _lookup(column: Lookup) -> tuple[list[str], str]:
    constant = _map(f"levels_{column.place}", column.categories, [_list(row) for row in column.levels])
    return [constant], f"lookup({_at(column)}, levels_{column.place}, {_list(column.unknown)}, {_text(column)})"


def _date(column: Date) -> tuple[list[str], str]:
    entries = [
        f"[{', '.join([javascript_text(part.part), *map(javascript_number, part_arguments(part).values())])}]"
        for part in column.parts
    ]
    return [], f"date({_at(column)}, [{', '.join(entries)}]{_pair(column.missing)})"


_WRITERS: dict[type[Column], Callable[..., tuple[list[str], str]]] = {
    Number: _number,
    OneHot: _one_hot,
    Lookup: _lookup,
    Date: _date,
}
