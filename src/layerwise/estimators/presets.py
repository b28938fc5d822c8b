"""Presets: published settings for a kind of data, in place of the parameters that are at their defaults.

`tabular` is RealMLP-TD-S of Holzmüller, Grinsztajn and Steinwart 2024 (`Better by Default: Strong Pre-Tuned MLPs and
Boosted Trees on Tabular Data`):

    table ──► TableEncoder ──► · s (learned, 6 η) ──► 3 × [dense 256, NTK ──► SELU or Mish] ──► dense, from 0

with η = 0.04 (classes) or 0.07 (numbers) times coslog4, biases at 0.1 η, Adam (0.9, 0.95), batches of 256, 256 epochs,
label smoothing 0.1, and the best epoch on a fifth of the data kept, the last of equal ones.
"""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import numpy as np

from layerwise.estimators import building
from layerwise.initializers import Normal
from layerwise.layers import Dense, Layer, Scale
from layerwise.schedules import CosLog

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
_CLASSES = {"activation": "selu", "learning_rate_init": 0.04, "label_smoothing": 0.1}
_NUMBERS = {"activation": "mish", "learning_rate_init": 0.07}
_SCALE_RATE, _BIAS_RATE = 6.0, 0.1


def apply(settings: SimpleNamespace, estimator: Any) -> None:
    """Put the preset's settings in, except where the estimator's own were changed."""
    defaults = inspect.signature(type(estimator).__init__).parameters
    published = _TABULAR | (_CLASSES if hasattr(settings, "class_weight") else _NUMBERS)
    for name, value in published.items():
        if getattr(settings, name) == defaults[name].default:
            setattr(settings, name, value)
    settings.epsilon_hat = False
    if settings.layers is None:
        settings.layers = _layers(settings)


def _layers(settings: SimpleNamespace) -> list[Layer]:
    layers: list[Layer] = [Scale(rate=_SCALE_RATE)]
    for part in building.sized_layers(settings):
        if isinstance(part, Dense):
            part = Dense(part.units, "lecun_normal", Normal(1.0), weight_rate="ntk", bias_rate=_BIAS_RATE)
        layers.append(part)
    return layers


def last_layer(outputs: int) -> Dense:
    """The layer of the outputs: zero at first, so that training begins from even odds."""
    return Dense(outputs, "zeros", "zeros", weight_rate="ntk", bias_rate=_BIAS_RATE)
