"""Does a part of one's own keep the contract: are results written into the arrays that are given?

The natural mistake is to return a result, or to assign a new array to the name `out`; what training would then read
is memory that nobody wrote. So each part that is not one of layerwise's own is run once, on two rows, with results
that begin as NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.engine.plan import Plan, Stage
from layerwise.errors import FormulaError
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES, Loss
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.parameters import View
from layerwise.parts.penalties import PENALTIES
from layerwise.typing import Array

_ROWS = 2


def has_custom_part(plan: Plan) -> bool:
    """Whether a layer, the loss, a penalty or the optimizer is not one of layerwise's own."""
    own = {*LAYERS, *LOSSES, *PENALTIES, *OPTIMIZERS, type(None)}
    parts = (*(stage.layer for stage in plan.stages), *(term.penalty for term in plan.penalties))
    return any(type(part) not in own for part in (*parts, plan.loss, plan.optimizer))


def check_layer(stage: Stage, p: View) -> None:
    """Run the formulas of a layer of one's own once.

    Raises
    ------
    TypeError
        A formula returns a result, or leaves the array that it was given unwritten.
    """
    layer: Any = stage.layer  # what its formulas return is what is asked
    if type(layer) in LAYERS:
        return
    dtype = np.dtype(np.float64)
    buffers = layer.make_buffers(_ROWS, stage.n_in, dtype)
    both = View({**{name: array.astype(dtype) for name, array in vars(p).items()}, **buffers})
    gradients = {name: np.full(array.shape, np.nan) for name, array in vars(p).items()}
    x, y = np.full((_ROWS, stage.n_in), 0.5), np.full((_ROWS, stage.n_out), np.nan)
    dy, dx = np.full(y.shape, 0.5), np.full(x.shape, np.nan)
    with np.errstate(all="ignore"):
        returned = _run(layer, "forward(p, x, out)", lambda: layer.forward(both, x, y))
        _written(layer, "forward(p, x, out)", returned, {"out": y})
        if layer.differentiable:
            formula = "backward(p, x, y, dy, g, dx)"
            returned = _run(layer, formula, lambda: layer.backward(both, x, y, dy, View(gradients), dx))
            _written(layer, "backward(p, x, y, dy, g, dx)", returned, {"dx": dx, **_named("g", gradients)})


def check_loss(loss: Loss, n_out: int) -> None:
    """The same for a loss.

    Raises
    ------
    TypeError
        A formula returns a result, or leaves the array that it was given unwritten.
    """
    if type(loss) in LOSSES:
        return
    part: Any = loss
    shape = (_ROWS, n_out)
    y, t, dy, out = np.full(shape, 0.5), np.full(shape, 0.25), np.full(shape, np.nan), np.full(_ROWS, np.nan)
    tmp = (np.empty(shape), np.empty(shape))
    with np.errstate(all="ignore"):
        returned = _run(loss, "forward(y, t, out, tmp)", lambda: part.forward(y, t, out, tmp))
        _written(loss, "forward(y, t, out, tmp)", returned, {"out": out})
        returned = _run(loss, "backward(y, t, dy, tmp)", lambda: part.backward(y, t, dy, tmp))
        _written(loss, "backward(y, t, dy, tmp)", returned, {"dy": dy})


def _run(part: object, formula: str, run: Callable[[], Any]) -> Any:
    """What the formula returns; an error about shapes names the part."""
    try:
        return run()
    except FormulaError:
        raise
    except (ValueError, IndexError) as error:
        raise TypeError(f"{type(part).__name__}.{formula} fails on {_ROWS} samples: {error}") from error


def _named(prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def _written(part: object, formula: str, returned: Any, arrays: dict[str, Array]) -> None:
    for name, array in arrays.items():
        if returned is not None or np.isnan(array).all():
            what = "returned a result" if returned is not None else f"left {name!r} unwritten"
            target = name if "." in name else f"{name}[:]"
            raise TypeError(f"{type(part).__name__}.{formula} {what}; write into the array given: {target} = …")
