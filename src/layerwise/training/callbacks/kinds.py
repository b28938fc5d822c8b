"""The callbacks that come with the package, which a model file may name."""

from layerwise.training.callbacks.averaging import ExponentialMovingAverage
from layerwise.training.callbacks.base import Callback
from layerwise.training.callbacks.checkpoint import Checkpoint
from layerwise.training.callbacks.diagnosing import Diagnose
from layerwise.training.callbacks.finder import LearningRateFinder
from layerwise.training.callbacks.gradients import Freeze, GradientClip
from layerwise.training.callbacks.histograms import Histograms
from layerwise.training.callbacks.logs import CSVLog, TensorBoard
from layerwise.training.callbacks.plateau import ReduceOnPlateau
from layerwise.training.callbacks.progress import Progress
from layerwise.training.callbacks.pruning import OptunaPruning
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
    OptunaPruning,
    Progress,
)
