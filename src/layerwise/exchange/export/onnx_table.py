"""What a `TableEncoder` does, in ONNX: an input for each column, (N, 1), and what they become side by side.

number     float64   (x - center) · factor ─► clip ─► [ x | was it missing? ]       NaN is a missing number
category   text      one of the known ones? ─► a column a category, or ±1           "" is a missing one
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from layerwise.data.tabular import TableEncoder
from layerwise.errors import ExportError
from layerwise.exchange.export.onnx_graph import Graph
from layerwise.formula.quoting import utf8, visible


def encoded(graph: Graph, encoder: TableEncoder) -> str:
    """Return the columns as the network takes them.

    Raises
    ------
    ExportError
        Columns that ONNX cannot take: names all of them.
    """
    described = encoder.to_dict()
    columns = [(str(c["name"]) if described["has_names"] else f"x{c['name']}", c) for c in described["columns"]]
    names = [name for name, _ in columns]
    bad = [f"{name!r}, which is there twice" for name, times in Counter(names).items() if times > 1]
    bad += [f"{name!r}, whose categories are text and numbers" for name, c in columns if _is_mixed(c)]
    bad += [f"{name!r}, which is no name in ONNX" for name in names if not name]
    if bad:
        raise ExportError(f"ONNX cannot take these columns of the table: {'; '.join(bad)}. Rename them before fit")
    parts = []
    for name, column in columns:
        for text in (name, *(value for value in column.get("categories", ()) if isinstance(value, str))):
            utf8(text, "ONNX")
        graph.scope, graph.doc = f"columns/{name}", f"{column['kind']} {visible(name)}"
        parts += (_number if column["kind"] == "number" else _category)(graph, name, column)
    graph.scope, graph.doc = "columns", "TableEncoder"
    table = graph.node("Cast", [graph.node("Concat", parts, "table", axis=1)], "float32", to=graph.float32)
    return graph.node("Cast", [table], to=graph.float)


def _is_mixed(column: dict[str, Any]) -> bool:
    return len({isinstance(value, str) for value in column.get("categories", ())}) > 1


def _number(graph: Graph, name: str, column: dict[str, Any]) -> list[str]:
    """Compute z / √(1 + (z/3)²), z = (x - center) · factor, 0 where x is missing; and whether it is."""
    x = graph.input(name, graph.float64, 1)
    absent = graph.node("IsNaN", [x], "is_missing")
    z = graph.node("Sub", [x, _constant(graph, "center", column["center"])], "centered")
    z = graph.node("Mul", [z, _constant(graph, "factor", column["factor"])], "scaled")
    z = graph.node("Where", [absent, _constant(graph, "zero", 0), z], "filled")
    third = graph.node("Div", [z, _constant(graph, "three", 3)], "third")
    square = graph.node(
        "Add", [graph.node("Mul", [third, third], "square"), _constant(graph, "one", 1)], "square_and_1"
    )
    parts = [graph.node("Div", [z, graph.node("Sqrt", [square], "root")], "clipped")]
    if column["missing"] is not None:
        there, missing = (_constant(graph, f"level_{i}", level) for i, level in enumerate(column["missing"]))
        parts.append(graph.node("Where", [absent, missing, there], "missing"))
    return parts


def _category(graph: Graph, name: str, column: dict[str, Any]) -> list[str]:
    """Return its level where it is the category, another where it is not: for each category, or ±1 for two of them."""
    categories, levels = column["categories"], column["levels"]
    is_text = not categories or isinstance(categories[0], str)
    x = graph.input(name, graph.text if is_text else graph.float64, 1)
    if not categories:
        return []
    dtype = None if is_text else np.float64
    if len(levels) < len(categories):
        low, high, other = (_constant(graph, f"level_{i}", level) for i, level in enumerate(levels[0]))
        first, second = (
            graph.node("Equal", [x, graph.array(f"category_{i}", [[value]], dtype)], f"is_{i}")
            for i, value in enumerate(categories)
        )
        return [graph.node("Where", [first, low, graph.node("Where", [second, high, other], "rest")], "level")]
    known = graph.node("Equal", [x, graph.array("categories", [categories], dtype)], "known")
    off, on, _ = np.array(levels).T
    return [graph.node("Where", [known, _constant(graph, "on", [on]), _constant(graph, "off", [off])], "levels")]


def _constant(graph: Graph, part: str, value: Any) -> str:
    return graph.array(part, np.array(value, np.float64).reshape(1, -1), np.float64)
