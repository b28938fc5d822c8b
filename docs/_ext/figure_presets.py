"""Presets of live figures: the check of what a page gives against what each figure knows (presets.json of the page)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layerwise.errors import nearest
from layerwise.files.parts import decode, encode
from layerwise.parts.description import resolve
from layerwise.parts.initializers import INITIALIZERS, Initializer
from layerwise.parts.layers import ACTIVATIONS, Activation
from layerwise.parts.losses import LOSSES, Loss
from layerwise.parts.optimizers import OPTIMIZERS, Optimizer

FIGURES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "page/src/figures/presets.json").read_text(encoding="utf-8")
)


class PresetError(ValueError):
    """A preset that its figure cannot show; says why."""


def preset_of(name: str, text: str) -> dict[str, Any]:
    """Return the preset of a figure from its JSON, checked and with all keys."""
    if name not in FIGURES:
        raise PresetError(f"there is no such figure; {nearest(name, FIGURES)}")
    try:
        given = json.loads(text, parse_constant=_no_number) if text.strip() else {}
    except json.JSONDecodeError as error:
        raise PresetError(f"the preset is no JSON: {error}") from None
    _must(isinstance(given, dict), 'the preset must be an object: {"key": value}', given)
    keys = FIGURES[name]["keys"]
    for key in given:
        if key not in keys:
            raise PresetError(f"{key!r} is not a key of this figure; {nearest(key, keys) if keys else 'it has none'}")
    values = {key: given.get(key, about["default"]) for key, about in keys.items()}
    preset = {key: _checked(key, values[key], about, key in given) for key, about in keys.items()}
    SHAPES.get(name, lambda _: None)(preset)
    return preset


def _no_number(text: str) -> None:
    raise PresetError(f"numbers must be finite; got {text}")


def _must(holds: bool, wanted: str, got: Any) -> None:
    if not holds:
        raise PresetError(f"{wanted}; got {json.dumps(got, ensure_ascii=False)}")


def _checked(key: str, value: Any, about: dict[str, Any], is_given: bool) -> Any:
    if value is None and about["default"] is None and not is_given:
        return None
    return CHECKS[about["type"]](key, value, about)


# ---------------------------------------------------------------- single values


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _number(key: str, value: Any, about: dict[str, Any]) -> float:
    _must(_is_number(value), f"{key} must be a number", value)
    return float(value)


def _positive(key: str, value: Any, about: dict[str, Any]) -> float:
    _must(_is_number(value) and value > 0, f"{key} must be a number above 0", value)
    return float(value)


def _whole(key: str, value: Any, about: dict[str, Any]) -> int:
    least, most = about.get("least", 0), about.get("most", 10**6)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    _must(is_whole and least <= value <= most, f"{key} must be a whole number from {least} to {most}", value)
    return int(value)


def _choice(key: str, value: Any, about: dict[str, Any]) -> str:
    _must(value in about["choices"], f"{key} must be one of {', '.join(about['choices'])}", value)
    return str(value)


def _text(key: str, value: Any, about: dict[str, Any]) -> str:
    _must(isinstance(value, str), f"{key} must be a text", value)
    return str(value)


def _flag(key: str, value: Any, about: dict[str, Any]) -> bool:
    _must(isinstance(value, bool), f"{key} must be true or false", value)
    return bool(value)


# ---------------------------------------------------------------- lists


def _list(key: str, value: Any, about: dict[str, Any], what: str) -> list[Any]:
    least, most = about.get("least", 1), about.get("most", 64)
    size = str(least) if least == most else f"{least} to {most}"
    _must(isinstance(value, list) and least <= len(value) <= most, f"{key} must be a list of {size} {what}", value)
    return list(value)


def _numbers(key: str, value: Any, about: dict[str, Any]) -> list[float]:
    return [_number(f"{key}[{i}]", item, about) for i, item in enumerate(_list(key, value, about, "numbers"))]


def _units(key: str, value: Any, about: dict[str, Any]) -> list[int]:
    rule = {"least": 1, "most": 64}
    return [_whole(f"{key}[{i}]", item, rule) for i, item in enumerate(_list(key, value, about, "whole numbers"))]


def _range(key: str, value: Any, about: dict[str, Any]) -> list[float]:
    low, high = _numbers(key, value, {"least": 2, "most": 2})
    _must(low < high, f"{key} must be [low, high] with low < high", value)
    return [low, high]


def _matrix(key: str, value: Any, about: dict[str, Any]) -> list[list[float]]:
    rows = [_numbers(f"{key}[{i}]", row, {}) for i, row in enumerate(_list(key, value, about, "rows"))]
    _must(len({len(row) for row in rows}) == 1, f"the rows of {key} must have equal lengths", value)
    return rows


def _texts(key: str, value: Any, about: dict[str, Any]) -> list[str]:
    return [_text(f"{key}[{i}]", item, about) for i, item in enumerate(_list(key, value, about, "texts"))]


# ---------------------------------------------------------------- parts of layerwise


def _part(key: str, value: Any, base: type, known: tuple[type, ...]) -> dict[str, Any]:
    """Return a part in full, in the form of model files; what is wrong is said in layerwise's words."""
    try:
        if not isinstance(value, dict):
            return dict(encode(resolve(key, value, base, known)))
        _must(set(value) >= {"type"}, f"{key} must have a type", value)
        part = decode({**value, "type": type(resolve(key, value["type"], base, known)).__name__}, {})
    except PresetError:
        raise
    except (ValueError, TypeError) as error:
        raise PresetError(f"{key}: {error}") from None
    return dict(encode(part))


def _activation(key: str, value: Any, about: dict[str, Any]) -> dict[str, Any]:
    part = _part(key, value, Activation, ACTIVATIONS)
    _must(part["type"] != "Softmax", f"{key} must be a function of one number", value)
    return part


def _optimizer(key: str, value: Any, about: dict[str, Any]) -> dict[str, Any]:
    return _part(key, value, Optimizer, OPTIMIZERS)


def _optimizers(key: str, value: Any, about: dict[str, Any]) -> list[dict[str, Any]]:
    parts = []
    for i, given in enumerate(_list(key, value, about, "optimizers")):
        part = _part(f"{key}[{i}]", given, Optimizer, OPTIMIZERS)
        if not (isinstance(given, dict) and "learning_rate" in given):
            part["learning_rate"] = None  # the figure's
        parts.append(part)
    return parts


def _loss(key: str, value: Any, about: dict[str, Any]) -> dict[str, Any]:
    return _part(key, value, Loss, LOSSES)


def _initializer(key: str, value: Any, about: dict[str, Any]) -> dict[str, Any]:
    return _part(key, value, Initializer, INITIALIZERS)


def _neuron(key: str, value: Any, about: dict[str, Any]) -> dict[str, float]:
    _must(isinstance(value, dict) and set(value) <= {"weight", "bias"}, f"{key} must have weight and bias alone", value)
    return {name: _number(f"{key}.{name}", value.get(name, about["default"][name]), {}) for name in ("weight", "bias")}


def _layers(key: str, value: Any, about: dict[str, Any]) -> list[dict[str, Any]]:
    return [_layer(f"{key}[{i}]", layer) for i, layer in enumerate(_list(key, value, about, "layers"))]


def _layer(key: str, value: Any) -> dict[str, Any]:
    is_layer = isinstance(value, dict) and {"W", "b"} <= set(value) <= {"W", "b", "activation"}
    _must(is_layer, f"{key} must have W, b and perhaps activation", value)
    W, b = _matrix(f"{key}.W", value["W"], {"most": 12}), _numbers(f"{key}.b", value["b"], {"most": 12})
    _must(len(b) == len(W[0]), f"{key}.b must have a number for each of the {len(W[0])} columns of W", b)
    activation = value.get("activation")
    found = None if activation is None else _part(f"{key}.activation", activation, Activation, ACTIVATIONS)
    return {"W": W, "b": b, "activation": found}


CHECKS: dict[str, Callable[[str, Any, dict[str, Any]], Any]] = {
    "number": _number, "positive": _positive, "whole": _whole, "choice": _choice, "text": _text, "numbers": _numbers,
    "range": _range, "matrix": _matrix, "texts": _texts, "activation": _activation, "optimizer": _optimizer,
    "optimizers": _optimizers, "neuron": _neuron, "layers": _layers, "flag": _flag, "units": _units, "loss": _loss,
    "initializer": _initializer,
}  # fmt: skip


# ---------------------------------------------------------------- what goes together


def _chained(layers: list[dict[str, Any]]) -> None:
    """Refuse a layer that does not fit the one before it."""
    for i in range(1, len(layers)):
        wanted = len(layers[i - 1]["b"])
        _must(
            len(layers[i]["W"]) == wanted,
            f"layers[{i}].W must have {wanted} rows, one for each output before it",
            layers[i]["W"],
        )


def _forward(preset: dict[str, Any]) -> None:
    """Make one form of it: `inputs`, a row a sample."""
    layers, n_in = preset["layers"], len(preset["layers"][0]["W"])
    _chained(layers)
    one, many = preset.pop("input"), preset["inputs"]
    if one is not None and many is not None:
        raise PresetError("give input or inputs, not both")
    preset["inputs"] = many or [one or [float(i + 1) for i in range(n_in)]]
    _must(
        len(preset["inputs"][0]) == n_in,
        f"an input must have {n_in} numbers, one for each row of W",
        preset["inputs"][0],
    )
    _must(preset["unit"] <= len(layers[-1]["b"]), "unit must be a neuron of the last layer", preset["unit"])


def _softmax(preset: dict[str, Any]) -> None:
    labels, n = preset["labels"], len(preset["scores"])
    _must(labels is None or len(labels) == n, f"labels must be {n}, one for each score", labels)


def _descent(preset: dict[str, Any]) -> None:
    n = 1 if preset["surface"] in ("curve", "double-well") else 2
    start = preset["start"]
    _must(
        start is None or len(start) == n, f"start must have {n} number{'s' * (n > 1)} on a {preset['surface']}", start
    )


def _backprop(preset: dict[str, Any]) -> None:
    layers = preset["layers"]
    if layers is None:
        n_in, n_out = {"1-1-1": (1, 1), "2-3-2": (2, 2)}[preset["network"]]
    else:
        n_in, n_out = len(layers[0]["W"]), len(layers[-1]["b"])
        _chained(layers)
    for key, n in (("input", n_in), ("target", n_out)):
        _must(preset[key] is None or len(preset[key]) == n, f"{key} must have {n} numbers", preset[key])


SHAPES: dict[str, Callable[[dict[str, Any]], None]] = {
    "forward": _forward,
    "softmax": _softmax,
    "descent": _descent,
    "backprop": _backprop,
}
