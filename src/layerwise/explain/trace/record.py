"""What a trace holds: the numbers of each layer and of the step, by name; and the ways to look at them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import ShapeError, UnknownNameError, nearest
from layerwise.explain.trace.notation import symbol
from layerwise.parts.layers import Layer
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty
from layerwise.parts.scaling import Scaler
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.explain.trace.document import Document

Arrays = dict[str, Array]


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """What one layer took, gave and learned.

    Attributes
    ----------
    index : int
        Its place in the network, from 0.
    layer : Layer
        What it is.
    name, source : str
        What its outputs and its inputs are called: ``"z1"`` after the first dense layer, ``"a1"`` after its
        activation, ``"h1"`` after what else follows, such as dropout; a second one of a kind is ``"h1~"``.
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

    def symbol_of(self, parameter: str) -> str:
        """Return what a parameter is called in formulas: ``W_{1}``, and ``w_{1}`` if it is one number."""
        name = symbol(self.names[parameter])
        return name.replace("W", "w") if self.parameters[parameter].size == 1 else name

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        arrays = {"x": self.x, "y": self.y, "dy": self.dy, "dx": self.dx, "new_y": self.new_y}
        tables = {
            name: getattr(self, name) for name in ("kept", "parameters", "gradients", "penalties", "totals", "new")
        }
        head = {"index": self.index, "layer": repr(self.layer), "name": self.name, "source": self.source}
        states = {"states": self.states, "new_states": self.new_states}
        rest = {"names": self.names, "rates": self.rates, "frozen": self.frozen}
        found: dict[str, Any] = _plain({**head, **arrays, **tables, **states, **rest})
        return found


@dataclass(frozen=True, eq=False)
class PenaltyTrace:
    """A penalty on one array: `factor` is λ, `name` what it is on, `value` what it adds to the cost."""

    penalty: Penalty
    name: str
    factor: float
    value: float


@dataclass(frozen=True, eq=False)
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
        """Return all of it as JSON."""
        parts = {"loss": repr(self.loss), "optimizer": repr(self.optimizer), "iterations": self.optimizer.iterations}
        names = ("number", "rate", "targets", "losses", "terms", "averages", "fused", "cost", "new_cost")
        penalties = [{**vars(term), "penalty": repr(term.penalty)} for term in self.penalties]
        found: dict[str, Any] = _plain(
            {**parts, **{name: getattr(self, name) for name in names}, "penalties": penalties}
        )
        return found


@dataclass(frozen=True, eq=False)
class Trace:
    """All numbers of a training step or of a prediction. `trace` makes it.

    ``trace["z1"]`` is the array with that name, with a row for each sample. `names` lists all names. ``print(trace)``
    and a notebook show everything.

    Attributes
    ----------
    raw, x : array of shape (n, n_in)
        The inputs before and after scaling.
    layers : tuple of LayerTrace
        The layers, first to last. In a prediction without dropout.
    answers : array of shape (n,) or (n, n_out)
        The predictions before the step.
    step : StepTrace, optional
        The loss, the optimizer and the cost. None for a prediction.
    scaler : Scaler, optional
        The scaler, if the inputs were scaled.
    """

    raw: Array
    x: Array
    layers: tuple[LayerTrace, ...]
    answers: Array
    step: StepTrace | None = None
    scaler: Scaler | None = None

    # ---------------------------------------------------------------- the numbers

    @property
    def quantities(self) -> Arrays:
        """All arrays by name, in the order in which they are computed."""
        found: Arrays = {} if self.scaler is None else {"x raw": self.raw}
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
        """Return the array of that name; ``"∂C/∂W₁"`` is ``"dC/dW1"``.

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
        """The cost C, the mean loss before the step. None for a prediction."""
        return None if self.step is None else self.step.cost

    def layer(self, index: int | str) -> LayerTrace:
        """Return the numbers of a layer.

        Parameters
        ----------
        index : int or str
            The index of the layer, where negative ones count from the last; or the name of its outputs, such as
            ``"a1"``.

        Returns
        -------
        LayerTrace
            The layer's numbers.

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
        return known[wanted]

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as lists, numbers and text, for JSON.

        Returns
        -------
        dict
            The numbers.
        """
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
        """Return the document that `text`, `html`, `latex` and `markdown` write. They take the same arguments.

        Parameters
        ----------
        sample : int, default=0
            The sample to show. Gradients of weights are those of the whole batch.
        digits : int, str or None, default=6
            The number of significant digits, or a format such as ``".8f"``. None shows all digits.
        expand : iterable of int or (int, int), default=()
            Layers, or neurons as (layer, neuron), whose arithmetic is shown in full.

        Returns
        -------
        Document
            The document.
        """
        from layerwise.explain.trace.writer import whole

        return whole(self, sample, digits, expand)

    def neuron(self, layer: int | str, j: int, *, sample: int = 0, digits: int | str | None = 6) -> Document:
        """Return the arithmetic of one neuron in full: weighted sum, activation, gradients and update.

        Parameters
        ----------
        layer : int or str
            As for `layer`.
        j : int
            The index of the neuron in the layer, from 0.
        sample : int, default=0
            As for `document`.
        digits : int, str or None, default=6
            As for `document`.

        Returns
        -------
        Document
            The document. ``print`` shows it, as do notebooks.
        """
        from layerwise.explain.trace.writer import one_neuron

        return one_neuron(self, self.layer(layer), j, sample, digits)

    def text(self, **options: Any) -> str:
        """Return the trace as plain text; arguments as for `document`."""
        return self.document(**options).text()

    def html(self, **options: Any) -> str:
        """Return the trace as HTML, where a number shows on hover how it was computed; arguments as for `document`."""
        return self.document(**options).html()

    def latex(self, **options: Any) -> str:
        """Return the trace as a LaTeX document, which needs the package amsmath only; arguments as for `document`."""
        return self.document(**options).latex()

    def markdown(self, **options: Any) -> str:
        """Return the trace as Markdown; arguments as for `document`."""
        return self.document(**options).markdown()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        what = "a prediction" if self.step is None else "a training step"
        samples = "1 sample" if len(self.x) == 1 else f"{len(self.x)} samples"
        return f"<Trace of {what}: {samples}, {', '.join(part.name for part in self.layers)}>"

    def _repr_html_(self) -> str:
        return self.html()

    def __rich__(self) -> Any:
        return self.document().__rich__()


def _of_update(part: LayerTrace) -> Arrays:
    """Return the quantities of one layer's update, by name."""
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
    """Return arrays as lists, and None for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
