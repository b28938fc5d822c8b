"""What ails a network: its layers, its data and its training looked at, and what was seen put into words.

probe.py      one forward and one backward of the NumPy executor on some rows: numbers, layer by layer
layers.py  data.py  learning.py  settings.py  rules: numbers in, findings out; the thresholds and their reasons
finding.py    what was seen, why it matters, what to change
remedy.py     the change as data, which `layerwise.explain.cures` follows
result.py     all of it as a page

`lw.diagnose` asks all of them once; the callback `Diagnose` asks them while the network trains.
"""

from layerwise.training.health.data import of_classes, of_columns, of_inputs
from layerwise.training.health.finding import SEVERITIES, Finding, worst_first
from layerwise.training.health.layers import of_layers, of_targets, of_weights
from layerwise.training.health.learning import of_batches, of_history
from layerwise.training.health.probe import LayerHealth, Look, Probe, some_rows
from layerwise.training.health.remedy import Remedy
from layerwise.training.health.result import Diagnosis
from layerwise.training.health.settings import of_settings, of_weighting

__all__ = [
    "SEVERITIES",
    "Diagnosis",
    "Finding",
    "LayerHealth",
    "Look",
    "Probe",
    "Remedy",
    "of_batches",
    "of_classes",
    "of_columns",
    "of_history",
    "of_inputs",
    "of_layers",
    "of_settings",
    "of_targets",
    "of_weighting",
    "of_weights",
    "some_rows",
    "worst_first",
]
