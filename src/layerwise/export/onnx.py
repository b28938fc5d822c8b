"""A network as an ONNX model, which onnxruntime and many other programs run without Python or layerwise.

    input (N, n_in) ── scaling ── layer 0 ── layer 1 ── … ──► label, probabilities      classes, yes/no answers
                                                         └──► output                    numbers

The opset is 20: the first in which GELU's tanh form is an operator, and old enough (ONNX 1.15, 2023) for every
runtime in use; nothing that came later is needed. In float32 a layer is its own operator wherever there is one. In
float64 onnxruntime has no body for some of them, and these are made of simpler ones.

Normalizations are centred first: runtimes find a variance as the mean of the squares less the square of the mean, and
fold a running mean into one bias, which both lose digits where the mean is large.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import layerwise
from layerwise.errors import ExportError, missing
from layerwise.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Dense,
    Dropout,
    Exp,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from layerwise.layers.activations import SELU_ALPHA, SELU_LAMBDA
from layerwise.network import Network
from layerwise.parameters import View
from layerwise.plan import Stage
from layerwise.storage import KNOWN, encode
from layerwise.targets import Task
from layerwise.typing import Array

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 20, 9
KEY = "layerwise"


def to_onnx(model: Any) -> onnx.ModelProto:
    """The network as an ONNX model, checked by ONNX's own checker.

    It takes ``input`` (N, n_in), in the units of the training data: the scaling is part of it. A classifier answers
    with ``label`` (N,), int64 or text, and ``probabilities`` (N, classes); several yes/no answers are two arrays
    (N, answers); numbers are ``output`` (N, outputs). The layers' names, their arguments and the classes stand in the
    model's metadata, so that `layerwise.from_onnx` gives the network back.

    Parameters
    ----------
    model : Network, or a fitted MLPClassifier or MLPRegressor
        What is written; of float64 networks, inputs and outputs are float64.

    Raises
    ------
    ExportError
        The network has layers of the user's own, or something else that ONNX cannot say: names all of it.
    NotBuiltError
        The network has no weights yet.

    Examples
    --------
    >>> import layerwise as lw
    >>> from layerwise.export.onnx import to_onnx
    >>> net = lw.Network([lw.Dense(2, weights=[[1.0, 2.0]]), lw.Softmax()])
    >>> [node.op_type for node in to_onnx(net).graph.node]
    ['Gemm', 'Softmax', 'ArgMax']
    """
    subject = _subject(model)
    plan, parameters = subject.network.built()
    _check_layers(plan.stages)
    graph = Graph(parameters.theta.dtype)
    x = graph.input("input", graph.float, plan.n_in)
    x = _scaled(graph, subject.network, x)
    for stage, p in zip(plan.stages, parameters.p, strict=True):
        if type(stage.layer) is not Dropout:
            graph.scope, graph.doc = scope(stage), repr(stage.layer)
            x = _WRITERS[type(stage.layer)](graph, stage.layer, p, x)
    graph.scope, graph.doc = "", ""
    _answers(graph, subject, x)
    return _finished(graph, subject)


def scope(stage: Stage) -> str:
    """What the nodes and arrays of a layer are named by: ``dense_0``."""
    return f"{type(stage.layer).__name__.lower()}_{stage.index}"


def outline(graph: onnx.GraphProto) -> str:
    """A digest of all that the nodes compute, apart from the arrays: whether a file is as layerwise wrote it."""
    nodes = [
        (
            n.op_type,
            list(n.input),
            list(n.output),
            sorted(a.SerializeToString(deterministic=True).hex() for a in n.attribute),
        )
        for n in graph.node
    ]
    return hashlib.sha256(json.dumps(nodes).encode()).hexdigest()


# ---------------------------------------------------------------- what is written


@dataclass
class Subject:
    """A network, and what its outputs stand for.

    Attributes
    ----------
    labels : array, optional
        What each output (of a single one, no and yes) stands for.
    shares : bool
        Outputs that do not sum to 1 are divided by their sum, as in `Network.predict_proba`.
    """

    network: Network
    kind: str
    labels: Array | None
    shares: bool
    flat: bool = False

    @property
    def task(self) -> Task:
        """The same, as a network keeps it."""
        return Task(self.kind, self.labels, self.flat)


def _subject(model: Any) -> Subject:
    if isinstance(model, Network):
        plan = model.built()[0]
        kind = "classification" if isinstance(plan.ending.layer, Softmax) else "regression"
        task = model.task or Task(kind)
        labels = task.classes
        if task.kind == "classification" and labels is None:
            labels = np.arange(max(plan.n_out, 2))
        return Subject(model, task.kind, labels, True, task.flat)
    network = getattr(model, "network_", None)
    if not isinstance(network, Network):
        raise ExportError(
            f"ONNX takes a Network, or a fitted MLPClassifier or MLPRegressor of layerwise; {type(model).__name__} came"
            + (": export each of its networks" if hasattr(model, "networks") else "")
        )
    if hasattr(model, "encoder_"):
        raise ExportError(
            f"{type(model).__name__} encodes the columns of a table, which ONNX is not given: export its network_, "
            "which takes what encoder_.transform(X) gives"
        )
    assert network.task is not None
    labels = None
    if network.task.kind == "classification":
        classes = np.asarray(model.classes_)
        labels = classes[np.minimum(np.arange(max(network.built()[0].n_out, 2)), len(classes) - 1)]
    return Subject(network, network.task.kind, labels, False, network.task.flat)


def _check_layers(stages: Sequence[Stage]) -> None:
    unknown = [str(stage) for stage in stages if type(stage.layer) not in (*_WRITERS, Dropout)]
    if unknown:
        known = ", ".join(sorted(kind.__name__ for kind in (*_WRITERS, Dropout)))
        raise ExportError(f"ONNX has no form for {'; '.join(unknown)}. These layers can be exported to it: {known}")


# ---------------------------------------------------------------- the graph


class Graph:
    """Nodes, arrays, inputs and outputs, as they come. Each node's output has the node's name.

    Parameters
    ----------
    dtype : dtype
        What the network computes in.

    Attributes
    ----------
    scope : str
        The layer at work: its nodes and arrays have its name before their own.
    doc : str
        What its nodes say of themselves.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        try:
            from onnx import TensorProto, helper, numpy_helper
        except ImportError:
            raise missing("onnx", "onnx", "export to ONNX") from None
        self._types, self._helper, self._from_array = TensorProto, helper, numpy_helper.from_array
        self.dtype, self.double = dtype, dtype == np.float64
        self.float = TensorProto.DOUBLE if self.double else TensorProto.FLOAT
        self.int64, self.text, self.bool = TensorProto.INT64, TensorProto.STRING, TensorProto.BOOL
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.scope, self.doc = "", ""

    def input(self, name: str, kind: int, columns: int) -> str:
        """An input (N, columns)."""
        self.inputs.append(self._helper.make_tensor_value_info(name, kind, ["N", columns]))
        return name

    def output(self, name: str, value: str, kind: int, *columns: int) -> None:
        """Give a value out, (N,) or (N, columns), under this name."""
        if value in {info.name for info in self.outputs} | {info.name for info in self.inputs}:
            value = self.node("Identity", [value], name)
        for node in self.nodes:
            node.input[:] = [name if other == value else other for other in node.input]
            node.output[:] = [name if other == value else other for other in node.output]
        self.outputs.append(self._helper.make_tensor_value_info(name, kind, ["N", *columns]))

    def node(self, op: str, inputs: Sequence[str], part: str = "", **attributes: Any) -> str:
        """An operator; returns its output's name."""
        name = self._named(part)
        self.nodes.append(self._helper.make_node(op, inputs, [name], name, self.doc, **attributes))
        return name

    def array(self, part: str, values: Any, dtype: Any = None) -> str:
        """A constant, in the network's type where no other is given; text is kept as such."""
        values, name = np.asarray(values), self._named(part)
        if values.dtype.kind in "UO":
            values = values.astype(str).astype(object)
        else:
            values = np.ascontiguousarray(values, dtype or self.dtype)
        if name not in {array.name for array in self.arrays}:
            self.arrays.append(self._from_array(values, name))
        return name

    def _named(self, part: str) -> str:
        return "/".join(filter(None, (self.scope, part)))


def _scaled(graph: Graph, network: Network, x: str) -> str:
    if network.scaling is None:
        return x
    offset, factor = network.scaling.constants(network.built()[0].n_in, graph.dtype)
    graph.scope, graph.doc = "scaling", repr(network.scaling)
    if offset is not None:
        x = graph.node("Sub", [x, graph.array("offset", offset)], "centered")
    return graph.node("Mul", [x, graph.array("factor", factor)])


def _answers(graph: Graph, subject: Subject, y: str) -> None:
    """What the outputs say: labels and probabilities, or numbers."""
    last = subject.network.built()[0].ending
    if subject.kind == "regression":
        graph.output("output", y, graph.float, last.n_out)
    elif subject.kind == "multilabel":
        yes = graph.node("Greater", [y, graph.array("half", 0.5)], "yes")
        graph.output("label", graph.node("Cast", [yes], "labels", to=graph.int64), graph.int64, last.n_out)
        graph.output("probabilities", y, graph.float, last.n_out)
    else:
        assert subject.labels is not None
        graph.output("label", *_label(graph, subject.labels, _chosen(graph, y, last.n_out)))
        if last.layer.gives == "values":  # scores: of which the greatest is right, but which are no probabilities
            graph.output("output", y, graph.float, last.n_out)
        else:
            probabilities = _probabilities(graph, subject, last, y)
            graph.output("probabilities", probabilities, graph.float, max(last.n_out, 2))


def _chosen(graph: Graph, y: str, n_out: int) -> str:
    """The index of the greatest output, or whether a single one is above a half."""
    if n_out > 1:
        return graph.node("ArgMax", [y], "chosen", axis=1, keepdims=0)
    yes = graph.node("Greater", [y, graph.array("half", 0.5)], "yes")
    column = graph.node("Cast", [yes], "column", to=graph.int64)
    return graph.node("Squeeze", [column, graph.array("columns", [1], np.int64)], "chosen")


def _label(graph: Graph, labels: Array, chosen: str) -> tuple[str, int]:
    """The label at an index, and its type: whole numbers, truth values, other numbers, or text."""
    if labels.dtype.kind in "iu" and np.array_equal(labels, np.arange(len(labels))):
        return chosen, graph.int64
    dtype, kind = {
        "i": (np.int64, graph.int64), "u": (np.int64, graph.int64), "b": (np.bool_, graph.bool),
        "f": (graph.dtype, graph.float),
    }.get(labels.dtype.kind, (None, graph.text))  # fmt: skip
    return graph.node("Gather", [graph.array("classes", labels, dtype), chosen], "labels"), kind


def _probabilities(graph: Graph, subject: Subject, last: Stage, y: str) -> str:
    if last.n_out == 1:
        no = graph.node("Sub", [graph.array("one", 1), y], "no")
        return graph.node("Concat", [no, y], "both", axis=1)
    if isinstance(last.layer, Softmax) or not subject.shares:
        return y
    total = graph.node("ReduceSum", [y, graph.array("columns", [1], np.int64)], "total", keepdims=1)
    total = graph.node("Max", [total, graph.array("least", np.finfo(graph.dtype).tiny)], "divisor")
    return graph.node("Div", [y, total], "shares")


def _finished(graph: Graph, subject: Subject) -> onnx.ModelProto:
    from onnx import checker, helper

    network, layers = subject.network, ", ".join(map(repr, subject.network.layers))
    made = helper.make_graph(
        graph.nodes, "network", graph.inputs, graph.outputs, graph.arrays, doc_string=network.summary()
    )
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name=KEY,
        producer_version=layerwise.__version__,
        doc_string=f"A network of layerwise: {layers}",
    )
    labels = None if subject.labels is None else subject.labels.tolist()
    trained = f"{network.steps} steps, loss {network.loss!r}, optimizer {network.optimizer!r}"
    properties = {"layers": layers, "task": subject.kind, "training": trained if network.steps else "none"}
    if labels is not None:
        properties["classes"] = json.dumps(labels)
    properties[KEY] = json.dumps({**_description(subject), "outline": outline(made)})
    helper.set_model_props(model, properties)
    checker.check_model(model, full_check=True)
    return model


def _description(subject: Subject) -> dict[str, Any]:
    """The network without its arrays, from which `layerwise.from_onnx` makes it again."""
    network, scaling = subject.network, subject.network.scaling
    known = network.loss is not None and type(network.loss) in KNOWN.values()
    return {
        "layers": encode(network.layers),
        "n_in": network.built()[0].n_in,
        "dtype": network.dtype.name,
        "scaling": encode(scaling) if type(scaling) in KNOWN.values() else None,
        "offset": None if scaling is None else np.asarray(scaling.offset, np.float64).tolist(),
        "factor": None if scaling is None else np.asarray(scaling.factor, np.float64).tolist(),
        "loss": encode(network.loss) if known else None,
        "penalties": encode([term for term in network.penalties if type(term) in KNOWN.values()]),
        "task": None if network.task is None else subject.task.to_dict(),
        "notes": encode(network.notes),
    }


# ---------------------------------------------------------------- the layers

Writer = Callable[[Graph, Any, View, str], str]


def _operator(op: str, **attributes: Any) -> Writer:
    """A layer that is one operator, as it is."""
    return lambda graph, layer, p, x: graph.node(op, [x], **attributes)


def _dense(graph: Graph, layer: Dense, p: View, x: str) -> str:
    return graph.node("Gemm", [x, graph.array("W", p.W), graph.array("b", p.b)])


def _scale(graph: Graph, layer: Scale, p: View, x: str) -> str:
    return graph.node("Mul", [x, graph.array("s", p.s)])


def _batch_norm(graph: Graph, layer: BatchNorm, p: View, x: str) -> str:
    centered = graph.node("Sub", [x, graph.array("mean", p.mean)], "centered")
    zeros = graph.array("zeros", np.zeros_like(p.mean))
    arrays = [graph.array("gamma", p.gamma), graph.array("beta", p.beta), zeros, graph.array("var", p.var)]
    return graph.node("BatchNormalization", [centered, *arrays], epsilon=layer.epsilon, momentum=layer.momentum)


def _layer_norm(graph: Graph, layer: LayerNorm, p: View, x: str) -> str:
    mean = graph.node("ReduceMean", [x, graph.array("columns", [1], np.int64)], "mean", keepdims=1)
    centered = graph.node("Sub", [x, mean], "centered")
    arrays = [graph.array("gamma", p.gamma), graph.array("beta", p.beta)]
    return graph.node("LayerNormalization", [centered, *arrays], axis=-1, epsilon=layer.epsilon)


def _step(graph: Graph, layer: Step, p: View, x: str) -> str:
    above = graph.node("Greater", [x, graph.array("threshold", layer.threshold)], "above")
    return graph.node("Cast", [above], to=graph.float)


def _linear(graph: Graph, layer: Linear, p: View, x: str) -> str:
    return graph.node("Mul", [x, graph.array("slope", layer.slope)])


def _relu(graph: Graph, layer: ReLU, p: View, x: str) -> str:
    if layer.slope == 1:
        return graph.node("Relu", [x])
    return graph.node("Mul", [graph.node("Relu", [x], "relu"), graph.array("slope", layer.slope)])


def _leaky_relu(graph: Graph, layer: LeakyReLU, p: View, x: str) -> str:
    if layer.slope == 1 and not graph.double:
        return graph.node("LeakyRelu", [x], alpha=layer.negative_slope)
    high = graph.node("Mul", [x, graph.array("slope", layer.slope)], "high")
    low = graph.node("Mul", [x, graph.array("negative_slope", layer.negative_slope)], "low")
    return graph.node("Where", [graph.node("Greater", [x, graph.array("zero", 0)], "above"), high, low])


def _elu(graph: Graph, layer: ELU, p: View, x: str) -> str:
    return _elu_of_parts(graph, x, layer.alpha) if graph.double else graph.node("Elu", [x], alpha=layer.alpha)


def _selu(graph: Graph, layer: SELU, p: View, x: str) -> str:
    if not graph.double:
        return graph.node("Selu", [x], alpha=SELU_ALPHA, gamma=SELU_LAMBDA)
    elu = _elu_of_parts(graph, x, SELU_ALPHA, "elu")
    return graph.node("Mul", [elu, graph.array("lambda", SELU_LAMBDA)])


def _elu_of_parts(graph: Graph, x: str, alpha: float, part: str = "") -> str:
    """Max(x, 0) + α (e^min(x, 0) - 1)."""
    low = graph.node("Exp", [graph.node("Min", [x, graph.array("zero", 0)], "low")], "exp")
    low = graph.node("Sub", [low, graph.array("one", 1)], "exp_less_1")
    low = graph.node("Mul", [low, graph.array("alpha", alpha)], "alpha_exp_less_1")
    return graph.node("Add", [graph.node("Relu", [x], "high"), low], part)


def _gelu(graph: Graph, layer: GELU, p: View, x: str) -> str:
    """x/2 (1 + tanh(x √(2/π) (1 + 0.044715 x²)))."""
    if not graph.double:
        return graph.node("Gelu", [x], approximate="tanh")
    t = graph.node("Mul", [graph.node("Mul", [x, x], "square"), graph.array("cubic", 0.044715)], "cubic_square")
    t = graph.node("Mul", [graph.node("Add", [t, graph.array("one", 1)], "inner"), x], "inner_x")
    t = graph.node("Tanh", [graph.node("Mul", [t, graph.array("root", math.sqrt(2 / math.pi))], "argument")], "tanh")
    half = graph.node("Mul", [x, graph.array("half", 0.5)], "half_x")
    return graph.node("Mul", [half, graph.node("Add", [t, graph.array("one", 1)], "one_and_tanh")])


def _silu(graph: Graph, layer: SiLU, p: View, x: str) -> str:
    return graph.node("Mul", [x, graph.node("Sigmoid", [x], "sigmoid")])


def _mish(graph: Graph, layer: Mish, p: View, x: str) -> str:
    """X n / (n + 2), n = e (e + 2), e = e^min(x, 20)."""
    if not graph.double:
        return graph.node("Mish", [x])
    e = graph.node("Exp", [graph.node("Min", [x, graph.array("most", 20)], "low")], "exp")
    n = graph.node("Mul", [e, graph.node("Add", [e, graph.array("two", 2)], "exp_and_2")], "n")
    t = graph.node("Div", [n, graph.node("Add", [n, graph.array("two", 2)], "n_and_2")], "tanh")
    return graph.node("Mul", [x, t])


def _softplus(graph: Graph, layer: Softplus, p: View, x: str) -> str:
    """Max(x, 0) + log(1 + e^-|x|)."""
    if not graph.double:
        return graph.node("Softplus", [x])
    e = graph.node("Exp", [graph.node("Neg", [graph.node("Abs", [x], "abs")], "low")], "exp")
    log = graph.node("Log", [graph.node("Add", [e, graph.array("one", 1)], "exp_and_1")], "log")
    return graph.node("Add", [graph.node("Relu", [x], "high"), log])


_WRITERS: dict[type[Layer], Writer] = {
    Dense: _dense,
    Scale: _scale,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Step: _step,
    Linear: _linear,
    Identity: _operator("Identity"),
    Sigmoid: _operator("Sigmoid"),
    Tanh: _operator("Tanh"),
    ReLU: _relu,
    LeakyReLU: _leaky_relu,
    Softmax: _operator("Softmax", axis=-1),
    ELU: _elu,
    SELU: _selu,
    GELU: _gelu,
    SiLU: _silu,
    Mish: _mish,
    Softplus: _softplus,
    Exp: _operator("Exp"),
}
