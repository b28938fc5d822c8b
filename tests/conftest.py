"""Shared by all tests: how hypothesis runs, and small data sets."""

import numpy as np
import pytest
from hypothesis import settings

import layerwise as lw

settings.register_profile("layerwise", deadline=None, print_blob=True)
settings.load_profile("layerwise")


@pytest.fixture(scope="session")
def spiral():
    return lw.datasets.make_spiral()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def classifier():
    """A small untrained network for three classes."""
    return lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
