"""layerwise: neural networks you can read, layer by layer, that train fast on a CPU.

To read the code, begin with layers/dense.py, layers/activations.py, losses.py, optimizers.py, plan.py and
training.py, in that order.
"""

from typing import Any

from layerwise import callbacks, datasets, initializers, metrics, schedules
from layerwise.augmentation import Augmentation
from layerwise.callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    ExponentialMovingAverage,
    Freeze,
    GradientClip,
    History,
    LearningRateFinder,
    Progress,
    ReduceOnPlateau,
    TensorBoard,
    find_learning_rate,
)
from layerwise.ensemble import Ensemble
from layerwise.errors import (
    DataError,
    DivergenceError,
    FormatError,
    GradientError,
    LayerwiseError,
    NotBuiltError,
    ShapeError,
    UnknownNameError,
)
from layerwise.gradcheck import GradcheckResult, gradcheck
from layerwise.initializers import Initializer
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
from layerwise.network import Network, load
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
    "Callback",
    "CategoricalCrossEntropy",
    "Checkpoint",
    "DataError",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "Ensemble",
    "Exp",
    "ExponentialMovingAverage",
    "FormatError",
    "Freeze",
    "GradcheckResult",
    "GradientClip",
    "GradientError",
    "History",
    "Huber",
    "Identity",
    "Initializer",
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
    "callbacks",
    "datasets",
    "find_learning_rate",
    "gradcheck",
    "initializers",
    "load",
    "metrics",
    "schedules",
    "trace",
]


def __getattr__(name: str) -> Any:
    """The estimators, which need scikit-learn, when they are first asked for."""
    if name in ("MLPClassifier", "MLPRegressor"):
        from layerwise import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module 'layerwise' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
