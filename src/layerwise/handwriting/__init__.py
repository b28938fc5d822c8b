"""Handwriting: digits found in a picture, read by a network or refused with a reason, and corrected by whoever wrote
them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from layerwise.handwriting.reading import Digit, Reading, read_digits

if TYPE_CHECKING:
    from layerwise.handwriting.correcting import Corrections, correct, corrections_of, undo
    from layerwise.handwriting.learning import learn_digits

__all__ = ["Corrections", "Digit", "Reading", "correct", "corrections_of", "learn_digits", "read_digits", "undo"]

_HOMES = {  # what learns is loaded when it is first asked for: most pictures are only read
    "Corrections": "correcting",
    "correct": "correcting",
    "corrections_of": "correcting",
    "undo": "correcting",
    "learn_digits": "learning",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
