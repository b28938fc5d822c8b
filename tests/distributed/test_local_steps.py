"""Weights averaged every so many steps, in place of gradients at each."""

import numpy as np
import pytest
from layerwise.callbacks import Callback, Checkpoint
from ranks_in_threads import on_ranks, trained_on

import layerwise as lw
from layerwise import distributed
from layerwise.distributed import LocalSteps

RNG = np.random.default_rng(0)
X = RNG.normal(size=(320, 10)).astype(np.float32)
Y = X[:, :3].argmax(1)
ARGUMENTS = {"epochs": 4, "batch_size": 32, "verbose": False}


def network():
    return lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)


def test_one_rank_is_a_fit_by_itself(engine):
    """Rows in order, so that both see the same batches."""
    alone = network()
    alone.fit(X, Y, engine=engine, shuffle=False, **ARGUMENTS)
    ((net, history),) = trained_on(
        1, network, X, Y, engine=engine, shuffle=False, local_steps=LocalSteps(3), **ARGUMENTS
    )
    np.testing.assert_array_equal(net.theta, alone.theta)
    np.testing.assert_allclose(history["loss"], alone.history["loss"], rtol=1e-6)


def test_an_average_of_one_step_of_sgd_is_a_step_of_the_mean_gradient(engine):
    """θ - η mean g = mean(θ - η g): with plain SGD and every=1, the batch is that of all ranks together."""
    arguments = {**ARGUMENTS, "optimizer": lw.SGD(0.1), "engine": engine, "shuffle": False}
    order = [2 * (16 * i + j) + rank for i in range(10) for rank in (0, 1) for j in range(16)]
    alone = network()
    alone.fit(X[order], Y[order], **arguments)
    for net, _ in trained_on(2, network, X, Y, local_steps=LocalSteps(1), **arguments):
        np.testing.assert_allclose(net.theta, alone.theta, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        LocalSteps(4),
        LocalSteps(5, momentum=0.5),
        LocalSteps(7, momentum=0.9, learning_rate=0.7, nesterov=True),
    ],
    ids=str,
)
def test_ranks_end_alike_and_learn(settings, engine):
    arguments = {**ARGUMENTS, "epochs": 12, "engine": engine, "optimizer": lw.Adam(0.01)}
    (a, history), (b, _) = trained_on(2, network, X, Y, local_steps=settings, **arguments)
    np.testing.assert_array_equal(a.theta, b.theta)
    assert history["loss"][-1] < 0.6 * history["loss"][0]
    assert a.evaluate(X, Y)["accuracy"] > 0.7


def test_the_momentum_is_that_of_the_formula():
    """Two averages of two ranks, in NumPy."""
    settings = LocalSteps(5, momentum=0.9, learning_rate=0.7, nesterov=True)
    arguments = {"epochs": 1, "batch_size": 64, "shuffle": False, "verbose": False, "optimizer": lw.SGD(0.1)}
    found = trained_on(2, network, X[:320], Y[:320], local_steps=settings, **arguments)[0][0]
    net = network()
    net.build(10)
    theta, v = net.theta.copy(), 0
    begin = theta.copy()
    thetas = []
    for rank in (0, 1):
        part = network()
        part.fit(X[rank::2], Y[rank::2], **{**arguments, "batch_size": 32})
        thetas.append(part.theta)
    moved = np.mean(thetas, 0) - begin
    v = moved
    np.testing.assert_allclose(found.theta, begin + 0.7 * (moved + 0.9 * v), rtol=1e-4, atol=1e-6)


def test_a_training_goes_on_from_the_end_of_an_epoch(tmp_path):
    settings = LocalSteps(3, momentum=0.9, learning_rate=0.7, nesterov=True)
    whole = trained_on(2, network, X, Y, local_steps=settings, **ARGUMENTS)[0][0]
    checkpoint = Checkpoint(tmp_path / "run.safetensors")
    trained_on(2, network, X, Y, local_steps=settings, callbacks=checkpoint, **{**ARGUMENTS, "epochs": 2})
    found = trained_on(2, network, X, Y, local_steps=settings, callbacks=checkpoint, resume=True, **ARGUMENTS)
    for net, _ in found:
        np.testing.assert_array_equal(net.theta, whole.theta)


def test_what_local_steps_cannot_do_is_refused(tmp_path):
    for arguments, words in (
        ({"batch_size": 33}, "multiple of the 2 ranks"),
        ({"shuffle": lambda n: np.arange(n)}, "order of its own"),
        ({"callbacks": Checkpoint(tmp_path / "x.safetensors", every=5)}, "Checkpoint"),
        ({"local_steps": 4}, "LocalSteps"),
        ({"ema": 0.9}, "ExponentialMovingAverage"),
    ):

        def work(communicator, arguments=arguments):
            given = {**ARGUMENTS, "local_steps": LocalSteps(4), **arguments}
            distributed.fit(communicator, network(), X, Y, **given)

        _, errors = on_ranks(2, work)
        assert all(words in str(error) for error in errors), errors


def test_another_number_of_ranks_is_refused(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors")
    given = {**ARGUMENTS, "local_steps": LocalSteps(4), "callbacks": checkpoint}
    trained_on(2, network, X, Y, **{**given, "epochs": 1})
    _, errors = on_ranks(1, lambda c: distributed.fit(c, network(), X, Y, resume=True, **given))
    assert "ranks: 2 then, 1 now" in str(errors[0])


class Stops(Callback):
    only_looks = True

    def on_step_end(self, run):
        if run.step == 5:
            run.stop("callback")


def test_ranks_that_stop_between_two_averages_end_with_their_mean():
    nets = [network(), network()]

    def work(communicator):
        callbacks = [Stops()] if communicator.rank == 0 else []
        distributed.fit(
            communicator, nets[communicator.rank], X, Y, callbacks=callbacks, local_steps=LocalSteps(4), **ARGUMENTS
        )

    _, errors = on_ranks(2, work)
    assert errors == [None, None]
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)


def test_running_statistics_are_averaged_without_momentum():
    def make():
        return lw.Network([lw.Dense(8), lw.BatchNorm(), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)

    settings = LocalSteps(5, momentum=0.9, learning_rate=0.7, nesterov=True)
    for net, _ in trained_on(2, make, X, Y, local_steps=settings, **ARGUMENTS):
        assert (net.parameters.p[1].var > 0).all()
