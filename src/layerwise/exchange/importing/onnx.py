"""An ONNX model of dense layers as a network.

    bytes ── parse ──► graph ─┬─ as layerwise wrote it ──► its own description, the arrays by their names
                              └─ of another program ─────► the nodes in turn: `Reader`

A graph is followed from its input: each value is what a chain of layers gives, and a node makes the chain longer.
Labels at the end are passed over.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.data.targets import Task
from layerwise.engine.plan import compile_layers
from layerwise.errors import FormatError, LayerwiseError, missing
from layerwise.exchange.export.onnx import KEY, outline, scope
from layerwise.exchange.importing.assembly import assemble, scaler_of, task_of
from layerwise.exchange.importing.onnx_chain import Chain, Reading, Unsupported, array_of, attributes
from layerwise.exchange.importing.onnx_operators import OPERATORS
from layerwise.files import decode, read_json
from layerwise.network.network import Network
from layerwise.parts.losses import as_loss
from layerwise.parts.penalties import as_penalties
from layerwise.parts.scaling import StandardScaler, as_scaler
from layerwise.typing import Array, ArrayLike


def from_onnx(source: Any, *, classes: ArrayLike | None = None, random_state: int | None = None) -> Network:
    """Return the network in an ONNX model of dense layers.

    It has the same outputs and can be trained further. A model exported by layerwise gives the same layers, scaling and
    classes. In other models, arithmetic before the first layer becomes the scaling, and operators that turn the outputs
    into labels are ignored.

    Parameters
    ----------
    source : path, bytes or onnx.ModelProto
        The model.
    classes : array-like of shape (n_out,), optional
        The labels of the outputs, if the model does not contain them.
    random_state : int, optional
        The seed of further training.

    Returns
    -------
    Network
        The network.

    Raises
    ------
    FormatError
        It is not an ONNX model, is damaged, or has operators that do not correspond to layers. The message lists all of
        them.
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> import layerwise as lw
    >>> from layerwise.exchange.export.onnx import to_onnx
    >>> net = lw.Network([lw.Dense(2, weights=[[1.0, 2.0]]), lw.Softmax()])
    >>> lw.from_onnx(to_onnx(net))
    Network([
        Dense(2, weights=Zeros()),
        Softmax(),
    ])
    """
    title, model = _parse(source)
    try:
        network = _own(model, title, random_state)
        if network is None:
            network = _foreign(model, title, classes, random_state)
        elif classes is not None:
            network.task = task_of(network, classes)
    except FormatError as error:
        raise error if title in str(error) else FormatError(f"{title}: {error}") from None
    except Exception as error:  # a model that somebody made can cause any
        if isinstance(error, (LayerwiseError, ImportError, Warning)):
            raise
        raise FormatError(f"{title} is not a sound ONNX model ({type(error).__name__}: {error})") from None
    return network


def _parse(source: Any) -> tuple[str, Any]:
    """Return what to call it in errors, and the model."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise missing("onnx", "onnx", "reading an ONNX model") from None
    title = "the ONNX model"
    if isinstance(source, (str, os.PathLike)):
        title = os.fspath(source)
        if not Path(title).is_file():
            raise FileNotFoundError(f"there is no file {title}")
        try:
            source = Path(title).read_bytes()
        except OSError as error:
            raise FormatError(f"{title} cannot be read: {error.strerror or error}") from None
    if isinstance(source, bytes):
        try:
            source = onnx.load_model_from_string(source)
        except (DecodeError, RuntimeError, ValueError, MemoryError) as error:
            raise FormatError(f"{title} is not a whole ONNX file: {error}") from None
    if not isinstance(source, onnx.ModelProto):
        raise TypeError(f"from_onnx takes a path, bytes or an onnx.ModelProto; got {type(source).__name__}")
    if not source.graph.node:
        raise FormatError(f"{title} is not a whole ONNX file: its graph has no nodes")
    return title, source


def _own(model: Any, title: str, random_state: int | None) -> Network | None:
    """Return the network of a model that layerwise wrote and that has changed in its arrays alone, or None."""
    description = {entry.key: entry.value for entry in model.metadata_props}.get(KEY)
    try:
        told = read_json(description or "")
        if told["outline"] != outline(model.graph):
            return None
        layers, loss = decode(told["layers"], {}), decode(told["loss"], {})
        scaling, penalties = as_scaler(decode(told["scaling"], {})), as_penalties("", decode(told["penalties"], {}))
    except (ValueError, KeyError, TypeError, AttributeError):  # parts of another version, or not known
        return None
    if told["offset"] is not None:
        scaling = StandardScaler() if scaling is None else scaling  # one of the user's own becomes its two arrays
        scaling.offset, scaling.factor = np.array(told["offset"]), np.array(told["factor"])
    found = {array.name: array_of(array) for array in model.graph.initializer}
    arrays = [
        {name: found[f"{scope(stage)}/{name}"] for name in stage.layer.parameter_shapes(stage.n_in)}
        for stage in compile_layers(layers, told["n_in"]).stages
    ]
    network = assemble(
        title, layers, arrays, told["n_in"],
        dtype=np.dtype(told["dtype"]), scaling=scaling, random_state=random_state,
    )  # fmt: skip
    network.task = None if told["task"] is None else Task.from_dict(told["task"])
    network.loss, network.penalties = None if loss is None else as_loss(loss), penalties or ()
    network.notes = dict(decode(told["notes"], {}))
    return network


def _foreign(model: Any, title: str, classes: ArrayLike | None, random_state: int | None) -> Network:
    reader = Reader(model, title)
    chain = reader.read()
    layers = [link.layer for link in chain.links]
    double = any(array.dtype == np.float64 for link in chain.links for array in link.arrays.values())
    plain = not chain.offset.any() and chain.factor.size == 1 and float(chain.factor) == 1
    network = assemble(
        title,
        layers,
        [link.arrays for link in chain.links],
        chain.n_in or 1,
        dtype=np.dtype(np.float64 if double else np.float32),
        scaling=None if plain else scaler_of(chain.offset, chain.factor),
        random_state=random_state,
    )
    if classes is None and reader.classes is not None and len(reader.classes) == max(network.built()[0].n_out, 2):
        classes = reader.classes
    network.task = task_of(network, classes)
    return network


# What may stand after a label, and is passed over with it.
_AFTER_LABELS = {
    "ArrayFeatureExtractor", "Cast", "Flatten", "Gather", "Identity", "LabelEncoder", "Reshape", "Squeeze",
    "Unsqueeze", "ZipMap",
}  # fmt: skip
_LABELS = {"ArgMax", "TopK", "ZipMap"}
_FOLDED: dict[str, Callable[..., Array]] = {
    "Identity": lambda array: array,
    "Transpose": lambda array, perm=None: np.transpose(array, perm),
    "Cast": lambda array, to=None: array,
}


class Reader:
    """Follows a graph from its input to its outputs.

    Parameters
    ----------
    model : onnx.ModelProto
        The model.
    title : str
        What it is called in errors.

    Attributes
    ----------
    chains : dict of Chain
        What each value is, by name.
    classes : list, optional
        The labels, where nodes at the end name them.
    """

    def __init__(self, model: Any, title: str) -> None:
        self.graph, self.title = model.graph, title
        self.opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
        self.constants: dict[str, Array] = {a.name: array_of(a) for a in self.graph.initializer}
        self.chains: dict[str, Chain] = {}
        self.classes: list[Any] | None = None
        self._labels: set[str] = set()
        self._unknown: set[str] = set()
        self._ends: list[Chain] = []
        self._problems: list[str] = []

    def read(self) -> Chain:
        """Return the layers that the model's outputs come from.

        Raises
        ------
        FormatError
            Names all operators that are no layers here.
        """
        if self.graph.sparse_initializer:
            raise FormatError(f"{self.title} has sparse arrays, which are not read: store them as dense ones")
        self._input()
        for node in self.graph.node:
            self._node(node)
        if self._problems:
            raise FormatError(
                f"{self.title} has what is no layer here: {'; '.join(self._problems)}. Dense layers, normalizations, "
                "activations and dropout are read, one after the other"
            )
        given = [self.chains[o.name] for o in self.graph.output if o.name in self.chains]
        outputs = [chain for chain in given if not chain.truth] or self._ends
        longest = max(outputs, key=lambda chain: len(chain.links), default=None)
        if longest is None or not longest.links or longest.complement:
            raise FormatError(f"{self.title}: no output of it comes from layers")
        if not all(longest.follows(chain) for chain in outputs):
            raise FormatError(f"{self.title} has several outputs that come from different layers; a network has one")
        return longest

    def _input(self) -> None:
        inputs = [info for info in self.graph.input if info.name not in self.constants]
        if len(inputs) != 1:
            names = ", ".join(info.name for info in inputs) or "none"
            raise FormatError(f"{self.title} must have one input, the samples; it has {names}")
        kind = inputs[0].type.tensor_type
        dims = [d.dim_value if d.HasField("dim_value") else 0 for d in kind.shape.dim][1:]
        width = math.prod(dims) if dims and all(dims) else None
        self.chains[inputs[0].name] = Chain(width, width)

    def _node(self, node: Any) -> None:
        """Follow a node; what cannot be read is noted, and all that follows from it passed over."""
        inputs = [name for name in node.input if name]
        known = {*self.constants, *self.chains, *self._labels, *self._unknown}
        lost = [name for name in inputs if name not in known]
        if lost:
            raise FormatError(f"{self.title}: {_called(node)} reads {', '.join(lost)}, which is nowhere in it")
        try:
            self._follow(node, inputs)
        except Unsupported as problem:
            self._problems.append(f"{_called(node)}{problem}")
            self._unknown.update(node.output)

    def _follow(self, node: Any, inputs: list[str]) -> None:
        op, ours = node.op_type, node.domain in ("", "ai.onnx")
        if any(name in self._labels for name in inputs):
            if op not in _AFTER_LABELS:
                raise Unsupported(", which follows a label")
            self._note_classes(node, [self.constants[name] for name in inputs if name in self.constants])
            self._labels.update(node.output)
        elif op in _LABELS and inputs[0] in self.chains:
            self._note_classes(node, [])
            self._ends.append(self.chains[inputs[0]])
            self._labels.update(node.output)
        elif ours and not any(name in self.chains or name in self._unknown for name in inputs):
            self._fold(node, inputs)
        elif not ours or op not in OPERATORS:
            raise Unsupported(f" of {node.domain}" if node.domain else "")
        elif any(name in self._unknown for name in inputs):
            self._unknown.update(node.output)
        else:
            made = OPERATORS[op](self._reading(node))
            if made is None:  # whole numbers: a label
                self._ends.append(self.chains[inputs[0]].numbers())
                self._labels.update(node.output)
            else:
                self.chains[node.output[0]] = made
                self._unknown.update(node.output[1:])

    def _reading(self, node: Any) -> Reading:
        values = [self.chains.get(name, self.constants.get(name)) for name in node.input]
        return Reading(node.op_type, values, attributes(node), self.opset)

    def _fold(self, node: Any, inputs: list[str]) -> None:
        """Make a node of constants alone a constant."""
        told = attributes(node)
        if node.op_type == "Constant" and told:
            self.constants[node.output[0]] = np.asarray(next(iter(told.values())))
        elif node.op_type in _FOLDED:
            self.constants[node.output[0]] = _FOLDED[node.op_type](self.constants[inputs[0]], **told)
        else:
            raise Unsupported(" of constants")

    def _note_classes(self, node: Any, constants: list[Array]) -> None:
        told = attributes(node)
        for key in ("classlabels_strings", "classlabels_int64s"):
            if told.get(key):
                self.classes = list(told[key])
        if node.op_type in ("Gather", "ArrayFeatureExtractor") and constants and constants[0].size > 1:
            self.classes = constants[0].reshape(-1).tolist()
        if self.classes is not None:
            self.classes = [c.decode() if isinstance(c, bytes) else c for c in self.classes]


def _called(node: Any) -> str:
    name = node.name or (node.output[0] if node.output else "")
    return f"node {name!r} ({node.op_type})" if name else node.op_type
