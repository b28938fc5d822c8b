"""What may be done while a network trains, a file an idea; `base.py` has the hooks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from layerwise.training.callbacks.averaging import ExponentialMovingAverage
    from layerwise.training.callbacks.base import Callback, as_callbacks
    from layerwise.training.callbacks.checkpoint import Checkpoint
    from layerwise.training.callbacks.diagnosing import Diagnose, DiagnosisWarning
    from layerwise.training.callbacks.finder import LearningRateFinder, find_learning_rate
    from layerwise.training.callbacks.gradients import Freeze, GradientClip
    from layerwise.training.callbacks.histograms import Histograms
    from layerwise.training.callbacks.history import History
    from layerwise.training.callbacks.kinds import CALLBACKS
    from layerwise.training.callbacks.logs import CSVLog, TensorBoard
    from layerwise.training.callbacks.plateau import ReduceOnPlateau
    from layerwise.training.callbacks.progress import Progress
    from layerwise.training.callbacks.pruning import OptunaPruning
    from layerwise.training.callbacks.stopping import EarlyStopping

_NAMES = {  # where each name is; it is loaded when it is first asked for
    "averaging": "ExponentialMovingAverage",
    "base": "Callback as_callbacks",
    "checkpoint": "Checkpoint",
    "diagnosing": "Diagnose DiagnosisWarning",
    "finder": "LearningRateFinder find_learning_rate",
    "gradients": "Freeze GradientClip",
    "histograms": "Histograms",
    "history": "History",
    "logs": "CSVLog TensorBoard",
    "plateau": "ReduceOnPlateau",
    "progress": "Progress",
    "pruning": "OptunaPruning",
    "stopping": "EarlyStopping",
    "kinds": "CALLBACKS",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = [
    "CALLBACKS",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "Diagnose",
    "DiagnosisWarning",
    "EarlyStopping",
    "ExponentialMovingAverage",
    "Freeze",
    "GradientClip",
    "Histograms",
    "History",
    "LearningRateFinder",
    "OptunaPruning",
    "Progress",
    "ReduceOnPlateau",
    "TensorBoard",
    "as_callbacks",
    "find_learning_rate",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
