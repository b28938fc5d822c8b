"""One training on actors of Ray, on this machine."""

import os
import secrets
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
from layerwise.callbacks import Checkpoint
from on_workers import CannotBeSent, Notes, Slow, wait_for
from ranks_in_threads import trained_on
from test_partitions import ARGUMENTS, X, Y, network, trained

import layerwise as lw
from layerwise import distributed
from layerwise.distributed import RankError

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]
ray = pytest.importorskip("ray")
ENDS = [len(X) * shard // 8 for shard in range(9)]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    before = dict(os.environ)
    os.environ |= {"RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    own = {"env_vars": {"PYTHONPATH": os.path.dirname(__file__)}}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=own)
    yield
    ray.shutdown()
    os.environ.clear()
    os.environ |= before


@pytest.fixture(autouse=True)
def nothing_is_left(cluster):
    """After each test all CPUs are free again, and no test hangs."""

    def too_late(number, frame):
        pytest.fail("the test has not ended in time")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(300)
    yield
    due = time.monotonic() + 90
    while ray.available_resources().get("CPU") != 2:
        assert time.monotonic() < due, ray.available_resources()
        time.sleep(0.2)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def of(shard):
    """The rows of a shard of a Dataset."""
    rows = slice(ENDS[shard], ENDS[shard + 1])
    return [(pd.DataFrame(X[rows], columns=list("abcdef")), Y[rows])]


@pytest.fixture
def dataset():
    import ray.data

    frame = pd.DataFrame(X, columns=list("abcdef")).assign(kind=Y, weight=np.arange(len(X)) % 3 + 1.0)
    return ray.data.from_pandas([frame[:100], frame[100:150], frame[150:]])


def test_arrays_give_the_bits_of_threads(engine):
    arguments = {**ARGUMENTS, "engine": engine, "validation_split": 0.1}
    expected = trained_on(1, network, X, Y, **arguments)[0][0]
    for n in (1, 2):
        net = network()
        history = distributed.fit(ray, net, X, Y, n_ranks=n, **arguments)
        assert history is net.history
        np.testing.assert_array_equal(net.theta, expected.theta)
        np.testing.assert_array_equal(history["val_loss"], expected.history["val_loss"])


def test_a_dataset_is_split_by_shards(dataset, capsys):
    notes = Notes()
    expected = trained(1, of=of, epochs=4, validation_data=(X, Y))[0]
    for n in (1, 2):
        net = network()
        arguments = {**ARGUMENTS, "validation_data": (dataset.drop_columns("weight"), "kind"), "callbacks": notes}
        data = dataset.drop_columns("weight"), "kind"
        distributed.fit(ray, net, *data, n_ranks=n, **{**arguments, "verbose": 2, "epochs": 4})
        np.testing.assert_array_equal(net.theta, expected.theta)
        np.testing.assert_array_equal(net.history["val_loss"], expected.history["val_loss"])
        assert net.column_names == list("abcdef")
        assert notes.steps == net.steps
        assert notes.pid != os.getpid()
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
        assert [line.partition("  ")[0] for line in lines] == ["epoch 2/4", "epoch 4/4"]


def test_weights_and_a_column_of_arrays(dataset):
    import ray.data

    net = network()
    distributed.fit(ray, net, dataset, "kind", sample_weight="weight", n_ranks=2, **ARGUMENTS)
    weights = np.arange(len(X)) % 3 + 1.0
    expected = trained(1, of=lambda shard: [(*of(shard)[0], weights[ENDS[shard] : ENDS[shard + 1]])])[0]
    np.testing.assert_array_equal(net.theta, expected.theta)
    rows = ray.data.from_numpy(X)
    rows = rows.zip(ray.data.from_pandas(pd.DataFrame({"kind": Y})))
    distributed.fit(ray, net := network(), rows, "kind", n_ranks=2, **ARGUMENTS)
    np.testing.assert_array_equal(net.theta, trained(1, of=of)[0].theta)
    assert net.column_names is None


@pytest.mark.parametrize("victim", [0, 1])
def test_an_actor_that_is_killed_ends_all_and_one_goes_on(tmp_path, victim):
    arguments = {**ARGUMENTS, "epochs": 8}
    expected = trained_on(1, network, X, Y, **arguments)[0][0]
    checkpoint, there = Checkpoint(tmp_path / "run.safetensors", every=4, keep=1), tmp_path / "there"
    when = []

    def kill():
        wait_for(there)
        found = [int(pid) for pid in os.listdir("/proc") if pid.isdecimal() and is_rank(pid)]
        when.append(time.monotonic())
        os.kill(sorted(found)[victim], signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    net = network()
    with pytest.raises(RankError, match=r"rank [01] (is gone|does not answer|.*does not answer)"):
        distributed.fit(ray, net, X, Y, n_ranks=2, callbacks=[checkpoint, Slow(there, 10)], **arguments)
    assert time.monotonic() - when[0] < 30
    killing.join()
    assert net.plan is None
    assert 8 <= lw.load(tmp_path / "run.safetensors").steps < expected.steps
    notes = Notes()
    distributed.fit(ray, net, X, Y, n_ranks=1, resume=True, callbacks=[checkpoint, notes], **arguments)
    assert notes.steps == expected.steps
    np.testing.assert_array_equal(net.theta, expected.theta)


def is_rank(pid):
    """Whether a process is an actor of this test's trainings; Ray writes its class into the command line."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file, open(f"/proc/{pid}/environ", "rb") as environment:
            own = os.environ["RAY_AUTH_TOKEN"].encode()
            return file.read().startswith(b"ray::_Rank") and own in environment.read()
    except OSError:
        return False


def test_ctrl_c_ends_early_with_the_weights(tmp_path, ctrl_c):
    there = tmp_path / "there"

    def press():
        wait_for(there)
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    net = network()
    history = distributed.fit(ray, net, X, Y, n_ranks=2, callbacks=Slow(there, 10), **{**ARGUMENTS, "epochs": 1000})
    pressing.join()
    assert history.stopped_by == "interrupt"
    assert 10 <= net.steps < 500


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n_ranks": 3, "n_threads": 1}, lw.DataError, "must be a power of two"),
        ({"n_ranks": 4}, lw.DataError, "n_ranks=4, but there are only 2 places of 1 CPUs"),
        ({"y": "sort"}, lw.UnknownNameError, "no column 'sort'"),
        ({"y": Y}, lw.DataError, "names of its columns"),
        ({"sample_weight": np.ones(len(X))}, lw.DataError, "sample_weight must be the name"),
        ({"callbacks": CannotBeSent()}, TypeError, "not this one"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_is_refused(dataset, change, error, words):
    with pytest.raises(error, match=words):
        distributed.fit(ray, network(), dataset, **{**ARGUMENTS, "y": "kind"} | change)


def test_bad_rows_are_named():
    bad = X.copy()
    bad[60, 2] = np.nan
    with pytest.raises(lw.DataError, match="X: row 60, column 2 is nan"):
        distributed.fit(ray, network(), bad, Y, n_ranks=2, **ARGUMENTS)
