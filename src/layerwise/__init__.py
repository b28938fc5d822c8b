"""layerwise: neural networks you can read, layer by layer, that train fast on a CPU.

To read the code, begin with parts/layers/dense.py, parts/layers/activations.py, parts/losses/, parts/optimizers/,
engine/plan.py and training/loop.py, in that order.
"""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0.dev0"

_NAMES = {  # where each public name is; it is loaded when it is first asked for
    "errors": (
        "DataError DivergenceError ExportError FormatError FormulaError GradientError LayerwiseError "
        "NotBuiltError ShapeError UnknownNameError"
    ),
    "parts.initializers": "Initializer",
    "parts.layers": (
        "Activation BatchNorm Dense Dropout ELU Exp GELU Identity Layer LayerNorm LeakyReLU Linear Mish "
        "PiecewiseLinear ReLU SELU Scale SiLU Sigmoid Softmax Softplus Step Tanh"
    ),
    "parts.losses": (
        "BinaryCrossEntropy CategoricalCrossEntropy Huber Loss MeanAbsoluteError MeanSquaredError Poisson "
        "QuadraticCost Quantile"
    ),
    "parts.optimizers": "Adagrad Adam AdamW Optimizer RMSprop SGD",
    "parts.penalties": "L1 L2 Penalty",
    "parts.scaling": "MinMaxScaler RangeScaler Scaler StandardScaler",
    "data.augmentation": "Augmentation",
    "data.novelty": "Novelty",
    "data.tabular": "TableEncoder",
    "training.callbacks": (
        "CSVLog Callback Checkpoint Diagnose DiagnosisWarning EarlyStopping ExponentialMovingAverage Freeze "
        "GradientClip Histograms History LearningRateFinder OptunaPruning Progress ReduceOnPlateau TensorBoard "
        "find_learning_rate"
    ),
    "training.interrupts": "InterruptWarning",
    "network.ensemble": "Ensemble",
    "network.network": "Network",
    "network.neuron": "Neuron",
    "trust.calibration": "Calibration calibrate",
    "trust.novelty": "learn_novelty",
    "explain.diagnosis": "diagnose",
    "explain.diagram": "Diagram",
    "explain.gradcheck": "GradcheckResult gradcheck",
    "explain.trace": "Trace trace",
    "estimators": "MLPClassifier MLPRegressor",
    "exchange.export": "Exported export",
    "exchange.importing": "from_keras from_onnx from_sklearn from_torch",
    "exchange.loading": "load",
    "handwriting": "Digit Reading read_digits",
    "app.reporting": "report",
}
_MODULES = {  # where each public module is
    "callbacks": "training.callbacks",
    "datasets": "datasets",
    "distributed": "distributed",
    "errors": "errors",
    "estimators": "estimators",
    "initializers": "parts.initializers",
    "layers": "parts.layers",
    "losses": "parts.losses",
    "metrics": "parts.metrics",
    "optimizers": "parts.optimizers",
    "penalties": "parts.penalties",
    "plots": "plots",
    "scaling": "parts.scaling",
    "schedules": "parts.schedules",
}
_DEPRECATED = {"familiarize": "trust.novelty"}  # names that are still found, and warn
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

if TYPE_CHECKING:
    from layerwise import datasets, distributed, errors, estimators, plots
    from layerwise.app.reporting import report
    from layerwise.data.augmentation import Augmentation
    from layerwise.data.novelty import Novelty
    from layerwise.data.tabular import TableEncoder
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
    from layerwise.estimators import MLPClassifier, MLPRegressor
    from layerwise.exchange.export import Exported, export
    from layerwise.exchange.importing import from_keras, from_onnx, from_sklearn, from_torch
    from layerwise.exchange.loading import load
    from layerwise.explain.diagnosis import diagnose
    from layerwise.explain.diagram import Diagram
    from layerwise.explain.gradcheck import GradcheckResult, gradcheck
    from layerwise.explain.trace import Trace, trace
    from layerwise.handwriting import Digit, Reading, read_digits
    from layerwise.network.ensemble import Ensemble
    from layerwise.network.network import Network
    from layerwise.network.neuron import Neuron
    from layerwise.parts import initializers, layers, losses, metrics, optimizers, penalties, scaling, schedules
    from layerwise.parts.initializers import Initializer
    from layerwise.parts.layers import (
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
        PiecewiseLinear,
        ReLU,
        Scale,
        Sigmoid,
        SiLU,
        Softmax,
        Softplus,
        Step,
        Tanh,
    )
    from layerwise.parts.losses import (
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
    from layerwise.parts.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
    from layerwise.parts.penalties import L1, L2, Penalty
    from layerwise.parts.scaling import MinMaxScaler, RangeScaler, Scaler, StandardScaler
    from layerwise.training import callbacks
    from layerwise.training.callbacks import (
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
        OptunaPruning,
        Progress,
        ReduceOnPlateau,
        TensorBoard,
        find_learning_rate,
    )
    from layerwise.training.interrupts import InterruptWarning
    from layerwise.trust.calibration import Calibration, calibrate
    from layerwise.trust.novelty import learn_novelty

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
    "Digit",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "Ensemble",
    "Exp",
    "ExponentialMovingAverage",
    "ExportError",
    "Exported",
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
    "Novelty",
    "Optimizer",
    "OptunaPruning",
    "Penalty",
    "PiecewiseLinear",
    "Poisson",
    "Progress",
    "QuadraticCost",
    "Quantile",
    "RMSprop",
    "RangeScaler",
    "ReLU",
    "Reading",
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
    "distributed",
    "errors",
    "estimators",
    "export",
    "find_learning_rate",
    "from_keras",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "gradcheck",
    "initializers",
    "layers",
    "learn_novelty",
    "load",
    "losses",
    "metrics",
    "optimizers",
    "penalties",
    "plots",
    "read_digits",
    "report",
    "scaling",
    "schedules",
    "trace",
]


class _Alias:
    """Imports a public module from where it is: ``import layerwise.metrics`` gives the module that `lw.metrics` is."""

    def __init__(self, home: str) -> None:
        self.home = home

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return how to load ``layerwise.metrics``, or a module within it; None for all that is where its name says."""
        package, _, inner = name.partition(".")
        top, dot, rest = inner.partition(".")
        if package != __name__ or _MODULES.get(top, top) == top:
            return None
        return ModuleSpec(name, _Alias(f"{__name__}.{_MODULES[top]}{dot}{rest}"))  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module itself, so that there is one of each class."""
        module = import_module(self.home)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give it back its own name; it has been executed."""
        module.__spec__ = self.spec


sys.meta_path.insert(0, _Alias)  # before the finder of files, to which a module within a public one would be another


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name in _MODULES:
        value = import_module(f"layerwise.{_MODULES[name]}")
    elif name in _DEPRECATED:
        value = getattr(import_module(f"layerwise.{_DEPRECATED[name]}"), name)
    elif name in _HOMES:
        value = getattr(import_module(f"layerwise.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'layerwise' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
