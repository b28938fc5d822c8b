"""docs/how-to/training.md: its Python runs as it stands, and its tables name everything there is."""

import re
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.parts.schedules import SCHEDULES
from layerwise.training.callbacks import CALLBACKS
from layerwise.training.callbacks.base import HOOKS

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "training.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the sources without their pages")


def test_the_python_of_the_page_runs():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, namespace)
    assert namespace["net"].evaluate(namespace["X_val"], namespace["y_val"])["accuracy"] > 0.85
    assert 0.8 < np.max(namespace["history"]["val_f1"]) < 1
    pyplot.close("all")


@pytest.mark.slow
def test_the_accuracies_of_different_sizes():
    (X, y), validation, _ = lw.datasets.load_mnist()
    rows = re.findall(
        r"^\| (\d+)(?: units)? \| ([\d,]+) \| ([\d.]+)% \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [int(units) for units, _, _ in rows] == [8, 32, 128, 512]
    for units, parameters, accuracy in rows[:3]:
        net = lw.Network([lw.Dense(int(units)), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
        history = net.fit(X, y, epochs=5, validation_data=validation, verbose=False)
        assert net.theta.size == int(parameters.replace(",", ""))
        assert 100 * history["val_accuracy"][-1] == pytest.approx(float(accuracy), abs=0.6)


def test_everything_has_its_row():
    text = PAGE.read_text(encoding="utf-8")
    for name in [*(kind.__name__ for kind in (*CALLBACKS, *SCHEDULES)), *HOOKS]:
        assert f"`{name}" in text, name
