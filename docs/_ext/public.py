"""The public names of layerwise, found in the package itself.

    layerwise.__all__ ──► layerwise.Dense
                      └─► its public modules' __all__ ──► layerwise.schedules.Cosine

An object that has several names goes by the shortest: `layerwise.Dense`, not `layerwise.layers.Dense`.
"""

from __future__ import annotations

import inspect
from functools import cache
from types import ModuleType
from typing import Any

import layerwise

# Methods and properties that layerwise's own modules call on each other, and users do not: no page has them.
INTERNAL = {
    "Activation": "bound_backward bound_forward flags in_place",
    "Checkpoint": "files is_taken remove",
    "Dense": "joined parts",
    "Ensemble": "read",
    "GELU": "tanh",
    "History": "amend append change_lines clear extend",
    "Layer": "bound_backward bound_forward make_buffers",
    "Loss": "average_gradient bound_backward bound_forward bound_fused check_reduction for_columns fuses joint mean "
    "numbers_in of_output share smooth",
    "Mish": "tanh",
    "Network": "arrays built checkpoint choose_engine choose_loss column_names description ends_in_softmax "
    "forget_passes from_state kept key known_parameters layer_indices read read_rows scaled_rows take_over "
    "training_rows written",
    "Novelty": "arrays large_arrays learn read",
    "Optimizer": "rate_used",
    "Penalty": "bound_gradient bound_value",
    "Scaler": "fit_moments",
    "Schedule": "tree",
    "Symbolic": "formulas has_formula numbers read_by_formulas traced_slope trees values_of",
    "TableEncoder": "learned used_columns",
}


def public_modules() -> dict[str, ModuleType]:
    """Return the public modules by their public names."""
    found = {name: getattr(layerwise, name) for name in layerwise.__all__}
    return {f"layerwise.{name}": value for name, value in found.items() if isinstance(value, ModuleType)}


@cache
def public_objects() -> dict[str, Any]:
    """Return each public class and function by its public name."""
    found = {f"layerwise.{name}": getattr(layerwise, name) for name in layerwise.__all__}
    for module, value in public_modules().items():
        found |= {f"{module}.{name}": getattr(value, name) for name in value.__all__}
    objects: dict[str, Any] = {}
    for name, value in found.items():
        if (inspect.isclass(value) or inspect.isfunction(value)) and not any(value is one for one in objects.values()):
            objects[name] = value
    return objects


@cache
def public_name(value: Any) -> str | None:
    """Return the public name of a class or a function, or None."""
    return next((name for name, one in public_objects().items() if one is value), None)


def members(cls: type) -> list[str]:
    """Return the methods and properties that a class's page describes.

    They are its own, and those of base classes without a page, where no public base class shows them already; without
    those that only layerwise itself calls, and those that training calls on a callback, which `Callback` describes.
    """
    public_bases = [base for base in cls.__mro__[1:] if public_name(base)]
    shown: dict[str, None] = {}
    for base in cls.__mro__:
        if base is not cls and (
            not base.__module__.startswith("layerwise") or any(issubclass(shown_on, base) for shown_on in public_bases)
        ):
            continue
        shown |= dict.fromkeys(name for name, value in vars(base).items() if _is_member(name, value))
    return sorted(shown.keys() - internal(cls))


def internal(cls: type) -> set[str]:
    """Return the names of a class, and of its base classes, that are not for users."""
    names = {name for base in cls.__mro__ for name in INTERNAL.get(base.__name__, "").split()}
    return names | ({*vars(layerwise.Callback), "config"} if layerwise.Callback in cls.__mro__[1:] else set())


def _is_member(name: str, value: Any) -> bool:
    if name == "__call__":
        return value.__doc__ is not None
    kinds = (property, classmethod, staticmethod)
    in_some_settings = type(value).__name__ == "_AvailableIfDescriptor"  # of scikit-learn: partial_fit
    return not name.startswith("_") and (isinstance(value, kinds) or inspect.isfunction(value) or in_some_settings)
