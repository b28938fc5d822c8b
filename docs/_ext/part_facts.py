"""What the reference says of a part of a network, asked of the code: kinds, ranges, exports, native engine, source.

class ─┬─► catalogue            its arguments with the bounds that its constructor checks
       ├─► a tiny network       trained by the native engine, and written by each export
       └─► inspect              the file and the line where it stands
"""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import layerwise as lw
from layerwise.app.play.catalogue import _made as made
from layerwise.app.play.catalogue import catalogue
from layerwise.engine.choice import is_native
from layerwise.engine.native_engine import _native
from layerwise.engine.plan import compile_layers
from layerwise.errors import EngineError, ExportError, LayerwiseError
from layerwise.exchange.export import TARGETS
from layerwise.parts.description import Description
from layerwise.parts.initializers import INITIALIZERS
from layerwise.parts.layers import ACTIVATIONS, LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES
from layerwise.parts.scaling import SCALERS
from layerwise.parts.schedules import SCHEDULES

KINDS: dict[str, tuple[type[Any], ...]] = {
    "activations": tuple(ACTIVATIONS),
    "layers": tuple(kind for kind in LAYERS if kind not in ACTIVATIONS),
    "losses": tuple(LOSSES),
    "penalties": PENALTIES,
    "optimizers": tuple(OPTIMIZERS),
    "initializers": INITIALIZERS,
    "schedules": SCHEDULES,
    "scaling": SCALERS,
}
EXPORTED = ("activations", "layers", "scaling")  # are in a network that predicts; the others in its training alone
NAMES = {
    "c": "C", "python": "Python", "numpy": "NumPy", "javascript": "JavaScript", "onnx": "ONNX",
    "training-script": "training script",
}  # fmt: skip
SOURCES = Path(lw.__file__).parent


def kind_of(cls: type) -> str | None:
    """Return which kind of part a class is; None for what is no part."""
    return next((name for name, classes in KINDS.items() if cls in classes), None)


# ---------------------------------------------------------------- ranges


@cache
def arguments() -> dict[str, list[dict[str, Any]]]:
    """Return the arguments of each part by its class's name, with their defaults and bounds."""
    found = catalogue()
    return {part["name"]: part["arguments"] for kind in found.values() if isinstance(kind, list) for part in kind}


def range_of(argument: dict[str, Any]) -> str:
    """Return an argument's range in words; empty where it is no number."""
    if "choices" in argument:
        return ", ".join(f'"{choice}"' for choice in argument["choices"])
    if argument["kind"] == "bool":
        return "True or False"
    if argument["kind"] not in ("float", "int"):
        return ""
    words = {"above": "above", "least": "at least", "below": "below", "most": "at most"}
    bounds = [f"{word} {argument[name]:g}" for name, word in words.items() if name in argument]
    number = "whole number" if argument["kind"] == "int" else "any number"
    if not bounds:
        return number
    return ("whole number, " if argument["kind"] == "int" else "") + ", ".join(bounds)


# ---------------------------------------------------------------- exports and the native engine


@cache
def tried(cls: type) -> tuple[lw.Network, bool]:
    """Return a tiny network with a part, and whether the native engine ran it.

    It is trained for one epoch; only evaluated where it cannot be trained.
    """
    part = part_of(cls)
    kind = kind_of(cls)
    takes = getattr(part, "takes", "") if kind == "losses" else ""
    last = {"probabilities": [lw.Sigmoid()], "distribution": [lw.Softmax()]}.get(takes, [])
    scaling = part if kind == "scaling" else None
    network = lw.Network([*_layers_with(part, kind), lw.Dense(2), *last], scaling=scaling, random_state=0)
    X = np.linspace(0, 255 if kind == "scaling" else 1, 32).reshape(16, 2)
    y = np.tile(np.eye(2), (8, 1))
    arguments = {"loss": "mean_squared_error", **_arguments_with(part, kind)}
    for engine in ("native", "numpy"):
        try:
            network.fit(X, y, epochs=1, engine=engine, verbose=False, **arguments)
        except EngineError:
            continue
        except LayerwiseError:  # such as a step function, through which no gradient goes
            network.build(2)
            return network, _runs(network)
        return network, engine == "native"
    raise RuntimeError(f"{part!r} was trained by no engine")


def _runs(network: lw.Network) -> bool:
    try:
        return is_native("native", compile_layers(network.layers, 2))
    except EngineError:
        return False


def _layers_with(part: Description, kind: str | None) -> list[Any]:
    if kind in ("activations", "layers"):
        return [part] if type(part) is lw.PiecewiseLinear else [lw.Dense(6), part]
    return [lw.Dense(6, weights=part), lw.Tanh()] if kind == "initializers" else [lw.Dense(6), lw.Tanh()]


def _arguments_with(part: Description, kind: str | None) -> dict[str, Any]:
    names = {"losses": "loss", "optimizers": "optimizer", "penalties": "penalty", "schedules": "schedule"}
    return {names[kind]: part} if kind in names else {}


def part_of(cls: type) -> Description:
    """Return an instance for the tiny network."""
    given = {lw.PiecewiseLinear: ([[0.0, 1.0], [0.0, 1.0]],), lw.Dense: (6,)}
    return cls(*given[cls]) if cls in given else made(cls)  # type: ignore[no-any-return]


@cache
def exports(cls: type) -> tuple[str, ...]:
    """Return the exports that have a part, asked by writing a tiny network with it."""
    network, _ = tried(cls)
    found = []
    for target in TARGETS if kind_of(cls) in EXPORTED else ("training-script",):
        try:
            TARGETS[target].make(network, "network", "float32")
        except ExportError:
            continue
        found.append(target)
    return tuple(found)


@cache
def runs_natively(cls: type) -> bool:
    """Return whether the native engine trains, or at least evaluates, a network with the part.

    Raises
    ------
    RuntimeError
        There is no native engine here to ask.
    """
    if _native is None:
        raise RuntimeError("the reference needs the native engine, to say what it runs")
    return tried(cls)[1]


# ---------------------------------------------------------------- source


def source_of(value: Any) -> tuple[str, int, str]:
    """Return the file in the repository where a class or function stands, its line, and its module."""
    path = Path(inspect.getsourcefile(value) or "")
    line = inspect.getsourcelines(value)[1]
    return f"src/layerwise/{path.relative_to(SOURCES).as_posix()}", line, value.__module__
