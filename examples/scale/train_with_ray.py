"""
Train on actors of Ray
======================

.. image:: /images/gallery/ranks-ray.png
   :alt: Each worker computes the gradient of its rows; the sum goes back to all, and all make the same update.

One training on actors of Ray, each with its part of a Ray Dataset. The weights are the same for every number of actors,
to the last bit.

.. code-block:: sh

   pip install "layerwise[sklearn,ray]" "ray[data]"
   python train_with_ray.py
"""

# sphinx_gallery_thumbnail_path = "images/gallery/ranks-ray.png"

import ray
import ray.data
from sklearn.datasets import load_digits

import layerwise as lw


def main(ranks: int = 2) -> lw.Network:
    """Train on so many actors of a CPU each; `ray.init("auto")` is a cluster elsewhere."""
    digits = load_digits(as_frame=True)
    net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0, scaling="standard")
    ray.init(num_cpus=max(2, ranks), include_dashboard=False, log_to_driver=False)
    try:
        table = ray.data.from_pandas(digits.frame)  # on a cluster: ray.data.read_parquet, …
        lw.distributed.fit(ray, net, table, "target", n_ranks=ranks, epochs=10, batch_size=128, verbose=False)
    finally:
        ray.shutdown()
    accuracy = net.evaluate(digits.data, digits.target)["accuracy"]
    print(f"accuracy {accuracy:.4f}, weights {net.fingerprint:08x}")  # the same for 1, 2, 4 and 8 ranks
    return net


if __name__ == "__main__":
    main()
