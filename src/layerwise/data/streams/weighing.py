"""How much each row of a stream counts, from what the first pass has found of weights and classes.

The rule is that of `layerwise.data.sample_weights`: weights times those of classes, of mean 1 over all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.data.sample_weights import cast_weights, of_classes
from layerwise.data.streams.survey import Survey
from layerwise.data.targets import Targets
from layerwise.errors import DataError
from layerwise.typing import Array


@dataclass
class Weighing:
    """What is done to the weights of a block.

    Attributes
    ----------
    of_class : array (classes,), optional
        The weight of each class.
    scale : float
        What brings the mean of all to 1.
    """

    of_class: Array | None
    scale: float

    @staticmethod
    def of(survey: Survey, sample: Targets, class_weight: dict[object, float] | str | None) -> Weighing | None:
        """Return what the weights of a training are multiplied by; None where all rows count the same.

        Parameters
        ----------
        survey : Survey
            Of all rows.
        sample : Targets
            Those of ``survey.targets.sample()``.
        class_weight : dict or "balanced", optional
            As for `fit`.

        Raises
        ------
        DataError
            Classes are weighed and there are none, or none of the rows counts.
        """
        if class_weight is None and not survey.has_weights:
            return None
        total, of_class = survey.weight, None
        if class_weight is not None:
            assert survey.targets is not None
            if survey.targets.labels is None or sample.labels is None:
                raise DataError("class_weight on a stream needs labels, y of shape (samples,): one class a sample")
            sums = np.array([weight for _, weight, _ in survey.targets.labels.values()])
            each = of_classes(sample, class_weight, sums)
            of_class = np.zeros(int(sample.labels.max()) + 1)
            of_class[sample.labels] = each
            total = float((sums * each).sum())
        if not 0 < total < np.inf:
            raise DataError(
                f"the weights of the stream sum to {total}; at least one must be above 0, and the sum finite: divide "
                "them by the greatest"
            )
        return Weighing(of_class, survey.rows / total)

    def apply(self, targets: Targets, weights: Array | None) -> None:
        """Give the targets of a training their weights."""
        found = np.full(len(targets), self.scale) if weights is None else weights * self.scale
        if self.of_class is not None:
            assert targets.labels is not None
            found = found * self.of_class[targets.labels]
        targets.weights, targets.by_rows = cast_weights(found, targets, "sample_weight", some=False), True


def weigh_evaluated(targets: Targets, weights: Array | None) -> None:
    """Give the targets of an evaluation their weights, as they are."""
    if weights is not None:
        targets.weights, targets.by_rows = cast_weights(weights, targets, "sample_weight", some=False), False
