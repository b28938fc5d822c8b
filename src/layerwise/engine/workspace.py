"""The memory of a run: activations, deltas and masks, made once for the largest batch.

A batch of n rows uses the first n of them. Where a layer allows it, its output takes its input's memory. The
gradients by the layers' outputs alternate between two arrays, since only two are ever needed at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from layerwise.engine.plan import Plan, Stage
from layerwise.parts.bound import Bound
from layerwise.parts.parameters import Parameters, View
from layerwise.typing import Array


class Observer(Protocol):
    """Looks on while an executor computes, layer by layer; what it is shown it may only read."""

    def forward(self, stage: Stage, p: View, x: Array, y: Array) -> None:
        """Look at what a layer has computed."""

    def before_backward(self, stage: Stage, dy: Array) -> None:
        """Look at the gradient by a layer's outputs, before its own gradients are computed."""

    def backward(self, stage: Stage, g: View, dx: Array | None) -> None:
        """Look at the gradients that a layer has computed."""


@dataclass
class Pass:
    """The calls of one layer, forward or backward, and the arrays that they read and write.

    The first layer's `x` is None: `call` then takes the inputs.
    """

    stage: Stage
    call: Callable[[Array], Any] | None
    calls: list[Callable[[], Any]]
    p: View
    x: Array | None
    y: Array
    dy: Array
    dx: Array | None

    def run(self, inputs: Array) -> None:
        """Make the calls."""
        if self.call is not None:
            self.call(inputs)
        for call in self.calls:
            call()


@dataclass
class Batch:
    """The arrays for n rows, bound to the plan.

    Attributes
    ----------
    forward : list of Pass
        The layers, first to last.
    backward : list of Pass
        Those with gradients, last to first.
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
    losses : array (n,)
        The loss of each row.
    write_losses, write_gradient : callable
        Compute `losses`, and `dy`, from y and t; where the plan has a loss.
    observer : Observer, optional
        Is shown what each layer computes.
    """

    n: int
    forward: list[Pass]
    backward: list[Pass]
    masks: list[tuple[Array, int]]
    adapting: list[tuple[Stage, View]]
    y: Array
    dy: Array
    dx: Array | None
    t: Array
    tmp: tuple[Array, Array]
    losses: Array
    write_losses: Callable[[], Any]
    write_gradient: Callable[[], Any]
    observer: Observer | None = None

    def __post_init__(self) -> None:
        first, *others = self.forward
        self._first, self._then = first.call, [*first.calls, *(call for other in others for call in other.calls)]
        self._back = [call for each in self.backward for call in each.calls]
        self._last = self.backward[-1].call if self.backward else None

    def run_forward(self, inputs: Array) -> Array:
        """Compute the outputs: each layer in turn."""
        if self.observer is not None:
            return self._observed_forward(self.observer, inputs)
        if self._first is not None:
            self._first(inputs)
        for call in self._then:
            call()
        return self.y

    def run_backward(self, inputs: Array) -> None:
        """Compute the gradients of all parameters from `dy`: each layer in turn, last to first."""
        if self.observer is not None:
            return self._observed_backward(self.observer, inputs)
        for call in self._back:
            call()
        if self._last is not None:
            self._last(inputs)
        return None

    def _observed_forward(self, observer: Observer, inputs: Array) -> Array:
        for each in self.forward:
            each.run(inputs)
            observer.forward(each.stage, each.p, inputs if each.x is None else each.x, each.y)
        return self.y

    def _observed_backward(self, observer: Observer, inputs: Array) -> None:
        for each in self.backward:
            observer.before_backward(each.stage, each.dy)
            each.run(inputs)
            observer.backward(each.stage, each.p, each.dx)


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
        forward = self._bind_forward(views, outputs)
        adapting = [(stage, p) for stage, p in zip(self.stages, views, strict=True) if stage.layer.statistics]
        masks = [(p.mask, stage.index) for stage, p in zip(self.stages, views, strict=True) if stage.layer.draws]
        backward, dy, dx = self._bind_backward(n, views, outputs)
        t, tmp = self._t[:n], (self._tmp[0][:n], self._tmp[1][:n])
        losses = np.empty(n, t.dtype)
        bound = self._bind_loss(outputs[-1], t, dy, tmp, losses)
        return Batch(n, forward, backward, masks, adapting, outputs[-1], dy, dx, t, tmp, losses, *bound)

    def _bind_loss(
        self, y: Array, t: Array, dy: Array, tmp: tuple[Array, Array], losses: Array
    ) -> tuple[Callable[[], Any], Callable[[], Any]]:
        loss = self.plan.loss
        if loss is None:
            return _nothing, _nothing
        value = partial(loss.bound_forward, y, t, losses, tmp)
        slope = partial(loss.bound_fused, y, t, dy) if self.fused else partial(loss.bound_backward, y, t, dy, tmp)
        return Bound(value), Bound(slope)

    def _view(self, n: int, stage: Stage, buffers: dict[str, Array]) -> View:
        whole = stage.layer.batch_buffers(stage.n_in)
        cut = {name: array if name in whole else array[:n] for name, array in buffers.items()}
        return View({**vars(self.parameters.p[stage.index]), **cut})

    def _bind_forward(self, views: list[View], outputs: list[Array]) -> list[Pass]:
        passes = []
        for i, (stage, p, y) in enumerate(zip(self.stages, views, outputs, strict=True)):
            layer, x = stage.layer, outputs[i - 1] if i else None
            calls = [] if x is None else layer.bound_forward(p, x, y, self.training)
            compute = layer.forward if self.training else layer.predict
            call = partial(_forward_from, compute, p, y) if x is None else None
            passes.append(Pass(stage, call, calls, p, x, y, y, None))
        return passes

    def _bind_backward(self, n: int, views: list[View], outputs: list[Array]) -> tuple[list[Pass], Array, Array | None]:
        """The backward calls, the array where they begin and the one where they end."""
        if self.gradients is None:
            return [], np.empty((0, self.plan.n_out)), None
        passes: list[Pass] = []
        begin = _rows(self._deltas[0], n, self.plan.n_out)
        dx: Array | None = begin
        learns = [i for i, stage in enumerate(self.stages) if self.parameters.shapes[stage.index]]
        first = 0 if self.gradients == "inputs" else min(learns, default=len(self.stages))
        for i in reversed(range(first, len(self.stages) - self.fused)):
            stage, dy, p, y = self.stages[i], dx, views[i], outputs[i]
            assert dy is not None
            wanted = i > first or self.gradients == "inputs"
            dx = _rows(self._deltas[(len(passes) + 1) % 2], n, stage.n_in) if wanted else None
            x, g = outputs[i - 1] if i else None, self.parameters.g[stage.index]
            calls = [] if x is None else stage.layer.bound_backward(p, x, y, dy, g, dx)
            call = partial(_backward_from, stage.layer.backward, p, y, dy, g, dx) if x is None else None
            passes.append(Pass(stage, call, calls, g, x, y, dy, dx))
        return passes, begin, dx


def _nothing() -> None:
    """Compute nothing."""


def _forward_from(compute: Callable[..., None], p: View, y: Array, inputs: Array) -> None:
    compute(p, inputs, y)


def _backward_from(
    compute: Callable[..., None], p: View, y: Array, dy: Array, g: View, dx: Array | None, inputs: Array
) -> None:
    compute(p, inputs, y, dy, g, dx)


def _rows(flat: Array, n: int, width: int) -> Array:
    return flat[: n * width].reshape(n, width)
