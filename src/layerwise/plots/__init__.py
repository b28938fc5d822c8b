"""Pictures of networks, of their training and of the benchmark, by matplotlib, which is imported when one is drawn."""

from layerwise.plots.learning import learning_curves, picture_format, save_learning_curves

__all__ = ["learning_curves", "picture_format", "save_learning_curves"]
