"""What the page needs to spell a trace, and a part as Python writes it: arguments with their defaults, and trees.

    classes ──► parameters_of ──► arguments      formulas() ──► as_data ──► trees, one set for each form

A part's trees may depend on its arguments: SGD has a velocity only where there is momentum. Each form is kept with the
values that it is for, so that the page looks up what Python would have traced.

    $ python -m layerwise.app.play.words_of_trace page/src/generated/trace.json
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from inspect import Parameter
from pathlib import Path
from typing import Any

import layerwise as lw
from layerwise.files.parts import KNOWN, encode
from layerwise.formula import Tree
from layerwise.formula.data import as_data
from layerwise.parts.description import Description, parameters_of
from layerwise.parts.layers import Activation, Layer
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty

REQUIRED = {"units": 2, "rate": 0.25, "weights": 0.5, "knots": [[0.0, 1.0]]}  # values for arguments without a default
OTHER = 0.25  # a number in place of one that is 0 or none by default


def words() -> dict[str, Any]:
    """Return all of it as JSON."""
    return {"parts": {name: _part(kind) for name, kind in KNOWN.items()}}


def _part(kind: type[Description]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "path": _path(kind),
        "arguments": [_argument(name, p) for name, p in parameters_of(kind).items()],
    }
    if issubclass(kind, Layer):
        found["statistics"] = list(kind.statistics)
    if issubclass(kind, Loss):
        found["reduction"] = kind.reduction
        found["fuses_with"] = None if kind.fuses_with is None else kind.fuses_with.__name__
    if issubclass(kind, Activation):
        found["is_activation"] = True
    forms = list(_forms(kind))
    return {**found, "forms": forms} if forms else found


def _path(kind: type[Description]) -> str:
    """Return how a script names the class: ``lw.Dense``, ``lw.schedules.Cosine``."""
    rooms = ("", "initializers.", "schedules.")
    return next(f"lw.{room}{kind.__name__}" for room in rooms if _public(f"{room}{kind.__name__}") is kind)


def _public(path: str) -> Any:
    found: Any = lw
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def _argument(name: str, parameter: Parameter) -> dict[str, Any]:
    kinds = str(parameter.annotation)
    kind = next((kind for kind in ("float", "int", "bool") if kind in kinds), "other")
    given = {} if parameter.default is parameter.empty else {"default": encode(parameter.default)}
    return {"name": name, "kind": kind, **given}


def _forms(kind: type[Description]) -> Iterator[dict[str, Any]]:
    """Yield each form of the trees with the arguments that it is for: true, false, 0, null, or "other"."""
    if not issubclass(kind, (Activation, Loss, Optimizer, Penalty)):
        return
    choices = {name: _choices(parameter) for name, parameter in parameters_of(kind).items()}
    found = {values: _trees(kind, dict(zip(choices, values))) for values in itertools.product(*choices.values())}
    counts = [i for i, name in enumerate(choices) if _counts(i, choices[name], found)]
    names, seen = list(choices), set[str]()
    for values, trees in found.items():
        when = {names[i]: _condition(values[i]) for i in counts}
        if trees and json.dumps(when) not in seen:
            seen.add(json.dumps(when))
            yield {"when": when, **trees}


def _counts(i: int, values: list[Any], found: dict[tuple[Any, ...], Any]) -> bool:
    """Return whether the trees depend on argument i, which has these values."""
    return any(
        trees != found[(*given[:i], value, *given[i + 1 :])] for given, trees in found.items() for value in values
    )


def _choices(parameter: Parameter) -> list[Any]:
    default = REQUIRED.get(parameter.name) if parameter.default is parameter.empty else parameter.default
    if isinstance(default, bool):
        return [False, True]
    if default is None or (isinstance(default, (int, float)) and default == 0):
        return [default, OTHER]
    return [default]


def _condition(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) or value == 0 else "other"


def _trees(kind: type[Description], arguments: dict[str, Any]) -> dict[str, Any]:
    part = kind(**arguments)
    if isinstance(part, Optimizer):
        rule = part.formulas()
        return {"w": as_data(rule.w), "states": {name: as_data(tree) for name, tree in rule.states.items()}}
    assert isinstance(part, (Activation, Loss, Penalty))
    if not part.has_formula:
        return {}
    if isinstance(part, Activation):
        formulas = part.formulas()
        return _named(f=formulas.f, slope=formulas.slope)
    f, slope = part.formulas()
    return _named(f=f, slope=slope, **({"joint": part.joint()} if isinstance(part, Loss) else {}))


def _named(**trees: Tree | None) -> dict[str, Any]:
    return {name: as_data(tree) for name, tree in trees.items() if tree is not None}


def text() -> str:
    """Return the file: a line a part."""
    lines = [f"{json.dumps(name)}: {json.dumps(part)}" for name, part in words()["parts"].items()]
    return '{"parts": {\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
