"""What saving, loading and checkpoints cost: beside the disk's own rates, and beside a training without them.

python benchmarks/files.py [--write]
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import layerwise as lw

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "model-file.md"
ROUNDS = 7


def best(function):
    """The least of several times, in seconds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def write_plainly(path, content):
    """All bytes, on the disk when it returns."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def large_model(folder):
    """Ten million weights, saved and loaded, beside the same number of bytes written and read."""
    net = lw.Network([lw.Dense(2000), lw.ReLU(), lw.Dense(4000)], random_state=0).build(1000)
    path, plain = folder / "large.safetensors", folder / "plain"
    content = np.random.default_rng(0).bytes(net.theta.nbytes)
    rows = []
    for name, ours, theirs in (
        ("save", lambda: net.save(path), lambda: write_plainly(plain, content)),
        ("load", lambda: lw.load(path), lambda: plain.read_bytes()),
    ):
        disk, mine = best(theirs), best(ours)
        what, share = f"{name} {net.theta.size:,} weights", f"{disk / mine:.2f} of the rate"
        rows.append(f"| {what} | {mine * 1e3:.0f} ms | {disk * 1e3:.0f} ms | {share} |")
    return rows


def checkpoints(folder):
    """An epoch of 784-128-10, batches of 32, Adam, with and without a checkpoint at its end, in turn."""
    (X, y), (more, y_more), _ = lw.datasets.load_mnist()
    X, y = np.concatenate([X, more]), np.concatenate([y, y_more])
    times = {True: [], False: []}
    for round_ in range(ROUNDS):
        for with_it in (True, False) if round_ % 2 else (False, True):
            net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
            callbacks = [lw.Checkpoint(folder / "b.safetensors")] if with_it else []
            begin = time.perf_counter()
            net.fit(X, y, epochs=10, batch_size=32, callbacks=callbacks, verbose=False)
            times[with_it].append(time.perf_counter() - begin)
    plain, mine = (min(times[key]) / 10 for key in (False, True))
    return f"| an epoch with a checkpoint | {mine * 1e3:.1f} ms | {plain * 1e3:.1f} ms | {mine / plain - 1:+.1%} |"


def main():
    with tempfile.TemporaryDirectory(dir=".") as folder:
        lines = ["| what | layerwise | plain | ratio |", "|---|---:|---:|---:|"]
        lines += [*large_model(Path(folder)), checkpoints(Path(folder))]
    print("\n".join(lines))
    if "--write" in sys.argv:
        text = PAGE.read_text(encoding="utf-8")
        block = "<!-- files -->\n" + "\n".join(lines) + "\n<!-- /files -->"
        PAGE.write_text(re.sub(r"<!-- files -->.*<!-- /files -->", block, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
