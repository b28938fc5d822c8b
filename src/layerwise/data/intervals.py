"""Prediction intervals from the errors on held-out rows: split conformal prediction.

    held-out rows ─► |t - y|, sorted ─► q, the ⌈(n + 1) coverage⌉-th smallest ─► [y - q, y + q]

For rows drawn as the held-out ones are, and that the network was not fitted to, such an interval holds the target with
a probability of at least `coverage`, whatever the network is and however the data are distributed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.errors import DataError, FormatError
from layerwise.typing import Array

MOST = 1000  # errors that are kept of each output; of more rows, those of evenly spaced ranks


@dataclass(frozen=True)
class Intervals:
    """Absolute errors on held-out rows.

    Attributes
    ----------
    scores : float64 array (m, n_out)
        The errors of each output, sorted; all of them for up to 1,000 rows, else those of the ranks ⌈i n / 1000⌉.
    rows : int
        How many held-out rows there were, n.
    steps : int
        The training steps that the network had made.

    References
    ----------
    V. Vovk, A. Gammerman, G. Shafer, "Algorithmic learning in a random world", Springer 2005.
    J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman, "Distribution-free predictive inference for
    regression", Journal of the American Statistical Association 113, 2018.
    """

    scores: Array
    rows: int
    steps: int

    @staticmethod
    def of(errors: Array, steps: int) -> Intervals:
        """Return what is kept of the absolute errors (n, n_out)."""
        n = len(errors)
        return Intervals(np.sort(errors.astype(np.float64), axis=0)[_ranks(n) - 1], n, steps)

    def half_width(self, coverage: float) -> Array:
        """Return q for each output.

        Raises
        ------
        DataError
            Too few rows were held out for such a coverage, or it is no share.
        """
        if not 0 < coverage < 1:
            raise DataError(f"coverage must be above 0 and below 1; got {coverage!r}")
        rank = math.ceil((self.rows + 1) * coverage - 1e-9)
        if rank > self.rows:
            raise DataError(
                f"an interval of coverage {coverage:g} needs at least {math.ceil(coverage / (1 - coverage) - 1e-9)} "
                f"held-out rows; there were {self.rows}"
            )
        found: Array = self.scores[np.searchsorted(_ranks(self.rows), rank)]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it for a model file."""
        return {"rows": self.rows, "steps": self.steps, "scores": self.scores.tolist()}

    @staticmethod
    def read(description: dict[str, Any] | None, n_out: int) -> Intervals | None:
        """Return what `to_dict` described, for a network of so many outputs.

        Raises
        ------
        FormatError
            Errors of another number of rows or outputs, or that are not sorted.
        """
        if description is None:
            return None
        rows, scores = description["rows"], description["scores"]
        if len(scores) != min(rows, MOST) or any(len(row) != n_out for row in scores):
            raise FormatError(f"intervals.scores must have {min(rows, MOST)} rows of {n_out} numbers")
        array = np.array(scores, np.float64)
        if (array < 0).any() or (np.diff(array, axis=0) < 0).any():
            raise FormatError("intervals.scores must be sorted, and none below 0")
        return Intervals(array, rows, description["steps"])


def _ranks(n: int) -> Array:
    """Return the ranks of the errors that are kept of n, from 1 to n."""
    m = min(n, MOST)
    return -(-np.arange(1, m + 1) * n // m)
