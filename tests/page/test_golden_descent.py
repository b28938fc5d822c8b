"""What the figure `descent` is held to is what Python's optimizers do."""

import json

import numpy as np
import pytest

from page.golden_descent import FILE, golden


def test_the_steps_kept_are_those_of_the_optimizers():
    if not FILE.exists():
        pytest.skip("the page's sources are not here")
    kept, made = json.loads(FILE.read_text(encoding="utf-8")), golden()
    assert len(made) == len(kept)
    for one, other in zip(made, kept):
        assert (one["surface"], one["optimizer"]) == (other["surface"], other["optimizer"])
        np.testing.assert_allclose(one["places"], other["places"], rtol=1e-13, atol=1e-15)
