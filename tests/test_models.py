"""The network in a model: one place finds it, and one place says where it is."""

import pytest

import layerwise as lw
from layerwise.network.models import check_network, network_in, network_of

LAYERS = [lw.Dense(2), lw.Tanh(), lw.Dense(1)]


class Fitted:
    """An estimator, as far as its network goes."""

    def __init__(self, network=None):
        if network is not None:
            self.network_ = network

    def fit(self, X, y):
        """Nothing."""


def test_a_network_is_found_in_each_kind_of_model():
    net, neuron = lw.Network(LAYERS).build(3), lw.Neuron([1.0, 2.0])
    for model, expected in ((net, net), (Fitted(net), net), (neuron, neuron.network)):
        assert network_in(model) is network_of("weights", model) is expected
    for model in (lw.Ensemble(LAYERS, size=2), Fitted(), 3, None):
        assert network_in(model) is None


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (lw.Ensemble(LAYERS, size=2), TypeError, r"weights looks into one network.*ensemble\.networks\[0\]"),
        (Fitted(), lw.NotBuiltError, r"weights: Fitted has no network yet: call fit\(X, y\) first"),
        (lw.Network(LAYERS), lw.NotBuiltError, "build"),
        (3, TypeError, "weights needs a Network, or an estimator of layerwise; got int"),
    ],
)
def test_a_model_without_a_single_network_is_refused(model, error, message):
    with pytest.raises(error, match=message):
        network_of("weights", model)


@pytest.mark.parametrize(
    ("call", "owner"),
    [
        (lambda model: lw.trace(model, [[0.0] * 3]), "trace"),
        (lambda model: lw.diagnose(model, [[0.0] * 3], [0.0]), "diagnose"),
        (lambda model: lw.report(model, [[0.0] * 3], [0.0], "report.html"), "report"),
        (lambda model: lw.learn_novelty(model, [[0.0] * 3]), "learn_novelty"),
        (lambda model: lw.calibrate(model, [[0.0] * 3], [0]), "calibrate"),
        (lambda model: lw.gradcheck(model, [[0.0] * 3], [0.0]), "gradcheck"),
    ],
)
def test_what_takes_a_network_alone_says_where_that_of_another_model_is(call, owner):
    for model, hint in (
        (Fitted(lw.Network(LAYERS).build(3)), "got Fitted: give its network_$"),
        (lw.Neuron([1.0, 2.0, 3.0]), "got Neuron: give its network$"),
        (lw.Ensemble(LAYERS, size=2), r"got Ensemble: give its networks\[0\]$"),
        ("net", "got str$"),
    ):
        with pytest.raises(TypeError, match=f"{owner} takes a Network; {hint}"):
            call(model)
    check_network(owner, lw.Network(LAYERS))


def test_a_learning_rate_is_looked_for_in_a_network():
    for model in (Fitted(lw.Network(LAYERS).build(3)), "net", []):
        with pytest.raises(TypeError, match=f"^find_learning_rate takes a Network; got {type(model).__name__}$"):
            lw.find_learning_rate(model, [[0.0] * 3], [0.0])
