"""
Run scikit-learn's searches on Dask or Ray
==========================================

.. image:: /images/gallery/search.png
   :alt: A grid of settings is shared out to workers; each fit gives a score, and the best one is kept.

A grid search whose fits run on the workers of Dask or Ray, here on one machine. The scores do not depend on where a fit
runs. The last line of the program chooses between Dask and Ray.

.. code-block:: sh

   pip install "layerwise[sklearn,dask]"      # or "layerwise[sklearn,ray]"
   python search_on_a_cluster.py
"""

# sphinx_gallery_thumbnail_path = "images/gallery/search.png"

from collections.abc import Iterator
from contextlib import contextmanager

import joblib
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise as lw


@contextmanager
def dask() -> Iterator[None]:
    """Two workers with a core each; `Client("scheduler:8786")` is a cluster elsewhere."""
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        yield


@contextmanager
def ray() -> Iterator[None]:
    """Two cores; `ray.init("auto")` is a cluster elsewhere."""
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    try:
        yield
    finally:
        ray.shutdown()


def main(engine: str) -> GridSearchCV:
    """Search on "dask", "ray", or on joblib's own "threading" or "loky"."""
    X, y = load_digits(return_X_y=True)
    model = make_pipeline(StandardScaler(), lw.MLPClassifier((32,), max_iter=400, early_stopping=True, random_state=0))
    grid = {"mlpclassifier__alpha": [1e-4, 1e-2, 1.0], "mlpclassifier__learning_rate_init": [1e-3, 1e-2]}
    search = GridSearchCV(model, grid, cv=3, n_jobs=2)
    if engine in ("dask", "ray"):
        with {"dask": dask, "ray": ray}[engine](), joblib.parallel_config(engine):
            search.fit(X, y)
    else:
        with joblib.parallel_config(engine):
            search.fit(X, y)
    print(f"{engine}: {search.best_score_:.4f} with {search.best_params_}")
    return search


if __name__ == "__main__":
    main("dask")  # or "ray", "loky" (processes), "threading"
