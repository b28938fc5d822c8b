"""
Export a network to C
=====================

``lw.export`` writes a trained network as C99 source code that needs ``math.h`` alone. This example compiles the file
and compares its probabilities with those of Python.
"""

# %%
# Train a small network for handwritten digits, and write it as C.
import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import layerwise as lw

X, y = load_digits(return_X_y=True)
X = X.astype("float32")
net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0, scaling="standard")
net.fit(X[:1200], y[:1200], epochs=30, verbose=False)

folder = Path(tempfile.mkdtemp())
lw.export(net, folder / "digits.c")
print((folder / "digits.h").read_text()[:900])

# %%
# Compile it as a shared library and call it from Python by ``ctypes``. Where there is no C compiler, the rest compares
# the network with itself.
compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def by_c(rows):
    """Return the probabilities that the compiled C gives for each row."""
    library = folder / "digits.so"
    subprocess.run(
        [compiler, "-O2", "-std=c99", "-shared", "-fPIC", folder / "digits.c", "-o", library, "-lm"], check=True
    )
    probabilities = ctypes.CDLL(str(library)).digits_probabilities
    result = np.empty((len(rows), 10), dtype="float32")
    pointer = ctypes.POINTER(ctypes.c_float)
    for row, out in zip(rows, result, strict=True):
        probabilities(np.ascontiguousarray(row).ctypes.data_as(pointer), out.ctypes.data_as(pointer))
    return result


held_out = X[1200:]
expected = net.predict_proba(held_out)
compiled = by_c(held_out) if compiler else expected
largest = np.abs(compiled - expected).max()
print(f"largest difference of a probability: {largest:.1e}")

# %%
# Each point is a probability of one digit for one image that was held out.
figure, panel = plt.subplots(figsize=(5.2, 4.6), layout="constrained")
panel.loglog(expected.ravel(), compiled.ravel(), ".", markersize=3)
panel.axline((1e-6, 1e-6), (1, 1), color="grey", linewidth=1)
panel.set(xlabel="probability in Python", ylabel="probability in C", xlim=(1e-6, 1.5), ylim=(1e-6, 1.5))
panel.set_title(f"largest difference: {largest:.0e}")
shutil.rmtree(folder)
plt.show()
