"""What a custom part computes, as far as two can be compared: its formula, or the code of its methods.

    f(self, x), lw.Activation(f)   ──► {"type": "formula", "trees": [["f", text, digest], …]}
    forward, update, __call__ …    ──► {"type": "methods", "methods": {"forward": {"code": …, "values": …}, …}}

Parts of layerwise itself compute what their names say, and have neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np

from layerwise.files.formulas import FORMULA_KINDS
from layerwise.formula import WORDS, Tree, as_data
from layerwise.network.functions import Describe
from layerwise.parts.description import Description
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty
from layerwise.training.callbacks import Callback

KEY = "computed by"  # in a part's description; no argument can be called so
OF_FUNCTION = ("f", "derivative")  # arguments that are the formula itself, for a part that is no class of its own

_LONGEST, _MOST = 60, 200  # characters of a formula that are shown, and operations of one that is written out
_PLAIN = (bool, int, float, str, tuple, list, dict, type(None), np.generic, np.ndarray)


def computed_by(part: Description | Callback, describe: Describe) -> dict[str, Any] | None:
    """What the part computes as JSON; `describe` gives that of the values that its methods refer to."""
    if isinstance(part, FORMULA_KINDS) and part.has_formula:
        if not _is_own(type(part)) and type(part) not in FORMULA_KINDS:
            return None
        trees = [[name, _text(tree), _digest(tree)] for name, tree in _trees(part).items()]
        base = next(kind for kind in FORMULA_KINDS if isinstance(part, kind))
        beside = {
            name: describe(value)
            for name, value in _members(type(part))
            if hasattr(base, name) and name not in (*OF_FUNCTION, "__init__")
        }
        return {"type": "formula", "trees": trees, "methods": beside}
    methods = {name: describe(value) for name, value in _members(type(part))}
    return {"type": "methods", "methods": methods} if methods else None


def shown_rule(value: dict[str, Any]) -> str:
    """What a part computes in a few words."""
    return str(value["trees"][0][1]) if value["type"] == "formula" else ", ".join(value["methods"])


def changed_rule(then: Any, now: Any) -> str:
    """What differs, for two that do."""
    if then["type"] != now["type"]:
        return (
            " then, ".join(
                f"a formula, {shown_rule(each)}" if each["type"] == "formula" else "methods on arrays"
                for each in (then, now)
            )
            + " now"
        )
    if now["type"] == "methods" or then["trees"] == now["trees"]:
        was, has = then["methods"], now["methods"]
        names = [name for name in dict.fromkeys([*was, *has]) if was.get(name) != has.get(name)]
        return f"another {', '.join(names)}"
    was, has = ({name: rest for name, *rest in each["trees"]} for each in (then, now))
    name = next(name for name in [*has, *was] if has.get(name) != was.get(name))
    label = "another formula" if name == "f" else f"another formula of {name}"
    if name not in was or name not in has or was[name][0] == has[name][0]:
        return label
    return f"{label}, {was[name][0]} then, {has[name][0]} now"


def _trees(part: Any) -> dict[str, Tree]:
    if isinstance(part, Optimizer):
        rule = part.formulas()
        return {"f": rule.w, **rule.states}
    if isinstance(part, Penalty):
        return dict(zip(("f", "derivative"), part.formulas()))
    found = part.formulas()
    if isinstance(found, Tree):
        return {"f": found}
    return (
        {"f": found[0], "derivative": found[1]}
        if isinstance(found, tuple)
        else {"f": found.f, "derivative": found.slope}
    )


def _digest(tree: Tree) -> str:
    return hashlib.blake2b(json.dumps(as_data(tree)).encode(), digest_size=16).hexdigest()


def _text(tree: Tree) -> str:
    """The formula as one would write it, cut where it is long."""
    if tree.size > _MOST:
        return f"a formula of {len(list(tree.parts()))} operations"
    text = WORDS.expression(tree)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _is_own(kind: type) -> bool:
    """Whether a class is none of layerwise's."""
    return kind.__module__.partition(".")[0] != "layerwise"


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    """The methods and plain attributes of a class and its bases, as far as they are not layerwise's."""
    seen: set[str] = set()
    for base in filter(_is_own, kind.__mro__):
        if base.__module__ in ("builtins", "abc", "typing"):
            continue
        for name, value in vars(base).items():
            value = getattr(value, "__func__", value.fget if isinstance(value, property) else value)
            plain = isinstance(value, _PLAIN) and not (name.startswith("__") and name.endswith("__"))
            if name not in seen and (plain or isinstance(value, FunctionType)):
                yield name, value
            seen.add(name)
