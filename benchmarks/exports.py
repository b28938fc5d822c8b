"""A network trained on MNIST, exported to every target, and run there on the 10,000 test images.

python benchmarks/exports.py      needs gcc, Node.js, onnx and onnxruntime; what is not there is left out
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import layerwise as lw

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import running_exports

TIMED = """
#include <stdio.h>
#include <time.h>
#include "net.h"
int main(int argc, char **argv)
{
    static float X[1000][784];
    FILE *f = fopen(argv[1], "rb");
    if (argc < 2 || !f || fread(X, sizeof X, 1, f) != 1) return 1;
    double best = 1e9;
    long sum = 0;
    for (int round = 0; round < 20; round++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < 1000; i++) sum += net_predict(X[i]);
        clock_gettime(CLOCK_MONOTONIC, &b);
        double t = (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) * 1e-3;
        if (t < best) best = t;
    }
    printf("%.2f %ld", best / 1000, sum);
    return 0;
}
"""


def trained():
    """784-30-10 after five epochs, its data, and the test images."""
    (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    net = lw.Network([lw.Dense(30), lw.Sigmoid(), lw.Dense(10), lw.Sigmoid()], random_state=0)
    net.fit(X, y, loss="quadratic_cost", optimizer=lw.SGD(3.0), batch_size=10, epochs=5, engine="numpy", verbose=False)
    return net, (X, y), (X_test, y_test)


def onnx_answers(net, X, folder):
    import onnxruntime

    lw.export(net, folder / "net.onnx")
    session = onnxruntime.InferenceSession(folder / "net.onnx")
    row = X[:1].astype(np.float32)
    times = []
    for _ in range(2000):
        begin = time.perf_counter()
        session.run(None, {"input": row})
        times.append(time.perf_counter() - begin)
    return session.run(["label"], {"input": X.astype(np.float32)})[0], f"{min(times) * 1e6:.1f} µs a call"


def script_answers(net, X, y, X_test, folder):
    path = folder / "train_net.py"
    lw.export(net, path, "training-script")
    script = running_exports.module(path)
    _, layers = script.train(X, y)
    x = (X_test / 255).astype(np.float32)
    for layer in layers:
        x = layer.forward(x)
    weights = np.concatenate([p.ravel() for layer in layers for p in getattr(layer, "parameters", [])])
    return x.argmax(axis=1), "same weights" if np.array_equal(weights, net.theta) else "other weights"


def c_time(net, folder, X, **options):
    """Microseconds a prediction, and what `size` says of the object."""
    lw.export(net, folder / "net.c", **options)
    (folder / "main.c").write_text(TIMED)
    X[:1000].astype(np.float32).tofile(folder / "rows")
    flags = ["gcc", "-std=c99", "-O3", "-D_POSIX_C_SOURCE=199309L"]
    subprocess.run([*flags, "main.c", "net.c", "-lm", "-o", "main"], cwd=folder, check=True)
    subprocess.run([*flags, "-c", "net.c"], cwd=folder, check=True)
    time_ = subprocess.run(["./main", "rows"], cwd=folder, check=True, capture_output=True, text=True).stdout.split()[0]
    sizes = subprocess.run(["size", "net.o"], cwd=folder, check=True, capture_output=True, text=True).stdout
    compiled = int(re.findall(r"\d+", sizes.splitlines()[1])[3])
    return f"{time_} µs a call, {compiled:,} bytes compiled"


def main():
    net, (X, y), (X_test, y_test) = trained()
    expected = net.predict(X_test)
    print(f"784-30-10: {(expected == y_test).mean():.2%} of the test images\n")
    print("| target | labels that differ | accuracy | |\n|---|---:|---:|---|")

    def show(target, answers, note=""):
        answers = np.asarray(answers)
        differing = int((answers != expected).sum())
        print(f"| {target} | {differing} | {(answers == y_test).mean():.2%} | {note} |", flush=True)

    for target, options in (
        ("c", {}), ("c", {"weights": "int8"}), ("python", {}), ("numpy", {}), ("javascript", {}),
    ):  # fmt: skip
        if (target == "c" and shutil.which("gcc") is None) or (target == "javascript" and running_exports.NODE is None):
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            level = {"level": "-O3"} if target == "c" else {}
            [found] = running_exports.run(target, [net], [X_test.astype(np.float32)], folder, **level, **options)
            note = c_time(net, folder, X_test, **options) if target == "c" else ""
            show(" ".join([target, *options.values()]), found.predict, note)
    with tempfile.TemporaryDirectory() as name:
        show("onnx", *onnx_answers(net, X_test, Path(name)))
        show("training-script", *script_answers(net, X, y, X_test, Path(name)))


if __name__ == "__main__":
    main()
