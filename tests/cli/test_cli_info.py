"""`layerwise info`: all kinds of files, and none of their weights."""

import json

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.cli.app import run


@pytest.fixture
def net(spiral):
    net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0, scaling="standard").freeze(0)
    net.fit(*spiral, epochs=3, optimizer=lw.Adam(0.01), verbose=False)
    net.notes["data"] = "spiral"
    return net


def shown(capsys, *arguments):
    assert run(["info", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_blank_names(tmp_path, capsys):
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(np.eye(2), [" ", "cat"], epochs=1, verbose=False)
    net.columns = [{"name": name, "kind": "number"} for name in ("", "x")]
    net.save(tmp_path / "m")
    text = shown(capsys, tmp_path / "m")
    assert "columns      '' (number), x (number)\n" in text
    assert "task         classification: ' ', cat\n" in text


def test_a_network(net, tmp_path, capsys):
    net.save(tmp_path / "m")
    text = shown(capsys, tmp_path / "m")
    for line in (
        "network, format 3",
        "inputs       2",
        "layer 0      Dense(8) (frozen): W 2 x 8, b 8; 24 parameters",
        "layer 3      Softmax()\n",
        "in all       51 parameters, float32",
        "task         classification: 0, 1, 2",
        "scaling      StandardScaler()",
        "optimizer    Adam(learning_rate=0.01), without its state",
        "history      3 epochs, ended by epochs; last: loss ",
        "note         data: 'spiral'",
    ):
        assert line in text, text


def test_weights_are_not_read(net, tmp_path, capsys):
    path = tmp_path / "m"
    net.save(path)
    raw = bytearray(path.read_bytes())
    at = raw.index(net.parameters.p[0].W.tobytes())
    raw[at] ^= 1
    path.write_bytes(raw)
    assert "in all       51 parameters" in shown(capsys, path)
    assert run(["evaluate", str(path), "spiral"]) == 1
    assert "is damaged" in capsys.readouterr().err


class Half(lw.Activation):
    def forward(self, p, x, out):
        np.multiply(x, 0.5, out=out)

    def backward(self, p, x, y, dy, g, dx):
        np.multiply(dy, 0.5, out=dx)


def test_classes_that_are_not_known(spiral, tmp_path, capsys):
    net = lw.Network([lw.Dense(3), Half(), lw.Softmax()])
    net.fit(*spiral, epochs=1, verbose=False)
    net.save(tmp_path / "m")
    assert f"layer 1      {__name__}.Half()" in shown(capsys, tmp_path / "m")


def test_an_ensemble_an_estimator_and_a_checkpoint(spiral, tmp_path, capsys):
    layers = [lw.Dense(3), lw.Softmax()]
    ensemble = lw.Ensemble(layers, 2)
    ensemble.fit(*spiral, epochs=1, verbose=False)
    ensemble.save(tmp_path / "e")
    assert "networks     2" in shown(capsys, tmp_path / "e")
    lw.Network(layers).fit(*spiral, epochs=2, verbose=False, callbacks=lw.Checkpoint(tmp_path / "c", 7, keep=1))
    assert "checkpoint   after epoch 2 of 2" in shown(capsys, tmp_path / "c")
    pytest.importorskip("sklearn")
    X, y = spiral
    labels = np.array(["left", "middle", "right"])[y]
    lw.MLPClassifier((5,), max_iter=200, tol=1, preset="tabular").fit(X, labels).save(tmp_path / "s")
    text = shown(capsys, tmp_path / "s")
    assert "estimator    MLPClassifier(hidden_layer_sizes=(5,), " in text
    assert "columns      0 (number), 1 (number)" in text
    assert "task         classification: left, middle, right\n" in text
    assert " 0 steps" not in text


def test_as_json_and_what_is_no_model(net, tmp_path, capsys):
    net.save(tmp_path / "m")
    found = json.loads(shown(capsys, tmp_path / "m", "--json"))
    assert found["arrays"]["layers.0.W"] == {"type": "float32", "shape": [2, 8]}
    (tmp_path / "x").write_bytes(b"x")
    assert run(["info", str(tmp_path / "x")]) == 1
    assert "not a whole safetensors file" in capsys.readouterr().err
