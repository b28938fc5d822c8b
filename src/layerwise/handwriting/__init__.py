"""Handwriting: digits found in a picture, read by a network, or refused with a reason."""

from layerwise.handwriting.reading import Digit, Reading, read_digits

__all__ = ["Digit", "Reading", "read_digits"]
