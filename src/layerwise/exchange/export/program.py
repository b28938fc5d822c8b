"""What is exported: the network as it predicts, as a list of calls that every language can write down.

    Network or fitted estimator ──► Program:  rescale ─► dense ─► relu ─► … ─► outputs ─► probabilities, answers
    row of a table ─► Table (encode) ──┘

A call is the name of a function, and the arrays and numbers that it takes besides x. Each language has one function of
that name, its formula; what has no effect in prediction, `Dropout` and `Identity`, is no call.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Any

import numpy as np

import layerwise
from layerwise.data.targets import Task
from layerwise.engine.plan import Plan, Stage
from layerwise.errors import ExportError, NotBuiltError
from layerwise.exchange.export.elementwise import Elementwise
from layerwise.exchange.export.literals import wrapped_line
from layerwise.exchange.export.tables import Table, table_of
from layerwise.formula import replace as rename
from layerwise.formula import symbol
from layerwise.formula.quoting import visible
from layerwise.network.ensemble import Ensemble
from layerwise.network.models import network_in
from layerwise.network.network import Network
from layerwise.network.summary import brief
from layerwise.parts.layers import (
    LAYERS,
    Activation,
    BatchNorm,
    Dense,
    Identity,
    Layer,
    LayerNorm,
    PiecewiseLinear,
    Softmax,
)
from layerwise.parts.scaling import Scaler
from layerwise.typing import Array

RESCALE, RESCALE_COLUMNS = "rescale", "rescale_columns"
GROUPED = "grouped_dense"


@dataclass(frozen=True)
class Call:
    """One function of x and its other arguments.

    Attributes
    ----------
    function : str
        Its name, such as ``"layer_norm"``.
    label : str
        What the names of its arrays end with: the number of the layer, or ``"in"`` for the scaling.
    n_in, n_out : int
        How many numbers go in and come out.
    arrays : dict
        Its arrays by name, in the order of its arguments.
    numbers : dict
        Its numbers, which come after the arrays.
    formula : Elementwise, optional
        The function, where it is computed number by number.
    """

    function: str
    label: str
    n_in: int
    n_out: int
    arrays: dict[str, Array]
    numbers: dict[str, float]
    formula: Elementwise | None = None


@dataclass(frozen=True)
class Program:
    """A network as it predicts.

    Attributes
    ----------
    layers : tuple of str
        All layers with their sizes, as lines for a reader.
    calls : tuple of Call
        What is computed, first to last.
    n_in, n_out : int
        How many inputs and outputs a sample has.
    dtype : dtype
        What the network computes in.
    n_parameters : int
        How many numbers it has learned.
    kind : str
        ``"classification"``, ``"multilabel"`` or ``"regression"``, as in `Task`.
    classes : list or None
        For classification, the labels.
    threshold : float
        Of yes or no: an output above it is a yes.
    flat : bool
        For regression: the answer is a number, and no list of one.
    probabilities : str or None
        How they come from the outputs y: ``"outputs"``, they are y; ``"yes"``, 1 - y and y; ``"shares"``, y / Σ y.
        None if there are none.
    table : Table or None
        How the inputs come from a row, where a sample is a row of a table.
    units : (scale, mean) or None
        Of numbers learned standardized: the answer is y · scale + mean, in float64, (n_out,) each.
    """

    layers: tuple[str, ...]
    calls: tuple[Call, ...]
    n_in: int
    n_out: int
    dtype: np.dtype[Any]
    n_parameters: int
    kind: str
    classes: list[Any] | None
    flat: bool
    threshold: float
    probabilities: str | None
    table: Table | None = None
    units: tuple[Array, Array] | None = None

    def head(self, name: str) -> str:
        """Return what a source of this name begins with, as plain text."""
        layers = "\n".join(wrapped_line(f"  {line}") for line in self.layers)
        size = f"{self.n_in} inputs, {self.n_out} outputs and {self.n_parameters:,} parameters in {self.dtype}"
        rows = "" if self.table is None else f"It takes rows of a table of {self.table.width} columns.\n"
        return (
            f"{visible(name)}: a neural network of {size}.\n{rows}"
            f"Exported by layerwise {layerwise.__version__}; it runs without it.\n\n{layers}\n"
        )

    @property
    def functions(self) -> list[str]:
        """The names of all functions that are called, each once."""
        return list(dict.fromkeys(call.function for call in self.calls))

    @property
    def elementwise(self) -> dict[str, Elementwise]:
        """The functions that are computed number by number, by their names."""
        return {call.function: call.formula for call in self.calls if call.formula is not None}

    @property
    def n_probabilities(self) -> int:
        """How many probabilities a sample has."""
        return 2 if self.probabilities == "yes" else self.n_out


def function_name(kind: type[Layer]) -> str:
    """Return the name of a layer's function: ``"batch_norm"`` for `BatchNorm`, ``"leaky_relu"`` for `LeakyReLU`.

    Examples
    --------
    >>> from layerwise.parts.layers import BatchNorm, LeakyReLU, SiLU
    >>> [function_name(kind) for kind in (BatchNorm, LeakyReLU, SiLU)]
    ['batch_norm', 'leaky_relu', 'silu']
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", kind.__name__).lower()


def exported_network(model: Any) -> Network:
    """Return the network itself, or that of a fitted estimator.

    Raises
    ------
    NotBuiltError
        It has no weights yet.
    ExportError
        A model of another kind: says what can be exported.
    """
    if isinstance(model, Network):
        model.built()
        return model
    if isinstance(model, Ensemble):
        raise ExportError(
            f"export takes one network; got an Ensemble of {len(model)}. Export each of ensemble.networks, and take "
            "the mean of their outputs, or train one network"
        )
    kind = type(model).__name__
    if not hasattr(model, "coefs_") and hasattr(model, "hidden_layer_sizes"):
        raise NotBuiltError(f"this {kind} has no network yet: call fit(X, y) before it is exported")
    network = network_in(model) if hasattr(model, "network_") else None
    if network is None:
        raise ExportError(
            f"export takes a Network, or a fitted MLPClassifier or MLPRegressor of layerwise; "
            f"got {type(model).__module__}.{kind}"
        )
    return network


def program_of(model: Any, target: str, known: Collection[str]) -> Program:
    """Return the program of a network or fitted estimator, for a target that knows these functions.

    Raises
    ------
    NotBuiltError
        It has no weights yet.
    ExportError
        Layers or columns that the target has no function for, or a model of another kind.
    """
    network = exported_network(model)
    encoder = getattr(model, "encoder_", None)
    plan, parameters = network.built()
    check_layers(plan.stages, target, known)
    calls = [] if network.scaling is None else [_rescaling(network.scaling, plan.n_in, network.dtype)]
    calls += [
        _call(s, vars(p), network.dtype) for s, p in zip(plan.stages, parameters.p, strict=True) if _acts(s.layer)
    ]
    calls = _named_apart(calls)
    _check_finite(calls)
    task = network.task or Task("classification" if isinstance(plan.ending.layer, Softmax) else "regression")
    return Program(
        layers=tuple(
            f"{stage.index:>2}  {visible(brief(stage.layer))}: {stage.n_in} > {stage.n_out}" for stage in plan.stages
        ),
        calls=tuple(calls),
        n_in=plan.n_in,
        n_out=plan.n_out,
        dtype=network.dtype,
        n_parameters=parameters.theta.size,
        kind=task.kind,
        classes=_classes(model, task, plan.n_out),
        flat=task.flat and plan.n_out == 1,
        threshold=task.threshold,
        probabilities=_probabilities(network, plan, is_estimator=model is not network),
        table=None if encoder is None else table_of(encoder, target),
        units=_units(model, plan.n_out),
    )


def _units(model: Any, n_out: int) -> tuple[Array, Array] | None:
    """Return scale and mean of the targets that an estimator learned standardized."""
    found = [
        np.asarray(getattr(model, name, plain), np.float64)
        for name, plain in (("target_scale_", 1), ("target_mean_", 0))
    ]
    if (found[0] == 1).all() and (found[1] == 0).all():
        return None
    scale, mean = (np.broadcast_to(numbers, (n_out,)) for numbers in found)
    return scale, mean


def check_layers(stages: Sequence[Stage], target: str, known: Collection[str]) -> None:
    """Refuse layers that a target has no formula for.

    Raises
    ------
    ExportError
        Names all of them, with their places.
    """
    foreign = [stage for stage in stages if _acts(stage.layer) and not _is_known(stage.layer, known)]
    if foreign:
        names = ", ".join(kind.__name__ for kind in LAYERS)
        raise ExportError(
            f"export to {target}: it has no formula for {', '.join(map(str, foreign))}. What can be exported are "
            f"networks of layerwise's own layers, {names}, and of activations with a formula f(x)"
        )


def _is_known(layer: Layer, known: Collection[str]) -> bool:
    if type(layer) in LAYERS and function_name(type(layer)) in known:
        return True
    return isinstance(layer, Activation) and layer.has_formula


def _acts(layer: Layer) -> bool:
    """Return whether the layer does anything in prediction."""
    return not (
        layer.draws or type(layer) is Identity or (type(layer) is PiecewiseLinear and not layer.pieces()[0].size)
    )


def _rescaling(scaler: Scaler, n_in: int, dtype: np.dtype[Any]) -> Call:
    """(x - offset) · factor, with numbers for all inputs or for each."""
    if scaler.offset is None or scaler.factor is None:
        raise NotBuiltError(f"the network's {scaler!r} has not seen any data yet: call fit(X, y) before it is exported")
    offset, factor = scaler.constants(n_in, dtype)
    offset = np.zeros((), dtype) if offset is None else offset
    if offset.ndim == factor.ndim == 0:
        return Call(RESCALE, "in", n_in, n_in, {}, {"offset": float(offset), "factor": float(factor)})
    columns = {"offset": np.broadcast_to(offset, n_in), "factor": np.broadcast_to(factor, n_in)}
    return Call(RESCALE_COLUMNS, "in", n_in, n_in, columns, {})


def _call(stage: Stage, arrays: Mapping[str, Array], dtype: np.dtype[Any]) -> Call:
    layer, arrays = stage.layer, dict(arrays)
    if isinstance(layer, BatchNorm):
        factor = arrays["gamma"] / np.sqrt(arrays["var"].astype(np.float64) + layer.epsilon)
        arrays = {"mean": arrays["mean"], "factor": factor.astype(arrays["gamma"].dtype), "beta": arrays["beta"]}
    if type(layer) is PiecewiseLinear:
        arrays = _pieces(layer, dtype)
    name = layer.name.lower() if type(layer) is Activation else function_name(type(layer))
    if isinstance(layer, Activation) and layer.has_formula:
        numbers = {argument_name(layer, own): value for own, value in layer.numbers().items()}
        tree = rename(layer.formulas().f, {own: symbol(argument_name(layer, own)) for own in layer.numbers()})
        formula = Elementwise(name, tree, tuple(numbers))
        return Call(name, str(stage.index), stage.n_in, stage.n_out, {}, numbers, formula)
    numbers = {"epsilon": float(layer.epsilon)} if isinstance(layer, LayerNorm) else {}
    if type(layer) is Dense and layer.groups > 1:
        name, numbers = GROUPED, {"groups": layer.groups}
    return Call(name, str(stage.index), stage.n_in, stage.n_out, arrays, numbers)


def _pieces(layer: PiecewiseLinear, dtype: np.dtype[Any]) -> dict[str, Array]:
    """Return the input of each interval, where it begins, and 1 / its length."""
    column, low, factor = layer.pieces()
    return {"column": column.astype(np.uint32), "low": low.astype(dtype), "factor": factor.astype(dtype)}


_PLAIN = {"alpha", "beta", "gamma", "delta", "lam", "mu", "sigma", "scale", "slope", "sharpness", "threshold"}


def argument_name(layer: Layer, number: str) -> str:
    """Return what a number of a layer is called in a program.

    Those of custom layers end with ``_``, as no keyword, function or name of the program itself does, but for some of
    which it is known that they mean nothing else in any language.
    """
    return number if type(layer) in LAYERS or number in _PLAIN else f"{number}_"


def _named_apart(calls: Sequence[Call]) -> list[Call]:
    """Give functions of different formulas different names, none of them that of another function."""
    names: dict[Elementwise, str] = {}
    found = []
    for call in calls:
        if call.formula is None:
            found.append(call)
            continue
        if call.formula not in names:
            base = call.function if call.function.isidentifier() and call.function.isascii() else "activation"
            base = f"{base}_" if base in _TAKEN or re.search(r"_(\d+|in)$", base) else base
            taken = {*names.values(), *(other.function for other in calls if other.formula is None)}
            numbered = (f"{base}_{i}" for i in count(2))
            names[call.formula] = next(name for name in chain([base], numbered) if name not in taken)
        name = names[call.formula]
        found.append(replace(call, function=name, formula=replace(call.formula, name=name)))
    return found


# What the sources call by these names themselves, and what JavaScript has words for.
_TAKEN = {
    *keyword.kwlist, "abs", "b", "beta", "classes", "cos", "dense", "divide", "exp", "expm1", "factor", "float",
    "floor", "gamma", "int", "len", "log", "log1p", "map", "Math", "math", "max", "mean", "min", "np", "offset",
    "outputs", "power", "predict",
    "probabilities", "s", "sign", "sin", "sqrt", "square", "sum", "unpack", "values", "w", "W", "x", "y", "zip",
    "category", "clipped", "column", "date", "date_type", "datetime", "encode", "lookup", "milliseconds", "number",
    "one_hot", "pack", "single", "target_mean", "target_scale", "value",
    "arguments", "case", "catch", "const", "debugger", "default", "delete", "do", "enum", "eval", "export", "extends",
    "false", "function", "implements", "instanceof", "interface", "let", "new", "null", "package", "private",
    "protected", "public", "static", "super", "switch", "this", "throw", "true", "typeof", "undefined", "var", "void",
}  # fmt: skip


def _check_finite(calls: Sequence[Call]) -> None:
    for call in calls:
        for name, array in call.arrays.items():
            if not np.isfinite(array).all():
                where = "the scaling" if call.label == "in" else f"layer {call.label} ({call.function})"
                raise ExportError(f"{name} of {where} holds NaN or infinity: such a network is not exported")


def _classes(model: Any, task: Task, n_out: int) -> list[Any] | None:
    """Return the label of each output, or of no and yes."""
    if task.kind != "classification":
        return None
    outputs = max(n_out, 2)
    found = getattr(model, "classes_", task.classes)
    classes = list(range(outputs)) if found is None else found.tolist()
    if not all(isinstance(label, (bool, int, float, str)) for label in classes):
        raise ExportError(f"labels are exported where they are numbers or text; the classes are {classes[:12]}")
    return classes + classes[-1:] * (outputs - len(classes))  # an estimator may have been fitted on a single class


def _probabilities(network: Network, plan: Plan, is_estimator: bool) -> str | None:
    last, kind = plan.ending.layer, None if network.task is None else network.task.kind
    if last.gives == "values" or kind == "regression":
        return None
    if plan.n_out == 1 and not (is_estimator and kind == "multilabel"):
        return "yes"
    return "outputs" if is_estimator or kind == "multilabel" or isinstance(last, Softmax) else "shares"
