"""Pictures of networks, of their training and of the benchmark, by matplotlib, which is imported when one is drawn.

Each function draws on the Axes given as `ax`, or on a new figure of pyplot, and returns them: one Axes, or an array of
them where there are several panels. `style` gives new figures a light or a dark background.
"""

from layerwise.plots.calibration import coverage, reliability
from layerwise.plots.columns import importance, partial_dependence
from layerwise.plots.confusion import confusion_matrix
from layerwise.plots.digits import digits
from layerwise.plots.distributions import histograms, histograms_over_training
from layerwise.plots.functions import activation, neuron, neuron_pair, pieces
from layerwise.plots.images import images, mistakes, predictions, weights
from layerwise.plots.learning import learning_curves, learning_rate, save_learning_curves
from layerwise.plots.maps import layer_maps
from layerwise.plots.regions import decision_regions, regression_curve
from layerwise.plots.robustness import robustness
from layerwise.plots.style import picture_format, save, style
from layerwise.plots.tables import table
from layerwise.plots.units import unit_activity

__all__ = [
    "activation",
    "confusion_matrix",
    "coverage",
    "decision_regions",
    "digits",
    "histograms",
    "histograms_over_training",
    "images",
    "importance",
    "layer_maps",
    "learning_curves",
    "learning_rate",
    "mistakes",
    "neuron",
    "neuron_pair",
    "partial_dependence",
    "picture_format",
    "pieces",
    "predictions",
    "regression_curve",
    "reliability",
    "robustness",
    "save",
    "save_learning_curves",
    "style",
    "table",
    "unit_activity",
    "weights",
]
