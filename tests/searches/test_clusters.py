"""scikit-learn's searches on threads, processes and real clusters of two workers; dask-ml on one."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

BACKENDS = ["threading", "loky", "dask", "ray"]
NEEDED = {"dask": "distributed", "ray": "ray"}


def run(backend, folder):
    if backend in NEEDED:
        pytest.importorskip(NEEDED[backend])
    own = {"RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"} | own
    result = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("on_cluster.py")), backend, str(folder)],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-5000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    return run("sequential", tmp_path_factory.mktemp("sequential"))


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.heavy) for name in BACKENDS])
def outcome(request, tmp_path_factory):
    return request.param, run(request.param, tmp_path_factory.mktemp(request.param))


def test_scores_and_best_weights_are_those_of_one_process(serial, outcome):
    assert outcome[1]["found"] == serial["found"]


def test_no_more_threads_work_than_there_are_cores(outcome):
    backend, results = outcome
    if "busy" not in results:
        pytest.skip("no /proc")
    for engine, (first, second) in results["busy"].items():
        assert max(first[1], second[1]) < min(first[2], second[2]), "they did not work at the same time"
        assert (first[0] == second[0]) == (backend == "threading")
        busy = first[3] if backend == "threading" else first[3] + second[3]  # of the process, or of each
        assert 2 <= busy <= max(results["cores"], 2), engine


def test_a_worker_that_is_killed_is_said_and_the_next_search_runs(serial, outcome):
    results = outcome[1]
    killed = results.get("killed", serial["afterwards"])  # threads have no process of their own to kill
    names = ("TerminatedWorkerError", "BrokenProcessPool", "FutureCancelledError", "KilledWorker", "ActorDiedError")
    assert killed == serial["afterwards"] or killed.startswith(names)
    assert results["afterwards"] == serial["afterwards"]


DASK_ML = """
import warnings
warnings.simplefilter("ignore")
import dask.array as da, dask.dataframe as dd, numpy as np, pandas as pd
from dask_ml.wrappers import Incremental, ParallelPostFit
from distributed import Client, LocalCluster
from sklearn.datasets import load_digits
import layerwise as lw

def main():
    X, y = load_digits(return_X_y=True)
    X, classes = X / 16, np.arange(10)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        dX, dy = da.from_array(X, chunks=(300, 64)), da.from_array(y, chunks=300)
        clf = ParallelPostFit(lw.MLPClassifier((32,), max_iter=20, random_state=0)).fit(X, y)
        assert isinstance(clf.predict(dX), da.Array)
        assert np.array_equal(clf.predict(dX).compute(), clf.estimator.predict(X))
        assert np.array_equal(clf.predict_proba(dX).compute(), clf.estimator.predict_proba(X))
        assert clf.score(dX, dy) == clf.estimator.score(X, y) > 0.9

        chunks = Incremental(lw.MLPClassifier((32,), random_state=0), shuffle_blocks=False).fit(dX, dy, classes=classes)
        own = lw.MLPClassifier((32,), random_state=0)
        for i in range(0, len(X), 300):
            own.partial_fit(X[i : i + 300], y[i : i + 300], classes=classes)
        assert np.array_equal(chunks.estimator_.network_.theta, own.network_.theta)

        frame = pd.DataFrame({"size": X[:, 20], "kind": np.where(X[:, 30] > 0.5, "thick", "thin"), "digit": y})
        frame["kind"] = frame["kind"].astype("string[pyarrow]")
        parts = dd.from_pandas(frame, npartitions=5)
        rows, labels = frame.drop(columns="digit"), frame["digit"]
        table = ParallelPostFit(lw.MLPClassifier(preset="tabular", max_iter=3, random_state=0)).fit(rows, labels)
        answers = table.predict(parts.drop(columns="digit")).compute()
        assert np.array_equal(answers, table.estimator.predict(rows))

        numbers = parts[["size"]]
        chunks = Incremental(lw.MLPClassifier((8,), random_state=0), shuffle_blocks=False)
        chunks.fit(numbers, parts["digit"], classes=classes)
        own = lw.MLPClassifier((8,), random_state=0)
        for i in range(parts.npartitions):
            part = parts.partitions[i].compute()
            own.partial_fit(part[["size"]], part["digit"], classes=classes)
        assert np.array_equal(chunks.estimator_.network_.theta, own.network_.theta)
    print("done")

if __name__ == "__main__":
    main()
"""


@pytest.mark.heavy
def test_dask_ml(tmp_path):
    pytest.importorskip("dask_ml")
    script = tmp_path / "dask_ml_wrappers.py"
    script.write_text(DASK_ML)
    result = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)], capture_output=True, text=True, timeout=300, check=False
    )
    assert result.stdout.endswith("done\n"), result.stderr[-5000:]
