"""The memory of a run: activations, deltas and masks, made once for the largest batch.

A batch of n rows uses the first n of them. Where a layer allows it, its output takes its input's memory. The
gradients by the layers' outputs alternate between two arrays, since only two are ever needed at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.parameters import Parameters, View
from layerwise.plan import Plan, Stage
from layerwise.typing import Array


@dataclass
class Batch:
    """The arrays for n rows, bound to the plan.

    Attributes
    ----------
    forward : list of (forward, p, y)
        The calls to make, first to last; each takes the output before it.
    backward : list of (backward, p, x, y, dy, g, dx)
        The calls to make, last to first; x is None for the first layer, which takes the input.
    masks : list of (mask, layer)
        What to fill with random numbers before each step.
    adapting : list of (stage, p)
        The layers with statistics, which change after each step.
    y : array (n, n_out)
        The outputs.
    dy : array (n, n_out)
        Where the loss writes its gradient: by the outputs, or by the last layer's input where that is fused.
    dx : array (n, n_in), optional
        The gradient by the input, where it was asked for.
    t : array (n, n_out)
        The targets.
    tmp : two arrays (n, n_out)
        For the loss to work in.
    """

    n: int
    forward: list[tuple[Any, View, Array]]
    backward: list[tuple[Any, ...]]
    masks: list[tuple[Array, int]]
    adapting: list[tuple[Stage, View]]
    y: Array
    dy: Array
    dx: Array | None
    t: Array
    tmp: tuple[Array, Array]


class Workspace:
    """All arrays for up to `size` rows.

    Parameters
    ----------
    plan : Plan
        The layers.
    parameters : Parameters
        Their theta and grad, which the calls are bound to.
    size : int
        The most rows of a batch.
    training : bool
        Layers that draw (dropout) take part, and others compute as in training; else as in prediction.
    gradients : {None, "parameters", "inputs"}
        No gradients, those by the parameters, or those by the inputs as well.
    fused : bool
        The last layer's backward is left to the loss.
    keep : bool
        Every layer gets an output of its own, to be looked at.
    """

    def __init__(
        self,
        plan: Plan,
        parameters: Parameters,
        size: int,
        *,
        training: bool = False,
        gradients: str | None = None,
        fused: bool = False,
        keep: bool = False,
    ) -> None:
        self.plan, self.parameters = plan, parameters
        self.gradients, self.fused, self.training = gradients, fused, training
        dtype = parameters.theta.dtype
        self.stages = [stage for stage in plan.stages if training or not stage.layer.draws]
        self._outputs: list[Array] = []
        for i, stage in enumerate(self.stages):
            shared = i > 0 and not keep and self._may_overwrite(i)
            self._outputs.append(self._outputs[-1] if shared else np.empty((size, stage.n_out), dtype))
        self._buffers = [stage.layer.make_buffers(size, stage.n_in, dtype) for stage in self.stages]
        widest = max(*(stage.n_out for stage in plan.stages), plan.n_in if gradients == "inputs" else 0)
        self._deltas = [np.empty(size * widest if gradients else 0, dtype) for _ in range(2)]
        self._t = np.empty((size, plan.n_out), dtype)
        self._tmp = (np.empty_like(self._t), np.empty_like(self._t))
        self._batches: dict[int, Batch] = {}

    def _may_overwrite(self, i: int) -> bool:
        """Whether stage i may write its output over its input."""
        stage = self.stages[i]
        if not stage.layer.in_place or stage.n_in != stage.n_out:
            return False
        if self.gradients is None:
            return True
        return "x" not in stage.layer.reads and "y" not in self.stages[i - 1].layer.reads

    def batch(self, n: int) -> Batch:
        """The arrays for n rows; made at the first call, then kept."""
        if n not in self._batches:
            self._batches[n] = self._bind(n)
        return self._batches[n]

    def _bind(self, n: int) -> Batch:
        outputs = [y[:n] for y in self._outputs]
        views = [self._view(n, stage, buffers) for stage, buffers in zip(self.stages, self._buffers, strict=True)]
        formulas = [stage.layer.forward if self.training else stage.layer.predict for stage in self.stages]
        forward = list(zip(formulas, views, outputs, strict=True))
        adapting = [(stage, p) for stage, p in zip(self.stages, views, strict=True) if stage.layer.statistics]
        masks = [(p.mask, stage.index) for stage, p in zip(self.stages, views, strict=True) if stage.layer.draws]
        backward, dy, dx = self._bind_backward(n, views, outputs)
        t, tmp = self._t[:n], (self._tmp[0][:n], self._tmp[1][:n])
        return Batch(n, forward, backward, masks, adapting, outputs[-1], dy, dx, t, tmp)

    def _view(self, n: int, stage: Stage, buffers: dict[str, Array]) -> View:
        whole = stage.layer.batch_buffers(stage.n_in)
        cut = {name: array if name in whole else array[:n] for name, array in buffers.items()}
        return View({**vars(self.parameters.p[stage.index]), **cut})

    def _bind_backward(
        self, n: int, views: list[View], outputs: list[Array]
    ) -> tuple[list[tuple[Any, ...]], Array, Array | None]:
        """The backward calls, the array where they begin and the one where they end."""
        if self.gradients is None:
            return [], np.empty((0, self.plan.n_out)), None
        calls: list[tuple[Any, ...]] = []
        begin = _rows(self._deltas[0], n, self.plan.n_out)
        dx: Array | None = begin
        learns = [i for i, stage in enumerate(self.stages) if self.parameters.shapes[stage.index]]
        first = 0 if self.gradients == "inputs" else min(learns, default=len(self.stages))
        for i in reversed(range(first, len(self.stages) - self.fused)):
            stage, dy = self.stages[i], dx
            wanted = i > first or self.gradients == "inputs"
            dx = _rows(self._deltas[(len(calls) + 1) % 2], n, stage.n_in) if wanted else None
            x = outputs[i - 1] if i else None
            calls.append((stage.layer.backward, views[i], x, outputs[i], dy, self.parameters.g[stage.index], dx))
        return calls, begin, dx


def _rows(flat: Array, n: int, width: int) -> Array:
    return flat[: n * width].reshape(n, width)
