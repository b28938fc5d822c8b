"""What may be done while a network trains, a file an idea; `base.py` has the hooks."""

from layerwise.training.callbacks.averaging import ExponentialMovingAverage
from layerwise.training.callbacks.base import Callback, as_callbacks
from layerwise.training.callbacks.checkpoint import Checkpoint
from layerwise.training.callbacks.diagnosing import Diagnose, DiagnosisWarning
from layerwise.training.callbacks.finder import LearningRateFinder, find_learning_rate
from layerwise.training.callbacks.gradients import Freeze, GradientClip
from layerwise.training.callbacks.histograms import Histograms
from layerwise.training.callbacks.history import History
from layerwise.training.callbacks.logs import CSVLog, TensorBoard
from layerwise.training.callbacks.plateau import ReduceOnPlateau
from layerwise.training.callbacks.progress import Progress
from layerwise.training.callbacks.stopping import EarlyStopping

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
