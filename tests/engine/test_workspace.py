"""Where activations are kept: a layer writes over its input where nobody reads it again, and nowhere else."""

from itertools import pairwise

import numpy as np
import pytest

import layerwise as lw
from layerwise.engine.workspace import Workspace

LAYERS = [lw.Dense(6), lw.ReLU(), lw.Tanh(), lw.Dense(6), lw.Dense(2), lw.Softmax()]


def shared(**options):
    """Between which layers and the next the output is one array."""
    plan, parameters = lw.Network(LAYERS, random_state=0).build(4).built()
    outputs = [each.y for each in Workspace(plan, parameters, 5, **options).batch(5).forward]
    return [np.shares_memory(one, other) for one, other in pairwise(outputs)]


def test_predictions_take_no_more_memory_than_they_must():
    """Activations are computed in place; a dense layer reads its input while it writes."""
    assert shared() == [True, True, False, False, True]


@pytest.mark.parametrize("gradients", ["inputs", "parameters"])
def test_training_keeps_what_backward_reads(gradients):
    """ReLU's and tanh's slopes follow from their outputs, so what comes into ReLU is not kept, and its output is."""
    assert shared(training=True, gradients=gradients) == [True, False, False, False, True]


def test_all_is_kept_on_request():
    assert not any(shared(keep=True))
