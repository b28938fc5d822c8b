"""
Train on the workers of Dask
============================

.. image:: /images/gallery/ranks-dask.png
   :alt: Each worker computes the gradient of its rows; the sum goes back to all, and all make the same update.

One training on the workers of a Dask cluster. Each worker uses the partitions that it holds. The weights are the same
for every number of workers, to the last bit.

.. code-block:: sh

   pip install "layerwise[sklearn,dask]"
   python train_with_dask.py
"""

# sphinx_gallery_thumbnail_path = "images/gallery/ranks-dask.png"

import dask.array as da
from dask.distributed import Client, LocalCluster
from sklearn.datasets import load_digits

import layerwise as lw


def main(workers: int = 2) -> lw.Network:
    """Train on so many workers; `Client("scheduler:8786")` is a cluster elsewhere."""
    digits = load_digits()
    net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0, scaling="standard")
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        X = da.from_array(digits.data, chunks=(200, 64)).persist()  # on a cluster: da.from_zarr, dd.read_parquet, …
        y = da.from_array(digits.target, chunks=200).persist()
        lw.distributed.fit(client, net, X, y, epochs=10, batch_size=128, verbose=False)
    accuracy = net.evaluate(digits.data, digits.target)["accuracy"]
    print(f"accuracy {accuracy:.4f}, weights {net.fingerprint:08x}")  # the same for 1, 2, 4 and 8 workers
    return net


if __name__ == "__main__":
    main()
