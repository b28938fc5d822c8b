"""
Train on several machines by MPI
================================

.. image:: /images/gallery/ranks-mpi.png
   :alt: Each worker computes the gradient of its rows; the sum goes back to all, and all make the same update.

One training on several processes or machines. The weights are the same for every number of ranks, to the last bit. A
run that was killed continues from its checkpoint, also on another number of ranks.

.. code-block:: sh

   pip install "layerwise[mpi]" mpich
   mpiexec -n 2 python train_with_mpi.py
"""

# sphinx_gallery_thumbnail_path = "images/gallery/ranks-mpi.png"

from pathlib import Path

from mpi4py import MPI

import layerwise as lw


def main(path: str = "digits.safetensors", epochs: int = 5, rows: int = 50_000) -> lw.Network:
    """Train on all ranks; the first one shows the training and writes the files."""
    (X, y), validation, (X_test, y_test) = lw.datasets.load_mnist()
    net = lw.Network([lw.Dense(256), lw.ReLU(), lw.Dropout(0.2), lw.Dense(10), lw.Softmax()], random_state=0)
    checkpoint = lw.Checkpoint(Path(path).with_suffix(".checkpoint"), keep=1)
    lw.distributed.fit(
        MPI.COMM_WORLD, net, X[:rows], y[:rows], epochs=epochs, batch_size=512, optimizer=lw.Adam(2e-3),
        schedule="one_cycle", validation_data=validation, callbacks=checkpoint, resume=True,
    )  # fmt: skip
    if MPI.COMM_WORLD.rank == 0:
        net.save(path)
        print(f"test accuracy {net.evaluate(X_test, y_test)['accuracy']:.2%}")
    return net


if __name__ == "__main__":
    main()
