"""How a training on several ranks ends: by itself, by one rank's error, by Ctrl-C, by a kill; and goes on again."""

import numpy as np
import pytest
from layerwise.callbacks import Callback, Checkpoint
from ranks_in_threads import on_ranks, trained_on

import layerwise as lw
from layerwise import distributed
from layerwise.distributed import RankError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 10)).astype(np.float32)
Y = X[:, :3].argmax(1)


def network(**arguments):
    return lw.Network([lw.Dense(16), lw.ReLU(), lw.Dropout(0.2), lw.Dense(3), lw.Softmax()], **arguments)


class Fails(Callback):
    def __init__(self, step, rank=None):
        self.step, self.rank = step, rank

    def on_step_end(self, run):
        if run.step == self.step:
            raise ZeroDivisionError("on purpose")


class Stops(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, run):
        if run.step == self.step:
            run.stop("interrupt")


ARGUMENTS = {"epochs": 4, "batch_size": 20, "verbose": False}


def with_callback_on(rank, callback, size=4, **arguments):
    """What a training gives where one rank has a callback more; callbacks that act are compared, this one looks."""
    callback.only_looks = True

    def work(communicator):
        net = network(random_state=0)
        ranks_own = [callback] if communicator.rank == rank else []
        history = distributed.fit(communicator, net, X, Y, callbacks=ranks_own, **ARGUMENTS | arguments)
        return net, history

    return on_ranks(size, work)


def test_an_error_on_one_rank_ends_all():
    results, errors = with_callback_on(0, Fails(13))
    assert results == [None] * 4
    assert isinstance(errors[0], ZeroDivisionError)
    for error in errors[1:]:
        assert isinstance(error, RankError)
        assert "rank 0 failed" in str(error)


def test_a_stop_on_one_rank_stops_all_at_the_same_step(engine):
    results, errors = with_callback_on(0, Stops(13), engine=engine)
    assert errors == [None] * 4
    for net, history in results:
        assert net.steps == 13
        assert history.stopped_by == "interrupt"
        np.testing.assert_array_equal(net.theta, results[0][0].theta)


def test_bad_data_on_one_rank_are_told_to_all():
    def work(communicator):
        x = X.copy()
        if communicator.rank == 2:
            x[5, 3] = np.nan
        return distributed.fit(communicator, network(random_state=0), x, Y, **ARGUMENTS)

    _, errors = on_ranks(4, work)
    assert isinstance(errors[2], lw.DataError)
    for rank in (0, 1, 3):
        assert isinstance(errors[rank], RankError)
        assert "rank 2 failed before its first step: DataError: X: row 5, column 3 is nan" in str(errors[rank])


def test_divergence_is_the_same_on_all():
    def work(communicator):
        net = lw.Network([lw.Dense(4), lw.Dense(1)], random_state=0)
        distributed.fit(communicator, net, X * 1e3, X[:, :1], optimizer=lw.SGD(1e9), **ARGUMENTS)

    _, errors = on_ranks(4, work)
    for error in errors:
        assert isinstance(error, lw.DivergenceError)
        assert error.step == errors[0].step


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": X[:-1], "y": Y[:-1]}, "X: "),
        ({"y": 2 - Y}, "y: other values on rank 1"),
        ({"batch_size": 40}, "batch_size: 20 on rank 0, 40 on rank 1"),
        ({"optimizer": lw.SGD(0.1)}, "optimizer: "),
        ({"epochs": 3}, "epochs: 4 on rank 0, 3 on rank 1"),
        ({"shards": 4}, "shards: 8 on rank 0, 4 on rank 1"),
        ({"net": network(random_state=1)}, "Give every rank's network the same random_state"),
        ({"net": lw.Network([lw.Dense(8), lw.Dense(3), lw.Softmax()], random_state=0)}, "layers"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_ranks_that_were_started_differently_are_refused(change, words):
    def work(communicator):
        arguments = {"net": network(random_state=0), "X": X, "y": Y, **ARGUMENTS}
        if communicator.rank == 1:
            arguments |= change
        data = [arguments.pop(name) for name in ("net", "X", "y")]
        distributed.fit(communicator, *data, **arguments)

    _, errors = on_ranks(2, work)
    for error in errors:
        assert isinstance(error, lw.DataError)
        assert "the ranks were started differently" in str(error)
        assert words in str(error)


def test_without_a_seed_that_of_the_first_rank_is_taken():
    (a, _), (b, _) = trained_on(2, network, X, Y, **ARGUMENTS)
    np.testing.assert_array_equal(a.theta, b.theta)


@pytest.mark.parametrize("size", [3, 6])
def test_other_numbers_of_ranks_than_powers_of_two_are_refused(size):
    _, errors = on_ranks(size, lambda communicator: None)
    assert all("must be a power of two" in str(error) for error in errors)


def test_more_ranks_than_shards_are_refused():
    def work(communicator):
        distributed.fit(communicator, network(random_state=0), X, Y, shards=2, **ARGUMENTS)

    _, errors = on_ranks(4, work)
    assert all("4 ranks need as many shards" in str(error) for error in errors)


@pytest.mark.parametrize(("first", "then"), [(4, 2), (2, 4), (1, 8), (8, 1)])
def test_a_training_goes_on_with_another_number_of_ranks(first, then, tmp_path, engine):
    arguments = {**ARGUMENTS, "engine": engine, "validation_split": 0.1}
    whole = trained_on(1, lambda: network(random_state=0), X, Y, **arguments)[0][0]

    def cut(communicator):
        callbacks = [Checkpoint(tmp_path / "run.safetensors", every=4)]
        if communicator.rank == 0:
            failing = Fails(14)
            failing.only_looks = True
            callbacks.append(failing)
        distributed.fit(communicator, network(random_state=0), X, Y, callbacks=callbacks, **arguments)

    _, errors = on_ranks(first, cut)
    assert isinstance(errors[0], ZeroDivisionError)
    found = trained_on(
        then,
        lambda: network(random_state=0),
        X,
        Y,
        callbacks=Checkpoint(tmp_path / "run.safetensors", every=4),
        resume=True,
        **arguments,
    )
    for net, history in found:
        np.testing.assert_array_equal(net.theta, whole.theta)
        np.testing.assert_array_equal(history["val_loss"], whole.history["val_loss"])
        np.testing.assert_array_equal(history["loss"], whole.history["loss"])


def test_a_checkpoint_of_other_shards_is_refused(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors")
    lw.Network([lw.Dense(3), lw.Softmax()], random_state=0).fit(X, Y, callbacks=checkpoint, **ARGUMENTS)

    def work(communicator):
        net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
        distributed.fit(communicator, net, X, Y, callbacks=checkpoint, resume=True, **ARGUMENTS)

    _, errors = on_ranks(2, work)
    assert all("shards" in str(error) for error in errors), errors


def test_an_error_between_the_agreement_and_the_first_step_is_told(monkeypatch):
    from layerwise.training.loop import Training

    usual = Training.__init__

    def failing(self, **arguments):
        if arguments["engine"].communicator.rank == 1:
            raise MemoryError("on purpose")
        usual(self, **arguments)

    monkeypatch.setattr(Training, "__init__", failing)
    _, errors = on_ranks(2, lambda c: distributed.fit(c, network(random_state=0), X, Y, **ARGUMENTS))
    assert isinstance(errors[1], MemoryError)
    assert "rank 1 failed" in str(errors[0])


def test_an_argument_that_fit_does_not_know_is_told_to_all():
    def work(communicator):
        more = {"epox": 1} if communicator.rank == 1 else {}
        distributed.fit(communicator, network(random_state=0), X, Y, **more, **ARGUMENTS)

    _, errors = on_ranks(2, work)
    assert isinstance(errors[1], TypeError)
    assert "rank 1 failed before its first step: TypeError" in str(errors[0])
