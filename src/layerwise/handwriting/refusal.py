"""Why a picture gets no answer, in words that help: what it looks like, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from layerwise.datasets.images.ink import Ink
from layerwise.datasets.images.parting import MOST
from layerwise.datasets.images.pixels import quantile, reduce
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.handwriting.reading import Digit

LIKELY = 0.5  # that it is a digit after all
BLANK = "the picture is blank"
RESTLESS = 12.0  # standard deviation of 255: paper, even in a shadow, has less
MIDDLING = 0.3  # of the pixels neither light nor dark: a photo; writing leaves fewer


def of_picture(grey: Array, ink: Ink | None) -> str | None:
    """Return why a picture as a whole is no writing; None if it may be."""
    if ink is None or int(ink.parts.max()) > MOST:
        return f"no digits: there are more than {MOST} marks, as on a page of text or a photo; crop it to the digits"
    if _middling(grey) > MIDDLING:
        return "this looks like a photo, not like writing on paper; crop it to the digits"
    return None


def of_digits(digits: Sequence[Digit], refused: Sequence[Digit], least: float) -> str:
    """Return why these digits of a picture are refused."""
    if len(digits) == 1:
        digit = digits[0]
        if LIKELY <= digit.confidence < least:
            return (
                f"not sure enough: most like {digit.guess}, with a probability of {digit.confidence:.1%} of {least:.1%}"
            )
        return (
            f"this does not look like a digit (most like {digit.guess}, with a probability of {digit.confidence:.0%}); "
            "draw one that stands alone, upright"
        )
    where = ", ".join(f"{digit.place[0]},{digit.place[1]}" for digit in refused[:3])
    more = " and more" if len(refused) > 3 else ""
    what = "looks like no digit" if len(refused) == 1 else "look like no digits"
    return f"of {len(digits)} parts, {len(refused)} {what} (at {where}{more}); crop the picture to the digits"


def of_blank(grey: Array, problem: str) -> str:
    """Return why there is no ink: the paper may be no paper."""
    small = np.asarray(reduce(grey, 256), np.float32)
    if problem.startswith(BLANK) and float(small.std()) > RESTLESS:
        return "this looks like a photo or noise, not like writing on paper: no ink stands out from what is around it"
    return problem


def _middling(grey: Array) -> float:
    """Return the share of pixels in the middle half of the range from dark to light."""
    small = np.asarray(reduce(grey, 96), np.float32)
    dark, light = quantile(small, 0.01), quantile(small, 0.99)
    middle = (dark + light) / 2
    return float((abs(small - middle) < (light - dark) / 4).mean())
