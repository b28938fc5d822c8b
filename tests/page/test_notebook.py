"""`net.play()` in a real JupyterLab, and `layerwise play` behind its proxy."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

TOKEN = "of-the-tests"
CELLS = [
    "import layerwise as lw\nX, y = lw.datasets.make_spiral()\n"
    "net = lw.Network([lw.Dense(8), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3)\n"
    "net.fit(X, y, epochs=2, verbose=False)\nbefore = net.theta.copy()\nnet.play(X, y, height=900)",
    "print('same:', (net.theta == before).all(), 'steps:', net.steps)",
]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory, site):
    """A Jupyter server with a notebook of these cells; gives its address."""
    jupyterlab = pytest.importorskip("jupyterlab")
    pytest.importorskip("anywidget")
    folder = tmp_path_factory.mktemp("jupyter")
    cells = [
        {"cell_type": "code", "id": str(i), "execution_count": None, "metadata": {}, "outputs": [], "source": source}
        for i, source in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "play.ipynb").write_text(json.dumps(notebook))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
        f"--IdentityProvider.token={TOKEN}", "--ServerApp.base_url=/user/somebody/", f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=''", "--ServerApp.port_retries=0",
        f"--LabApp.app_dir={Path(jupyterlab.__file__).parents[4] / 'share/jupyter/lab'}",
    ]  # fmt: skip
    prefix = Path(jupyterlab.__file__).parents[4]  # which may be another than this environment's
    environment = {
        **os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_PATH": str(prefix / "share/jupyter"), "JUPYTER_CONFIG_PATH": str(prefix / "etc/jupyter"),
    }  # fmt: skip
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{port}/user/somebody/"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}api?token={TOKEN}", timeout=5).read()
                break
            except OSError:
                time.sleep(0.3)
        else:
            raise AssertionError((folder / "log").read_text())
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_the_widget_in_jupyterlab(open_page, jupyter):
    page = open_page(viewport={"width": 1500, "height": 1300})
    page.goto(f"{jupyter}lab/tree/play.ipynb?token={TOKEN}")
    page.locator(".jp-Notebook").wait_for(timeout=60000)
    page.get_by_role("button", name="Run this cell and advance").first.wait_for(timeout=60000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60000)
    page.locator(".jp-Cell").first.click()
    page.keyboard.press("Shift+Enter")
    frame = page.frame_locator("iframe[title=layerwise]")
    frame.get_by_role("link", name="Inside").wait_for(timeout=60000)
    frame.get_by_role("link", name="Take it away").click()
    frame.get_by_role("button", name="Take over").wait_for(timeout=30000)
    inside = next(one for one in page.frames if one.url.startswith("blob:"))
    assert inside.evaluate("location.hash") == "#out"
    frame.get_by_role("link", name="Tables").click()
    frame.get_by_role("link", name="Take it away").click()
    frame.get_by_role("button", name="Take over").click()
    frame.get_by_text("has taken over").wait_for(timeout=30000)
    page.locator(".jp-Cell").nth(1).click()
    page.keyboard.press("Shift+Enter")
    page.get_by_text("same: True steps: 20").wait_for(timeout=30000)
    page.problems.clear()  # JupyterLab's own


def test_the_launcher_opens_the_page_behind_the_proxy(open_page, jupyter):
    """The server is started by the proxy, under its prefix, and Python trains through it."""
    pytest.importorskip("jupyter_server_proxy")
    from training_page import create, theta_of, twin

    asked = urllib.request.urlopen(f"{jupyter}server-proxy/servers-info?token={TOKEN}", timeout=30).read()
    entry = next(one for one in json.loads(asked)["server_processes"] if one["name"] == "layerwise")
    page = open_page()
    page.goto(f"{jupyter}lab?token={TOKEN}")
    page.goto(f"{jupyter}{entry['launcher_entry']['path_info']}", timeout=60000)
    page.until("document.title.includes('layerwise')")
    assert create(page) == "server"
    page.evaluate("session.run({ epochs: 3 })")
    assert (theta_of(page) == twin(3).theta).all()
    assert all(url.startswith(jupyter) for url in page.requests)
    page.problems.clear()
