"""How much each sample counts: weights of samples and of classes, brought to one array.

    training      gradient of a batch = Σ w_i ∇l_i / rows        weights of mean 1 over the training set
    evaluation    loss = Σ w_i l_i / Σ w_i                       weights as they are given

Divided by its rows, a batch's gradient is on average that of the whole training set, whatever the size of the batches;
divided by the sum of its own weights, it would not be, and with one row a batch the weights would do nothing.
A row of weight 0 adds nothing, however far its target is from the output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from layerwise.data.arrays import read_array
from layerwise.data.targets import Targets
from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array, ArrayLike

_USUAL = (1e-20, 1e20)  # between these, weights and their sum are exact enough in every type of network


@dataclass(frozen=True)
class SampleWeights:
    """Weights of samples, for a fit that is to count them by another rule than the usual one.

    Attributes
    ----------
    values : array (n,), optional
        The weights; None: all 1.
    by_rows : bool
        A batch's mean is divided by its rows; else by the sum of its weights, as in scikit-learn's MLPs.
    scaled : bool
        Brought to mean 1. Chunks of one training set are not: they are to keep their share of it.
    """

    values: ArrayLike | None = None
    by_rows: bool = True
    scaled: bool = True


def weigh(
    targets: Targets,
    sample_weight: ArrayLike | SampleWeights | None,
    class_weight: dict[object, float] | str | None = None,
) -> None:
    """Give the targets of a training the weights of their samples, times those of their classes.

    Raises
    ------
    DataError, ShapeError
        Weights that are negative, not finite or all 0, miss a class, or are not one a sample.
    """
    if sample_weight is None and class_weight is None:
        return
    given = sample_weight if isinstance(sample_weight, SampleWeights) else SampleWeights(sample_weight)
    n = len(targets)
    weights = np.ones(n) if given.values is None else check_weights(given.values, n, "sample_weight")
    if class_weight is not None:
        weights = weights * of_classes(targets, class_weight, weights)
        _check_values(weights, "sample_weight and class_weight")
    if given.by_rows and given.scaled:
        weights = weights / weights.max()  # their sum is finite
        weights = weights / weights.mean()
    targets.weights, targets.by_rows = cast_weights(weights, targets, "sample_weight"), given.by_rows


def weigh_held_out(targets: Targets, sample_weight: ArrayLike | None, name: str = "sample_weight") -> None:
    """Give the targets of an evaluation the weights of their samples.

    Raises
    ------
    DataError, ShapeError
        Weights that are negative, not finite or all 0, or are not one a sample.
    """
    if sample_weight is not None:
        weights = check_weights(sample_weight, len(targets), name)
        if not _USUAL[0] < weights.max() < _USUAL[1]:  # as multiplied by a constant, they do the same
            weights = weights / weights.max()
        targets.weights, targets.by_rows = cast_weights(weights, targets, name), False


def of_evaluation(targets: Targets, sample_weight: ArrayLike | SampleWeights | None) -> Targets:
    """The targets of a training, weighted as held-out ones are: by the samples' weights, not by those of classes."""
    found = replace(targets, weights=None, by_rows=False)
    weigh_held_out(found, sample_weight.values if isinstance(sample_weight, SampleWeights) else sample_weight)
    return found


def cast_weights(weights: Array, targets: Targets, name: str, some: bool = True) -> Array:
    """The weights in the network's type, in which they may be too large, or 0; `some` of them must be above 0."""
    with np.errstate(over="ignore"):
        cast = weights.astype(targets.dtype)
    _check_values(cast, f"{name} as {targets.dtype.name}", some)
    return cast


def check_weights(sample_weight: ArrayLike, n: int, name: str) -> Array:
    """Weights as an array (n,) of float64.

    Raises
    ------
    DataError, ShapeError
        They are negative, not finite or all 0, or are not one a sample.
    """
    weights = read_array(sample_weight, name).astype(np.float64)
    weights = weights[:, 0] if weights.ndim == 2 and weights.shape[1] == 1 else weights
    if weights.shape != (n,):
        raise ShapeError(f"{name} must be one a sample ({n},); its shape is {weights.shape}")
    _check_values(weights, name)
    return weights


def _check_values(weights: Array, name: str, some: bool = True) -> None:
    bad = ~np.isfinite(weights) | (weights < 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{name}: weights must be finite and at least 0; that of row {row} is {weights[row]}")
    if some and not weights.any():
        raise DataError(f"{name}: all {len(weights)} weights are 0, so no sample counts; at least one must be above 0")


def without_uncounted(losses: Array, y: Array, weights: Array | None) -> bool:
    """Set the losses of rows of weight 0 that are not finite to 0; return whether all are finite then.

    The target of such a row may be too far away for a finite loss. Outputs y (n, n_out) that are not finite are another
    matter: the gradient of weights would be NaN by them.
    """
    if weights is not None:
        losses[(weights == 0) & ~np.isfinite(losses) & np.isfinite(y).all(axis=1)] = 0
    return bool(np.isfinite(losses).all())


def balanced(labels: Array, sample_weight: Array | None = None) -> Array:
    """The weight of each label's class (n,): the rarer, the more, so that all classes weigh alike.

    w_c = Σ s / (classes · Σ_c s), where a sample of weight s counts s times, and not at all if that is 0.
    """
    counts = np.bincount(labels, sample_weight)
    present = np.count_nonzero(counts)
    weights: Array = counts.sum() / (max(present, 1) * np.where(counts > 0, counts, 1))
    return weights[labels]


def of_classes(targets: Targets, class_weight: dict[object, float] | str, weights: Array) -> Array:
    """Return the weight of each row's class; `weights`: what each row counts besides.

    Raises
    ------
    DataError
        The targets are no labels, or a class has no weight.
    """
    if targets.labels is None or targets.task.classes is None:
        raise DataError(
            "class_weight needs labels, one class a sample; use sample_weight for other targets, or, for several "
            "yes/no answers, BinaryCrossEntropy(pos_weight=)"
        )
    classes = targets.task.classes.tolist()
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise DataError(f'class_weight must be "balanced" or a dict of class: weight; got {class_weight!r}')
        return balanced(targets.labels, weights)
    if not isinstance(class_weight, Mapping):
        raise DataError(
            f'class_weight must be "balanced" or a dict of class: weight; got {type(class_weight).__name__} '
            f"{class_weight!r:.80}; the classes are {classes}"
        )
    unknown = [key for key in class_weight if key not in classes]
    absent = [key for key in classes if key not in class_weight]
    if unknown or absent:
        problem = f"has no weight for {absent}" if absent else f"names {unknown}, which are no classes"
        raise DataError(f"class_weight {problem}; the classes are {classes}")
    return np.array([class_weight[key] for key in classes], np.float64)[targets.labels]
