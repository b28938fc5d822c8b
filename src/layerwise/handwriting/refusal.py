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

MIDDLING = 0.3  # of the pixels neither light nor dark: a photo; writing leaves fewer


def of_picture(grey: Array, ink: Ink | None) -> str | None:
    """Return why a picture as a whole is no writing; None if it may be."""
    if ink is None or int(ink.parts.max()) > MOST:
        return f"no digits: there are more than {MOST} marks, as on a page of text or a photo; crop it to the digits"
    if _middling(grey) > MIDDLING:
        return "this looks like a photo, not like writing on paper; crop it to the digits"
    return None


def of_digits(digits: Sequence[Digit], refused: Sequence[Digit]) -> str:
    """Return why these digits of a picture are refused."""
    if len(digits) == 1:
        digit = digits[0]
        return (
            f"this does not look like a digit (most like {digit.guess}, with a probability of {digit.confidence:.0%}); "
            "draw one that stands alone, upright"
        )
    where = ", ".join(f"{digit.place[0]},{digit.place[1]}" for digit in refused[:3])
    more = " and more" if len(refused) > 3 else ""
    return (
        f"{len(refused)} of {len(digits)} marks do not look like digits (at {where}{more}); "
        "crop the picture to the digits"
    )


def _middling(grey: Array) -> float:
    """Return the share of pixels in the middle half of the range from dark to light."""
    small = np.asarray(reduce(grey, 96), np.float32)
    dark, light = quantile(small, 0.01), quantile(small, 0.99)
    middle = (dark + light) / 2
    return float((abs(small - middle) < (light - dark) / 4).mean())
