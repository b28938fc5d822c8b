"""One training step, or a prediction, with every number that it is made of.

    trace ─► a copy of the network ─► fit, one step, engine="numpy" ─► the executor's own calls, overheard ─► Trace

Nothing is computed a second time: the copy is trained by `fit` as the network would be, and a callback wraps the calls
that the workspace has bound, so that what each leaves in its arrays is copied before the next one overwrites it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.callbacks import Callback
from layerwise.data import check_rows, rows_of
from layerwise.engine import numpy_engine
from layerwise.engine.numpy_engine import NumpyEngine
from layerwise.engine.workspace import Batch, Workspace
from layerwise.errors import NotBuiltError, ShapeError, UnknownNameError, nearest
from layerwise.layers import Activation, Dense, Layer
from layerwise.losses import Loss
from layerwise.network import Network
from layerwise.optimizers import Optimizer
from layerwise.parameters import Parameters
from layerwise.penalties import Penalties, Penalty
from layerwise.plan import Plan, Stage
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from layerwise.trace.document import Document

MOST_ROWS = 128  # more cannot be read number by number
KEPT = ("mask", "normal", "inverse", "batch_mean", "batch_var")  # buffers that a reader asks for, where a layer has them
Arrays = dict[str, Array]


@dataclass(frozen=True)
class LayerTrace:
    """What one layer took, gave and learned.

    Attributes
    ----------
    index : int
        Its place in the network, from 0.
    layer : Layer
        What it is.
    name, source : str
        What its outputs and its inputs are called: ``"z1"`` after the first dense layer, then ``"a1"``, …
    x, y : array (n, n_in), (n, n_out)
        Inputs and outputs.
    kept : dict of array
        A dropout mask, or what a normalization found.
    parameters, names : dict
        Its weights before the step, and what they are called: ``{"W": "W1", "b": "b1"}``.
    dy, dx : array, optional
        ∂C/∂y and ∂C/∂x, both of the mean cost C. `dy` is None where it is fused into the loss, `dx` where nothing
        before the layer learns.
    gradients : dict of array
        ∂C/∂W, …, without penalties.
    penalties : dict of array
        What the penalties add.
    totals : dict of array
        What the optimizer was given: 0 for what is frozen.
    states, new_states : dict of dict of array
        The optimizer's states by parameter and name, before and after.
    new : dict of array
        The weights after the step.
    new_y : array, optional
        The outputs for the same samples, masks included, after the step.
    rates : dict of float
        What share of the step a parameter makes, where that is not all of it.
    frozen : bool
        The layer was kept as it is.
    """

    index: int
    layer: Layer
    name: str
    source: str
    x: Array
    y: Array
    kept: Arrays
    parameters: Arrays
    names: dict[str, str]
    dy: Array | None = None
    dx: Array | None = None
    gradients: Arrays = field(default_factory=dict)
    penalties: Arrays = field(default_factory=dict)
    totals: Arrays = field(default_factory=dict)
    states: dict[str, Arrays] = field(default_factory=dict)
    new_states: dict[str, Arrays] = field(default_factory=dict)
    new: Arrays = field(default_factory=dict)
    new_y: Array | None = None
    rates: dict[str, float] = field(default_factory=dict)
    frozen: bool = False

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        arrays = {"x": self.x, "y": self.y, "dy": self.dy, "dx": self.dx, "new_y": self.new_y}
        tables = {name: getattr(self, name) for name in ("kept", "parameters", "gradients", "penalties", "totals", "new")}
        head = {"index": self.index, "layer": repr(self.layer), "name": self.name, "source": self.source}
        states = {"states": self.states, "new_states": self.new_states}
        rest = {"names": self.names, "rates": self.rates, "frozen": self.frozen}
        found: dict[str, Any] = _plain({**head, **arrays, **tables, **states, **rest})
        return found


@dataclass(frozen=True)
class PenaltyTrace:
    """A penalty on one array: `factor` is λ, `name` what it is on, `value` what it adds to the cost."""

    penalty: Penalty
    name: str
    factor: float
    value: float


@dataclass(frozen=True)
class StepTrace:
    """What a training step has beside its layers.

    Attributes
    ----------
    loss, optimizer : Loss, Optimizer
        The optimizer as it was before the step.
    number : int
        Which step of the network it is, from 0.
    rate : float
        η, the learning rate of the step.
    targets : array (n, n_out)
        y as the loss has it: one-hot for labels.
    losses : array (n,)
        The loss of each sample.
    terms : array (n, n_out), optional
        The loss of each output; None if the loss is not made of the outputs' losses.
    averages : bool
        A sample's loss is the mean of its terms; else their sum.
    fused : bool
        The gradient begins at the input of the last layer: softmax or sigmoid and its cross-entropy are one.
    penalties : tuple of PenaltyTrace
        What is added to the cost.
    cost, new_cost : float
        C, the mean loss, before and after the step, without penalties.
    """

    loss: Loss
    optimizer: Optimizer
    number: int
    rate: float
    targets: Array
    losses: Array
    terms: Array | None
    averages: bool
    fused: bool
    penalties: tuple[PenaltyTrace, ...]
    cost: float
    new_cost: float

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        parts = {"loss": repr(self.loss), "optimizer": repr(self.optimizer), "iterations": self.optimizer.iterations}
        names = ("number", "rate", "targets", "losses", "terms", "averages", "fused", "cost", "new_cost")
        penalties = [{**vars(term), "penalty": repr(term.penalty)} for term in self.penalties]
        found: dict[str, Any] = _plain(
            {**parts, **{name: getattr(self, name) for name in names}, "penalties": penalties}
        )
        return found


@dataclass(frozen=True)
class Trace:
    """Every number of one training step or of a prediction; `trace` makes it.

    ``trace["z1"]`` is the array of that name, a row a sample; `names` lists them. ``print(trace)`` and a notebook show
    all of it.

    Attributes
    ----------
    raw, x : array (n, n_in)
        The inputs as they came, and as the first layer took them.
    layers : tuple of LayerTrace
        First to last; in a prediction without those that only draw.
    answers : array
        What `predict` would say, before the step.
    step : StepTrace, optional
        The loss, the optimizer and the cost; None for a prediction.
    """

    raw: Array
    x: Array
    layers: tuple[LayerTrace, ...]
    answers: Array
    step: StepTrace | None = None

    # ---------------------------------------------------------------- the numbers

    @property
    def quantities(self) -> Arrays:
        """All arrays by name, in the order in which they come about."""
        found: Arrays = {} if self.raw is self.x else {"x raw": self.raw}
        found["x"] = self.x
        for part in self.layers:
            found |= {part.names[name]: array for name, array in part.parameters.items()}
            found |= {f"{name} {part.name}": array for name, array in part.kept.items()}
            found[part.name] = part.y
        if self.step is None:
            return found
        step = self.step
        found |= {"y": step.targets, **({} if step.terms is None else {"terms": step.terms}), "losses": step.losses}
        found["C"] = np.asarray(step.cost)
        for part in reversed(self.layers):
            found |= {} if part.dy is None else {f"dC/d{part.name}": part.dy}
            found |= {} if part.dx is None else {f"dC/d{part.source}": part.dx}
            found |= {f"dC/d{part.names[name]}": array for name, array in part.gradients.items()}
        for part in self.layers:
            found |= _of_update(part)
        found |= {f"new {part.name}": part.new_y for part in self.layers if part.new_y is not None}
        return found | {"new C": np.asarray(step.new_cost)}

    @property
    def names(self) -> list[str]:
        """The names of all arrays, such as ``"z1"``, ``"dC/dW1"`` and ``"new W1"``."""
        return list(self.quantities)

    def __getitem__(self, name: str) -> Array:
        """The array of that name; ``"∂C/∂W₁"`` is ``"dC/dW1"``.

        Raises
        ------
        UnknownNameError
            There is none; the nearest name is suggested.
        """
        found = self.quantities
        plain = name.replace("∂", "d").translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
        if plain not in found:
            raise UnknownNameError(f"the trace has no {name!r}; {nearest(plain, found)}")
        return found[plain]

    @property
    def cost(self) -> float | None:
        """C, the mean loss before the step; None for a prediction."""
        return None if self.step is None else self.step.cost

    def layer(self, index: int | str) -> LayerTrace:
        """A layer by its place in the network, from 0 (negative ones count from the last), or by its outputs' name.

        Raises
        ------
        ShapeError
            There is no such layer in the trace.
        """
        known = {part.index: part for part in self.layers}
        wanted = next((part.index for part in self.layers if part.name == index), index)
        if isinstance(wanted, (int, np.integer)) and wanted < 0:
            wanted = wanted + max(known) + 1
        if wanted not in known:
            there = ", ".join(f"{part.index} ({part.name}, {part.layer!r})" for part in self.layers)
            raise ShapeError(f"the trace has no layer {index!r}; it has {there}")
        return known[wanted]  # type: ignore[index]

    def to_dict(self) -> dict[str, Any]:
        """All of it as lists, numbers and text, as JSON has them."""
        return {
            "raw": _plain(self.raw),
            "x": _plain(self.x),
            "layers": [part.to_dict() for part in self.layers],
            "answers": _plain(self.answers),
            "step": None if self.step is None else self.step.to_dict(),
        }

    # ---------------------------------------------------------------- the views

    def document(
        self, *, sample: int = 0, digits: int | str | None = 6, expand: Iterable[int | tuple[int, int]] = ()
    ) -> Document:
        """What the views show: `text`, `html`, `latex` and `markdown` take the same arguments.

        Parameters
        ----------
        sample : int
            Whose numbers; gradients of weights are those of the whole batch.
        digits : int, str or None
            Significant digits, or a format such as ``".8f"``; None shows each number in full.
        expand : sequence of int or (int, int)
            Layers of which nothing is folded away, or neurons, as (layer, neuron).
        """
        from layerwise.trace.document import whole

        return whole(self, sample, digits, expand)

    def neuron(self, layer: int | str, j: int, *, sample: int = 0, digits: int | str | None = 6) -> Document:
        """The arithmetic of one neuron, in full: its sum, what the activation makes of it, and what it learns.

        Parameters
        ----------
        layer : int or str
            As `layer` takes it.
        j : int
            Which of its outputs, from 0.
        sample, digits
            As for `document`.
        """
        from layerwise.trace.document import one_neuron

        return one_neuron(self, self.layer(layer), j, sample, digits)

    def text(self, **options: Any) -> str:
        """The trace as plain text; the options are those of `document`."""
        return self.document(**options).text()

    def html(self, **options: Any) -> str:
        """The trace as HTML: each number says on hover how it came about; `document` has the options."""
        return self.document(**options).html()

    def latex(self, **options: Any) -> str:
        """The trace as a LaTeX document that needs amsmath alone; the options are those of `document`."""
        return self.document(**options).latex()

    def markdown(self, **options: Any) -> str:
        """The trace as Markdown; the options are those of `document`."""
        return self.document(**options).markdown()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        what = "a prediction" if self.step is None else "a training step"
        return f"<Trace of {what}: {len(self.x)} sample{'s' * (len(self.x) > 1)}, {', '.join(p.name for p in self.layers)}>"

    def _repr_html_(self) -> str:
        return self.html()

    def __rich__(self) -> Any:
        return self.document().__rich__()


def _of_update(part: LayerTrace) -> Arrays:
    """The quantities of one layer's update, by name."""
    found: Arrays = {}
    for name, new in part.new.items():
        called, old = part.names[name], part.parameters[name]
        if name in part.penalties:
            found[f"penalty {called}"] = part.penalties[name]
            found[f"gradient {called}"] = part.totals[name]
        found |= {f"{state} {called}": array for state, array in part.states.get(name, {}).items()}
        found |= {f"new {state} {called}": array for state, array in part.new_states.get(name, {}).items()}
        found |= {f"step {called}": new - old, f"new {called}": new}
    return found


def _plain(value: Any) -> Any:
    """Arrays as lists, and None for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


# -------------------------------------------------------------------- listening


class _Listener:
    """Copies what each call of a batch leaves, as it is made.

    Attributes
    ----------
    first_input : array
        What the first layer took.
    outputs, kept : dict
        By the layer's index.
    dy, dx, gradients : dict
        The same, from backward.
    """

    def __init__(self, stages: list[Stage], batch: Batch, fused: bool = False) -> None:
        self.first_input = np.empty(0)
        self.outputs: dict[int, Array] = {}
        self.kept: dict[int, Arrays] = {}
        self.dy: dict[int, Array] = {}
        self.dx: dict[int, Array] = {}
        self.gradients: dict[int, Arrays] = {}
        batch.forward[:] = [
            (self._forward(stage, call), p, y) for stage, (call, p, y) in zip(stages, batch.forward, strict=True)
        ]
        learning = stages[: len(stages) - fused][::-1]  # backward stops before the first that learns
        batch.backward[:] = [
            (self._backward(stage, call), *rest) for stage, (call, *rest) in zip(learning, batch.backward)
        ]

    def _forward(self, stage: Stage, call: Callable[..., None]) -> Callable[..., None]:
        def listen(p: Any, x: Array, out: Array) -> None:
            if not self.outputs:
                self.first_input = x.copy()
            call(p, x, out)
            self.outputs[stage.index] = out.copy()
            self.kept[stage.index] = {name: vars(p)[name].copy() for name in KEPT if name in vars(p)}

        return listen

    def _backward(self, stage: Stage, call: Callable[..., None]) -> Callable[..., None]:
        def listen(p: Any, x: Array, y: Array, dy: Array, g: Any, dx: Array | None) -> None:
            self.dy[stage.index] = dy.copy()
            call(p, x, y, dy, g, dx)
            self.gradients[stage.index] = {name: array.copy() for name, array in vars(g).items()}
            if dx is not None:
                self.dx[stage.index] = dx.copy()

        return listen


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
        self.heard = _Listener(self.engine.workspace.stages, batch, run.plan.fused)
        self.theta = run.parameters.theta.copy()
        optimizer = run.plan.optimizer
        optimizer.allocate(self.theta)
        self.states = {name: array.copy() for name, array in optimizer.state.items()}
        self.optimizer = copy.copy(optimizer)


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
    """Every number of one training step on x and y; without y, of a prediction.

    The network is not changed: a copy makes the step, by `fit` with ``engine="numpy"``.

    Parameters
    ----------
    network : Network
        Trained or not; where its weights are not drawn yet, they are those that `fit` would draw.
    x : array (n_in,) or (n, n_in)
        One sample or a small batch.
    y : label, number or array, optional
        The target of the sample, or those of the batch, as `fit` takes them.
    loss, optimizer, penalty : optional
        As for `fit`: by default the network's own, with the state that its optimizer has.

    Returns
    -------
    Trace
        To be printed, shown in a notebook, or asked for its numbers.

    Raises
    ------
    ShapeError, DataError, GradientError
        What `fit` and `forward` refuse, and more than 128 samples.
    NotBuiltError
        A prediction by a network whose scaling has not seen any data.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(1, weights=[[1.58]], biases=[-0.14]), lw.Sigmoid()], dtype="float64")
    >>> step = lw.trace(net, [0.8], [1.0], loss=lw.QuadraticCost(), optimizer=lw.SGD(0.1))
    >>> step["z1"], step["dC/dW1"].round(6)
    (array([[1.124]]), array([[-0.036322]]))
    >>> print(step.neuron("z1", 0))  # doctest: +ELLIPSIS
    neuron 0 of layer 0 (Dense(1, weights=Given(array([[1.58]])), biases=Given(array([-0.14]))))
    ...
    """
    if not isinstance(network, Network):
        raise TypeError(f"trace takes a Network; {type(network).__name__} came")
    single = np.ndim(x) == 1
    inputs = np.asarray(x)[np.newaxis] if single else x
    n_in = None if network.plan is None else network.plan.n_in
    checked = check_rows(inputs, network.dtype, "trace: x", n_in)
    if checked.shape[0] > MOST_ROWS:
        raise ShapeError(
            f"trace: x has {checked.shape[0]:,} rows; at most {MOST_ROWS} can be followed number by number: "
            "give some of them, such as x[:10]"
        )
    twin = network.copy()
    if y is None:
        return _prediction(twin, checked)
    target = np.asarray(y)
    target = target[np.newaxis] if single or (target.ndim == 0 and len(checked) == 1) else target
    if optimizer is network.optimizer:
        optimizer = None  # its own, with its state
    overheard = _Overhear()
    number = twin.steps
    twin.fit(
        checked, target, loss=loss, optimizer=optimizer, penalty=penalty, epochs=1, batch_size=checked.shape[0],
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
    heard = _Listener(workspace.stages, batch)
    with np.errstate(all="ignore"):
        numpy_engine.forward(batch, rows.span(0, len(rows)))
    parts = _layers(workspace.stages, heard, parameters, parameters.theta)
    return Trace(_raw(rows, heard), heard.first_input, parts, twin.predict(data))


def _raw(rows: Any, heard: _Listener) -> Array:
    """The rows as they came; what the first layer took, where that is the same."""
    if rows.scaler is None:
        return heard.first_input
    raw: Array = rows.raw(np.arange(len(rows)))
    return raw


def _layers(
    stages: list[Stage], heard: _Listener, parameters: Parameters, theta: Array
) -> tuple[LayerTrace, ...]:
    """The layers with their names, inputs, outputs and weights."""
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
        name += "'"
    used.add(name)
    return name


def _training_step(twin: Network, overheard: _Overhear, number: int) -> Trace:
    """What the listener noted, with the cost after the step."""
    engine, heard = overheard.engine, overheard.heard
    plan, parameters, n = engine.plan, engine.parameters, len(engine.rows)
    before = Parameters(parameters.shapes, parameters.theta.dtype)
    before.theta[:] = overheard.theta
    losses, targets = engine.epoch.losses.copy(), engine.workspace.batch(n).t.copy()
    parts = _layers(engine.workspace.stages, heard, parameters, overheard.theta)
    answers = engine.epoch.targets.task.answers(parts[-1].y)
    penalties, added = _penalties(plan, before, parts, engine.loss.share(n, None))
    total, new = parameters.views(parameters.grad.copy()), parameters.views(parameters.theta.copy())
    states = {name: parameters.views(array) for name, array in overheard.states.items()}
    new_states = {name: parameters.views(array.copy()) for name, array in engine.optimizer.state.items()}
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
            gradients=heard.gradients.get(part.index, {}),
            penalties=added[part.index],
            totals=vars(total[part.index]),
            states={name: {s: vars(v[part.index])[name] for s, v in states.items()} for name in part.parameters},
            new_states={name: {s: vars(v[part.index])[name] for s, v in new_states.items()} for name in part.parameters},
            new=vars(new[part.index]),
            new_y=heard.outputs[part.index],
            rates={name: rate for name, rate in part.layer.rates(part.x.shape[1]).items() if rate != 1},
            frozen=part.index in twin.frozen,
        )
        for part in parts
    )
    return Trace(_raw(engine.rows, heard), parts[0].x, layers, answers, step)


def _penalties(
    plan: Plan, before: Parameters, parts: tuple[LayerTrace, ...], share: float
) -> tuple[tuple[PenaltyTrace, ...], list[Arrays]]:
    """Each penalty's value, and what all of them add to the gradients, layer by layer."""
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
    """Whether a sample's loss is the mean of its outputs' losses, and those: the same formula, an output at a time."""
    m = y.shape[1]
    if m == 1:
        return False, losses[:, np.newaxis]
    try:
        terms = _losses(loss, y.reshape(-1, 1), t.reshape(-1, 1)).reshape(y.shape)
        one, all_alike = (
            _losses(loss, np.full((1, k), 0.3, y.dtype), np.full((1, k), 0.6, y.dtype))[0] for k in (1, m)
        )
    except (ValueError, IndexError):
        return False, None  # a loss of one's own, that needs all outputs
    averages = bool(np.isclose(one, all_alike, rtol=1e-4))
    combined = terms.mean(axis=1) if averages else terms.sum(axis=1)
    return averages, terms if np.allclose(combined, losses, rtol=1e-3, atol=1e-6) else None


def _losses(loss: Loss, y: Array, t: Array) -> Array:
    found = np.empty(len(y), y.dtype)
    with np.errstate(all="ignore"):
        loss.forward(y, t, found, (np.empty_like(y), np.empty_like(y)))
    return found
