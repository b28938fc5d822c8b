"""What 'auto' stands for: scikit-learn's defaults, or those of a preset, settings for a kind of data.

    table ──► TableEncoder ──► numbers in pieces ──► · s (learned, 6 η) ──► 3 × [dense, NTK ──► SELU or Mish, dropout]
          ──► dense, from 0;     an ensemble of these, side by side in one network

The members are those of RealMLP-TD-S (Holzmüller, Grinsztajn and Steinwart 2024, `Better by Default: Strong Pre-Tuned
MLPs and Boosted Trees on Tabular Data`), made narrower: η = 0.04 (classes) or 0.07 (numbers) times coslog4, biases at
0.1 η, Adam (0.9, 0.95), batches of 256, label smoothing 0.1, and the best epoch on rows that are held out. They read
numbers in pieces too, in up to 16 intervals between quantiles (Gorishniy, Rubachev and Babenko 2022): of classes every
second one. `tabular` has 3 members of 64 units and 64 epochs; `tabular-best` 8 of 128 and 128 or, of numbers, 256.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from layerwise.estimators import building
from layerwise.network.network import Network
from layerwise.parts.initializers import Normal
from layerwise.parts.layers import Dense, Layer, Scale
from layerwise.parts.layers.piecewise import LEAST
from layerwise.parts.losses import Loss, Poisson
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
_APART = 1 / 256  # of their range: within shorter intervals, what rounding does to a number would be seen
_TABLES: dict[str, Any] = {
    "alpha": 0.0,
    "batch_size": 256,
    "beta_2": 0.95,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "n_iter_no_change": np.inf,
    "schedule": CosLog(4),
    "dropout": 0.1,
}
_CLASSES = {"activation": "selu", "learning_rate_init": 0.04, "label_smoothing": 0.1}
_NUMBERS = {"activation": "mish", "learning_rate_init": 0.07}
_SIZES: dict[str, dict[str, Any]] = {
    "tabular": {"hidden_layer_sizes": (64, 64, 64), "max_iter": 64, "ensemble": 3},
    "tabular-best": {"hidden_layer_sizes": (128, 128, 128), "max_iter": 256, "ensemble": 8},
}
_BEST_CLASSES = {"max_iter": 128, "dropout": 0.15}
_ALONE = ("layers", "warm_start", "scoring", "scaling", "layer_norm")  # what members cannot have
_SCALE_RATE, _BIAS_RATE = 6.0, 0.1


def is_auto(value: object) -> bool:
    """Return whether a parameter was left to the preset, or to scikit-learn's default."""
    return isinstance(value, str) and value == "auto"


def resolve(settings: SimpleNamespace, incremental: bool = False) -> None:
    """Put values in where parameters are 'auto'; those that the user set stay.

    Where a fit is incremental, or asked for what only one network can do, 'auto' is one network.

    Raises
    ------
    ValueError
        The preset cannot be used with this solver.
    """
    published = {} if settings.preset is None else _published(settings)
    if incremental:
        published |= {"early_stopping": False, "schedule": None}
    hidden = settings.hidden_layer_sizes
    shallow = not is_auto(hidden) and not building.hidden_sizes(hidden)
    alone = any(getattr(settings, name) not in (None, False) for name in _ALONE)
    if incremental or shallow or alone or settings.learning_rate != "constant":
        published["ensemble"] = 1
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
    classes = hasattr(settings, "class_weight")
    found = _TABLES | _SIZES[settings.preset] | (_CLASSES if classes else _NUMBERS)
    return found | _BEST_CLASSES if classes and settings.preset == "tabular-best" else found


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


def set_first_answer(network: Network, y: Array, loss: Loss) -> None:
    """Let a network that begins with scores of 0 begin with the mean count, where the loss is Poisson's."""
    last = next(i for i in reversed(range(len(network.layers))) if isinstance(network.layers[i], Dense))
    view = vars(network.built()[1].p[last])
    mean = np.asarray(y, np.float64).reshape(len(y), -1).mean(axis=0)
    if isinstance(loss, Poisson) and not view["W"].any() and (mean > 0).all():
        view["b"][...] = np.log(mean)


def knots(X: Array) -> list[list[float]]:
    """Return the ends of intervals between quantiles, for each column that has several values."""
    found: list[list[float]] = []
    for column in X.T:
        ends = np.unique(np.quantile(column, np.linspace(0, 1, _INTERVALS + 1)).astype(X.dtype)).tolist()
        several = len(ends) >= _FEWEST_VALUES or len(np.unique(column)) >= _FEWEST_VALUES
        apart = max((ends[-1] - ends[0]) * _APART, LEAST)
        kept = ends[:1]
        for end in ends[1:]:
            if end - kept[-1] >= apart:
                kept.append(end)
        found.append(kept if several and len(kept) > 1 else [])
    return found
