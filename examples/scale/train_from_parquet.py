"""
Train on files larger than memory
=================================

.. image:: /images/gallery/parquet.png
   :alt: Parquet files are read window by window, in the order of the files; each window trains the network.

Parquet files are read window by window, so that they need not fit into memory. A checkpoint lets the training continue
after it was killed. Where one window holds all rows, the weights are those of a training on the array.

A file has a column of bytes for the pixels, which is read many times faster than a column for each pixel, and a column
for the label.

.. code-block:: sh

   pip install "layerwise[streams]"
   python train_from_parquet.py
"""

# sphinx_gallery_thumbnail_path = "images/gallery/parquet.png"

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import layerwise as lw


def write(folder, X, y, rows=2000):
    """Write rows as several files, each of two row groups."""
    for i, start in enumerate(range(0, len(X), rows)):
        part = np.ascontiguousarray(X[start : start + rows])
        pixels = pa.FixedSizeBinaryArray.from_buffers(pa.binary(part.shape[1]), len(part), [None, pa.py_buffer(part)])
        table = pa.table({"pixels": pixels, "digit": y[start : start + rows]})
        pq.write_table(table, folder / f"part-{i:03}.parquet", row_group_size=rows // 2)


def main(samples=10_000, window=3000, epochs=3):
    """Return the network that was trained from files, and its accuracy on the test's rows."""
    (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, X[:samples], y[:samples])
        net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
        checkpoint = lw.Checkpoint(folder / "run")
        more = {"window": window, "validation_data": (X_test, y_test), "callbacks": [checkpoint], "resume": True}
        net.fit(folder / "*.parquet", "digit", epochs=epochs, **more)
        print(f"the files: {net.evaluate(folder / '*.parquet', 'digit')['accuracy']:.2%}")
    accuracy = net.evaluate(X_test, y_test)["accuracy"]
    print(f"the test:  {accuracy:.2%}, {net.last_fit['rows']:,} rows, inputs {net.columns[0]['name']} …")
    return net, accuracy


if __name__ == "__main__":
    main()
