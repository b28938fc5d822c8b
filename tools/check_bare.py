"""Check that layerwise needs NumPy alone: run by a Python that has both and nothing else, away from the sources.

Save and load a network and an ensemble, go on from a checkpoint to the same bits, write every export but ONNX, run
those in Python, and see that what needs more says so. Prints nothing but the last line, or raises.
"""

import contextlib
import importlib.util
import runpy
import tempfile
from pathlib import Path

import numpy as np

import layerwise as lw

OTHERS = ("sklearn", "scipy", "onnx", "safetensors", "matplotlib", "PIL", "pandas", "typer", "rich")


def network():
    return lw.Network([lw.Dense(8), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)


def check_files(folder, X, y):
    net = network()
    net.fit(X, y, epochs=2, verbose=False)
    net.save(folder / "net.safetensors")
    assert np.array_equal(lw.load(folder / "net.safetensors").predict_proba(X), net.predict_proba(X))
    both = lw.Ensemble(network().layers, size=2)
    both.fit(X, y, epochs=1, verbose=False)
    both.save(folder / "ensemble.safetensors")
    assert np.array_equal(lw.load(folder / "ensemble.safetensors").predict_proba(X), both.predict_proba(X))
    return net


class CrashOnce(lw.Callback):
    crashed = False

    def on_epoch_end(self, run):
        if run.epoch == 3 and not CrashOnce.crashed:
            CrashOnce.crashed = True
            raise RuntimeError("a crash")


def check_checkpoint(folder, X, y):
    def fit(net, callbacks=(), resume=False):
        net.fit(X, y, epochs=4, verbose=False, callbacks=list(callbacks), resume=resume)
        return net.theta

    callbacks = lw.Checkpoint(folder / "checkpoint.safetensors"), CrashOnce()
    with contextlib.suppress(RuntimeError):
        fit(network(), callbacks)
    assert np.array_equal(fit(network(), callbacks, resume=True), fit(network()))


def check_exports(folder, net, X, y):
    targets = {"c": "net.c", "python": "net.py", "numpy": "net_numpy.py", "javascript": "net.mjs"}
    for target, name in (targets | {"training-script": "train.py"}).items():
        assert lw.export(net, folder / name, target).files, target
    expected = net.outputs(X)
    plain = runpy.run_path(str(folder / targets["python"]))["outputs"]
    assert np.allclose([plain(row) for row in X.tolist()], expected, atol=1e-6)
    assert np.allclose(runpy.run_path(str(folder / targets["numpy"]))["outputs"](X), expected, atol=1e-6)


def check_refusals(folder, net):
    calls = (
        lambda: lw.MLPClassifier,
        lambda: lw.plots.weights(net, shape=(1, 2)),
        lambda: lw.export(net, folder / "net.onnx"),
    )
    for call in calls:
        said = ""
        try:
            call()
        except lw.errors.MissingDependencyError as error:
            said = str(error)
        assert "pip install" in said


def main():
    there = [name for name in OTHERS if importlib.util.find_spec(name)]
    assert not there, f"this Python has {there} too"
    X, y = lw.datasets.make_spiral()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        net = check_files(folder, X, y)
        check_checkpoint(folder, X, y)
        check_exports(folder, net, X, y)
        check_refusals(folder, net)
    print(f"layerwise {lw.__version__} with NumPy {np.__version__} alone: files, checkpoints and exports work")


main()
