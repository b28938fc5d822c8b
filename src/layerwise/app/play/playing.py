"""`net.play()`: the page with this network in it, as a widget in a notebook, in a tab of the browser elsewhere.

notebook      widget.py
elsewhere     a child process serves the page, and sends the network back when the page gives it:

this process ── the network and its data, in a folder ─► child: address, then the file of each network taken over
◄─────────────────────────── lines of JSON ┘        it ends when this process closes its stdin
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.app.play.described import Samples, model_in
from layerwise.app.play.opening import Opening
from layerwise.app.play.running import open_browser, serve
from layerwise.app.play.server import check_installed
from layerwise.app.play.taking_over import take_over
from layerwise.data.arrays import read_array
from layerwise.data.rows import check_finite
from layerwise.errors import DataError, NotBuiltError
from layerwise.network.network import Network
from layerwise.typing import ArrayLike


def play(
    network: Network,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    height: int = 760,
    browser: bool = True,
    block: bool | None = None,
) -> Any:
    """Show the page with a network in it; `Network.play` says how."""
    data = samples(network, X, y)
    if data is not None:
        network.build(data.X.shape[1])
    elif network.plan is None:
        raise NotBuiltError("play: the network has no weights yet: give X and y, or call fit first")
    if in_notebook():
        from layerwise.app.play.widget import widget

        return widget(network, data, height)
    tab = Tab(network, data, browser)
    if not is_interactive() if block is None else block:
        tab.stay()
    return tab


def is_interactive() -> bool:
    """Return whether Python waits for another line when this one is done, as a script does not."""
    shell = sys.modules.get("IPython")
    return hasattr(sys, "ps1") or bool(sys.flags.interactive) or (shell is not None and shell.get_ipython() is not None)


def in_notebook() -> bool:
    """Return whether what is shown last in a cell is seen as a widget: Jupyter, VS Code, Colab, marimo."""
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        return True
    shell = sys.modules.get("IPython")
    found = None if shell is None else shell.get_ipython()
    return found is not None and hasattr(found, "kernel")


def samples(network: Network, X: ArrayLike | None, y: ArrayLike | None) -> Samples | None:
    """Return the data as the page takes them.

    Raises
    ------
    DataError
        One of X and y is missing, or they are nothing that the page can show.
    """
    if X is None and y is None:
        return None
    if X is None or y is None:
        raise DataError("play: give both X and y, or none of them")
    rows, targets = read_array(X, "play: X"), np.asarray(y)
    if rows.ndim != 2 or len(rows) != len(targets) or not len(rows):
        raise DataError(f"play: X must be (n, n_in), y of as many rows; got {rows.shape} and {targets.shape}")
    check_finite(rows, network.dtype, "play: X")
    kind = network.task.kind if network.task is not None else None
    if kind == "multilabel":
        raise DataError("play: the page has no networks of several yes/no answers")
    if kind == "classification" or (kind is None and targets.ndim == 1 and targets.dtype.kind in "biuUO"):
        known = None if network.task is None else network.task.classes
        classes = np.unique(targets) if known is None else known
        if not np.isin(targets, classes).all():
            raise DataError("play: y has labels that the network does not know")
        return Samples(rows, targets, classes, "classification")
    values = np.asarray(read_array(y, "play: y"), np.float64)
    check_finite(values.reshape(len(values), -1), network.dtype, "play: y")
    return Samples(rows, values, None, "regression")


class Tab:
    """The page in a tab of the browser, served by a child process until `close`, or until this process ends.

    Attributes
    ----------
    address : str
        Where the page is; nobody else knows the word in it.
    taken : int
        How often the page has given the network back.
    """

    def __init__(self, network: Network, data: Samples | None, browser: bool = True) -> None:
        check_installed()
        self.network, self.taken = network, 0
        self._listening: threading.Thread | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="layerwise-")
        folder = Path(self._folder.name)
        network.save(folder / "network.safetensors", optimizer=network.optimizer is not None)
        if data is not None:
            arrays = {"X": data.X, "y": data.y, **({} if data.classes is None else {"classes": data.classes})}
            np.savez(folder / "data.npz", **arrays)  # type: ignore[arg-type]
        command = [sys.executable, "-m", "layerwise.app.play.playing", str(folder)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        first = self._child.stdout.readline()
        if not first:
            self.close()
            raise DataError("play: the page's server has not begun; what is above says why")
        self.address = str(json.loads(first)["address"])
        self._listening = threading.Thread(target=self._listen, name="layerwise play", daemon=True)
        self._listening.start()
        if browser:
            open_browser(self.address)

    def _listen(self) -> None:
        """Take over what the child says, until it ends."""
        assert self._child.stdout is not None
        for line in self._child.stdout:
            with suppress(OSError):
                take_over(self.network, model_in(Path(json.loads(line)["file"]).read_bytes()))
                self.taken += 1

    def stay(self) -> None:
        """Print the address, and return when Ctrl-C ends the page."""
        print(f"the page: {self.address}   (Ctrl-C ends it)", flush=True)
        with suppress(KeyboardInterrupt):
            while self._child.poll() is None:
                time.sleep(0.1)
        self.close()

    def close(self) -> None:
        """End the server; the page goes on in the browser where it can."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(5)
        self._child.kill()
        self._child.wait()
        if self._listening is not None:
            self._listening.join(5)  # what was taken over last
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._folder.cleanup()

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<the page at {self.address}; close() ends it>"


def child(folder: Path) -> None:
    """Serve the network of a folder until stdin ends."""
    network = model_in((folder / "network.safetensors").read_bytes())
    data, count = None, 0
    if (folder / "data.npz").exists():
        with np.load(folder / "data.npz") as arrays:
            X, y, classes = arrays["X"], arrays["y"], arrays.get("classes")
            data = Samples(X, y, classes, "regression" if classes is None else "classification")

    def ends_with_parent() -> None:
        sys.stdin.read()
        os._exit(0)

    def give(taken: Network) -> None:
        nonlocal count
        take_over(network, taken)  # refuses what the user's own would refuse
        count += 1
        path = folder / f"taken-{count}.safetensors"
        network.save(path, optimizer=True)
        print(json.dumps({"file": str(path)}), flush=True)

    threading.Thread(target=ends_with_parent, daemon=True).start()
    serve(
        Opening("network", "network"), network=network, data=data, take_over=give,
        ready=lambda address: print(json.dumps({"address": address}), flush=True),
    )  # fmt: skip


if __name__ == "__main__":
    child(Path(sys.argv[1]))
