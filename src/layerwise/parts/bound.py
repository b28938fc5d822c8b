"""Formulas on arrays that stay where they are: NumPy's calls, which are found once and then made at every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from layerwise.formula import Steps, Tree, bind, replace, scaled, steps
from layerwise.typing import Array

Calls = list[Callable[[], Any]]
_MOST = 256


class Bound:
    """Calls that are found when they are first made.

    Parameters
    ----------
    find : callable
        Returns the calls.
    """

    def __init__(self, find: Callable[[], Calls]) -> None:
        self._find = find
        self._calls: Calls | None = None

    def __call__(self) -> Any:
        """Make the calls, and return the last one's result."""
        if self._calls is None:
            self._calls = self._find()
        result = None
        for call in self._calls:
            result = call()
        return result


def run(calls: Calls) -> Any:
    """Make the calls, and return the last one's result."""
    result = None
    for call in calls:
        result = call()
    return result


def calls_of(
    tree: Tree,
    numbers: Mapping[str, Any],
    arrays: Mapping[str, Array],
    out: Array,
    like: Array,
    spare: Sequence[Array] = (),
    over: int = 1,
) -> Calls:
    """Return the calls that compute a tree over a number into `out`.

    Parameters
    ----------
    tree : Tree
        The formula.
    numbers : dict
        The numbers that are symbols in it; one may be an array that is broadcast.
    arrays : dict
        The arrays of its other symbols.
    out : array
        Of one axis less than `like` for the sum over the last one.
    like : array
        The arrays to work in are like it.
    spare : sequence of array
        Those that are there already.
    over : int
        What the result is divided by.
    """
    plain = tuple((name, value) for name, value in numbers.items() if isinstance(value, float))
    given = {**{name: value for name, value in numbers.items() if not isinstance(value, float)}, **arrays}
    factor, rest, calls = _steps(filled(tree, plain), out.ndim < like.ndim)
    factor /= over
    if factor != 1 and out.ndim == like.ndim and rest.op == "symbol":
        return [partial(np.multiply, given[rest.args[0]], np.array(factor, out.dtype), out=out)]
    work = {name: np.empty_like(like) for name in calls.arrays[len(spare) :]}
    work |= {**dict(zip(calls.arrays, spare)), **{name: np.empty(like.shape, bool) for name in calls.flags}}
    found = bind(calls, {**work, **given, "out": out})
    return found if factor == 1 else [*found, partial(np.multiply, out, np.array(factor, out.dtype), out=out)]


@lru_cache(maxsize=_MOST)
def filled(tree: Tree, numbers: tuple[tuple[str, float], ...]) -> Tree:
    """Return the tree with these numbers in place of their symbols."""
    return replace(tree, dict(numbers)) if numbers else tree


@lru_cache(maxsize=_MOST)
def _steps(tree: Tree, summed: bool) -> tuple[float, Tree, Steps]:
    """Return a number, what it is multiplied with, and the calls for that."""
    factor, rest = scaled(tree)
    return factor, rest, steps(rest, "out", summed=summed)
