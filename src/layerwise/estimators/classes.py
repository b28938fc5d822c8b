"""The labels of a classifier: which there are, as numbers and back, and how much each counts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from layerwise.data.arrays import is_sparse
from layerwise.data.sample_weights import balanced
from layerwise.data.targets import Task, one_class
from layerwise.estimators import building, continuing
from layerwise.estimators.base import BaseMLP
from layerwise.estimators.labels import (
    column_as_vector,
    has_few_labels,
    is_plain_labels,
)
from layerwise.parts.losses import Loss
from layerwise.typing import Array


class Classes(BaseMLP):
    """What a classifier does with labels."""

    class_weight: Any
    classes_: Array

    def _forget_classes(self) -> None:
        """Remove what a first call that failed has left."""
        if hasattr(self, "classes_"):
            del self.classes_

    def _check_columns(self, y: Any, classes: Any) -> None:
        """Check the labels of a first call with several columns; what was given must be their numbers."""
        columns = list(range(y.shape[1]))
        if classes is not None and sorted(np.asarray(classes).ravel().tolist()) != columns:
            raise ValueError(
                f"`classes` must be the numbers of y's columns, {columns}, or be left out; got {classes!r}"
            )
        if not hasattr(self, "classes_"):
            self._set_classes(y)

    def _set_classes(self, y: Any) -> None:
        """Set the labels, and whether a sample may have several."""
        self._multilabel = type_of_target(y).startswith("multilabel")
        self._sparse_labels = self._multilabel and is_sparse(y)
        self.classes_ = np.arange(y.shape[1]) if self._multilabel else np.unique(y)
        several = self._multilabel or len(self.classes_) > 2
        each = self.preset is not None or building.needs_output_per_class(self.loss)
        self.n_outputs_ = len(self.classes_) if several else 2 if each else 1

    def _encode(self, y: Any, define: bool) -> Array:
        y = column_as_vector(y)
        if not (is_plain_labels(y) and has_few_labels(y)):
            check_classification_targets(y)
        if define:
            self._set_classes(y)
            if self.preset is not None and len(self.classes_) == 1 and not self._multilabel and len(y) > 1:
                raise one_class(self.classes_[0], len(y), "y")
        if self._multilabel:
            return self._encode_several(y)
        if np.ndim(y) != 1:
            raise ValueError(
                f"y has the shape {np.shape(y)}; {type(self).__name__} takes one label a sample, (n,), or a column of "
                "0 and 1 for each of several labels, and in all calls that go on the form of the first"
            )
        found = np.unique(y)
        unknown = [label for label in found.tolist() if label not in set(self.classes_.tolist())]
        if unknown:
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}; y has {unknown} besides"
            )
        if self.warm_start and not define and len(found) != len(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {found}"
            )
        codes: Array = np.searchsorted(self.classes_, y)
        return codes

    def _encode_several(self, y: Any) -> Array:
        rows = np.asarray(y.toarray() if is_sparse(y) else y)
        if rows.ndim != 2 or rows.shape[1] != len(self.classes_):
            raise ValueError(f"y must have a column for each of {len(self.classes_)} labels; its shape is {rows.shape}")
        answers: Array = (rows != 0).astype(np.float64)
        return answers

    def _decode(self, y: Array) -> Array:
        labels: Array = y.astype(np.intp) if self._multilabel else self.classes_[y]
        return labels

    def _task(self) -> Task:
        if self._multilabel:
            return Task("multilabel")
        return Task("classification", np.arange(max(len(self.classes_), 2)))

    @property
    def _label_binarizer(self) -> LabelBinarizer:
        """What scikit-learn's estimator encodes labels with; converters ask it for the kind of target."""
        self._fitted("_label_binarizer")
        return LabelBinarizer().fit(np.eye(len(self.classes_), dtype=int) if self._multilabel else self.classes_)

    def _loss_of(self, settings: SimpleNamespace, dtype: np.dtype[Any]) -> Loss:
        if self.n_outputs_ == 1 and not self._multilabel and building.needs_output_per_class(settings.loss):
            raise continuing.changed(settings, "loss", "it needs an output for each of two classes")
        return building.classifier_loss(settings, self.n_outputs_, not self._multilabel, dtype)

    def _stratify(self, y: Array) -> Array | None:
        return y if len(self.classes_) <= 2 and not self._multilabel else None

    def _with_class_weights(self, y: Array, weight: Array | None) -> Array | None:
        if self.class_weight is None or not self._multilabel:
            return weight
        each = [balanced(column.astype(np.intp), weight) for column in y.T]
        return np.multiply.reduce(each if weight is None else [*each, weight])  # type: ignore[no-any-return]

    def _class_weights(self) -> dict[Any, float] | str | None:
        if self._multilabel and isinstance(self.class_weight, dict):
            raise ValueError(
                'a dict of class_weight needs one label a sample; where there are several, use "balanced", '
                "sample_weight or loss=BinaryCrossEntropy(pos_weight=)"
            )
        if self.class_weight is None or self._multilabel:
            return None
        if isinstance(self.class_weight, str):
            return self.class_weight
        try:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_)
        except (TypeError, ValueError) as error:
            raise ValueError(f"class_weight={self.class_weight!r} does not fit: {error}") from None
        return dict(enumerate(weights.tolist()))
