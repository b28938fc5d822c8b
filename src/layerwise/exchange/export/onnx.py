"""A network as an ONNX model, which onnxruntime and many other programs run without Python or layerwise.

    input (N, n_in) ── scaling ── layer 0 ── layer 1 ── … ──► label, probabilities      classes, yes/no answers
                                                         └──► output                    numbers

The opset is 20: the first in which GELU's tanh form is an operator, and old enough (ONNX 1.15, 2023) for every
runtime in use; nothing that came later is needed.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import layerwise
from layerwise.data.tabular import TableEncoder
from layerwise.data.targets import Task
from layerwise.engine.plan import Stage
from layerwise.errors import ExportError, FormatError
from layerwise.exchange.export.onnx_graph import Graph
from layerwise.exchange.export.onnx_layers import WRITERS, not_in_float64, writer_of
from layerwise.exchange.export.program import exported_network
from layerwise.exchange.export.tables.onnx import encoded
from layerwise.files import decode, encode
from layerwise.formula.quoting import utf8, visible
from layerwise.network.network import Network
from layerwise.parts.initializers import Initializer, Zeros
from layerwise.parts.layers import Dropout, Layer, Softmax
from layerwise.typing import Array

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 20, 9
KEY = "layerwise"


def to_onnx(model: Any) -> onnx.ModelProto:
    """Return the network as an ONNX model, checked by ONNX's own checker.

    It takes ``input`` (N, n_in), in the units of the training data: the scaling is part of it. A classifier answers
    with ``label`` (N,), of the classes' own type, and ``probabilities`` (N, classes); several yes/no answers are two
    arrays (N, answers); numbers are ``output`` (N, outputs). An estimator that encodes a table takes its columns in
    place of ``input``, each (N, 1) by its name: numbers as float64, NaN where one is missing; categories as text,
    any that is none of them, such as ``""``, where one is missing; dates as seconds since 1970-01-01, float64. The
    layers, their arguments and the classes stand in the model's metadata, so that `layerwise.from_onnx` gives the
    network back.

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
    >>> from layerwise.exchange.export.onnx import to_onnx
    >>> net = lw.Network([lw.Dense(2, weights=[[1.0, 2.0]]), lw.Softmax()])
    >>> [node.op_type for node in to_onnx(net).graph.node]
    ['Gemm', 'Softmax', 'ArgMax']
    """
    subject = _subject(model)
    plan, parameters = subject.network.built()
    _check_layers(plan.stages)
    graph = Graph(parameters.theta.dtype)
    if graph.double:
        _check_operations(plan.stages)
    encoder = subject.encoder
    x = graph.input("input", graph.float, plan.n_in) if encoder is None else encoded(graph, encoder)
    x = _scaled(graph, subject.network, x)
    for stage, p in zip(plan.stages, parameters.p, strict=True):
        if type(stage.layer) is not Dropout:
            graph.scope, graph.doc = scope(stage), visible(repr(stage.layer))
            write = writer_of(stage.layer)
            assert write is not None
            x = write(graph, stage.layer, p, x)
    graph.scope, graph.doc = "answers", ""
    _answers(graph, subject, x)
    _check_names(graph)
    return _finished(graph, subject)


def scope(stage: Stage) -> str:
    """Return what the nodes and arrays of a layer are named by: ``dense_0``."""
    return f"{type(stage.layer).__name__.lower()}_{stage.index}"


def outline(graph: onnx.GraphProto) -> str:
    """Return a digest of all that the nodes compute, apart from the arrays: whether a file is as layerwise wrote it."""
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
    encoder : TableEncoder, optional
        What makes inputs of a table's columns.
    units : (scale, mean), optional
        What outputs are multiplied by, and what is then added.
    """

    network: Network
    kind: str
    labels: Array | None
    shares: bool
    flat: bool = False
    encoder: TableEncoder | None = None
    units: tuple[Array, Array] | None = None

    @property
    def task(self) -> Task:
        """The same, as a network keeps it."""
        return Task(self.kind, self.labels, self.flat, self.network.threshold)


def _subject(model: Any) -> Subject:
    network = exported_network(model)
    if network is model:
        plan = network.built()[0]
        kind = "classification" if isinstance(plan.ending.layer, Softmax) else "regression"
        task = network.task or Task(kind)
        labels = task.classes
        if task.kind == "classification" and labels is None:
            labels = np.arange(max(plan.n_out, 2))
        return Subject(network, task.kind, None if labels is None else _plain(labels), True, task.flat)
    assert network.task is not None
    labels = None
    if network.task.kind == "classification":
        classes = np.asarray(model.classes_)
        labels = _plain(classes[np.minimum(np.arange(max(network.built()[0].n_out, 2)), len(classes) - 1)])
    subject = Subject(network, network.task.kind, labels, False, network.task.flat, getattr(model, "encoder_", None))
    if hasattr(model, "target_scale_"):
        subject.units = np.asarray(model.target_scale_), np.asarray(model.target_mean_)
    return subject


def _plain(labels: Array) -> Array:
    """Return labels as numbers, truth values or text, which UTF-8 can say."""
    if labels.dtype.kind in "biuf":
        return labels
    return np.array([utf8(str(label), "ONNX") for label in labels.tolist()])


def _check_layers(stages: Sequence[Stage]) -> None:
    unknown = [str(s) for s in stages if type(s.layer) is not Dropout and writer_of(s.layer) is None]
    if unknown:
        known = ", ".join(sorted(kind.__name__ for kind in (*WRITERS, Dropout)))
        raise ExportError(
            f"ONNX has no form for {'; '.join(unknown)}. These layers can be exported to it: {known}, and activations "
            "with a formula f(x)"
        )


def _check_operations(stages: Sequence[Stage]) -> None:
    found = [(stage, not_in_float64(stage.layer)) for stage in stages]
    missing = [f"{stage} has {', '.join(f'np.{op}' for op in ops)}" for stage, ops in found if ops]
    if missing:
        raise ExportError(
            f"ONNX runtimes cannot compute this in float64: {'; '.join(missing)}. Export a network with "
            'dtype="float32", or write the formula without it'
        )


def _check_names(graph: Graph) -> None:
    """Refuse columns of a table that have the name of another value in the graph."""
    made = {name for node in graph.nodes for name in node.output} | {array.name for array in graph.arrays}
    same = [info.name for info in graph.inputs if info.name in made]
    if same:
        raise ExportError(
            f"ONNX cannot take the columns {', '.join(map(repr, same))} of the table: other values of the model have "
            "these names. Rename them before fit"
        )


def _scaled(graph: Graph, network: Network, x: str) -> str:
    if network.scaling is None:
        return x
    offset, factor = network.scaling.constants(network.built()[0].n_in, graph.dtype)
    graph.scope, graph.doc = "scaling", visible(repr(network.scaling))
    if offset is not None:
        x = graph.node("Sub", [x, graph.array("offset", offset)], "centered")
    return graph.node("Mul", [x, graph.array("factor", factor)])


def _answers(graph: Graph, subject: Subject, y: str) -> None:
    """Add what the outputs say: labels and probabilities, or numbers."""
    last = subject.network.built()[0].ending
    if subject.units is not None:
        scale, mean = subject.units
        y = graph.node("Mul", [y, graph.array("target_scale", scale)], "scaled")
        y = graph.node("Add", [y, graph.array("target_mean", mean)], "in_units")
    if subject.kind == "regression":
        graph.output("output", y, graph.float, last.n_out)
    elif subject.kind == "multilabel":
        yes = graph.node("Greater", [y, graph.array("threshold", subject.network.threshold)], "yes")
        graph.output("label", graph.node("Cast", [yes], "labels", to=graph.int64), graph.int64, last.n_out)
        graph.output("probabilities", y, graph.float, last.n_out)
    else:
        assert subject.labels is not None
        graph.output("label", *_label(graph, subject.labels, _chosen(graph, y, last.n_out, subject.network.threshold)))
        if last.layer.gives == "values":  # scores: of which the greatest is right, but which are no probabilities
            graph.output("output", y, graph.float, last.n_out)
        else:
            probabilities = _probabilities(graph, subject, last, y)
            graph.output("probabilities", probabilities, graph.float, max(last.n_out, 2))


def _chosen(graph: Graph, y: str, n_out: int, threshold: float) -> str:
    """Return the index of the greatest output, or whether a single one is above the threshold."""
    if n_out > 1:
        return graph.node("ArgMax", [y], "chosen", axis=1, keepdims=0)
    yes = graph.node("Greater", [y, graph.array("threshold", threshold)], "yes")
    column = graph.node("Cast", [yes], "column", to=graph.int64)
    return graph.node("Squeeze", [column, graph.array("columns", [1], np.int64)], "chosen")


def _label(graph: Graph, labels: Array, chosen: str) -> tuple[str, int]:
    """Return the label at an index, and its type: whole numbers, truth values, other numbers, or text."""
    if labels.dtype.kind in "iu" and np.array_equal(labels, np.arange(len(labels))):
        return chosen, graph.int64
    dtype, kind = {
        "i": (np.int64, graph.int64), "u": (np.int64, graph.int64), "b": (np.bool_, graph.bool),
        "f": (np.float64, graph.float64),
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

    network, layers = subject.network, visible(", ".join(map(repr, subject.network.layers)))
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
    trained = visible(f"{network.steps} steps, loss {network.loss!r}, optimizer {network.optimizer!r}")
    properties = {"layers": layers, "task": subject.kind, "training": trained if network.steps else "none"}
    if labels is not None:
        properties["classes"] = json.dumps(labels)
    description = _description(subject)
    if description is not None:
        properties[KEY] = json.dumps({**description, "outline": outline(made)})
    helper.set_model_props(model, properties)
    checker.check_model(model, full_check=True)
    return model


def _description(subject: Subject) -> dict[str, Any] | None:
    """Return the network without its arrays, for `layerwise.from_onnx`; None where JSON cannot say its layers.

    What else JSON cannot say, or what could not be made again without the user's own classes, is left out by itself.
    """
    network, scaling = subject.network, subject.network.scaling
    if subject.encoder is not None:
        return None
    layers = [_told(_plain_layer(layer)) for layer in network.layers]
    if None in layers:
        return None
    return {
        "layers": layers,
        "n_in": network.built()[0].n_in,
        "dtype": network.dtype.name,
        "scaling": _told(scaling),
        "offset": None if scaling is None else np.asarray(scaling.offset, np.float64).tolist(),
        "factor": None if scaling is None else np.asarray(scaling.factor, np.float64).tolist(),
        "loss": _told(network.loss),
        "penalties": [told for penalty in network.penalties if (told := _told(penalty)) is not None],
        "task": None if network.task is None else subject.task.to_dict(),
        "notes": encode({name: note for name, note in network.notes.items() if _told({name: note}) is not None}),
    }


def _told(part: Any) -> Any:
    """Return a part as JSON, or None where it cannot be said, or not be made from it by layerwise alone."""
    try:
        told = encode(part)
        decode(told, {})
    except FormatError:
        return None
    return told


def _plain_layer(layer: Layer) -> Layer:
    """Return a layer whose initializers and penalties are those that can be told; the arrays are in the file."""
    plain = copy.copy(layer)
    for name, value in layer.config().items():
        if isinstance(value, Initializer) and _told(value) is None:
            setattr(plain, name, Zeros())
        if name == "penalty" and value is not None:
            plain.penalty = tuple(term for term in value if _told(term) is not None)  # type: ignore[attr-defined]
    return plain
