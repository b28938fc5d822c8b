"""What makes inputs of a row, in C99: a struct of the row's values, and ``NAME_encode(row, x)``.

number, date: double, NAN where it is missing       text: const char * in UTF-8, NULL where it is missing
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.encoded_dates import PARTS
from layerwise.errors import ExportError
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
from layerwise.formula.quoting import c_comment, c_number, c_text, visible
from layerwise.typing import Array

_CLIPPED = """/* nearly z where it is small, and never beyond 3 */
static float clipped(double z)
{
    return (float)(z / sqrt(1.0 + z / 3.0 * (z / 3.0)));
}
"""

_NUMBER = """/* (v - center) * factor, clipped, 0 where v is missing; returns the place after it */
static float *encode_number(double v, double center, double factor, float *x)
{
    *x = isnan(v) ? 0.0f : clipped((v - center) * factor);
    return x + 1;
}
"""

_MISSING = """static float *encode_missing(double v, float there, float missing, float *x)
{
    *x = isnan(v) ? missing : there;
    return x + 1;
}
"""

_FIND_TEXT = """/* the place of a text among n sorted ones, or n */
static size_t find_text(const char *v, const char *const *categories, size_t n)
{
    size_t low = 0, high = v == NULL ? 0 : n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(v, categories[middle]);

        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return n;
}
"""

_FIND_NUMBER = """/* the place of a number among n sorted ones, or n */
static size_t find_number(double v, const double *categories, size_t n)
{
    size_t low = 0, high = isnan(v) ? 0 : n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (v < categories[middle])
            high = middle;
        else if (v > categories[middle])
            low = middle + 1;
        else
            return middle;
    }
    return n;
}
"""

_ONE_HOT = """/* off, and on in the place of the row's category, if that is below n */
static float *encode_one_hot(size_t place, const float *off, const float *on, size_t n, float *x)
{
    size_t i;

    for (i = 0; i < n; i++)
        x[i] = i == place ? on[i] : off[i];
    return x + n;
}
"""

_LOOKUP = """/* the n levels of the row's category; the last ones are for those that have none */
static float *encode_lookup(size_t place, const float *levels, size_t n, float *x)
{
    size_t i;

    for (i = 0; i < n; i++)
        x[i] = levels[place * n + i];
    return x + n;
}
"""

_DATE = """/* The parts of a date, from the seconds since 1970-01-01 in the Gregorian calendar: days, year, month, day
   of it from 0, weekday from 0 (Monday), hour. The calendar repeats every 146097 days; years begin in March here. */
static void parts_of(double seconds, double *held)
{
    double day = floor(seconds / 86400.0), from_march = day + 719468.0;
    double era = floor(from_march / 146097.0), of_era = from_march - era * 146097.0, year, of_year, month;

    year = floor((of_era - floor(of_era / 1460.0) + floor(of_era / 36524.0) - floor(of_era / 146096.0)) / 365.0);
    of_year = of_era - (365.0 * year + floor(year / 4.0) - floor(year / 100.0));
    month = floor((5.0 * of_year + 2.0) / 153.0);
    held[0] = seconds / 86400.0;
    held[2] = month < 10.0 ? month + 2.0 : month - 10.0;
    held[1] = year + era * 400.0 + (held[2] < 2.0 ? 1.0 : 0.0);
    held[3] = of_year - floor((153.0 * month + 2.0) / 5.0);
    held[4] = day + 3.0 - floor((day + 3.0) / 7.0) * 7.0;
    held[5] = (seconds - day * 86400.0) / 3600.0;
}
"""

_TURN = """/* a part of a date as a point on a circle */
static float *encode_turn(double v, double turn, float *x)
{
    x[0] = isnan(v) ? 0.0f : (float)sin(v * turn);
    x[1] = isnan(v) ? 0.0f : (float)cos(v * turn);
    return x + 2;
}
"""

# Words of C and C++, and what is commonly a macro.
_RESERVED = {
    "alignas", "alignof", "and", "and_eq", "asm", "assert", "auto", "bitand", "bitor", "bool", "break", "case",
    "catch", "char", "class", "compl", "concept", "const", "const_cast", "consteval", "constexpr", "constinit",
    "continue", "co_await", "co_return", "co_yield", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "errno", "explicit", "export", "extern", "false", "float", "for", "friend",
    "goto", "i386", "if", "inline", "int", "linux", "long", "mutable", "namespace", "new", "noexcept", "not",
    "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected", "public", "register",
    "reinterpret_cast", "requires", "restrict", "return", "short", "signed", "sizeof", "static", "static_assert",
    "static_cast", "stderr", "stdin", "stdout", "struct", "switch", "template", "this", "thread_local", "throw",
    "true", "try", "typedef", "typeid", "typename", "typeof", "union", "unix", "unsigned", "using", "virtual",
    "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
}  # fmt: skip


@dataclass(frozen=True)
class Encoding:
    """A table's part of a source: the struct, the constants and functions, and the bytes of the constants."""

    struct: str
    code: list[str]
    constants: int


def encoding(table: Table, prefix: str, double: bool) -> Encoding:
    """Return the struct and the code; functions are there if they are called.

    Raises
    ------
    ExportError
        Categories that C cannot hold: names the columns.
    """
    _check(table)
    fields = _fields(table)
    constants: list[str] = []
    lines: list[str] = []
    size = 0
    for column, field in zip(table.columns, fields, strict=True):
        made, calls, own = _WRITERS[type(column)](column, f"row->{field}")
        constants += made
        lines += [f"    {call}\n" for call in calls]
        size += own
    body = "".join(lines)
    needed = {
        "clipped": _CLIPPED, "encode_number": _NUMBER, "encode_missing": _MISSING, "find_text": _FIND_TEXT,
        "find_number": _FIND_NUMBER, "encode_one_hot": _ONE_HOT, "encode_lookup": _LOOKUP, "parts_of": _DATE,
        "encode_turn": _TURN,
    }  # fmt: skip
    called = {name for name in needed if f"{name}(" in body} | ({"clipped"} if "encode_number(" in body else set())
    held = "    double held[6];\n\n" if table.of(Date) else ""
    encode = f"void {prefix}_encode(const {prefix}_row *row, float *x)\n{{\n{held}{body}}}\n"
    functions = [needed[name] for name in needed if name in called]
    return Encoding(_struct(table, fields, prefix), [*constants, *functions, encode, _outputs(prefix, double)], size)


def _outputs(prefix: str, double: bool) -> str:
    """Return the function of the outputs of a row; its inputs are floats, also of a network in double."""
    size = f"{prefix.upper()}_INPUTS"
    if not double:
        body = f"    float inputs[{size}];\n\n    {prefix}_encode(x, inputs);\n    apply_network(inputs, y);\n"
        return f"void {prefix}_outputs(const {prefix}_row *x, float *y)\n{{\n{body}}}\n"
    body = f"""    float inputs[{size}];
    double exact[{size}];
    size_t i;

    {prefix}_encode(x, inputs);
    for (i = 0; i < {size}; i++)
        exact[i] = (double)inputs[i];
    apply_network(exact, y);
"""
    return f"void {prefix}_outputs(const {prefix}_row *x, double *y)\n{{\n{body}}}\n"


def _check(table: Table) -> None:
    bad = []
    for column in table.columns:
        categories = getattr(column, "categories", [])
        if categories and text_or_number(categories) is None:
            bad.append(f"{column.name!r}, whose categories are text and numbers")
        elif any(not isinstance(value, str) and float(value) != value for value in categories):
            bad.append(f"{column.name!r}, whose categories are whole numbers that a double cannot hold")
    if bad:
        raise ExportError(f"export to C: a struct cannot hold the columns {'; '.join(bad)}. Make them text before fit")


def _fields(table: Table) -> list[str]:
    """Return the names of the struct's members, each once."""
    found: list[str] = []
    for column in table.columns:
        word = re.sub(r"[^a-z0-9]+", "_", str(column.name).lower()).strip("_") if table.has_names else ""
        word = word if word[:1].isalpha() else f"column_{column.place}"
        word = f"{word}_" if word in _RESERVED else word
        taken, name = set(found), word
        count = 2
        while name in taken:
            name, count = f"{word}_{count}", count + 1
        found.append(name)
    return found


def _struct(table: Table, fields: list[str], prefix: str) -> str:
    members = []
    for column, field in zip(table.columns, fields, strict=True):
        kind = "const char *" if _is_text(column) else "double "
        title = f"{visible(str(column.name))}: {_MEANINGS[type(column)](column)}"
        members.append(f"    {kind}{field}; /* {c_comment(title)} */\n")
    head = "/* A row of the table. A number or a date that is missing is NAN, a text NULL. */"
    return f"{head}\ntypedef struct {prefix}_row {{\n{''.join(members)}}} {prefix}_row;\n"


def _is_text(column: Column) -> bool:
    return isinstance(column, (OneHot, Lookup)) and text_or_number(column.categories) is not False


def _meaning(column: Any) -> str:
    kind = "text in UTF-8" if _is_text(column) else "a number"
    return f"one of {len(column.categories):,} categories, {kind}; another is taken as missing"


_MEANINGS: dict[type[Column], Callable[..., str]] = {
    Number: lambda column: "a number",
    OneHot: _meaning,
    Lookup: _meaning,
    Date: lambda column: "seconds since 1970-01-01 00:00, on the clock where the date was noted",
}

_Written = tuple[list[str], list[str], int]  # constants, lines of encode, bytes of the constants


def _double(value: float) -> str:
    return c_number(float(value), single=False)


def _missing(value: str, missing: tuple[float, float] | None) -> list[str]:
    if missing is None:
        return []
    there, absent = (f"{text}f" for text in decimals(np.array(missing, np.float32)))
    return [f"x = encode_missing({value}, {there}, {absent}, x);"]


def _number(column: Number, value: str) -> _Written:
    line = f"x = encode_number({value}, {_double(column.center)}, {_double(column.factor)}, x);"
    return [], [line, *_missing(value, column.missing)], 0


def _sorted(column: Any) -> list[int]:
    """Return the order of categories in which C looks for them: by their bytes in UTF-8, or by size."""
    values = [v.encode("utf-8", "surrogatepass") if isinstance(v, str) else plain(v) for v in column.categories]
    return sorted(range(len(values)), key=values.__getitem__)


def _find(column: Any, order: list[int], value: str) -> tuple[list[str], str, int]:
    """Return the constant with the categories, the call that finds one, and the constant's bytes."""
    if not order:
        return [], "0", 0
    name, values = f"categories_c{column.place}", [column.categories[i] for i in order]
    if _is_text(column):
        texts, kind, function = [c_text(v) for v in values], "const char *const", "find_text"
        size = sum(len(v.encode("utf-8", "surrogatepass")) + 1 for v in values)
    else:
        texts, kind, function, size = [_double(v) for v in values], "const double", "find_number", 8 * len(values)
    constant = f"static {kind} {name}[{len(values)}] = {{\n{wrapped(texts)}\n}};\n"
    return [constant], f"{function}({value}, {name}, {len(values)})", size


def _floats(name: str, array: Array) -> str:
    texts = (f"{text}f" for text in decimals(array))
    return f"static const float {name}[{array.size}] = {{\n{wrapped(texts)}\n}};\n"


def _one_hot(column: OneHot, value: str) -> _Written:
    # the inputs keep the encoder's order, whatever that is
    order = _sorted(column)
    constants, place, size = _find(column, order, value)
    own = column.place
    if order != sorted(order):
        texts = map(str, order)
        constants.append(
            f"static const size_t order_c{own}[{len(order) + 1}] = {{\n{wrapped([*texts, str(len(order))])}\n}};\n"
        )
        place = f"order_c{own}[{place}]"
    constants += [_floats(f"off_c{own}", column.off), _floats(f"on_c{own}", column.on)]
    line = f"x = encode_one_hot({place}, off_c{own}, on_c{own}, {len(order)}, x);"
    return constants, [line], size + 8 * len(order)


def _lookup(column: Lookup, value: str) -> _Written:
    order = _sorted(column)
    constants, place, size = _find(column, order, value)
    levels = np.concatenate([column.levels[order], column.unknown[np.newaxis]])
    name = f"levels_c{column.place}"
    line = f"x = encode_lookup({place}, {name}, {levels.shape[1]}, x);"
    return [*constants, _floats(name, levels)], [line], size + 4 * levels.size


def _date(column: Date, value: str) -> _Written:
    lines = [f"parts_of({value}, held);"] if column.parts else []
    for part in column.parts:
        numbers = part_arguments(part)
        function = "encode_turn" if "turn" in numbers else "encode_number"
        listed = ", ".join(map(_double, numbers.values()))
        lines.append(f"x = {function}(held[{PARTS.index(part.part)}], {listed}, x);")
    return [], [*lines, *_missing(value, column.missing)], 0


_WRITERS: dict[type[Column], Callable[..., _Written]] = {
    Number: _number,
    OneHot: _one_hot,
    Lookup: _lookup,
    Date: _date,
}
