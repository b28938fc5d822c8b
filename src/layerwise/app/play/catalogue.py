"""What the page knows of the parts of a network: written from the classes themselves, so that nothing is said twice.

classes ─┬─► arguments, with defaults and the bounds that their errors name
         ├─► arrays: their shapes, what they start from
         ├─► formulas in LaTeX and in words
         └─► code for the engine: an optimizer's rule in each of its forms, a schedule's factor

$ python -m layerwise.app.play.catalogue page/src/generated/catalogue.json
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator
from inspect import Parameter, getdoc
from pathlib import Path
from typing import Any

import numpy as np

import layerwise
from layerwise.engine.native_rule import fixed, rule_arguments
from layerwise.files.parts import encode
from layerwise.formula import Tree, latex
from layerwise.formula.lowering import Code, code
from layerwise.parts.description import Description, parameters_of
from layerwise.parts.initializers import INITIALIZERS
from layerwise.parts.layers import LAYERS, Activation, Layer
from layerwise.parts.losses import LOSSES, BinaryCrossEntropy, Loss
from layerwise.parts.optimizers import OPTIMIZERS, Optimizer
from layerwise.parts.parameters import Parameters
from layerwise.parts.penalties import PENALTIES, Penalty
from layerwise.parts.scaling import SCALERS, Scaler
from layerwise.parts.schedules import SCHEDULES, Schedule
from layerwise.parts.symbolic import Symbolic
from layerwise.training.divergence import LARGE, WORDS

_GIVEN = {"units": 10, "groups": 2, "rate": 0.25, "weights": 0.5, "knots": [[0.0, 1.0]]}  # where there is no default
_SOME = 0.25  # in place of a number that may be 0
_LATEX = {
    "Dense": r"y = x W + b",
    "Softmax": r"y_j = \frac{e^{x_j}}{\sum_k e^{x_k}}",
    "Scale": r"y = x \odot s",
    "LayerNorm": r"y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta",
    "BatchNorm": r"y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta",
    "Dropout": r"y = x \odot \text{mask}",
    "PiecewiseLinear": r"y = [x, t], \quad t = \min(\max(\frac{x - k_j}{k_{j+1} - k_j}, 0), 1)",
}
_GREEK = {name: "\\" + name for name in ("alpha", "beta", "gamma", "delta", "epsilon", "rho")} | {
    "beta_1": r"\beta_1",
    "beta_2": r"\beta_2",
    "momentum": r"\mu",
    "rate": r"\eta",
    "weight_decay": r"\lambda",
}


def catalogue() -> dict[str, Any]:
    """Return all of it as JSON."""
    return {
        "version": layerwise.__version__,
        "layers": [_layer(kind) for kind in LAYERS],
        "losses": [_loss(kind) for kind in LOSSES],
        "optimizers": [_optimizer(kind) for kind in OPTIMIZERS],
        "penalties": [_penalty(kind) for kind in PENALTIES],
        "initializers": [_part(kind, "") for kind in INITIALIZERS],
        "scalers": [_part(kind, "") for kind in SCALERS],
        "schedules": [_schedule(kind) for kind in SCHEDULES],
        "divergence": {"words": WORDS, "large": LARGE},
    }


def text() -> str:
    """Return the file's text."""
    return json.dumps(catalogue(), ensure_ascii=False, indent=1) + "\n"


# ---------------------------------------------------------------- what all parts have


def _part(kind: type[Description], method: str) -> dict[str, Any]:
    return {
        "name": kind.__name__,
        "doc": (getdoc(kind) or "").partition("\n")[0],
        "arguments": [_argument(kind, name, parameter) for name, parameter in parameters_of(kind).items()],
        "formula": {"text": _in_words(kind, method), "latex": _LATEX.get(kind.__name__, "")},
    }


def _in_words(kind: type, method: str) -> str:
    """Return what a formula's docstring says that it computes."""
    line = (getdoc(getattr(kind, method)) or "").partition("\n")[0].rstrip(".") if method else ""
    found = re.fullmatch(r"(?:Compute|Return) (.*)", line)
    return found[1] if found else ""


def _of_formula(kind: type[Description], tree: Tree) -> dict[str, Any]:
    part = _part(kind, "f")
    part["formula"]["latex"] = latex(tree, _GREEK)
    return part


def _argument(kind: type[Description], name: str, parameter: Parameter) -> dict[str, Any]:
    kinds = str(parameter.annotation)
    found: dict[str, Any] = {"name": name}
    found["kind"] = next((one for one in ("float", "int", "bool") if re.match(rf"{one}\b", kinds)), "other")
    if choices := re.search(rf"^{name} : {{(.*?)}}", getdoc(kind) or "", re.MULTILINE):
        found["choices"] = json.loads(f"[{choices[1]}]")
    if parameter.default is not parameter.empty:
        found["default"] = encode(parameter.default)
    if found["kind"] in ("float", "int") and not issubclass(kind, Scaler):  # whose ranges depend on each other
        found |= _bounds(kind, name, found["kind"] == "int")
    return found


def _bounds(kind: type[Description], name: str, is_whole: bool) -> dict[str, float]:
    """Return the bounds of an argument, from the errors about numbers that are far beyond them."""
    found: dict[str, float] = {}
    far = (-(10**9), 10**9) if is_whole else (-1e300, 1e300)
    for value in far:
        try:
            _made(kind, **{name: value})
        except ValueError as error:
            said = re.findall(r"(above|at least|below|at most) (-?[\d.e+-]+\d|-?\d+)", str(error).partition(";")[0])
            names = {"above": "above", "at least": "least", "below": "below", "at most": "most"}
            found |= {names[word]: float(number) for word, number in said}
    return found


def _made(kind: type[Description], **arguments: Any) -> Any:
    """Return a part with some arguments, and others where there is no default."""
    needed = {
        name: _GIVEN[name]
        for name, parameter in parameters_of(kind).items()
        if parameter.default is parameter.empty or (name == "groups" and name not in arguments)
    }
    return kind(**{**needed, **arguments})


# ---------------------------------------------------------------- layers and losses


def _layer(kind: type[Layer]) -> dict[str, Any]:
    if issubclass(kind, Activation) and kind.f is not None:
        formulas = kind().formulas()
        part = _of_formula(kind, formulas.f)
        part["formula"]["slope"] = latex(formulas.slope, _GREEK)
        part["formula"]["slope_text"] = _in_words(kind, "derivative") if kind.derivative is not None else ""
    else:
        part = _part(kind, "forward")
    layer = _made(kind)
    return part | {
        "activation": issubclass(kind, Activation),
        "draws": kind.draws,
        "differentiable": kind.differentiable,
        "gives": kind.gives,
        "arrays": _arrays(layer),
        "numbers": [name for name, value in layer.config().items() if isinstance(value, (int, float))],
    }


def _arrays(layer: Layer) -> list[dict[str, Any]]:
    """Return the arrays of a layer in their order in theta."""
    n_in = 6
    shapes = layer.parameter_shapes(n_in)
    sizes = {n_in: "n_in", 10: "units", n_in // 2: "n_in / groups"}
    first = _first(layer, n_in)
    rates = {"W": "weight_rate", "b": "bias_rate", "s": "rate"}
    return [
        {
            "name": name,
            "shape": [sizes[n] for n in shape],
            "bias": name in layer.bias_names,
            "statistic": name in layer.statistics,
            "rate": rates.get(name),
            "first": first[name],
        }
        for name, shape in shapes.items()
    ]


def _first(layer: Layer, n_in: int) -> dict[str, str]:
    """Return what each array starts from: an argument of the layer, or an initializer."""
    of_arguments = {"W": "weights", "b": "biases"}
    parameters = Parameters([layer.parameter_shapes(n_in)], np.dtype(np.float64))
    layer.initialize(parameters.p[0], np.random.default_rng(0))
    return {
        name: of_arguments.get(name) or ("Ones" if (array == 1).all() else "Zeros")
        for name, array in vars(parameters.p[0]).items()
    }


def _loss(kind: type[Loss]) -> dict[str, Any]:
    f, slope = kind().formulas()
    part = _of_formula(kind, f)
    part["formula"]["slope"] = latex(slope, _GREEK)
    part["formula"]["slope_text"] = _in_words(kind, "derivative") if kind.derivative is not None else ""
    forms: list[dict[str, Any]] = [{}, {"pos_weight": 2.0}] if "pos_weight" in parameters_of(kind) else [{}]
    return part | {
        "codes": [_form(kind(**values), kind(**values).formulas()[0], ["y", "t"], values) for values in forms],
        "takes": kind.takes,
        "fuses_with": None if kind.fuses_with is None or not kind.fuses() else kind.fuses_with.__name__,
        "reduction": kind().reduction,
        "numbers": list(kind().numbers()),
    }


# ---------------------------------------------------------------- optimizers and schedules


def _optimizer(kind: type[Optimizer]) -> dict[str, Any]:
    part = _part(kind, "f")
    forms = [_rule(kind, values) for values in _forms(kind)]
    rule = _made(kind).formulas()
    part["formula"]["latex"] = r"\theta \leftarrow " + latex(rule.w, {"w": r"\theta", **_GREEK})
    return part | {"rules": forms}


def _rule(kind: type[Optimizer], values: dict[str, Any]) -> dict[str, Any]:
    optimizer = kind(**values)
    rule = optimizer.formulas()
    names = fixed(rule)
    found = rule_arguments(rule, list(optimizer.values_of(names).values()))
    assert found is not None
    return {
        "when": {name: bool(value) for name, value in values.items()},
        "state_names": list(optimizer.state_names),
        "number_names": names,
        "rule": {key: _code(value) if isinstance(value, Code) else value for key, value in found.items()},
    }


def _forms(kind: type[Description]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each form that a formula may have: those that may be 0 or false, so and otherwise."""
    choices: dict[str, tuple[Any, ...]] = {}
    for name, parameter in parameters_of(kind).items():
        if name in ("learning_rate", "decay"):  # always symbols
            continue
        if isinstance(parameter.default, bool):
            choices[name] = (False, True)
        elif _bounds(kind, name, False).get("least") == 0:
            choices[name] = (0.0, _SOME)
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values))


def _schedule(kind: type[Schedule]) -> dict[str, Any]:
    part = _of_formula(kind, kind().formulas())
    made = [(values, kind(**values)) for values in _forms(kind)]
    codes = [_form(schedule, schedule.formulas(), ["t", "total"], values) for values, schedule in made]
    return part | {"read_at": kind.read_at, "codes": codes}


def _form(part: Symbolic, tree: Tree, inputs: list[str], values: dict[str, Any]) -> dict[str, Any]:
    """Return a formula for the interpreter, its own numbers after the inputs, and the arguments that it is for."""
    names = [name for name in part.numbers() if name in tree.symbols]
    made = code(tree, [*inputs, *names])
    assert made is not None
    choices = {"pos_weight": False} | values if isinstance(part, BinaryCrossEntropy) else values
    when = {name: bool(value) for name, value in choices.items()}
    return {"when": when, "number_names": names, "code": _code(made)}


def _penalty(kind: type[Penalty]) -> dict[str, Any]:
    f, slope = kind(0.5).formulas()
    made = [code(tree, ["w"]) for tree in (f, slope)]
    assert made[0] is not None
    assert made[1] is not None
    return _of_formula(kind, f) | {"code": _code(made[0]), "slope": _code(made[1])}


def _code(made: Code) -> dict[str, Any]:
    return {
        "instructions": [list(line) for line in made.instructions],
        "numbers": list(made.numbers),
        "slots": made.slots,
        "results": list(made.results),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
