"""An example of an activation or a schedule, run when the page is made; of those whose docstring has none."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from public import public_name

import layerwise as lw


def example(part: Any) -> list[str]:
    """Return the lines of an example, with what they print; none for other parts, and where the docstring has one."""
    kind = type(part)
    name = (public_name(kind) or "").replace("layerwise.", "lw.")
    if "Examples\n---" in (inspect.getdoc(kind) or ""):
        return []
    if isinstance(part, lw.Activation) and part.has_formula:
        call = f"{name}()([-2.0, -0.5, 0.0, 1.0]).round(3)"
        return [">>> import layerwise as lw", *_run(call, lw=lw)]
    if isinstance(part, lw.schedules.Schedule):
        call = f"{name}()(np.array([0.0, 5.0, 10.0, 20.0]), 20).round(3)"
        return [">>> import numpy as np", ">>> import layerwise as lw", *_run(call, lw=lw, np=np)]
    return []


def _run(call: str, **names: Any) -> list[str]:
    return [f">>> {call}", *repr(eval(call, names)).splitlines()]
