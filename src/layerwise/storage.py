"""The model file: a description in JSON and arrays, in one safetensors file. Opening one runs no code.

    metadata["layerwise"] = {"format_version": 1, "layers": [{"type": "Dense", "units": 30, …}, …], "loss": …}
    tensors               = layers.0.W, layers.0.b, …, scaling.offset, scaling.factor, optimizer.m, …

It deals in descriptions and arrays only; `Network` puts them together.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.description import Description
from layerwise.errors import FormatError, missing, nearest
from layerwise.initializers import INITIALIZERS, Given
from layerwise.layers import LAYERS
from layerwise.losses import LOSSES
from layerwise.optimizers import OPTIMIZERS
from layerwise.penalties import PENALTIES
from layerwise.scaling import SCALERS
from layerwise.typing import Array

FORMAT_VERSION = 1
KEY = "layerwise"
KNOWN: dict[str, type[Description]] = {
    kind.__name__: kind for kind in (*LAYERS, *LOSSES, *PENALTIES, *OPTIMIZERS, *INITIALIZERS, *SCALERS)
}


def encode(value: Any) -> Any:
    """A description, or anything in one, as JSON."""
    if isinstance(value, Given):
        return {"type": "Zeros"}  # what was given is in the tensors, trained since
    if isinstance(value, Description):
        return {"type": type(value).__name__, **{name: encode(v) for name, v in value.config().items()}}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise FormatError(f"a {type(value).__name__} cannot be written to a model file: {value!r}")


def decode(value: Any, custom: Mapping[str, type[Description]]) -> Any:
    """What `encode` was given; names not of layerwise are looked up in `custom`.

    Raises
    ------
    FormatError
        A name is not known, or its arguments are not right.
    """
    if isinstance(value, list):
        return [decode(item, custom) for item in value]
    if not isinstance(value, dict):
        return value
    name = value.get("type")
    known = {**KNOWN, **custom}
    if not isinstance(name, str) or name not in known:
        hint = nearest(name, known) if isinstance(name, str) else "it must be a name"
        raise FormatError(f"the part {name!r} is not known: {hint}. Parts of your own are passed as custom=[...]")
    arguments = {key: decode(item, custom) for key, item in value.items() if key != "type"}
    try:
        return known[name](**arguments)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name} cannot be made from {arguments}: {error}") from None


def write(path: str | os.PathLike[str], description: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Write a model file: whole, or not at all.

    Raises
    ------
    OSError
        The path cannot be written to; what was there before is untouched.
    """
    try:
        from safetensors.numpy import save
    except ImportError:
        raise missing("safetensors", "files", "saving a model") from None
    header = {KEY: json.dumps({"format_version": FORMAT_VERSION, **description}, allow_nan=False)}
    content = save({name: np.asarray(array, order="C") for name, array in tensors.items()}, metadata=header)
    write_whole(Path(path), content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it: a temporary file, synced, then renamed."""
    check_writable(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the new name lives in the directory: that is synced too
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise now if a file could not be written at `path` later.

    Raises
    ------
    OSError
        Says what is in the way: no such directory, a directory of that name, no permission.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {target}: it is a directory; give a file name")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {target}: there is no directory {target.parent}; make it first")
    if not os.access(target.parent, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
        raise PermissionError(f"cannot write {target}: no permission to write there; choose another place")


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """The description and the tensors of a model file.

    Raises
    ------
    FormatError
        Not a model file of layerwise, damaged, or of another format version.
    FileNotFoundError
        There is no such file.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise missing("safetensors", "files", "loading a model") from None
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no model file {os.fspath(path)}")
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            description = _description(path, metadata)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{os.fspath(path)} is not a whole safetensors file: {error}") from None
    return description, tensors


def _description(path: str | os.PathLike[str], metadata: Mapping[str, str]) -> dict[str, Any]:
    name = os.fspath(path)
    if KEY not in metadata:
        raise FormatError(f"{name} is a safetensors file, but not a model of layerwise: its header has no {KEY!r}")
    try:
        description = json.loads(metadata[KEY])
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name}: its description is not JSON: {error}") from None
    version = description.get("format_version") if isinstance(description, dict) else None
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{name} has the format version {version!r}; this layerwise reads {FORMAT_VERSION}: "
            "it was written by another version of layerwise, install that or a newer one"
        )
    return dict(description)


def fill(arrays: Mapping[str, Array], tensors: Mapping[str, Array], allowed: Iterable[str], source: str) -> None:
    """Copy each tensor into the array of its name; none may be missing, left over, misshapen or not finite."""
    absent = [name for name in arrays if name not in tensors]
    extra = [name for name in tensors if name not in arrays and name not in set(allowed)]
    if absent or extra:
        problem = (
            f"has no tensor {', '.join(absent)}" if absent else f"has tensors nobody asked for: {', '.join(extra)}"
        )
        raise FormatError(f"{source} {problem}; its layers and its tensors do not belong together")
    for name, array in arrays.items():
        tensor = tensors[name]
        if tensor.shape != array.shape or tensor.dtype != array.dtype:
            raise FormatError(
                f"{source}: tensor {name} has shape {tensor.shape} and type {tensor.dtype}; "
                f"{array.shape} and {array.dtype} were expected"
            )
        if not np.isfinite(tensor).all():
            raise FormatError(f"{source}: tensor {name} holds NaN or infinity")
    for name, array in arrays.items():
        array[...] = tensors[name]
