"""Targets far from 0 and 1, such as prices: learned as (target - mean) / std, and answered in their own units.

rows to train ──► mean, std ──► fit on (y - mean) / std ──► the last Dense: W · std, b · std + mean
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from layerwise.app.cli.data_sets import Data
from layerwise.app.recipes import Recipe
from layerwise.errors import DataError
from layerwise.network.network import Network
from layerwise.parts.endings import takes_standardized_targets
from layerwise.parts.layers import Dense, Linear
from layerwise.typing import Array


@dataclass(frozen=True)
class Standardization:
    """The mean and the standard deviation of a table's target in the rows to train."""

    mean: float
    std: float

    @classmethod
    def of(cls, data: Data, recipe: Recipe) -> Self | None:
        """Return what suits the data and the recipe; None where the target is to be learned as it is.

        Raises
        ------
        DataError
            The target of a table is a number that is the same in all rows to train.
        """
        if data.recipe != "table" or data.classes is not None:
            return None
        y = data.train[1][: recipe.samples]
        if y.min() == y.max():
            raise DataError(
                f"the target {data.notes['target']!r} is {y[0]:g} in all {len(y)} rows to train: "
                "there is nothing to learn"
            )
        *_, dense, last = recipe.layers
        if not (isinstance(dense, Dense) and isinstance(last, Linear) and takes_standardized_targets(recipe.loss)):
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = float(y.mean()), float(y.std())
        limits = np.finfo(recipe.dtype)
        fits = float(np.abs(y).max()) <= limits.max and limits.tiny <= std <= limits.max
        return cls(mean, std) if fits else None  # what the type cannot hold, the training refuses

    def apply(self, data: Data) -> Data:
        """Return the same data with the targets to train and to validate standardized; not those to test."""
        X, y = data.train
        held_out = data.validation and (data.validation[0], self._of(data.validation[1]))
        return replace(data, train=(X, self._of(y)), validation=held_out)

    def _of(self, y: Array) -> Array:
        return (y - self.mean) / self.std

    def fold(self, network: Network) -> None:
        """Let the last layer's weights answer in the target's own units; the optimizer's state fits them no more."""
        *others, W, b = network.get_parameters()
        exact_W, exact_b = W.astype(np.float64) * self.std, b.astype(np.float64) * self.std + self.mean
        network.set_parameters([*others, exact_W, exact_b])
        if network.optimizer is not None:
            network.optimizer.reset()
