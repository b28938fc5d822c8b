"""What may be done while a network trains, a file an idea; `base.py` has the hooks."""

from layerwise.callbacks.averaging import ExponentialMovingAverage
from layerwise.callbacks.base import Callback, as_callbacks
from layerwise.callbacks.checkpoint import Checkpoint
from layerwise.callbacks.diagnosing import Diagnose, DiagnosisWarning
from layerwise.callbacks.finder import LearningRateFinder, find_learning_rate
from layerwise.callbacks.gradients import Freeze, GradientClip
from layerwise.callbacks.histograms import Histograms
from layerwise.callbacks.history import History
from layerwise.callbacks.logs import CSVLog, TensorBoard
from layerwise.callbacks.plateau import ReduceOnPlateau
from layerwise.callbacks.progress import Progress
from layerwise.callbacks.stopping import EarlyStopping

CALLBACKS: tuple[type[Callback], ...] = (
    EarlyStopping,
    Checkpoint,
    LearningRateFinder,
    ReduceOnPlateau,
    GradientClip,
    ExponentialMovingAverage,
    Freeze,
    CSVLog,
    TensorBoard,
    Histograms,
    Diagnose,
    Progress,
)

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
    "Progress",
    "ReduceOnPlateau",
    "TensorBoard",
    "as_callbacks",
    "find_learning_rate",
]
