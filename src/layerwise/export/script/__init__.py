"""A trained network as the program that trains it: from scratch, in plain NumPy."""

from layerwise.export.script.program import to_training_script

__all__ = ["to_training_script"]
