"""What 'auto' stands for: scikit-learn's defaults, or those of a preset, published settings for a kind of data.

`tabular` is RealMLP-TD-S of Holzmüller, Grinsztajn and Steinwart 2024 (`Better by Default: Strong Pre-Tuned MLPs and
Boosted Trees on Tabular Data`):

    table ──► TableEncoder ──► · s (learned, 6 η) ──► 3 × [dense 256, NTK ──► SELU or Mish] ──► dense, from 0

with η = 0.04 (classes) or 0.07 (numbers) times coslog4, biases at 0.1 η, Adam (0.9, 0.95), batches of 256, 256 epochs,
label smoothing 0.1, and the best epoch on a fifth of the data kept, the last of equal ones.

`tabular-best` is an ensemble of 8 smaller ones, each of which holds out another part of the rows. Every second member
reads numbers in pieces too, in at most 16 intervals between quantiles (Gorishniy, Rubachev, Babenko 2022).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from layerwise.estimators import building
from layerwise.parts.initializers import Normal
from layerwise.parts.layers import Dense, Layer, Scale
from layerwise.parts.schedules import CosLog
from layerwise.typing import Array

DEFAULTS: dict[str, Any] = {  # scikit-learn's
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "alpha": 0.0001,
    "learning_rate_init": 0.001,
    "max_iter": 200,
    "beta_2": 0.999,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "n_iter_no_change": 10,
    "schedule": None,
    "label_smoothing": 0.0,
    "dropout": 0.0,
    "ensemble": 1,
}
_INTERVALS, _FEWEST_VALUES = 16, 4  # of a column's numbers
_TABULAR: dict[str, Any] = {
    "hidden_layer_sizes": (256, 256, 256),
    "alpha": 0.0,
    "batch_size": 256,
    "max_iter": 256,
    "beta_2": 0.95,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "n_iter_no_change": np.inf,
    "schedule": CosLog(4),
}
_TABULAR_BEST: dict[str, Any] = _TABULAR | {
    "hidden_layer_sizes": (128, 128, 128),
    "dropout": 0.15,
    "max_iter": 128,
    "ensemble": 8,
}
_CLASSES = {"activation": "selu", "learning_rate_init": 0.04, "label_smoothing": 0.1}
_NUMBERS = {"activation": "mish", "learning_rate_init": 0.07}
_SCALE_RATE, _BIAS_RATE = 6.0, 0.1


def is_auto(value: object) -> bool:
    """Return whether a parameter was left to the preset, or to scikit-learn's default."""
    return isinstance(value, str) and value == "auto"


def resolve(settings: SimpleNamespace) -> None:
    """Put values in where parameters are 'auto'; those that the user set stay.

    Raises
    ------
    ValueError
        The preset cannot be used with this solver.
    """
    published = {} if settings.preset is None else _published(settings)
    for name, value in (DEFAULTS | published).items():
        if is_auto(getattr(settings, name, None)):
            setattr(settings, name, value)
    settings.epsilon_hat = settings.preset is None
    if settings.preset is not None and settings.layers is None:
        settings.layers = _layers(settings)


def _published(settings: SimpleNamespace) -> dict[str, Any]:
    if settings.solver == "lbfgs":
        raise ValueError(
            f"{settings.name}: preset={settings.preset!r} trains step by step, not with solver='lbfgs': use 'adam'"
        )
    common = _TABULAR if settings.preset == "tabular" else _TABULAR_BEST
    return common | (_CLASSES if hasattr(settings, "class_weight") else _NUMBERS)


def _layers(settings: SimpleNamespace) -> list[Layer]:
    layers: list[Layer] = [Scale(rate=_SCALE_RATE)]
    for part in building.sized_layers(settings):
        if isinstance(part, Dense):
            part = Dense(part.units, "lecun_normal", Normal(1.0), weight_rate="ntk", bias_rate=_BIAS_RATE)
        layers.append(part)
    return layers


def last_layer(outputs: int) -> Dense:
    """Return the layer of the outputs: zero at first, so that training begins from even odds."""
    return Dense(outputs, "zeros", "zeros", weight_rate="ntk", bias_rate=_BIAS_RATE)


def knots(X: Array) -> list[list[float]]:
    """Return the ends of intervals between quantiles, for each column that has several values."""
    found: list[list[float]] = []
    for column in X.T:
        ends = np.unique(np.quantile(column, np.linspace(0, 1, _INTERVALS + 1)).astype(X.dtype))
        several = len(ends) >= _FEWEST_VALUES or len(np.unique(column)) >= _FEWEST_VALUES
        found.append(ends.tolist() if several and len(ends) > 1 else [])
    return found
