"""One training step, or a prediction, with every number that it is made of.

    trace ─► a copy of the network ─► fit, one step, engine="numpy" ─► the executor's own calls, overheard ─► Trace

Nothing is computed a second time: the copy is trained by `fit` as the network would be, and a callback wraps the calls
that the workspace has bound, so that what each leaves in its arrays is copied before the next one overwrites it.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, cast

import numpy as np

from layerwise.data.arrays import as_batch, is_sparse
from layerwise.data.rows import rows_of
from layerwise.engine import numpy_engine
from layerwise.engine.numpy_engine import NumpyEngine
from layerwise.engine.plan import Plan, Stage
from layerwise.engine.workspace import Batch, Workspace
from layerwise.errors import NotBuiltError, ShapeError
from layerwise.explain.trace.record import Arrays, LayerTrace, PenaltyTrace, StepTrace, Trace
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.parts.layers import Activation, Dense
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.parameters import Parameters, View
from layerwise.parts.penalties import Penalties
from layerwise.training import interrupts
from layerwise.training.callbacks import Callback
from layerwise.typing import Array, ArrayLike

MOST_ROWS = 128  # more cannot be read number by number
# What a reader asks for of a layer's buffers, where it has them.
KEPT = ("mask", "normal", "inverse", "batch_mean", "batch_var")


# -------------------------------------------------------------------- listening


class _Listener:
    """Copies what each layer of a batch computes.

    Attributes
    ----------
    first_input : array
        What the first layer took.
    outputs, kept : dict
        By the layer's index.
    dy, dx, gradients : dict
        The same, from backward.
    """

    def __init__(self, batch: Batch) -> None:
        self.first_input = np.empty(0)
        self.outputs: dict[int, Array] = {}
        self.kept: dict[int, Arrays] = {}
        self.dy: dict[int, Array] = {}
        self.dx: dict[int, Array] = {}
        self.gradients: dict[int, Arrays] = {}
        batch.observer = self

    def forward(self, stage: Stage, p: View, x: Array, y: Array) -> None:
        """Copy what a layer has computed."""
        if not self.outputs:
            self.first_input = x.copy()
        self.outputs[stage.index] = y.copy()
        self.kept[stage.index] = {name: vars(p)[name].copy() for name in KEPT if name in vars(p)}

    def before_backward(self, stage: Stage, dy: Array) -> None:
        """Copy the gradient by a layer's outputs."""
        self.dy[stage.index] = dy.copy()

    def backward(self, stage: Stage, g: View, dx: Array | None) -> None:
        """Copy the gradients that a layer has computed."""
        self.gradients[stage.index] = {name: array.copy() for name, array in vars(g).items()}
        if dx is not None:
            self.dx[stage.index] = dx.copy()


class _Overhear(Callback):
    """Listens to the executor of a fit, and notes what there was before its step."""

    engine: NumpyEngine
    heard: _Listener
    theta: Array
    optimizer: Optimizer
    states: Arrays

    def on_fit_begin(self, run: Any) -> None:
        """Before the step."""
        self.engine = run.engine
        batch = self.engine.workspace.batch(len(self.engine.rows))
        self.heard = _Listener(batch)
        self.theta = run.parameters.theta.copy()
        optimizer = run.plan.optimizer
        optimizer.allocate(self.theta)
        self.states = {name: array.copy() for name, array in optimizer.state.items()}
        self.optimizer = copy.copy(optimizer)
        self.optimizer.state = self.states


# -------------------------------------------------------------------- what a user calls


def trace(
    network: Network,
    x: ArrayLike,
    y: ArrayLike | None = None,
    loss: Loss | str | None = None,
    optimizer: Optimizer | str | None = None,
    *,
    penalty: Penalties = None,
) -> Trace:
    """Return all numbers of one training step, or of a prediction if y is not given.

    The network is not changed: a copy makes the step, with the NumPy engine.

    Parameters
    ----------
    network : Network
        The network. If it is not built yet, its weights are those that `fit` would start with.
    x : array-like of shape (n_in,) or (n, n_in)
        A sample or a batch of at most 128.
    y : label, number or array-like, optional
        The target of the sample, or the targets of the batch, as for `Network.fit`.
    loss : Loss or str, optional
        By default the network's loss.
    optimizer : Optimizer or str, optional
        By default the network's optimizer, with its state.
    penalty : Penalty or sequence of Penalty, optional
        By default the network's penalties.

    Returns
    -------
    Trace
        The numbers. ``print`` shows them, as do notebooks.

    Raises
    ------
    ShapeError, DataError, GradientError
        As from `Network.fit` and `Network.forward`, and for more than 128 samples.
    NotBuiltError
        A prediction by a network whose scaler is not fitted.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(1, weights=[[1.58]], biases=[-0.14]), lw.Sigmoid()], dtype="float64")
    >>> step = lw.trace(net, [0.8], [1.0], loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1))
    >>> step["z1"], step["dC/dW1"].round(6)
    (array([[1.124]]), array([[-0.036322]]))
    >>> print(step.neuron("z1", 0))  # doctest: +ELLIPSIS
    Neuron 0 of layer 0 (Dense(1))
    ...
    """
    check_network("trace", network)
    inputs, single = as_batch(x, "trace: x")
    checked: Any = network.read_rows(inputs, "trace: x")
    if checked.shape[0] > MOST_ROWS:
        raise ShapeError(
            f"trace: x has {checked.shape[0]:,} rows; at most {MOST_ROWS} can be followed number by number: "
            "give some of them, such as x[:10]"
        )
    checked = checked.toarray() if is_sparse(checked) else checked  # each number is shown, also those that are 0
    twin = network.copy()
    if y is None:
        return _prediction(twin, checked)
    if single or (not is_sparse(y) and np.ndim(y) == 0 and checked.shape[0] == 1):
        y = cast("ArrayLike", [y])
    if optimizer is network.optimizer:
        optimizer = None  # its own, with its state
    overheard = _Overhear()
    number = twin.steps
    with interrupts.trial():
        twin.fit(
            checked, y, loss=loss, optimizer=optimizer, penalty=penalty, epochs=1, batch_size=checked.shape[0],
            callbacks=overheard, engine="numpy", verbose=False,
        )  # fmt: skip
    return _training_step(twin, overheard, number)


def _prediction(twin: Network, data: Array) -> Trace:
    if twin.scaling is not None and twin.scaling.offset is None:
        raise NotBuiltError(f"trace: {twin.scaling!r} has not seen any data yet: fit the network first, or give y, too")
    data, scaler = twin.training_rows(data)
    twin.build(data.shape[1])
    plan, parameters = twin.built()
    rows = rows_of(data, scaler, twin.dtype, data.shape[0])
    workspace = Workspace(plan, parameters, len(rows))
    batch = workspace.batch(len(rows))
    heard = _Listener(batch)
    with np.errstate(all="ignore"):
        numpy_engine.forward(batch, rows.span(0, len(rows)))
    parts = _layers(workspace.stages, heard, parameters, parameters.theta)
    return Trace(_raw(rows, heard), heard.first_input, parts, twin.predict(data), None, scaler)


def _raw(rows: Any, heard: _Listener) -> Array:
    """Return the rows as they came; what the first layer took, where that is the same."""
    if rows.scaler is None:
        return heard.first_input
    raw: Array = rows.raw(np.arange(len(rows)))
    return raw


def _layers(stages: list[Stage], heard: _Listener, parameters: Parameters, theta: Array) -> tuple[LayerTrace, ...]:
    """Return the layers with their names, inputs, outputs and weights."""
    parts: list[LayerTrace] = []
    views, used, number = parameters.views(theta), {"x", "y"}, 0
    x, source = heard.first_input, "x"
    for stage in stages:
        number += isinstance(stage.layer, Dense)
        kind = "z" if isinstance(stage.layer, Dense) else "a" if isinstance(stage.layer, Activation) else "h"
        name = _unused(f"{kind}{number}", used)
        arrays = {key: array.copy() for key, array in vars(views[stage.index]).items()}
        names = {key: _unused(f"{key}{number}", used) for key in arrays}
        y = heard.outputs[stage.index]
        parts.append(LayerTrace(stage.index, stage.layer, name, source, x, y, heard.kept[stage.index], arrays, names))
        x, source = y, name
    return tuple(parts)


def _unused(name: str, used: set[str]) -> str:
    while name in used:
        name += "~"
    used.add(name)
    return name


def _training_step(twin: Network, overheard: _Overhear, number: int) -> Trace:
    """Return what the listener noted, with the cost after the step."""
    engine, heard = overheard.engine, overheard.heard
    plan, parameters, n = engine.plan, engine.parameters, len(engine.rows)
    before = Parameters(parameters.shapes, parameters.theta.dtype)
    before.theta[:] = overheard.theta
    losses, targets = engine.epoch.losses.copy(), engine.workspace.batch(n).t.copy()
    parts = _layers(engine.workspace.stages, heard, parameters, overheard.theta)
    answers = engine.epoch.targets.task.answers(parts[-1].y)
    penalties, added = _penalties(plan, before, parts, engine.loss.share(n, None))
    total, new = parameters.views(parameters.grad.copy()), parameters.views(parameters.theta.copy())
    states = _views(parameters, overheard.states)
    new_states = _views(parameters, engine.optimizer.state)
    with np.errstate(all="ignore"):
        engine.value(0, n, number)
    averages, terms = _terms(engine.loss, parts[-1].y, targets, losses)
    step = StepTrace(
        loss=engine.loss,
        optimizer=overheard.optimizer,
        number=number,
        rate=overheard.optimizer.rate(),
        targets=targets,
        losses=losses,
        terms=terms,
        averages=averages,
        fused=plan.fused,
        penalties=penalties,
        cost=engine.loss.mean(losses, None),
        new_cost=engine.loss.mean(engine.epoch.losses, None),
    )
    layers = tuple(
        replace(
            part,
            dy=heard.dy.get(part.index),
            dx=heard.dx.get(part.index),
            gradients=_learned(part, heard.gradients.get(part.index, {})),
            penalties=added[part.index],
            totals=_learned(part, vars(total[part.index])),
            states={name: {s: vars(v[part.index])[name] for s, v in states.items()} for name in _learned(part)},
            new_states={name: {s: vars(v[part.index])[name] for s, v in new_states.items()} for name in _learned(part)},
            new=vars(new[part.index]),
            new_y=heard.outputs[part.index],
            rates={name: rate for name, rate in part.layer.rates(part.x.shape[1]).items() if rate != 1},
            frozen=part.index in twin.frozen,
        )
        for part in parts
    )
    return Trace(_raw(engine.rows, heard), parts[0].x, layers, answers, step, engine.rows.scaler)


def _views(parameters: Parameters, states: Arrays) -> dict[str, list[View]]:
    """Return an optimizer's states by layer; those of a custom one that are not as long as theta belong to no layer."""
    whole = {name: array for name, array in states.items() if np.shape(array) == parameters.theta.shape}
    return {name: parameters.views(array.copy()) for name, array in whole.items()}


def _learned(part: LayerTrace, arrays: Arrays | None = None) -> Arrays:
    """Return the layer's arrays (by default its weights) that a gradient teaches."""
    found = part.parameters if arrays is None else arrays
    return {name: array for name, array in found.items() if name not in part.layer.statistics}


def _penalties(
    plan: Plan, before: Parameters, parts: tuple[LayerTrace, ...], share: float
) -> tuple[tuple[PenaltyTrace, ...], list[Arrays]]:
    """Return each penalty's value, and what all of them add to the gradients, layer by layer."""
    found: list[PenaltyTrace] = []
    added: list[Arrays] = [{} for _ in plan.stages]
    for term in plan.penalties:
        index, name, _ = before.locate(term.part.start)
        w, factor = before.theta[term.part], term.factor(share)
        gradient = np.empty_like(w)
        term.penalty.gradient(w, gradient)
        value = factor * float(term.penalty.value(w, np.empty_like(w)))
        found.append(PenaltyTrace(term.penalty, parts[index].names[name], factor, value))
        shape = before.shapes[index][name]
        added[index][name] = added[index].get(name, np.zeros(shape, w.dtype)) + factor * gradient.reshape(shape)
    return tuple(found), added


def _terms(loss: Loss, y: Array, t: Array, losses: Array) -> tuple[bool, Array | None]:
    """Return whether a sample's loss is the mean of its outputs' losses, and those, an output at a time."""
    m = y.shape[1]
    if m == 1:
        return False, losses[:, np.newaxis]
    try:
        terms = np.stack([_losses(loss.of_output(j), y[:, [j]], t[:, [j]]) for j in range(m)], axis=1)
        one, all_alike = (
            _losses(loss.of_output(0), np.full((1, k), 0.3, y.dtype), np.full((1, k), 0.6, y.dtype))[0] for k in (1, m)
        )
    except (ValueError, IndexError):
        return False, None  # a custom loss, that needs all outputs
    averages = bool(np.isclose(one, all_alike, rtol=1e-4))
    combined = terms.mean(axis=1) if averages else terms.sum(axis=1)
    return averages, terms if np.allclose(combined, losses, rtol=1e-3, atol=1e-6) else None


def _losses(loss: Loss, y: Array, t: Array) -> Array:
    found = np.empty(len(y), y.dtype)
    with np.errstate(all="ignore"):
        loss.forward(y, t, found, (np.empty_like(y), np.empty_like(y)))
    return found
