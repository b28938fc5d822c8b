"""Sums and products with their numbers set in; of a long sum the greatest terms, and what the rest comes to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layerwise.explain.trace.notation import Numbers, plus
from layerwise.typing import Array

MOST_TERMS, FEW_TERMS = 10, 3  # a sum of more terms is cut to so few


def summed(values: Array, term: Callable[[int], str], numbers: Numbers, most: int | None, few: int = FEW_TERMS) -> str:
    """Return a sum, each part by `term`; of more than `most`, only the greatest and what the rest comes to.

    With `most` None, only zeros are left out of a sum of more than ten.
    """
    values = np.asarray(values, np.float64)
    shown = np.arange(len(values))
    if len(values) > (MOST_TERMS if most is None else most):
        shown = np.flatnonzero(values) if most is None else np.sort(np.argsort(-np.abs(values), kind="stable")[:few])
        shown = shown if len(shown) else np.arange(1)
    text = term(int(shown[0])) + "".join(plus(term(int(i))) for i in shown[1:])
    left_out = len(values) - len(shown)
    if left_out:
        rest = 0.0 if most is None else float(values.sum() - values[shown].sum())
        text += rf" + \ldots\text{{ ({left_out} more: }}{numbers(rest)}\text{{)}}"
    return text


def products(a: Array, b: Array, numbers: Numbers, most: int | None) -> str:
    """Return the sum of a_i · b_i."""
    return summed(a.astype(np.float64) * b, lambda i: rf"{numbers(a[i])} \cdot {numbers.factor(b[i])}", numbers, most)


def product(a: float, b: float, numbers: Numbers) -> str:
    """Return a single product."""
    return rf"{numbers(a)} \cdot {numbers.factor(b)}"
