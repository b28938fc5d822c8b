"""Networks of other libraries, made into networks of layerwise: with equal outputs, and ready to train on."""

from layerwise.exchange.importing.onnx import from_onnx
from layerwise.exchange.importing.scikit_learn import from_sklearn
from layerwise.exchange.importing.tensors import from_keras, from_torch

__all__ = ["from_keras", "from_onnx", "from_sklearn", "from_torch"]
