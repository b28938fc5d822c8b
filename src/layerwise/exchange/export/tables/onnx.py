"""What makes inputs of a table, in ONNX: an input for each column, (N, 1), and what they become side by side.

number     float64   (x - center) · factor ─► clip ─► [ x | was it missing? ]       NaN is a missing number
category   text      one of the known ones? ─► a column a category, or its levels   any other is a missing one
date       float64   seconds since 1970-01-01 ─► its parts                          NaN is a missing date

A category that is a number is float64, NaN where it is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.data.encoded_dates import CyclicPart
from layerwise.data.tabular import TableEncoder
from layerwise.errors import ExportError
from layerwise.exchange.export.onnx_graph import Graph
from layerwise.exchange.export.tables import Column, Date, Lookup, Number, OneHot, Table, table_of, text_or_number
from layerwise.formula.quoting import utf8, visible


def encoded(graph: Graph, encoder: TableEncoder) -> str:
    """Return the columns as the network takes them.

    Raises
    ------
    ExportError
        Columns that ONNX cannot take: names all of them.
    """
    table = table_of(encoder, "ONNX")
    names = [str(column.name) if table.has_names else f"x{column.name}" for column in table.columns]
    _check(table, names)
    parts = []
    for column, name in zip(table.columns, names, strict=True):
        graph.scope, graph.doc = f"columns/{name}", f"{_TITLES[type(column)]} {visible(name)}"
        parts += _WRITERS[type(column)](graph, name, column)
    graph.scope, graph.doc = "columns", "TableEncoder"
    joined = graph.node("Cast", [graph.node("Concat", parts, "table", axis=1)], "float32", to=graph.float32)
    return graph.node("Cast", [joined], to=graph.float)


def _check(table: Table, names: list[str]) -> None:
    categories = [getattr(column, "categories", []) for column in table.columns]
    bad = [f"{name!r}, which is there twice" for name, times in Counter(names).items() if times > 1]
    bad += [
        f"{name!r}, whose categories are text and numbers"
        for name, values in zip(names, categories, strict=True)
        if values and text_or_number(values) is None
    ]
    bad += [f"{name!r}, which is no name in ONNX" for name in names if not name]
    if bad:
        raise ExportError(f"ONNX cannot take these columns of the table: {'; '.join(bad)}. Rename them before fit")
    for text in (*names, *(value for values in categories for value in values if isinstance(value, str))):
        utf8(text, "ONNX")


def _number(graph: Graph, name: str, column: Number) -> list[str]:
    x = graph.input(name, graph.float64, 1)
    return [_clipped(graph, x, column.center, column.factor), *_missing(graph, x, column.missing)]


def _clipped(graph: Graph, x: str, center: float, factor: float, part: str = "") -> str:
    """Compute z / √(1 + (z/3)²), z = (x - center) · factor, 0 where x is missing."""
    at = f"{part}/" if part else ""
    z = graph.node("Sub", [x, _constant(graph, f"{at}center", center)], f"{at}centered")
    z = graph.node("Mul", [z, _constant(graph, f"{at}factor", factor)], f"{at}scaled")
    z = _filled(graph, x, z, at)
    third = graph.node("Div", [z, _constant(graph, "three", 3)], f"{at}third")
    square = graph.node("Mul", [third, third], f"{at}square")
    square = graph.node("Add", [square, _constant(graph, "one", 1)], f"{at}square_and_1")
    return graph.node("Div", [z, graph.node("Sqrt", [square], f"{at}root")], f"{at}clipped")


def _filled(graph: Graph, x: str, z: str, at: str) -> str:
    """Return z, 0 where x is missing."""
    absent = graph.node("IsNaN", [x], f"{at}is_missing")
    return graph.node("Where", [absent, _constant(graph, "zero", 0), z], f"{at}filled")


def _missing(graph: Graph, x: str, missing: tuple[float, float] | None) -> list[str]:
    if missing is None:
        return []
    there, absent = (_constant(graph, f"level_{i}", level) for i, level in enumerate(missing))
    return [graph.node("Where", [graph.node("IsNaN", [x], "missing/is_missing"), absent, there], "missing")]


def _known(graph: Graph, name: str, column: Any) -> str:
    """Return which category each row has, (N, categories), booleans."""
    is_text = text_or_number(column.categories) is not False
    x = graph.input(name, graph.text if is_text else graph.float64, 1)
    return graph.node("Equal", [x, graph.array("categories", [column.categories], None if is_text else float)], "known")


def _one_hot(graph: Graph, name: str, column: OneHot) -> list[str]:
    known = _known(graph, name, column)
    off, on = (_constant(graph, part, array) for part, array in (("off", column.off), ("on", column.on)))
    return [graph.node("Where", [known, on, off], "levels")]


def _lookup(graph: Graph, name: str, column: Lookup) -> list[str]:
    """Return `unknown` plus the levels of the one category that is known, less `unknown`."""
    if not column.categories:
        x = graph.input(name, graph.text, 1)
        shape = graph.node("Shape", [x], "shape")
        return [graph.node("Expand", [_constant(graph, "unknown", column.unknown), shape], "levels")]
    known = graph.node("Cast", [_known(graph, name, column)], "chosen", to=graph.float64)
    unknown = column.unknown.astype(np.float64)
    levels = graph.array("levels", column.levels.astype(np.float64) - unknown, np.float64)
    found = graph.node("MatMul", [known, levels], "above")
    return [graph.node("Add", [found, _constant(graph, "unknown", unknown)], "level")]


def _date(graph: Graph, name: str, column: Date) -> list[str]:
    x = graph.input(name, graph.float64, 1)
    held = _calendar(graph, x) if column.parts else {}
    found = []
    for part in column.parts:
        value = held[part.part]
        if isinstance(part, CyclicPart):
            found += _point(graph, x, value, part)
        else:
            found.append(_clipped(graph, value, part.center, part.factor, part.part))
    return [*found, *_missing(graph, x, column.missing)]


def _point(graph: Graph, x: str, value: str, part: CyclicPart) -> list[str]:
    """Return sine and cosine of 2π value / period, 0 where x is missing."""
    at = f"{part.part}/"
    angle = graph.node("Mul", [value, _constant(graph, f"{at}turn", 2 * np.pi / part.period)], f"{at}angle")
    absent, zero = graph.node("IsNaN", [x], f"{at}is_missing"), _constant(graph, "zero", 0)
    points = [(op, graph.node(op, [angle], f"{at}{op.lower()}")) for op in ("Sin", "Cos")]
    return [graph.node("Where", [absent, zero, point], f"{at}{op.lower()}_filled") for op, point in points]


def _calendar(graph: Graph, seconds: str) -> dict[str, str]:
    """Return the parts of a date in the Gregorian calendar, which repeats every 146097 days; years begin in March."""
    count = iter(range(1000))

    def do(op: str, *inputs: str | float) -> str:
        given = [value if isinstance(value, str) else _constant(graph, f"number_{value}", value) for value in inputs]
        return graph.node(op, given, f"calendar/{op.lower()}_{next(count)}")

    def floored(x: str, divisor: float) -> str:
        return do("Floor", do("Div", x, divisor))

    day = floored(seconds, 86400)
    from_march = do("Add", day, 719468)
    era = floored(from_march, 146097)
    of_era = do("Sub", from_march, do("Mul", era, 146097))
    leap = do("Sub", do("Sub", floored(of_era, 36524), floored(of_era, 1460)), floored(of_era, 146096))
    year = floored(do("Add", of_era, leap), 365)
    before = do("Sub", do("Add", do("Mul", year, 365), floored(year, 4)), floored(year, 100))
    of_year = do("Sub", of_era, before)
    month = floored(do("Add", do("Mul", of_year, 5), 2), 153)
    from_january = do("Where", do("Less", month, 10), do("Add", month, 2), do("Sub", month, 10))
    carried = do("Where", do("Less", from_january, 2), 1, 0)
    weekday = do("Add", day, 3)
    return {
        "elapsed": do("Div", seconds, 86400),
        "year": do("Add", do("Add", year, do("Mul", era, 400)), carried),
        "month": from_january,
        "day": do("Sub", of_year, floored(do("Add", do("Mul", month, 153), 2), 5)),
        "weekday": do("Sub", weekday, do("Mul", floored(weekday, 7), 7)),
        "hour": do("Div", do("Sub", seconds, do("Mul", day, 86400)), 3600),
    }


def _constant(graph: Graph, part: str, value: Any) -> str:
    return graph.array(part, np.array(value, np.float64).reshape(1, -1), np.float64)


_TITLES: dict[type[Column], str] = {Number: "number", OneHot: "category", Lookup: "category", Date: "date"}
_WRITERS: dict[type[Column], Callable[..., list[str]]] = {
    Number: _number,
    OneHot: _one_hot,
    Lookup: _lookup,
    Date: _date,
}
