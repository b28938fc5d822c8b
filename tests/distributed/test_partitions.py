"""Data of which each rank has a part."""

import numpy as np
import pandas as pd
import pytest
from ranks_in_threads import on_ranks

import layerwise as lw
from layerwise import distributed
from layerwise.distributed import Partitions, RankError

RNG = np.random.default_rng(0)
SIZES = [40, 33, 50, 41, 38, 60, 29, 45]
X = (RNG.normal(size=(sum(SIZES), 6)) * [1, 2, 3, 4, 5, 6] + 10).astype(np.float32)
Y = np.array(["ant", "bee", "cow"])[((X[:, :3] - 10) / [1, 2, 3]).argmax(1)]
ENDS = np.cumsum(SIZES)
ARGUMENTS = {"epochs": 3, "batch_size": 64, "verbose": False}


def network(scaling="standard"):
    return lw.Network(
        [lw.Dense(16), lw.ReLU(), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()], random_state=0, scaling=scaling
    )


def blocks(shard, cut=1, frames=False):
    """The rows of a shard, in one or several blocks."""
    rows = np.array_split(np.arange(ENDS[shard] - SIZES[shard], ENDS[shard]), cut)
    if frames:
        return [(pd.DataFrame(X[r], columns=list("abcdef")), pd.Series(Y[r])) for r in rows]
    return [(X[r], Y[r]) for r in rows]


def trained(size, make=network, of=blocks, **arguments):
    def work(communicator):
        each = 8 // size
        own = range(communicator.rank * each, (communicator.rank + 1) * each)
        net = make()
        distributed.fit(communicator, net, Partitions([of(shard) for shard in own]), **ARGUMENTS | arguments)
        return net

    results, errors = on_ranks(size, work)
    failed = [error for error in errors if error is not None]
    if failed:
        raise failed[0]
    return results


def test_every_number_of_ranks_gives_the_same_bits(engine):
    arguments = {"engine": engine, "epochs": 20, "optimizer": lw.Adam(0.01)}
    found = [net for size in (1, 2, 4, 8) for net in trained(size, **arguments)]
    for net in found:
        np.testing.assert_array_equal(net.theta, found[0].theta)
        np.testing.assert_array_equal(net.scaling.offset, found[0].scaling.offset)
        assert net.task.classes.tolist() == ["ant", "bee", "cow"]
    np.testing.assert_allclose(found[0].scaling.offset, X.mean(0), rtol=1e-6)
    assert found[0].evaluate(X, Y)["accuracy"] > 0.8


def test_how_a_shard_is_cut_into_blocks_changes_little():
    a, b = (trained(2, of=lambda shard, cut=cut: blocks(shard, cut))[0] for cut in (1, 3))
    np.testing.assert_allclose(a.theta, b.theta, rtol=1e-3, atol=1e-5)


def test_one_shard_in_order_is_a_fit_of_its_rows(engine):
    alone = network(None)
    alone.fit(X[:320], Y[:320], shuffle=False, engine=engine, **ARGUMENTS)

    def work(communicator):
        net = network(None)
        part = Partitions([[(X[:200], Y[:200]), (X[200:320], Y[200:320])]])
        distributed.fit(communicator, net, part, shards=1, shuffle=False, engine=engine, **ARGUMENTS)
        return net

    (net,), _ = on_ranks(1, work)
    np.testing.assert_allclose(net.theta, alone.theta, rtol=1e-4, atol=1e-6)


def test_each_row_is_in_one_batch_of_an_epoch():
    from layerwise.distributed.layout import PartedLayout

    layouts = [PartedLayout(SIZES, 64, range(2 * rank, 2 * rank + 2), 0) for rank in range(4)]
    seen = [0] * 4
    for i in range(layouts[0].steps):
        parts = [layout.part(i, i) for layout in layouts]
        assert len({part.rows for part in parts}) == 1
        assert sum(int(part.places[:, 1].sum()) for part in parts) == parts[0].rows
        assert parts[0].rows <= 64 + 8
        assert all(part.places[:, 1].max() <= layouts[0].shard_size for part in parts)
        for rank, part in enumerate(parts):
            seen[rank] += int(part.places[:, 1].sum())
    assert seen == [sum(SIZES[2 * rank : 2 * rank + 2]) for rank in range(4)]
    order = layouts[1].order(3)
    assert sorted(order[: SIZES[2]]) == list(range(SIZES[2]))


def test_frames_keep_their_names_and_weights_count():
    def of(shard):
        return [(frame, y, np.full(len(y), 1.0 + shard)) for frame, y in blocks(shard, frames=True)]

    found = [net for size in (1, 4) for net in trained(size, of=of, class_weight="balanced")]
    for net in found:
        np.testing.assert_array_equal(net.theta, found[0].theta)
        assert net.column_names == list("abcdef")


def test_a_class_that_only_one_rank_has():
    def of(shard):
        return [(x, np.where(y == "cow", "bee", y) if shard else np.full(len(y), "cow")) for x, y in blocks(shard)]

    for net in trained(4, of=of):
        assert net.task.classes.tolist() == ["ant", "bee", "cow"]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (lambda shard: [(X[:5, : 5 + (shard != 5)], Y[:5])], "shard 5: X has 5 columns, and 6"),
        (lambda shard: [(X[:5].astype("f8" if shard == 3 else "f4"), Y[:5])], "shard 3: X is of type float64"),
        (lambda shard: [(np.where(shard == 6, np.nan, X[:5]), Y[:5])], "nan"),
        (lambda shard: [] if shard == 2 else blocks(shard), "shard 2: the stream gave no rows"),
    ],
    ids=["columns", "type", "nan", "empty"],
)
def test_bad_parts_are_named_on_all_ranks(of, words):
    def work(communicator):
        own = range(communicator.rank * 2, communicator.rank * 2 + 2)
        distributed.fit(communicator, network(), Partitions([of(shard) for shard in own]), **ARGUMENTS)

    _, errors = on_ranks(4, work)
    for error in errors:
        assert isinstance(error, (lw.DataError, lw.ShapeError, RankError)), error
        assert words in str(error)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"validation_split": 0.1}, "validation_split"),
        ({"train_metrics": True}, "validation_data"),
        ({"shuffle": np.arange}, "order of its own"),
        ({"shards": 16}, "this rank's 8 shards; got those of 4"),
        ({"local_steps": distributed.LocalSteps(2)}, "local_steps"),
    ],
)
def test_what_parts_cannot_do_is_refused(arguments, words):
    with pytest.raises((lw.DataError, RankError), match=words):
        trained(2, **arguments)


def test_validation_and_patience():
    arguments = {"validation_data": (X[:50], Y[:50]), "patience": 1, "epochs": 5}
    found = [net for size in (1, 2) for net in trained(size, **arguments)]
    for net in found:
        np.testing.assert_array_equal(net.history["val_loss"], found[0].history["val_loss"])
