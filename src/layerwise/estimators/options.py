"""Options that cannot have an effect are refused by name, and not dropped.

What scikit-learn documents as without effect for a solver (`momentum` for Adam, `batch_size` for L-BFGS, …) is taken
and has none, as there; `early_stopping` for L-BFGS with a warning, as it promises other weights.
"""

from __future__ import annotations

from numbers import Integral, Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from layerwise.errors import warn
from layerwise.estimators import building
from layerwise.estimators.presets import is_auto
from layerwise.parts.layers import Layer

_AUTO = StrOptions({"auto"})

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": [_AUTO, "array-like", Interval(Real, 1, None, closed="left")],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [_AUTO, Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_AUTO, Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [_AUTO, Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": [_AUTO, "boolean"],
    "validation_fraction": [_AUTO, Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [_AUTO, Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [_AUTO, Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "scoring": [str, callable, None],
    "layers": ["array-like", None],
    "batch_norm": ["boolean"],
    "layer_norm": ["boolean"],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "ema": [Interval(Real, 0, 1, closed="left"), None],
    "engine": [StrOptions({"auto", "numpy", "native"})],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "dtype": [StrOptions({"float32", "float64"}), None],
    "preset": [StrOptions({"tabular", "tabular-best"}), None],
    "ensemble": [_AUTO, Interval(Integral, 1, None, closed="left")],
    "categorical": ["array-like", None],
    "max_categories": [Interval(Integral, 1, None, closed="left"), None],
    "exclude": ["array-like", None],
    "kinds": [dict, None],
}

OF_TABLES = ("categorical", "max_categories", "exclude", "kinds")  # the arguments of TableEncoder
_OF_STEPS = ("dropout", "batch_norm", "weight_decay", "schedule", "clip_norm", "ema", "callbacks", "augmentation")
_OF_HIDDEN = ("dropout", "batch_norm", "layer_norm")
_OF_SIZES = ("hidden_layer_sizes", "activation", *_OF_HIDDEN)


def check_alone(settings: SimpleNamespace) -> None:
    """Refuse options that exclude each other, as they were given: before 'auto' is resolved."""
    if settings.layers is not None:
        given = [name for name in _OF_SIZES if not is_auto(value := getattr(settings, name)) and _is_set(value)]
        if given:
            raise ValueError(
                f"{settings.name}: layers stand in place of {', '.join(given)}: give one or the other, such as "
                "layers=[Dense(64), BatchNorm(), ReLU(), Dropout(0.2)]"
            )
    given = [name for name in OF_TABLES if getattr(settings, name) is not None]
    if given and settings.preset is None:
        raise ValueError(
            f"{settings.name}: {', '.join(given)} say how a table is encoded: give preset='tabular' too, "
            "or 'tabular-best'"
        )
    if not is_auto(settings.hidden_layer_sizes) and not building.hidden_sizes(settings.hidden_layer_sizes):
        given = [name for name in _OF_HIDDEN if _is_set(getattr(settings, name))]
        if given:
            raise ValueError(
                f"{settings.name}: {', '.join(given)} act on hidden layers, and hidden_layer_sizes="
                f"{settings.hidden_layer_sizes!r} has none: leave it out, or give a hidden layer, such as (100,)"
            )
    smoothing = getattr(settings, "label_smoothing", "auto")
    if not is_auto(smoothing) and smoothing and settings.loss != "log_loss":
        raise ValueError(
            f"{settings.name}: label_smoothing is for loss='log_loss', got {settings.loss!r}; give it to the loss "
            "itself, CategoricalCrossEntropy(label_smoothing=...)"
        )


def check(settings: SimpleNamespace, *, incremental: bool, validates: bool) -> None:
    """Refuse options that this solver or this call cannot use.

    Parameters
    ----------
    settings : namespace
        The parameters, with values for those that are 'auto'.
    incremental : bool
        Whether `partial_fit` was called.
    validates : bool
        Whether validation data were given.
    """
    name = settings.name
    if settings.ensemble > 1:
        _check_ensemble(settings)
    if incremental and settings.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True")
    if settings.solver == "lbfgs":
        _check_lbfgs(settings)
    if settings.scoring is not None and not settings.early_stopping and not validates:
        raise ValueError(
            f"{name}: scoring judges held-out data, and there are none: use early_stopping=True or give fit validation "
            "data"
        )
    if settings.solver == "sgd" and settings.learning_rate == "invscaling" and settings.schedule is not None:
        raise ValueError(
            f"{name}: learning_rate='invscaling' and schedule both say what the rate of an epoch is: choose one"
        )


_NOT_OF_MEMBERS: dict[str, Any] = {"scoring": None, "scaling": None, "warm_start": False, "learning_rate": "constant"}


def _check_ensemble(settings: SimpleNamespace) -> None:
    """Refuse what the members of an ensemble cannot do."""
    values = {name: getattr(settings, name) for name in _NOT_OF_MEMBERS}
    given = [f"{name}={value!r}" for name, value in values.items() if value != _NOT_OF_MEMBERS[name]]
    given += ["solver='lbfgs'"] if settings.solver == "lbfgs" else []
    if given:
        scaled = "" if settings.scaling is None else "; rows can be scaled by a Pipeline"
        raise ValueError(
            f"{settings.name}: ensemble={settings.ensemble} cannot be used with {', '.join(given)}: leave it out, or "
            f"set ensemble=1{scaled}"
        )


def check_incremental(estimator: Any) -> None:
    """Say why there is no `partial_fit` with an option that counts on the whole of a fit.

    Raises
    ------
    AttributeError
        So that hasattr is False, as for solver="lbfgs".
    """
    if not is_auto(estimator.ensemble) and estimator.ensemble > 1:
        raise AttributeError(
            "partial_fit is not available with an ensemble, whose members hold out other rows: set ensemble=1"
        )
    if estimator.schedule is not None and not is_auto(estimator.schedule):
        raise AttributeError(
            "partial_fit is not available with schedule, which counts the epochs of fit: change learning_rate_init "
            "between the calls, or set schedule=None"
        )
    if isinstance(getattr(estimator, "class_weight", None), str):
        raise AttributeError(
            "partial_fit is not available with class_weight='balanced', which needs all labels: give a dict, such as "
            "sklearn.utils.class_weight.compute_class_weight makes it from all of them"
        )


def _check_lbfgs(settings: SimpleNamespace) -> None:
    asked = [name for name in _OF_STEPS if _is_set(getattr(settings, name))]
    if asked:
        raise ValueError(f"{settings.name}: {', '.join(asked)} cannot be used with solver='lbfgs': use 'adam' or 'sgd'")
    if settings.scoring is not None:
        raise ValueError(f"{settings.name}: scoring is looked at after each epoch; solver='lbfgs' has none: use 'adam'")
    if settings.early_stopping:
        warn(
            f"{settings.name}: early_stopping is without effect with solver='lbfgs', which trains on all samples until "
            "it converges, as in scikit-learn: use 'adam' or 'sgd'",
            UserWarning,
        )
    for layer in settings.layers or ():
        if isinstance(layer, Layer) and _needs_steps(layer):
            raise ValueError(
                f"{settings.name}: {layer!r} is trained step by step, not with solver='lbfgs': use 'adam' or 'sgd'"
            )


def _needs_steps(layer: Layer) -> bool:
    """Return whether it draws masks, follows the batches, or has rates of its own."""
    return layer.draws or type(layer).adapt is not Layer.adapt or any(rate != 1 for rate in layer.rates(2).values())


def _is_set(value: Any) -> bool:
    """Return whether an option asks for something: not None, "auto", False, 0 or a sequence of these."""
    if is_auto(value):
        return False
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, (list, tuple)):
        return any(_is_set(part) for part in value)
    return value is not None and value is not False and not (isinstance(value, (int, float)) and value == 0)
