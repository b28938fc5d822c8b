"""A data set looked at without learning from it: loss, penalty, accuracy and metrics, in one pass."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from layerwise.data.targets import Targets
from layerwise.engine.executor import Evaluator
from layerwise.engine.penalties import Penalties
from layerwise.errors import DataError
from layerwise.parts.layers import Softmax
from layerwise.parts.metrics import Metric, check_weighted, takes
from layerwise.typing import Array

TRAIN, VALIDATION = "train_", "val_"


class Evaluation:
    """Loss, penalty and metrics on a data set; of held-out data by the rows' weights where they have any.

    Weights of training data are part of the loss alone.

    Parameters
    ----------
    evaluator : Evaluator
        The network and the data.
    metrics : dict of function
        By name, as `as_metrics` gives them.

    Raises
    ------
    DataError
        The rows have weights, and a metric takes none.
    """

    def __init__(self, evaluator: Evaluator, metrics: Mapping[str, Metric]) -> None:
        self.evaluator, self.metrics = evaluator, metrics
        if weighs(evaluator.targets):
            check_weighted(metrics)
        shape = (len(evaluator.rows), evaluator.plan.n_out)
        self._outputs = np.empty(shape, evaluator.parameters.theta.dtype) if metrics else None
        self._penalties = Penalties(evaluator.plan, evaluator.parameters)

    def row(self, prefix: str = "") -> dict[str, float]:
        """The numbers by name, each name with the prefix."""
        evaluator = self.evaluator
        score, plan = evaluator.run(self._outputs), evaluator.plan
        with np.errstate(all="ignore"):
            row = {"loss": score.loss, "penalty": self._penalties.value(1 / len(evaluator.rows))}
        if score.accuracy is not None:
            row["accuracy"] = score.accuracy
        if self._outputs is not None:
            softmax = isinstance(plan.ending.layer, Softmax)
            row |= metric_values(self.metrics, evaluator.targets, self._outputs, softmax)
        return {prefix + name: value for name, value in row.items()}


def weighs(targets: Targets) -> bool:
    """Whether metrics are by the rows' weights."""
    return targets.weights is not None and not targets.by_rows


def metric_values(metrics: Mapping[str, Metric], targets: Targets, y: Array, is_softmax: bool) -> dict[str, float]:
    """Each metric of the outputs y (n, n_out), by name; what it is handed follows from `layerwise.parts.metrics.takes`.

    Labels and the columns of probabilities are in the order of sorted labels, as scikit-learn's functions expect. Of
    two classes they are handed the probability of the second, as (n,).
    """
    task = targets.task
    weights: dict[str, Any] = {"sample_weight": targets.weights} if weighs(targets) else {}
    y_true, found = targets.true(), {}
    for name, metric in metrics.items():
        what = "answers" if task.kind == "regression" else takes(metric)
        if what == "answers":
            value = metric(y_true, task.answers(y), **weights)
        elif task.kind == "multilabel":
            value = metric(y_true, task.shares(y, is_softmax), **weights)
        elif what == "columns":
            value = metric(targets.columns(), task.shares(y, is_softmax), **weights)
        else:
            order = slice(None) if task.classes is None else np.argsort(task.classes)
            shares = task.shares(y, is_softmax)[:, order]
            value = metric(y_true, shares[:, 1] if shares.shape[1] == 2 else shares, **weights)
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"the metric {name!r} must return a number; got {reprlib.repr(value)}, of type {type(value).__name__}"
            ) from None
    return found


def watches_training(watched: Iterable[object]) -> bool:
    """Whether one of these names of columns, as a callback's `monitor` gives them, is about the training data.

    Examples
    --------
    >>> watches_training(["val_loss", None]), watches_training(["loss"]), watches_training(["train_accuracy"])
    (False, True, True)
    """
    return any(str(name).startswith(TRAIN) or name in ("loss", "penalty", "accuracy") for name in watched)
