"""ONNX operators as layers: each makes the chain of layers that its input comes from one layer longer.

(x - offset) · factor ── layer 0 ── layer 1 ── …          arithmetic before the first layer is the scaling
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from layerwise.exchange.importing.onnx_chain import Chain, Reading, Unsupported, as_numbers
from layerwise.parts.layers import (
    ELU,
    GELU,
    SELU,
    BatchNorm,
    Dense,
    Dropout,
    Exp,
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
from layerwise.parts.layers.activations import SELU_ALPHA, SELU_LAMBDA
from layerwise.typing import Array

# ---------------------------------------------------------------- arithmetic


def _per_column(chain: Chain, constant: Array) -> Array:
    """Return a constant as one number, or one for each column."""
    if constant.size == 1:
        return constant.reshape(())
    if chain.width not in (None, constant.size) or max(constant.shape) != constant.size:
        raise Unsupported(f" with a constant of shape {constant.shape} for {chain.width} columns")
    return constant.reshape(-1)


def _shift(chain: Chain, constant: Array, sign: float = 1.0) -> Chain:
    """Add a constant: part of the scaling, or of the bias of a dense layer."""
    constant = sign * _per_column(chain, constant)
    width = constant.size if constant.ndim and chain.width is None else chain.width
    if not chain.links:
        n_in = width if chain.n_in is None else chain.n_in
        return replace(chain, offset=chain.offset - constant / chain.factor, width=width, n_in=n_in)
    last = chain.links[-1]
    if not isinstance(last.layer, Dense):
        raise Unsupported(f" of a constant, after {last.layer!r}: only a dense layer has a bias")
    together = replace(last, arrays={**last.arrays, "b": last.arrays["b"] + constant})
    return replace(chain, links=(*chain.links[:-1], together))


def _multiply(chain: Chain, constant: Array, power: float = 1.0) -> Chain:
    """Multiply by a constant: part of the scaling, or a layer."""
    constant = _per_column(chain, constant)
    if not constant.all() or not np.isfinite(constant).all():
        raise Unsupported(" with 0, NaN or infinity")
    if not chain.links:
        width = constant.size if constant.ndim and chain.width is None else chain.width
        n_in = width if chain.n_in is None else chain.n_in
        return replace(chain, factor=chain.factor * constant.astype(np.float64) ** power, width=width, n_in=n_in)
    if constant.ndim:
        return chain.then(Scale(), s=(constant**power).reshape(-1))
    return chain.then(Linear(float(constant) ** power))


def _add(node: Reading) -> Chain:
    return _shift(*node.two())


def _sub(node: Reading) -> Chain:
    chain, constant = node.two()
    if node.values[0] is chain:
        return _shift(chain, constant, -1.0)
    if chain.width == 1 and constant.size == 1 and float(constant.reshape(())) == 1 and chain.links:
        return replace(chain, complement=True)
    return _shift(_multiply(chain, np.array(-1.0, np.float32)), constant)


def _mul(node: Reading) -> Chain:
    first, second = node.values
    if not (isinstance(first, Chain) and isinstance(second, Chain)):
        return _multiply(*node.two())
    short, long = sorted((first, second), key=lambda chain: len(chain.links))
    factors = [type(link.layer) for link in long.links[len(short.links) :]]
    if long.follows(short):
        if factors == [Sigmoid]:
            return as_numbers(short).then(SiLU())
        if factors == [Softplus, Tanh]:
            return as_numbers(short).then(Mish())
    raise Unsupported(" of two values that both come from the samples")


def _div(node: Reading) -> Chain:
    return _multiply(node.chain(), node.constant(1), -1.0)


def _neg(node: Reading) -> Chain:
    return _multiply(node.chain(), np.array(-1.0, np.float32))


def _concat(node: Reading) -> Chain:
    """Return the probabilities of no and yes, from that of yes."""
    if len(node.values) == 2 and all(isinstance(value, Chain) for value in node.values):
        no, yes = node.values
        if no.complement and not yes.complement and no.links == yes.links and node.get("axis", None) in (1, -1):
            return as_numbers(yes)
    raise Unsupported("")


# ---------------------------------------------------------------- layers


def _gemm(node: Reading) -> Chain:
    chain, W = node.chain(), node.constant(1)
    if node.get("transA", 0):
        raise Unsupported(" with transA=1")
    W = W.T if node.get("transB", 0) else W
    b = node.constant(2, np.zeros(1, W.dtype))
    return _dense(chain, _scaled(W, node.get("alpha", 1.0)), _scaled(b, node.get("beta", 1.0)))


def _scaled(array: Array, factor: float) -> Array:
    return array if factor == 1 else (array * factor).astype(array.dtype)


def _matmul(node: Reading) -> Chain:
    W = node.constant(1)
    return _dense(node.chain(), W, np.zeros(1, W.dtype))


def _dense(chain: Chain, W: Array, b: Array) -> Chain:
    if W.ndim != 2 or 0 in W.shape:
        raise Unsupported(f" with weights of shape {W.shape}")
    if b.size not in (1, W.shape[1]):
        raise Unsupported(f" with {b.size} biases for {W.shape[1]} units")
    longer = chain.then(Dense(W.shape[1]), W=W)
    longer.links[-1].arrays["b"] = np.broadcast_to(b.reshape(-1), W.shape[1]).astype(W.dtype)
    return longer


def _batch_normalization(node: Reading) -> Chain:
    if node.get("training_mode", 0):
        raise Unsupported(" with training_mode=1")
    layer = BatchNorm(node.get("momentum", 0.9), node.get("epsilon", 1e-5))
    gamma, beta, mean, var = (node.constant(place).reshape(-1) for place in (1, 2, 3, 4))
    return node.chain().then(layer, gamma=gamma, beta=beta, mean=mean, var=var)


def _layer_normalization(node: Reading) -> Chain:
    if node.get("axis", -1) not in (-1, 1):
        raise Unsupported(f" with axis={node.get('axis', -1)}")
    gamma = node.constant(1).reshape(-1)
    beta = node.constant(2, np.zeros_like(gamma)).reshape(-1)
    return node.chain().then(LayerNorm(node.get("epsilon", 1e-5)), gamma=gamma, beta=beta)


def _dropout(node: Reading) -> Chain:
    chain = node.chain()
    if len(node.values) > 2 and node.values[2] is not None and np.any(node.values[2]):
        raise Unsupported(" in training mode")
    given = len(node.values) > 1 and node.values[1] is not None
    rate = float(node.constant(1).reshape(())) if given else float(node.get("ratio", 0.5))
    return chain.then(Dropout(rate)) if rate else chain


def _identity(node: Reading) -> Chain:
    return node.chain()


def _cast(node: Reading) -> Chain | None:
    """To numbers: as it is; to whole numbers or text: a label."""
    from onnx import TensorProto

    chain: Chain = node.values[0]
    to = node.get("to", 0)
    is_float = to in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    if not is_float and chain.links:
        return None
    if not is_float:
        raise Unsupported(" to whole numbers before the layers")
    return replace(chain, truth=False)


def _greater(node: Reading) -> Chain:
    """Return whether y is above a threshold: a step, or the answer yes."""
    chain, threshold = node.chain(), node.constant(1)
    if threshold.size != 1:
        raise Unsupported(" than several thresholds")
    return replace(chain.then(Step(float(threshold.reshape(())))), truth=True)


def _where(node: Reading) -> Chain:
    """Softplus as PyTorch writes it: x itself above a threshold from which on no digit tells the two apart."""
    above, x, y = node.values
    if isinstance(above, Chain) and isinstance(x, Chain) and isinstance(y, Chain):
        step, softplus = ([link.layer for link in chain.links[len(x.links) :]] for chain in (above, y))
        is_softplus = above.follows(x) and y.follows(x) and [type(layer) for layer in softplus] == [Softplus]
        if is_softplus and above.truth and len(step) == 1 and step[0].config()["threshold"] >= 15:
            return as_numbers(y)
    raise Unsupported("")


def _flatten(node: Reading) -> Chain:
    if node.get("axis", 1) != 1:
        raise Unsupported(f" with axis={node.get('axis', 1)}")
    return node.chain()


def _reshape(node: Reading) -> Chain:
    """To rows of a sample each."""
    chain, shape = node.chain(), [int(n) for n in node.constant(1).reshape(-1)]
    if len(shape) != 2 or (chain.width is not None and shape[1] not in (chain.width, -1)) or shape == [-1, -1]:
        raise Unsupported(f" to the shape {shape}")
    width = shape[1] if shape[1] > 0 else chain.width
    return replace(chain, width=width, n_in=width if chain.n_in is None else chain.n_in)


def _softmax(node: Reading) -> Chain:
    axis = node.get("axis", -1 if node.opset >= 13 else 1)
    if axis not in (-1, 1):
        raise Unsupported(f" with axis={axis}")
    return node.chain().then(Softmax())


def _gelu(node: Reading) -> Chain:
    if node.get("approximate", "none") != "tanh":
        raise Unsupported(" without approximate='tanh': the GELU here is the tanh form")
    return node.chain().then(GELU())


def _selu(node: Reading) -> Chain:
    alpha, gamma = node.get("alpha", SELU_ALPHA), node.get("gamma", SELU_LAMBDA)
    if not np.allclose([alpha, gamma], [SELU_ALPHA, SELU_LAMBDA], rtol=1e-5, atol=0):
        raise Unsupported(f" with alpha={alpha:g}, gamma={gamma:g}: the SELU here has its paper's")
    return node.chain().then(SELU())


def _prelu(node: Reading) -> Chain:
    slope = node.constant(1)
    if slope.size != 1:
        raise Unsupported(" with a slope for each unit")
    return node.chain().then(LeakyReLU(float(slope.reshape(()))))


def _swish(node: Reading) -> Chain:
    if node.get("alpha", 1.0) != 1:
        raise Unsupported(f" with alpha={node.get('alpha', 1.0):g}")
    return node.chain().then(SiLU())


def _layer(make: Callable[[Reading], Layer]) -> Callable[[Reading], Chain]:
    return lambda node: node.chain().then(make(node))


OPERATORS: dict[str, Callable[[Reading], Chain | None]] = {
    "Add": _add,
    "Sub": _sub,
    "Mul": _mul,
    "Div": _div,
    "Neg": _neg,
    "Concat": _concat,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "Dropout": _dropout,
    "Identity": _identity,
    "Cast": _cast,
    "Greater": _greater,
    "Where": _where,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "Gelu": _gelu,
    "Selu": _selu,
    "PRelu": _prelu,
    "Swish": _swish,
    "Relu": _layer(lambda node: ReLU()),
    "Sigmoid": _layer(lambda node: Sigmoid()),
    "Tanh": _layer(lambda node: Tanh()),
    "Softplus": _layer(lambda node: Softplus()),
    "Mish": _layer(lambda node: Mish()),
    "Exp": _layer(lambda node: Exp()),
    "Elu": _layer(lambda node: ELU(node.get("alpha", 1.0))),
    "LeakyRelu": _layer(lambda node: LeakyReLU(node.get("alpha", 0.01))),
}
