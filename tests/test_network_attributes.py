"""What is assigned to a network takes effect or is refused at once; nothing waits for an error of the depths."""

import copy
import pickle

import numpy as np
import pytest

import layerwise as lw

X, Y = lw.datasets.make_vertical()


def network():
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, Y, epochs=1, verbose=False)
    return net


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("loss", "mean_squared_error", lw.MeanSquaredError()),
        ("optimizer", "sgd", lw.SGD()),
        ("scaling", "standard", lw.StandardScaler()),
        ("penalties", lw.L2(0.1), (lw.L2(0.1),)),
    ],
)
def test_a_part_may_be_given_by_its_name(name, value, part):
    one, other = network(), network()
    setattr(one, name, value)
    setattr(other, name, part)
    assert repr(getattr(one, name)) == repr(part)
    for net in (one, other):
        net.fit(X, Y, epochs=2, verbose=False)
    np.testing.assert_array_equal(one.theta, other.theta)


@pytest.mark.parametrize("name", ["loss", "optimizer", "scaling", "penalties"])
def test_what_is_no_part_is_refused_at_once(name):
    net = network()
    before = getattr(net, name)
    with pytest.raises((TypeError, ValueError)):
        setattr(net, name, "no such thing")
    assert getattr(net, name) is before
    net.fit(X, Y, epochs=1, verbose=False)


@pytest.mark.parametrize(("name", "value"), [("layers", [lw.Dense(3)]), ("dtype", "float64")])
def test_what_the_weights_belong_to_cannot_be_set(name, value):
    for net in (network(), copy.deepcopy(network()), pickle.loads(pickle.dumps(network()))):
        with pytest.raises(AttributeError, match=f"Network.{name} cannot be set: make a new Network"):
            setattr(net, name, value)
        net.predict(X)
