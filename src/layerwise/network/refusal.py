"""Answers that are not given: a masked array, with nothing under the mask that could be taken for an answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.errors import warn
from layerwise.typing import Array


def is_novelty_rejected(reject_novel: bool, refuse_unfamiliar: bool | None) -> bool:
    """Return `reject_novel`, or what is asked for under its earlier name, with a warning."""
    if refuse_unfamiliar is None:
        return reject_novel
    warn("predict: refuse_unfamiliar is now reject_novel", FutureWarning)
    return reject_novel or refuse_unfamiliar


def without(answers: Array, refused: Array, classes: Array | None = None) -> np.ma.MaskedArray[Any, Any]:
    """The answers, masked where `refused` is true.

    Under the mask, and so in what ``filled()`` gives, is -1 for whole numbers (or, where that is a class, one less than
    all classes), NaN for others, "" for text, and None, in an array of objects, for all else.

    Parameters
    ----------
    answers : array
        What a network says.
    refused : array of bool
        Of the same shape.
    classes : array, optional
        What it might say.

    Examples
    --------
    >>> answers = without(np.array([7, 3]), np.array([False, True]))
    >>> answers.tolist(), answers.filled().tolist()
    ([7, None], [7, -1])
    """
    nothing: object
    if answers.dtype.kind == "i":
        known = answers if classes is None else classes
        nothing = min(-1, int(known.min()) - 1) if -1 in known else -1
    elif answers.dtype.kind in "fU":
        nothing = np.nan if answers.dtype.kind == "f" else ""
    else:
        answers, nothing = answers.astype(object), None
    values = np.where(refused, np.asarray(nothing, answers.dtype), answers)
    # as an array, for a plain None would stand for NumPy's own choice
    fill_value: Any = np.array(nothing, answers.dtype)
    masked: np.ma.MaskedArray[Any, Any] = np.ma.masked_array(values, refused, fill_value=fill_value)
    return masked
