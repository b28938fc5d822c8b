"""The scripts that the page writes, run in Python: they give the network of the same settings, to the bit."""

import base64
import io
import json
import os
import runpy

import golden_scripts
import numpy as np
import pytest

import layerwise as lw
from layerwise.files.parts import decode

SCRIPTS = golden_scripts.FOLDER / "scripts"
pytestmark = pytest.mark.skipif(not SCRIPTS.exists(), reason="the page's sources are in the repository alone")


def kept_cases():
    file = golden_scripts.FOLDER / "scripts.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def test_the_golden_file_is_new():
    assert kept_cases() == json.loads(golden_scripts.text()), "stale: python tests/page/golden_scripts.py"


def arrays_of(data):
    """X and y of what the page keeps, and its classes."""
    X = np.array(data["X"], data["type"]).reshape(data["n"], data["n_in"])
    if data["task"] == "regression":
        return X, np.array(data["targets"]).reshape(data["n"], -1), None
    return X, np.array(data["classes"])[data["labels"]], data["classes"]


class Paused(lw.Callback):
    def __init__(self, rates, last):
        self.rates, self.last = rates, last

    def on_step_end(self, run):
        for rate in self.rates:
            if rate["step"] == run.step:
                run.optimizer.learning_rate = rate["learning_rate"]
        if run.step == self.last:
            run.stop()


def trained(case, data):
    """The network of these settings, trained by steps."""
    training, story = case["training"], case["story"]
    parts = {
        name: decode(training[name], {}) for name in ("layers", "scaling", "loss", "optimizer", "penalties", "schedule")
    }
    network = lw.Network(parts["layers"], random_state=training["random_state"], scaling=parts["scaling"])
    X, y, classes = data
    if not case["steps"]:
        network.build(X.shape[1])
        return network
    first = [rate["learning_rate"] for rate in story["rates"] if rate["step"] == 0]
    parts["optimizer"].learning_rate = first[-1] if first else story["learning_rate"]
    epochs = training["epochs"] if parts["schedule"] else -(-case["steps"] // case["steps_per_epoch"])
    network.fit(
        X, y, classes=classes, task="regression" if classes is None else "classification", loss=parts["loss"],
        optimizer=parts["optimizer"], penalty=parts["penalties"], epochs=epochs, batch_size=training["batch_size"],
        shuffle=training["shuffle"], clip_norm=training["clip_norm"], schedule=parts["schedule"], verbose=False,
        callbacks=Paused([rate for rate in story["rates"] if rate["step"]], case["steps"]),
    )  # fmt: skip
    return network


@pytest.mark.parametrize("name", kept_cases())
def test_a_script_gives_the_network(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    case = kept_cases()[name]
    if name == "mnist":
        digits = (np.arange(600 * 784).reshape(600, 784) * 7 % 256).astype(np.uint8), np.arange(600) % 10
        monkeypatch.setattr(lw.datasets, "load_mnist", lambda: (digits, digits, digits))
        data = (*digits, list(range(10)))
    else:
        data = arrays_of(case["data"])
    expected = trained(case, data)
    if name == "many":
        np.savez("data.npz", X=data[0], y=case["data"]["labels"])
    if name == "edited":
        expected.theta[:] = 0.5
        expected.save("network.safetensors")
    found = runpy.run_path(os.fspath(SCRIPTS / f"{name}.py"))["network"]
    np.testing.assert_array_equal(found.theta, expected.theta)
    assert found.steps == case["steps"]
    np.testing.assert_array_equal(lw.load("network.safetensors").theta, expected.theta)
    if case["data"] and case["steps"]:
        np.testing.assert_array_equal(found.predict(data[0]), expected.predict(data[0]))


def test_scripts_are_short_and_import_nothing_else():
    for path in SCRIPTS.glob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        imports = [line for line in lines if line.startswith(("import", "from"))]
        assert imports in (["import numpy as np", "import layerwise as lw"], ["import layerwise as lw"])


def test_arrays_of_the_page_are_numpys():
    text = (SCRIPTS / "arrays.npz.txt").read_text(encoding="utf-8")
    with np.load(io.BytesIO(base64.b64decode(text))) as found:
        wanted = {
            "X": np.array([[1, 2.5], [-3, 0]], np.float32), "labels": np.array([7, -1], np.int32),
            "y": np.array([[0.1]]), "pixels": np.array([0, 255], np.uint8),
        }  # fmt: skip
        assert set(found) == set(wanted)
        for name, array in wanted.items():
            np.testing.assert_array_equal(found[name], array, strict=True)
