"""Held-out data of an estimator: given to `fit`, or a share of the training data, drawn as scikit-learn draws it."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_sample_weight

from layerwise.parts.masked import refuse_masked
from layerwise.parts.metrics import takes_weights
from layerwise.typing import Array


@dataclass
class HeldOut:
    """Validation data: encoded, and as they came for a scorer."""

    X: Any
    y: Array
    weight: Array | None
    raw_X: Any
    raw_y: Any
    given: bool  # by the user, not a share of the training data


def as_pair(data: tuple[Any, ...] | None, X: Any, y: Any, sample_weight: Any) -> tuple[Any, ...] | None:
    """Return validation data from either form of `fit`."""
    if X is None and y is None and sample_weight is None:
        return data
    if data is not None:
        raise ValueError("give validation_data or X_val and y_val, not both")
    if X is None or y is None:
        raise ValueError("X_val and y_val belong together: give both")
    return (X, y) if sample_weight is None else (X, y, sample_weight)


def given(estimator: Any, data: tuple[Any, ...] | None) -> HeldOut | None:
    """Return the validation data that `fit` was given, checked as X and y are."""
    if data is None:
        return None
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise ValueError("validation_data must be (X, y) or (X, y, sample_weight)")
    estimator._named_task(data[1], "y of validation_data")
    X, y = estimator._check_X_y(data[0], data[1], False)
    refuse_masked(data[2:], "sample_weight of validation_data")
    weight = None if len(data) == 2 else _check_sample_weight(data[2], X)
    return HeldOut(X, estimator._encode(y, False), weight, data[0], y, given=True)


def split(
    estimator: Any, as_given: Any, X: Any, y: Array, weight: Array | None, settings: SimpleNamespace
) -> tuple[Any, Array, Array | None, HeldOut]:
    """Set a part of the training data aside; return what is left of them, and that part."""
    if settings.validation_fraction == 0:
        raise ValueError(f"{settings.name}: validation_fraction must be above 0 with early_stopping, got 0")
    train, test = train_test_split(
        np.arange(X.shape[0]),
        random_state=estimator._random_state,
        test_size=settings.validation_fraction,
        stratify=estimator._stratify(y),
    )
    if len(test) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    source = as_given if estimator.preset is not None or hasattr(as_given, "columns") else X  # with text, with names
    raw = None if estimator.scoring is None else _safe_indexing(source, test)
    weights = (None, None) if weight is None else (weight[train], weight[test])
    held_out = HeldOut(X[test], y[test], weights[1], raw, estimator._decode(y[test]), given=False)
    return X[train], y[train], weights[0], held_out


def check_scorer(scorer: Any, scoring: object, held: HeldOut | None) -> None:
    """Refuse a scorer that takes no weights where the held-out samples have some, before anything is trained.

    Raises
    ------
    ValueError
        Says what to give.
    """
    if scorer is None or held is None or held.weight is None:
        return
    if not takes_weights(getattr(scorer, "_score_func", scorer)):  # scikit-learn's take any, and hand them on
        raise ValueError(
            f"scoring={scoring!r} takes no sample_weight, and the held-out samples have weights: give a "
            "scorer(estimator, X, y, sample_weight=None), or no weights"
        )
