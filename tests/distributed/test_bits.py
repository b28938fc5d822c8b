"""A training on several ranks ends with the same bits for every number of them, and as `fit` does but for rounding."""

import numpy as np
import pytest
from ranks_in_threads import trained_on
from scipy import sparse

import layerwise as lw
from layerwise import distributed
from layerwise.distributed.communicator import Alone

SIZES = (1, 2, 4, 8)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 20)).astype(np.float32)
Y = (X[:, :3].argmax(1)).astype(np.int64)


def network(*hidden, dtype="float32"):
    return lw.Network([lw.Dense(24), *hidden, lw.Dense(3), lw.Softmax()], random_state=0, dtype=dtype)


KINDS = {
    "sgd": (lambda: network(lw.Tanh()), {"optimizer": lw.SGD(0.1)}),
    "adam, dropout": (lambda: network(lw.ReLU(), lw.Dropout(0.3)), {}),
    "penalty, clipping": (lambda: network(lw.ReLU()), {"penalty": lw.L2(1e-2), "clip_norm": 0.5}),
    "layer norm, momentum": (
        lambda: network(lw.LayerNorm(), lw.ReLU()),
        {"optimizer": lw.SGD(0.05, momentum=0.9)},
    ),
    "float64": (lambda: network(lw.ReLU(), dtype="float64"), {}),
    "weights": (lambda: network(lw.ReLU()), {"sample_weight": RNG.uniform(0, 2, 300), "class_weight": "balanced"}),
    "schedule": (lambda: network(lw.ReLU()), {"schedule": "one_cycle", "ema": 0.9}),
    "large batches": (lambda: network(lw.ReLU()), {"batch_size": 300}),
    "short last shards": (lambda: network(lw.ReLU(), lw.Dropout(0.1)), {"batch_size": 37}),
    "in order": (lambda: network(lw.ReLU()), {"shuffle": False}),
    "validation, patience": (lambda: network(lw.ReLU()), {"validation_split": 0.2, "patience": 1, "epochs": 6}),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_ranks_gives_the_same_bits(kind, engine):
    make, arguments = KINDS[kind]
    arguments = {"epochs": 2, "batch_size": 64, "engine": engine, "verbose": False, **arguments}
    alone = make()
    history = alone.fit(X, Y, **arguments)
    for size in SIZES:
        for net, found in trained_on(size, make, X, Y, **arguments):
            if size == 1:
                first = net
            np.testing.assert_array_equal(net.theta, first.theta)
            np.testing.assert_allclose(found["loss"], history["loss"], rtol=1e-5)
            assert found["accuracy"] == history["accuracy"]
            assert found.stopped_by == history.stopped_by
    np.testing.assert_allclose(first.theta, alone.theta, rtol=1e-3, atol=1e-5)


def test_batch_norm_is_by_shards(engine):
    arguments = {"epochs": 2, "batch_size": 64, "engine": engine, "verbose": False}
    found = [net.theta for size in SIZES for net, _ in trained_on(size, batch_norm, X, Y, **arguments)]
    for theta in found:
        np.testing.assert_array_equal(theta, found[0])
    one = trained_on(1, batch_norm, X, Y, shards=1, **arguments)[0][0]
    alone = batch_norm()
    alone.fit(X, Y, **arguments)
    np.testing.assert_allclose(one.theta, alone.theta, rtol=1e-3, atol=1e-5)
    assert np.abs(found[0] - alone.theta).max() > 1e-3


def batch_norm():
    return network(lw.BatchNorm(), lw.ReLU())


def test_running_statistics_are_the_mean_of_the_shards():
    x = RNG.normal(3, 2, size=(16, 2))
    net = lw.Network([lw.BatchNorm(momentum=0.0), lw.Dense(1)], random_state=0, dtype="float64")
    arguments = {"epochs": 1, "batch_size": 16, "shuffle": False, "verbose": False, "engine": "numpy"}
    distributed.fit(Alone(), net, x, x[:, 0], shards=4, **arguments)
    parts = x.reshape(4, 4, 2)
    p = net.parameters.p[0]
    np.testing.assert_allclose(p.mean, parts.mean((0, 1)))
    np.testing.assert_allclose(p.var, parts.var(1, ddof=1).mean(0))


def test_sparse_rows(engine):
    x = sparse.random_array((300, 50), density=0.1, rng=np.random.default_rng(1), dtype=np.float32).tocsr()
    y = np.asarray(x.sum(axis=1)).ravel() > 2.5
    arguments = {
        "epochs": 2,
        "batch_size": 64,
        "engine": engine,
        "verbose": False,
        "penalty": lw.L1(1e-4),
        "clip_norm": 1,
    }

    def make():
        return lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)

    alone = make()
    alone.fit(x, y, **arguments)
    found = [net.theta for size in SIZES for net, _ in trained_on(size, make, x, y, **arguments)]
    for theta in found:
        np.testing.assert_array_equal(theta, found[0])
    np.testing.assert_allclose(found[0], alone.theta, rtol=1e-3, atol=1e-5)


def test_augmented_images(engine):
    images = RNG.integers(0, 256, size=(64, 36)).astype(np.uint8)
    labels = RNG.integers(0, 2, size=64)
    augmentation = lw.Augmentation(shape=(6, 6), shift=1, rotation=10)
    arguments = {"epochs": 2, "batch_size": 20, "engine": engine, "verbose": False, "augmentation": augmentation}

    def make():
        return lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0)

    alone = make()
    alone.fit(images, labels, **arguments)
    found = [net.theta for size in SIZES for net, _ in trained_on(size, make, images, labels, **arguments)]
    for theta in found:
        np.testing.assert_array_equal(theta, found[0])
    np.testing.assert_allclose(found[0], alone.theta, rtol=1e-3, atol=1e-5)


def test_the_number_of_threads_changes_nothing():
    arguments = {"epochs": 1, "batch_size": 64, "verbose": False}

    def make():
        return lw.Network([lw.Dense(300), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)

    found = [trained_on(2, make, X, Y, n_threads=n, **arguments)[0][0].theta for n in (1, 2)]
    np.testing.assert_array_equal(*found)


def test_frozen_layers_stay(engine):
    def make():
        net = network(lw.BatchNorm(), lw.ReLU())
        net.build(20)
        net.freeze(0, 1)
        return net

    before = make().get_parameters()
    for net, _ in trained_on(2, make, X, Y, epochs=1, engine=engine, verbose=False):
        after = net.get_parameters()
        for i in range(6):
            np.testing.assert_array_equal(before[i], after[i])
        assert not np.array_equal(before[6], after[6])


@pytest.mark.sampled(4)
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "adagrad"])
def test_optimizers(optimizer, engine):
    arguments = {"epochs": 2, "batch_size": 50, "engine": engine, "verbose": False, "optimizer": optimizer}

    def make():
        return network(lw.ReLU())

    alone = make()
    alone.fit(X, Y, **arguments)
    found = [net.theta for size in SIZES for net, _ in trained_on(size, make, X, Y, **arguments)]
    for theta in found:
        np.testing.assert_array_equal(theta, found[0])
    np.testing.assert_allclose(found[0], alone.theta, rtol=1e-2, atol=1e-4)
