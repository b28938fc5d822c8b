"""The constants of a network in C: weights padded to whole vectors, and the lengths that the functions take.

A dense layer's W has a row for each input, with a weight for each unit, and zeros after them; of groups, one after the
other, each padded. In int8, each unit has a scale: its greatest weight is 127.
"""

from __future__ import annotations

import numpy as np

from layerwise.exchange.export.c_formulas import LANES
from layerwise.exchange.export.literals import decimals, wrapped
from layerwise.exchange.export.program import GROUPED, Call, Program
from layerwise.parts.quantization import quantize
from layerwise.typing import Array


def is_dense(call: Call) -> bool:
    """Return whether a call is of a dense layer, in groups or not."""
    return call.function in ("dense", GROUPED)


def written(call: Call, weights: str) -> int:
    """Return how many numbers a dense layer writes: its units, and the padding of the last group."""
    return call.n_out - call.n_out // _groups(call) + _padded(call, weights)


def constants_of(call: Call, weights: str) -> dict[str, Array]:
    """Return the arrays of a call: each group of a dense layer padded with zeros, and in 8 bits if asked."""
    if not is_dense(call):
        return call.arrays
    groups = _groups(call)
    units = call.n_out // groups
    padding = (0, _padded(call, weights) - units)
    W = call.arrays["W"].reshape(-1, groups, units).swapaxes(0, 1)  # (groups, inputs of a group, units of a group)
    W, b = np.pad(W, ((0, 0), (0, 0), padding)), np.pad(call.arrays["b"].reshape(groups, units), ((0, 0), padding))
    if weights != "int8":
        return {"W": W, "b": b.ravel()}
    rounded, scale = quantize(W, W.dtype)
    return {"W": rounded, "scale": scale.ravel(), "b": b.ravel()}


def constant(call: Call, name: str, array: Array) -> str:
    """Return the declaration of one of these arrays."""
    size = f"{array.size}"
    if is_dense(call):
        rows = call.n_in if array.ndim > 1 else _groups(call)
        size = f"{'' if array.ndim == rows == 1 else f'{rows} * '}COLUMNS_{call.label}"
    kind = {"i": "int8_t", "u": "uint32_t", "f": "float"}[array.dtype.kind]
    values = (f"{text}f" if kind == "float" else text for text in decimals(array))
    return f"static const {kind} {name}_{call.label}[{size}] = {{\n{wrapped(values)}\n}};\n"


def sizes(program: Program, weights: str) -> str:
    """Return how many outputs each layer has that changes their number, and the lengths that its function takes."""
    comment = "/* The units of each dense layer, and the same with padding. */"
    if not {call.function for call in program.calls}.isdisjoint((GROUPED, "piecewise_linear")):
        comment = "/* The outputs of layers; of dense ones, the groups, their units, and the same with padding. */"
    lines = []
    for call in program.calls:
        if is_dense(call) or call.n_out != call.n_in:
            named = {f"UNITS_{call.label}": call.n_out, **dict(lengths(call, weights))}
            lines.append(f"    {', '.join(f'{name} = {length}' for name, length in named.items())},\n")
    return f"{comment}\nenum {{\n{''.join(lines)}}};\n" if lines else ""


def lengths(call: Call, weights: str) -> list[tuple[str, int]]:
    """Return the names and values of the lengths that a call's function takes besides that of x."""
    columns = (f"COLUMNS_{call.label}", _padded(call, weights))
    if call.function == GROUPED:
        groups = _groups(call)
        return [(f"GROUPS_{call.label}", groups), (f"UNITS_OF_GROUP_{call.label}", call.n_out // groups), columns]
    if call.function == "piecewise_linear":
        return [(f"INTERVALS_{call.label}", call.arrays["low"].size)]
    return [columns] if is_dense(call) else []


def _groups(call: Call) -> int:
    return int(call.numbers.get("groups", 1))


def _padded(call: Call, weights: str) -> int:
    """Return the units of a group of a dense layer, with padding."""
    if not is_dense(call):
        return call.n_out
    return -(-(call.n_out // _groups(call)) // LANES[weights]) * LANES[weights]
