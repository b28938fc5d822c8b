"""The text of a schedule in a training script: its formula, whose numbers stand in the text.

The same operations in the same order give the same bits.
"""

from __future__ import annotations

import math
from dataclasses import replace

from layerwise.formula import NUMPY
from layerwise.formula.quoting import python_docstring
from layerwise.parts.schedules import Schedule

_IN_NUMPY = replace(
    NUMPY,
    number=lambda value: "np.pi" if value == math.pi else NUMPY.number(value),
    where_numbers=None,
    truth="np.where({0}, 1.0, 0.0)",
)


def schedule_text(schedule: Schedule) -> str:
    """Return the schedule as a function of t and total."""
    tree = schedule.tree()
    lines, value = _IN_NUMPY.statements(tree, prefix="part_")
    value = value if "t" in tree.symbols else f"np.full_like(t, {value})"
    body = "".join(f"    {line}\n" for line in [*lines, f"return {value}"])
    name = python_docstring(schedule.name or type(schedule).__name__)
    return f'''def schedule(t, total):
    """{name}: the factor of the learning rate after t of so many epochs."""
{body}'''
