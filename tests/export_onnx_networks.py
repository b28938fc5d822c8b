"""Networks of every layer there is, with parameters drawn at random, and what onnxruntime makes of them."""

import numpy as np

import layerwise as lw
from layerwise.parts.layers import LAYERS

ARGUMENTS = {
    lw.Dense: [(12,), (12, "glorot_uniform", "zeros", None, 1.0, 1.0, 4)],
    lw.PiecewiseLinear: [([[-1, -0.2, 0.5, 2], [], [-0.5, 0.5]],), ([[], [1.0]],)],
    lw.Dropout: [(0.3,)],
    lw.BatchNorm: [(), (0.5, 0.01)],
    lw.LayerNorm: [(), (0.01,)],
    lw.Step: [(), (0.4,)],
    lw.Linear: [(), (-1.25,)],
    lw.ReLU: [(), (0.7,)],
    lw.LeakyReLU: [(), (0.2,), (-0.3, 1.7)],
    lw.ELU: [(), (0.3,)],
}
VARIANTS = [kind(*arguments) for kind in LAYERS for arguments in ARGUMENTS.get(kind, [()])]


def fill(network, n_in, rng):
    """Parameters as after a training: none at its first value, variances above 0, sums of about the size of a term."""
    for stage, p in zip(network.build(n_in).plan.stages, network.parameters.p):
        for name, array in vars(p).items():
            values = rng.normal(size=array.shape) / np.sqrt(stage.n_in if name == "W" else 4)
            array[...] = np.abs(values) + 0.5 if name in ("var", "gamma", "s") else values
    return network


def run(model, X, name="input"):
    """The outputs by name, from onnxruntime."""
    import onnxruntime

    inputs = X if isinstance(X, dict) else {name: X}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))


def difference(y, reference):
    """The worst difference of a sample's outputs, relative to its largest output."""
    largest = np.abs(reference).max(axis=1)
    return float((np.abs(y - reference).max(axis=1) / np.where(largest > 0, largest, 1)).max())
