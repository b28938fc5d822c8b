"""`net.play()` in scripts and in an interactive Python, and what it refuses; the page itself is in test_opening.py."""

import signal
import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw

SCRIPT = """
import layerwise as lw
X, y = lw.datasets.make_spiral()
net = lw.Network([lw.Dense(6), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3)
net.fit(X, y, epochs=1, verbose=False)
net.play(X, y, browser=False)
print("after", flush=True)
"""


def test_a_script_stays_until_ctrl_c(site):
    pytest.importorskip("uvicorn")
    import urllib.request

    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=pipe, stderr=pipe, text=True) as process:
        address = process.stdout.readline().split()[2]
        assert urllib.request.urlopen(address, timeout=10).status == 200
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "after\n", "")


def test_an_interactive_python_goes_on(site):
    pytest.importorskip("uvicorn")
    done = subprocess.run(
        [sys.executable, "-i", "-c", SCRIPT],
        input="net.steps\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["after", "10"]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_fit_would_refuse(wrong):
    X, y = lw.datasets.make_spiral()
    X[7, 1] = wrong
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=3)
    with pytest.raises(lw.errors.DataError, match=f"X: row 7, column 1 is {wrong}"):
        net.play(X, y)
    net = lw.Network([lw.Dense(1)], random_state=3)
    with pytest.raises(lw.errors.DataError, match=f"y: row 7, column 0 is {wrong}"):
        net.play(np.nan_to_num(X, posinf=0), X[:, 1])


def test_a_widget_that_is_not_shown_says_why(site):
    pytest.importorskip("anywidget")
    from layerwise.app.play.widget import widget

    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=3)
    net.fit(X, y, epochs=1, verbose=False)
    bundle = widget(net)._repr_mimebundle_()
    text = (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"]
    assert "pip install anywidget" in text
    assert text.endswith("reload the notebook.")


@pytest.mark.parametrize("option", [["--port", "99"], ["--no-browser"], ["--behind-proxy"]])
def test_options_of_the_server_are_none_of_a_site(tmp_path, capsys, option):
    from layerwise.app.cli import main

    assert main(["play", "--static", str(tmp_path / "site"), *option]) == 2
    assert "nothing is served with --static" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "site").exists()
