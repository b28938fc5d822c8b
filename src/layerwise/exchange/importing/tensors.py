"""Weights of PyTorch and Keras as a network: the layers are given, the tensors are found and brought to our form.

PyTorch   weight (out, in), bias      weight, bias, running_mean, running_var          weight, bias
Keras     kernel (in, out), bias      gamma, beta, moving_mean, moving_variance        gamma, beta
here      W (in, out), b              gamma, beta, mean, var                           gamma, beta
          Dense                       BatchNorm                                        LayerNorm
"""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.data.writing import most_unpacked
from layerwise.engine.plan import inputs_of
from layerwise.errors import FormatError
from layerwise.exchange.importing.assembly import assemble, task_of
from layerwise.files import SafetensorsFile
from layerwise.network.network import Network
from layerwise.parts.layers import BatchNorm, Dense, Layer, LayerNorm, Scale
from layerwise.typing import Array, ArrayLike

Names = dict[type[Layer], dict[str, str]]
_TORCH: Names = {
    Dense: {"W": "weight", "b": "bias"},
    BatchNorm: {"gamma": "weight", "beta": "bias", "mean": "running_mean", "var": "running_var"},
    LayerNorm: {"gamma": "weight", "beta": "bias"},
    Scale: {"s": "weight"},
}
_KERAS: Names = {
    Dense: {"W": "kernel", "b": "bias"},
    BatchNorm: {"gamma": "gamma", "beta": "beta", "mean": "moving_mean", "var": "moving_variance"},
    LayerNorm: {"gamma": "gamma", "beta": "beta"},
    Scale: {"s": "scale"},
}
_OPTIONAL = {"b", "gamma", "beta"}  # a module may be made without them: 0, 1, 0
_IGNORED = {"num_batches_tracked", "seed_generator_state"}


def from_torch(
    source: str | os.PathLike[str] | Mapping[str, Any],
    layers: Sequence[Layer],
    *,
    modules: Sequence[str] | None = None,
    classes: ArrayLike | None = None,
    random_state: int | None = None,
) -> Network:
    """Return a network with the weights and the outputs of a PyTorch model of dense layers.

    Parameters
    ----------
    source : path or mapping
        A safetensors file (``safetensors.torch.save_file(model.state_dict(), path)``), ``model.state_dict()`` itself,
        or arrays with the same names.
    layers : sequence of Layer
        The layers of the model. The momentum of ``BatchNorm1d`` is 1 minus that of `BatchNorm`. A model for
        ``CrossEntropyLoss`` has no softmax: add `Softmax` for probabilities.
    modules : sequence of str, optional
        The names of the modules with weights, first to last, such as ``["fc1", "fc2", "out"]``. By default the numbers
        in the names give the order, or else the order of the mapping. A file has no order.
    classes : array-like of shape (n_out,), optional
        The labels of the outputs.
    random_state : int, optional
        The seed of further training.

    Returns
    -------
    Network
        The network.

    Raises
    ------
    FormatError
        The tensors do not fit the layers. The message lists all that are missing, left over or of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> state = {"0.weight": np.array([[1.0, 2.0]]), "0.bias": np.array([0.5])}
    >>> lw.from_torch(state, [lw.Dense(1), lw.ReLU()]).predict([[3.0, 4.0]])
    array([[11.5]])
    """
    return _network(source, layers, _TORCH, modules, classes, random_state)


def from_keras(
    source: str | os.PathLike[str] | Mapping[str, Any] | Sequence[ArrayLike],
    layers: Sequence[Layer],
    *,
    modules: Sequence[str] | None = None,
    classes: ArrayLike | None = None,
    random_state: int | None = None,
) -> Network:
    """Return a network with the weights and the outputs of a Keras model of dense layers.

    Parameters
    ----------
    source : path, mapping or sequence of arrays
        ``model.get_weights()``, or an ``.npz`` file of it (``np.savez(path, *model.get_weights())``); or by name
        ``{w.path: w.numpy() for w in model.weights}``, or a safetensors file of that.
    layers : sequence of Layer
        The layers of the model, with activations as layers of their own. Keras's defaults are
        ``BatchNorm(momentum=0.99, epsilon=1e-3)`` and ``LayerNorm(epsilon=1e-3)``.
    modules : sequence of str, optional
        As for `from_torch`.
    classes : array-like of shape (n_out,), optional
        The labels of the outputs.
    random_state : int, optional
        The seed of further training.

    Returns
    -------
    Network
        The network.

    Raises
    ------
    FormatError
        The arrays do not fit the layers. The message lists all that are missing, left over or of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> weights = [np.array([[1.0], [2.0]]), np.array([0.5])]
    >>> lw.from_keras(weights, [lw.Dense(1), lw.ReLU()]).predict([[3.0, 4.0]])
    array([[11.5]])
    """
    return _network(source, layers, _KERAS, modules, classes, random_state)


def _network(
    source: Any,
    layers: Sequence[Layer],
    names: Names,
    modules: Sequence[str] | None,
    classes: ArrayLike | None,
    random_state: int | None,
) -> Network:
    title, tensors, ordered = _read(source)
    layers = list(Network(layers).layers)
    learn = [i for i, layer in enumerate(layers) if layer.parameter_shapes(1)]
    groups, optional = _positions(tensors, [_leaves(layers[i], names) for i in learn], names), set[str]()
    if groups is None:
        groups, optional = _in_order(title, _by_module(tensors), modules, ordered), _OPTIONAL
    arrays, n_in, problems = _fit(layers, learn, groups, names, optional)
    if problems:
        hint = "" if ordered or modules else "; modules=[…] gives the order of the modules"
        raise FormatError(f"{title}: its tensors are not those of the layers: {'; '.join(problems)}{hint}")
    double = all(array.dtype == np.float64 for array in tensors.values())
    dtype = np.dtype(np.float64 if double else np.float32)
    network = assemble(title, layers, arrays, n_in, dtype=dtype, random_state=random_state)
    network.task = task_of(network, classes)
    return network


def _leaves(layer: Layer, names: Names) -> dict[str, str]:
    """Return what a layer's parameters are called there; a custom one keeps its names."""
    return names.get(type(layer)) or {name: name for name in layer.parameter_shapes(1)}


# ---------------------------------------------------------------- what came


def _read(source: Any) -> tuple[str, dict[str, Array], bool]:
    """Return what to call it in errors, the tensors by name, and whether they are in the model's order."""
    if isinstance(source, (str, os.PathLike)):
        title = os.fspath(source)
        if not Path(title).is_file():
            raise FileNotFoundError(f"there is no file {title}")
        suffix = Path(title).suffix
        if suffix == ".npz":
            return title, _numbers(title, _read_npz(title)), True
        if suffix != ".safetensors":
            raise FormatError(
                f"{title}: weights are read from .safetensors and .npz, which run no code; for PyTorch write "
                "safetensors.torch.save_file(model.state_dict(), path), for Keras np.savez(path, *model.get_weights())"
            )
        return title, _numbers(title, _read_safetensors(title)), False
    if isinstance(source, Mapping):
        return "the state", _numbers("the state", source), True
    if isinstance(source, Sequence):
        return "the weights", _numbers("the weights", {f"weights[{i}]": a for i, a in enumerate(source)}), True
    raise TypeError(
        f"weights come as a path, a mapping of names to arrays or a list of arrays; got {type(source).__name__}: "
        "give model.state_dict() of PyTorch, model.get_weights() of Keras"
    )


def _read_npz(path: str) -> dict[str, Array]:
    """Return the arrays of a zip of .npy files, whose sizes are checked before anything is unpacked."""
    try:
        most = most_unpacked(os.path.getsize(path))
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len({member.filename for member in members}) < len(members):
                raise ValueError("it has two arrays of one name")
            if sum(member.file_size for member in members) > most:
                raise ValueError(f"it would take more than {most:,} bytes in memory, many times its size")
            return {member.filename.removesuffix(".npy"): _read_npy(archive, member) for member in members}
    except Exception as error:  # a damaged file makes zlib and NumPy's reading of headers raise nearly anything
        raise FormatError(f"{path} is not a whole .npz file of numbers: {str(error)[:200]}") from None


def _read_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """Return one array: a header, whose length the format's version says, and the numbers. Objects would be pickles."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            raise ValueError(f"{member.filename} has the format version {version}")
        shape, by_columns, dtype = readers[version](file)
        if dtype.kind not in "fiub":
            raise ValueError(f"{member.filename} must hold numbers; its type is {dtype}")
        size = math.prod(shape) * dtype.itemsize
        if file.tell() + size != member.file_size:
            raise ValueError(
                f"{member.filename} of shape {shape} and type {dtype} does not take {member.file_size:,} bytes"
            )
        numbers = file.read(size)
        if len(numbers) < size or file.read(1):
            raise ValueError(f"{member.filename} is longer or shorter than it says")
    return np.frombuffer(numbers, dtype).reshape(shape, order="F" if by_columns else "C")


def _read_safetensors(path: str) -> dict[str, Any]:
    with SafetensorsFile(path) as file:
        return {name: file.read(name) for name in file.entries}


def _numbers(title: str, tensors: Mapping[str, Any]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name, tensor in tensors.items():
        try:
            array = np.asarray(tensor)
        except (TypeError, ValueError, RuntimeError) as error:
            raise FormatError(f"{title}: {name} cannot be read as an array: {error}") from None
        if array.dtype.kind not in "fiub":
            raise FormatError(f"{title}: {name} must hold numbers; its type is {array.dtype}")
        if not isinstance(name, str):
            raise FormatError(f"{title}: tensors are found by names that are text; got {name!r}")
        if re.split(r"[./]", name)[-1] not in _IGNORED:
            found[name] = array
    if not found:
        raise FormatError(f"{title} holds no tensors")
    return found


# ---------------------------------------------------------------- which tensors belong to which layer

Group = dict[str, tuple[str, Array]]  # of a module: its tensors, and their whole names, by what they are


def _positions(tensors: dict[str, Array], leaves: Sequence[dict[str, str]], names: Names) -> list[Group] | None:
    """Return arrays without telling names, in the order of the layers and their parameters; None if names tell."""
    known = {leaf for layer in (*names.values(), *leaves) for leaf in layer.values()}
    if any(_split(name)[1] in known for name in tensors):
        return None
    rest = list(tensors.items())
    groups: list[Group] = []
    for layer in leaves:
        group, rest = rest[: len(layer)], rest[len(layer) :]
        groups.append(dict(zip(layer.values(), group)))
    return groups + [{name: (name, array)} for name, array in rest]


def _split(name: str) -> tuple[str, str]:
    """Return a tensor's module and what it is there: layers.0, weight."""
    found = re.fullmatch(r"(?:(.*)[./])?([^./]*)", name.removesuffix(":0"), re.DOTALL)
    return (found[1] or "", found[2]) if found else ("", name)


def _by_module(tensors: dict[str, Array]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for name, array in tensors.items():
        module, leaf = _split(name)
        groups.setdefault(module, {})[leaf] = (name, array)
    return groups


def _in_order(title: str, groups: dict[str, Group], modules: Sequence[str] | None, ordered: bool) -> list[Group]:
    if modules is not None:
        absent = [name for name in modules if name not in groups]
        if absent:
            raise FormatError(f"{title} has no module {', '.join(absent)}; it has {', '.join(groups)}")
        return [groups[name] for name in modules] + [groups[name] for name in groups if name not in modules]
    if len({re.sub(r"\d+", "#", name) for name in groups}) == 1:
        return [groups[name] for name in sorted(groups, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])]
    if not ordered:
        raise FormatError(
            f"{title}: a file does not keep the order of its modules, and their names do not give it: "
            f"say modules=[…], first to last, of {', '.join(groups)}"
        )
    return list(groups.values())


def _fit(
    layers: Sequence[Layer], learn: Sequence[int], groups: Sequence[Group], names: Names, optional: set[str]
) -> tuple[list[dict[str, Array]], int, list[str]]:
    """Return each layer's arrays, how many inputs there are, and all that does not fit."""
    arrays: list[dict[str, Array]] = [{} for _ in layers]
    problems: list[str] = []
    width = n_in = _inputs(layers, learn, groups, names)
    for index, layer in enumerate(layers):
        if index in learn:
            place = learn.index(index)
            group = dict(groups[place]) if place < len(groups) else {}
            for name, shape in layer.parameter_shapes(width).items():
                leaf = _leaves(layer, names)[name]
                turned = names is _TORCH and type(layer) is Dense and name == "W"
                shape = shape[::-1] if turned else shape
                label, array = group.pop(leaf, (None, None))
                if array is None:
                    if name not in optional or place >= len(groups):
                        problems.append(f"layer {index} ({layer!r}) has no {leaf}, expected of shape {shape}")
                elif array.shape != shape:
                    problems.append(
                        f"layer {index} ({layer!r}) expects {leaf} of shape {shape}; {label} has {array.shape}"
                    )
                else:
                    arrays[index][name] = array.T if turned else array
            problems += [f"{label} of shape {array.shape} is left over" for label, array in group.values()]
        width = layer.n_out(width)
    for group in groups[len(learn) :]:
        problems += [f"{label} of shape {array.shape} is left over" for label, array in group.values()]
    return arrays, n_in, problems


def _inputs(layers: Sequence[Layer], learn: Sequence[int], groups: Sequence[Group], names: Names) -> int:
    """Return how many inputs the first layer that has weights was made for; 1 if it cannot be told."""
    if not learn or not groups:
        return 1
    leaves, group = _leaves(layers[learn[0]], names), groups[0]
    array = next((group[leaf][1] for leaf in leaves.values() if leaf in group), None)
    if array is None or not array.ndim or not array.size:
        return 1
    turned = names is _TORCH and type(layers[learn[0]]) is Dense
    return max(1, inputs_of(layers, int(array.shape[-1 if turned else 0])))
