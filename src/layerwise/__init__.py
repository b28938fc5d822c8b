"""layerwise: neural networks you can read, layer by layer, that train fast on a CPU.

To read the code, begin with layers/dense.py, layers/activations.py, losses/, optimizers.py, plan.py and
training.py, in that order.
"""

from importlib import import_module
from typing import Any

import layerwise.starting  # first: the imports below are most of the start of the command
from layerwise import callbacks, datasets, initializers, metrics, schedules
from layerwise.augmentation import Augmentation
from layerwise.calibration import Calibration, calibrate
from layerwise.callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    Diagnose,
    DiagnosisWarning,
    EarlyStopping,
    ExponentialMovingAverage,
    Freeze,
    GradientClip,
    Histograms,
    History,
    LearningRateFinder,
    Progress,
    ReduceOnPlateau,
    TensorBoard,
    find_learning_rate,
)
from layerwise.diagram import Diagram
from layerwise.ensemble import Ensemble
from layerwise.errors import (
    DataError,
    DivergenceError,
    ExportError,
    FormatError,
    FormulaError,
    GradientError,
    LayerwiseError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
)
from layerwise.export import Exported, export
from layerwise.familiarity import Familiarity
from layerwise.familiarizing import familiarize
from layerwise.gradcheck import GradcheckResult, gradcheck
from layerwise.initializers import Initializer
from layerwise.interrupts import InterruptWarning
from layerwise.layers import (
    ELU,
    GELU,
    SELU,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Exp,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from layerwise.loading import load
from layerwise.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    QuadraticCost,
    Quantile,
)
from layerwise.network import Network
from layerwise.neuron import Neuron
from layerwise.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from layerwise.penalties import L1, L2, Penalty
from layerwise.scaling import MinMaxScaler, RangeScaler, Scaler, StandardScaler
from layerwise.tabular import TableEncoder
from layerwise.trace import Trace, trace

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "GELU",
    "L1",
    "L2",
    "SELU",
    "SGD",
    "Activation",
    "Adagrad",
    "Adam",
    "AdamW",
    "Augmentation",
    "BatchNorm",
    "BinaryCrossEntropy",
    "CSVLog",
    "Calibration",
    "Callback",
    "CategoricalCrossEntropy",
    "Checkpoint",
    "DataError",
    "Dense",
    "Diagnose",
    "DiagnosisWarning",
    "Diagram",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "Ensemble",
    "Exp",
    "ExponentialMovingAverage",
    "ExportError",
    "Exported",
    "Familiarity",
    "FormatError",
    "FormulaError",
    "Freeze",
    "GradcheckResult",
    "GradientClip",
    "GradientError",
    "Histograms",
    "History",
    "Huber",
    "Identity",
    "Initializer",
    "InterruptWarning",
    "Layer",
    "LayerNorm",
    "LayerwiseError",
    "LeakyReLU",
    "LearningRateFinder",
    "Linear",
    "Loss",
    "MLPClassifier",
    "MLPRegressor",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "MinMaxScaler",
    "Mish",
    "Network",
    "Neuron",
    "NotBuiltError",
    "Optimizer",
    "Penalty",
    "Poisson",
    "Progress",
    "QuadraticCost",
    "Quantile",
    "RMSprop",
    "RangeScaler",
    "ReLU",
    "ReduceOnPlateau",
    "Scale",
    "Scaler",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StandardScaler",
    "Step",
    "TableEncoder",
    "Tanh",
    "TensorBoard",
    "Trace",
    "UnknownNameError",
    "calibrate",
    "callbacks",
    "datasets",
    "diagnose",
    "export",
    "familiarize",
    "find_learning_rate",
    "from_keras",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "gradcheck",
    "initializers",
    "load",
    "metrics",
    "plots",
    "report",
    "schedules",
    "trace",
]


_LAZY = {  # where what is not needed by every program is found, when it is first asked for
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "diagnose": "diagnosis",
    "from_keras": "importing",
    "from_onnx": "importing",
    "from_sklearn": "importing",
    "from_torch": "importing",
    "report": "reporting",
}


def __getattr__(name: str) -> Any:
    """What is found when it is first asked for, such as the estimators, which need scikit-learn."""
    if name == "plots":
        return import_module("layerwise.plots")
    if name in _LAZY:
        return getattr(import_module(f"layerwise.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'layerwise' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
