"""Handwriting: digits found in a picture, read by a network or refused with a reason, and corrected by whoever wrote
them.
"""

from layerwise.handwriting.correcting import Corrections, correct, corrections_of, undo
from layerwise.handwriting.learning import learn_digits
from layerwise.handwriting.reading import Digit, Reading, read_digits

__all__ = ["Corrections", "Digit", "Reading", "correct", "corrections_of", "learn_digits", "read_digits", "undo"]
