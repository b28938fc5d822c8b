"""Run scikit-learn's searches on a backend of joblib with two workers, and print what came out as JSON.

python on_cluster.py sequential|threading|loky|dask|ray FOLDER

Custom parts are defined here, so in the workers they are those of another program's __main__.
"""

import hashlib
import json
import os
import signal
import sys
import time
import warnings
from contextlib import ExitStack, contextmanager, suppress

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise as lw
from layerwise.engine.threads import default_threads

X, y = load_digits(return_X_y=True)
X, y = X[:600], y[:600]


class Sine(lw.Activation):
    """A custom formula, which the native engine runs."""

    def f(self, x):
        return np.sin(x)


class Slower(lw.Callback):
    """A custom callback."""

    def on_epoch_end(self, run):
        run.optimizer.learning_rate *= 0.9


class DieOnce(lw.Callback):
    """Kill the worker, the first time that any of them comes here."""

    def __init__(self, path):
        self.path = path

    def on_epoch_end(self, run):
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


# ---------------------------------------------------------------- backends


@contextmanager
def backend(name):
    with ExitStack() as stack:
        if name == "dask":
            from distributed import Client, LocalCluster

            cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
            stack.enter_context(stack.enter_context(cluster) and Client(cluster))
        elif name == "ray":
            import ray
            from ray.util.joblib import register_ray

            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
            stack.callback(ray.shutdown)
            register_ray()
        stack.enter_context(joblib.parallel_config(name, n_jobs=2))
        yield


# ---------------------------------------------------------------- what is asked


def model():
    clf = lw.MLPClassifier((16,), activation=Sine(), max_iter=4, random_state=0, callbacks=[Slower()])
    return make_pipeline(StandardScaler(), clf)


def searches():
    grid = {"mlpclassifier__alpha": [1e-4, 1e-1], "mlpclassifier__learning_rate_init": [1e-3, 1e-2]}
    yield GridSearchCV(model(), grid, cv=3)
    yield RandomizedSearchCV(model(), grid, cv=3, n_iter=3, random_state=0)
    yield HalvingGridSearchCV(model(), grid, cv=3, random_state=0)
    yield HalvingRandomSearchCV(model(), grid, cv=3, random_state=0)


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def found():
    results = {}
    for search in searches():
        search.fit(X, y)
        scores = [value for name, value in sorted(search.cv_results_.items()) if "test_score" in name]
        theta = search.best_estimator_[-1].network_.theta
        results[type(search).__name__] = [search.best_params_, [list(map(float, s)) for s in scores], digest(theta)]
    regressor = lw.MLPRegressor(hidden_layer_sizes=(16,), max_iter=4, random_state=0)
    results["cross_val_score"] = cross_val_score(regressor, X, y, cv=4).tolist()
    fitted = cross_validate(model(), X, y, cv=3, return_estimator=True)["estimator"]  # they come back from the workers
    results["cross_validate"] = [digest(each[-1].network_.theta) for each in fitted]
    results["callbacks"] = [type(each[-1].callbacks[0]).__name__ for each in fitted]
    return results


def busy_threads(engine):
    """Train for a while; return the process, the time, and the threads that took more than a tenth of it."""

    def seconds():
        spent = {}
        for thread in os.listdir("/proc/self/task"):
            with suppress(FileNotFoundError), open(f"/proc/self/task/{thread}/stat") as file:  # it may have ended
                user, system = file.read().rpartition(")")[2].split()[11:13]
                spent[thread] = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        return spent

    class Until(lw.Callback):
        def on_epoch_end(self, run):
            if time.monotonic() > end:
                run.stop()

    rng = np.random.default_rng(0)
    rows, labels = rng.random((2048, 512), np.float32), np.arange(2048) % 10
    net = lw.Network([lw.Dense(512), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    before, start = seconds(), time.time()
    end = time.monotonic() + 1.5
    net.fit(rows, labels, batch_size=512, epochs=10**6, verbose=False, callbacks=Until(), engine=engine)
    stop, after = time.time(), seconds()
    busy = sum(after[thread] - before.get(thread, 0) > 0.15 for thread in after)
    return os.getpid(), start, stop, busy


def main(name, folder):
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"
    results = {"cores": default_threads()}
    with backend(name):
        results["found"] = found()
        if name != "sequential" and os.path.isdir("/proc/self/task"):
            results["busy"] = {
                engine: joblib.Parallel()(joblib.delayed(busy_threads)(engine) for _ in range(2))
                for engine in (("native",) if name == "threading" else ("native", "numpy"))  # BLAS: threads of its own
            }
        if name not in ("sequential", "threading"):
            killed = lw.MLPClassifier((16,), max_iter=4, random_state=0, callbacks=[DieOnce(f"{folder}/died")])
            try:
                results["killed"] = cross_val_score(killed, X, y, cv=4).tolist()
            except Exception as error:
                results["killed"] = f"{type(error).__name__}: {error}"
        plain = lw.MLPClassifier((16,), max_iter=4, random_state=0)
        results["afterwards"] = cross_val_score(plain, X, y, cv=4).tolist()
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
