"""Gradients of the last layers are sent while those of the first are made: the same bits."""

import numpy as np
import pytest
from layerwise.callbacks import Callback
from native_and_numpy import needs_native
from ranks_in_threads import on_ranks, trained_on

import layerwise as lw
from layerwise import distributed
from layerwise.distributed.communicator import Alone

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 300)).astype(np.float32)
Y = X[:, :3].argmax(1)
ARGUMENTS = {"epochs": 2, "batch_size": 48, "verbose": False}


def network():
    hidden = [layer for _ in range(3) for layer in (lw.Dense(300), lw.BatchNorm(), lw.ReLU(), lw.Dropout(0.1))]
    return lw.Network([*hidden, lw.Dense(3), lw.Softmax()], random_state=0)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shards", [2, 8])
@needs_native
def test_the_bits_are_the_same(shards, threads):
    arguments = {**ARGUMENTS, "shards": shards, "n_threads": threads, "clip_norm": 1.0}
    found = [
        trained_on(size, network, X, Y, overlap=overlap, **arguments)[-1][0].theta
        for size, overlap in [(1, False), (1, True), (2, False), (2, True)]
    ]
    for theta in found[1:]:
        np.testing.assert_array_equal(theta, found[0])


@needs_native
def test_the_native_executor_says_where_it_can_be_cut():
    seen = []

    class Counts(Alone):
        def sum(self, array):
            seen.append(len(array))

    net = network()
    distributed.fit(Counts(), net, X, Y, overlap=True, **ARGUMENTS)
    steps = [n for n in seen if n > 60_000]
    assert len(steps) == (2 * 2 + 1) * 3  # the parts of each step, and of the farewell
    assert sum(steps[:3]) >= len(net.theta)


class Fails(Callback):
    only_looks = True

    def on_step_end(self, run):
        if run.step == 3:
            raise ZeroDivisionError("on purpose")


def test_an_error_on_one_rank_ends_all():
    def work(communicator):
        callbacks = [Fails()] if communicator.rank == 0 else []
        distributed.fit(communicator, network(), X, Y, overlap=True, callbacks=callbacks, **ARGUMENTS)

    _, errors = on_ranks(2, work)
    assert isinstance(errors[0], ZeroDivisionError)
    assert "rank 0 failed" in str(errors[1])


def test_divergence_is_the_same_on_all():
    def work(communicator):
        distributed.fit(communicator, network(), X * 1e30, Y, overlap=True, optimizer=lw.SGD(1e30), **ARGUMENTS)

    _, errors = on_ranks(2, work)
    assert all(isinstance(error, lw.DivergenceError) for error in errors), errors
