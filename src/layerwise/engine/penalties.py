"""The penalties of a plan on its parameters: their values, and their gradients added to the loss's."""

from __future__ import annotations

from functools import partial

import numpy as np

from layerwise.engine.plan import PenaltyTerm, Plan
from layerwise.parts.bound import Bound
from layerwise.parts.parameters import Parameters
from layerwise.typing import Array


class Penalties:
    """All penalties on all arrays. `share`, which the methods take, is how much each sample of a batch counts.

    Parameters
    ----------
    plan : Plan
        With its penalties.
    parameters : Parameters
        Their theta and grad, which the calls are bound to.
    """

    def __init__(self, plan: Plan, parameters: Parameters) -> None:
        longest = max((term.part.stop - term.part.start for term in plan.penalties), default=0)
        tmp = np.empty(longest, parameters.theta.dtype)
        self._terms = [_BoundTerm(term, parameters, tmp) for term in plan.penalties]

    def value(self, share: float) -> float:
        """Return their sum."""
        return sum((term.value(share) for term in self._terms), 0.0)

    def add(self, share: float) -> float:
        """Add their gradients to grad, and return their sum."""
        total = 0.0
        for term in self._terms:
            total += term.value(share)
            term.add(share)
        return total


class _BoundTerm:
    """A penalty on one array; `tmp` is an array to work in, at least as long."""

    def __init__(self, term: PenaltyTerm, parameters: Parameters, tmp: Array) -> None:
        penalty, w = term.penalty, parameters.theta[term.part]
        self._term, self._g, self._slope = term, parameters.grad[term.part], tmp[: w.size]
        self._value = Bound(partial(penalty.bound_value, w, self._slope))
        self._write_slope = Bound(partial(penalty.bound_gradient, w, self._slope))

    def value(self, share: float) -> float:
        return self._term.factor(share) * float(self._value())

    def add(self, share: float) -> None:
        self._write_slope()
        np.multiply(self._slope, self._term.factor(share), out=self._slope)
        np.add(self._g, self._slope, out=self._g)
