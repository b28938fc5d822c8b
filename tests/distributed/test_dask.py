"""One training on the workers of a cluster of Dask, on this machine."""

import os
import signal
import threading
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from layerwise.callbacks import Checkpoint
from on_workers import CannotBeSent, Notes, Slow, wait_for
from ranks_in_threads import trained_on
from test_partitions import ARGUMENTS, SIZES, X, Y, blocks, network, trained

import layerwise as lw
from layerwise import distributed
from layerwise.distributed import RankError

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pytest.importorskip("distributed")
CHUNKS = (tuple(SIZES), 3)


@pytest.fixture(scope="module")
def client():
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_is_left(client):
    """After each test the workers have no task, no data and no handler of the training, and no test hangs."""

    def too_late(number, frame):
        pytest.fail("the test has not ended in time")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(300)
    yield
    client.wait_for_workers(4, timeout=120)
    due = time.monotonic() + 90
    while left := [one for one in client.run(what_is_left).values() if any(one)]:
        assert time.monotonic() < due, left
        time.sleep(0.1)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def what_is_left(dask_worker):
    handlers = [name for name in dask_worker.handlers if "layerwise" in name]
    return handlers, list(dask_worker.state.tasks), list(vars(dask_worker).get("layerwise_trainings", ()))


def ranks_and_pids(client):
    """The process of each rank of the training that is at work."""

    def of(dask_worker):
        posts = vars(dask_worker).get("layerwise_trainings", {})
        return [(post.rank, os.getpid()) for post in posts.values()]

    return dict(pair for pairs in client.run(of).values() for pair in pairs)


def arrays():
    return da.from_array(X, chunks=CHUNKS), da.from_array(Y, chunks=100)


def same(net, other):
    """Two networks are the same, but for the times in their histories."""
    np.testing.assert_array_equal(net.theta, other.theta)
    np.testing.assert_array_equal(net.scaling.offset, other.scaling.offset)
    assert net.task.to_dict() == other.task.to_dict()
    assert (net.steps, net.columns, net.last_fit.keys()) == (other.steps, other.columns, other.last_fit.keys())
    for name, state in other.optimizer.state.items():
        np.testing.assert_array_equal(net.optimizer.state[name], state)
    for name in ("loss", "accuracy"):
        np.testing.assert_array_equal(net.history[name], other.history[name])


def test_every_number_of_workers_gives_the_bits_of_threads(client, engine):
    arguments = {**ARGUMENTS, "engine": engine, "epochs": 5, "optimizer": lw.Adam(0.01)}
    expected = trained(2, **arguments)[0]
    for n in (1, 2, 4):
        net = network()
        history = distributed.fit(client, net, *arrays(), n_ranks=n, **arguments)
        assert history is net.history
        same(net, expected)
    np.testing.assert_array_equal(net.predict(X), expected.predict(X))


def test_a_second_fit_goes_on_in_the_same_weights(client):
    net, expected = network(), network()
    data = *arrays(), da.from_array(np.arange(len(X)) % 3 + 1.0, chunks=50)

    def weighted(shard):
        begin = sum(SIZES[:shard])
        return [(*blocks(shard)[0], np.arange(begin, begin + SIZES[shard]) % 3 + 1.0)]

    distributed.fit(client, net, *data[:2], sample_weight=data[2], **ARGUMENTS)
    theta = net.theta
    distributed.fit(client, net, *data[:2], sample_weight=data[2], **ARGUMENTS)
    expected = trained(1, of=weighted)[0]
    again = trained(1, make=lambda: expected, of=weighted)[0]
    assert net.theta is theta
    same(net, again)


def frame():
    return pd.DataFrame(X, columns=list("abcdef")).assign(kind=Y)


def test_a_frame_by_the_name_of_its_target(client):
    ends = np.cumsum([0, *SIZES])
    parts = dd.concat([dd.from_pandas(frame()[a:b], npartitions=1) for a, b in pairwise(ends)])
    assert parts.npartitions == 8
    net = network()
    distributed.fit(client, net, parts, "kind", validation_data=(parts, "kind"), **ARGUMENTS)
    expected = trained(1, of=lambda shard: blocks(shard, frames=True))[0]
    same(net, expected)
    assert net.column_names == list("abcdef")
    assert net.history["val_accuracy"][-1] == net.evaluate(frame()[list("abcdef")], Y)["accuracy"]


def test_a_frame_with_series_and_partitions_that_need_each_other(client):
    parts = dd.from_pandas(frame(), npartitions=8).shuffle("b", npartitions=9)
    net = network()
    distributed.fit(client, net, parts[list("abcdef")], parts["kind"], **ARGUMENTS)
    assert net.last_fit["rows"] == len(X)


def made(size, number):
    """Rows that are made where they are needed, and say where that was."""
    found = np.random.default_rng(number).normal(size=(size, 250)).astype(np.float32)
    found[:, 0] = os.getpid()
    return found


def test_data_stay_on_the_workers_that_have_them(client):
    import dask

    def sent(dask_worker):
        return dask_worker.transfer_outgoing_bytes_total

    arguments = {**ARGUMENTS, "batch_size": 1000}

    def net():
        return lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)

    delayed = [dask.delayed(made)(1000, i) for i in range(8)]
    data = da.concatenate([da.from_delayed(each, (1000, 250), np.float32) for each in delayed])
    y = (data[:, 1] > 0).astype(int)
    before = sum(client.run(sent).values())
    distributed.fit(client, net(), data, y, **arguments)
    assert sum(client.run(sent).values()) - before < 1e5  # bytes, of 8e6: the networks that come back

    workers = sorted(client.nthreads())[::-1]
    parts = [client.persist(data[1000 * i : 1000 * (i + 1)], workers=[workers[i // 2]]) for i in range(8)]
    data = da.concatenate(parts)
    before = sum(client.run(sent).values())
    distributed.fit(client, net(), data, (data[:, 1] > 0).astype(int), **arguments)
    assert sum(client.run(sent).values()) - before < 1e5


def test_persisted_arrays(client):
    data, y = (part.persist() for part in arrays())
    net = network()
    distributed.fit(client, net, data, y.rechunk((SIZES,)).persist(), n_ranks=2, **ARGUMENTS)
    same(net, trained(1)[0])


def test_plain_arrays_are_on_all_ranks_as_with_mpi(client):
    arguments = {**ARGUMENTS, "validation_split": 0.1, "class_weight": "balanced", "patience": 5}
    net = network()
    distributed.fit(client, net, X, Y, **arguments)
    same(net, trained_on(2, network, X, Y, **arguments)[0][0])
    local = {"local_steps": distributed.LocalSteps(2), "n_ranks": 2}
    distributed.fit(client, net := network(), X, Y, **local, **ARGUMENTS)
    expected = trained_on(2, network, X, Y, local_steps=distributed.LocalSteps(2), **ARGUMENTS)[0][0]
    np.testing.assert_array_equal(net.theta, expected.theta)


def test_validation_data_and_what_callbacks_have_noted(client, capsys):
    notes = Notes()
    arguments = {**ARGUMENTS, "verbose": 2, "epochs": 4, "callbacks": [notes]}
    net = network()
    distributed.fit(client, net, *arrays(), validation_data=tuple(part[:50] for part in arrays()), **arguments)
    expected = trained(1, validation_data=(X[:50], Y[:50]), epochs=4)[0]
    np.testing.assert_array_equal(net.history["val_loss"], expected.history["val_loss"])
    assert notes.steps == net.steps
    assert notes.pid != os.getpid()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in lines] == ["epoch 2/4", "epoch 4/4"]


@pytest.mark.parametrize("victim", [0, 2])
@pytest.mark.parametrize("how", ["SIGKILL", "SIGSTOP"])
def test_a_worker_that_dies_ends_all_and_two_others_go_on(client, tmp_path, victim, how):
    if how == "SIGSTOP" and victim == 0:
        pytest.skip("as rank 2")
    arguments = {**ARGUMENTS, "epochs": 8}
    expected = trained(1, **arguments)[0]
    checkpoint, there = Checkpoint(tmp_path / "run.safetensors", every=4, keep=1), tmp_path / "there"
    pids, when = {}, []

    def kill():
        wait_for(there)
        pids.update(ranks_and_pids(client))
        when.append(time.monotonic())
        os.kill(pids[victim], getattr(signal, how))

    killing = threading.Thread(target=kill)
    killing.start()
    net = network()
    before = vars(net).copy()
    with pytest.raises(RankError, match=f"rank {victim}"):
        distributed.fit(client, net, *arrays(), callbacks=[checkpoint, Slow(there, 10)], **arguments)
    assert time.monotonic() - when[0] < 30
    killing.join()
    assert vars(net) == before
    if how == "SIGSTOP":
        os.kill(pids[victim], signal.SIGKILL)
        time.sleep(2)
    client.wait_for_workers(4, timeout=120)
    steps = lw.load(tmp_path / "run.safetensors").steps
    assert 8 <= steps < expected.steps
    notes = Notes()
    distributed.fit(client, net, *arrays(), n_ranks=2, resume=True, callbacks=[checkpoint, notes], **arguments)
    assert notes.steps == expected.steps
    same(net, expected)


def test_ctrl_c_ends_early_with_the_weights(client, tmp_path, ctrl_c):
    there = tmp_path / "there"

    def press():
        wait_for(there)
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    net = network()
    history = distributed.fit(client, net, *arrays(), callbacks=Slow(there, 10), **{**ARGUMENTS, "epochs": 1000})
    pressing.join()
    assert history.stopped_by == "interrupt"
    assert 10 <= net.steps < 200


def test_bad_rows_are_named(client):
    bad = X.copy()
    bad[60, 2] = np.nan
    net = network()
    with pytest.raises(lw.DataError, match="shard 1, block 0: X: row 20, column 2 is nan"):
        distributed.fit(client, net, da.from_array(bad, chunks=CHUNKS), arrays()[1], **ARGUMENTS)
    assert net.plan is None


def test_an_error_of_the_callers_own_graph_is_raised(client):
    def broken(block):
        raise ZeroDivisionError("on purpose")

    data, y = arrays()
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        distributed.fit(client, network(), data.map_blocks(broken, dtype=np.float32), y, **ARGUMENTS)


def test_divergence_leaves_the_last_good_weights(client):
    net = lw.Network([lw.Dense(4), lw.Dense(1)], random_state=0)
    data = da.from_array(X * 1e3, chunks=CHUNKS)
    with pytest.raises(lw.DivergenceError) as found:
        distributed.fit(client, net, data, data[:, :1], optimizer=lw.SGD(1e9), **ARGUMENTS)
    assert np.isfinite(net.theta).all()
    assert found.value.layer


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n_ranks": 3}, lw.DataError, "must be a power of two.*got 3"),
        ({"n_ranks": 8}, lw.DataError, "n_ranks=8, but there are only 4 workers"),
        ({"shards": 16}, lw.DataError, r"X has 8 blocks of rows, and each of the 16 shards.*rechunk\(\{0: 21\}\)"),
        ({"shards": 2, "n_ranks": 4}, lw.DataError, "4 ranks need as many shards"),
        ({"y": None}, lw.DataError, "y is needed"),
        ({"y": Y[:-1]}, lw.ShapeError, "X has 336 rows and y 335"),
        ({"epochs": 0}, Exception, "epochs"),
        ({"epoch": 1}, TypeError, "epoch"),
        ({"validation_split": 0.1}, lw.DataError, "validation_split"),
        ({"callbacks": CannotBeSent()}, TypeError, "not this one"),
        ({"local_steps": distributed.LocalSteps(2)}, lw.DataError, "local_steps"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_is_refused(client, change, error, words):
    data, y = arrays()
    arguments = {**ARGUMENTS, "y": y} | change
    with pytest.raises(error, match=words):
        distributed.fit(client, network(), data, **arguments)


def test_two_trainings_at_a_time_do_not_wait_for_each_other(client):
    nets, threads = [network(), network()], []
    for net in nets:
        threads.append(threading.Thread(target=distributed.fit, args=(client, net, *arrays()), kwargs=ARGUMENTS))
        threads[-1].start()
    for thread in threads:
        thread.join()
    same(*nets)
