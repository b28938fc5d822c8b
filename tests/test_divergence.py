"""The error of a divergence names what is to be changed, and changing it helps."""

import numpy as np
import pytest

import layerwise as lw
from layerwise import MLPRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = X @ [1.0, -2.0, 0.5]
ENGINES = ["numpy", "native"]


def trained(engine, X=X, y=y, **arguments):
    net = lw.Network([lw.Dense(8), lw.Tanh(), lw.Dense(1)], random_state=0)
    return net.fit(X, y, epochs=60, batch_size=20, engine=engine, verbose=False, **arguments)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("ill", "message", "cured"),
    [
        ({"penalty": lw.L2(1e6), "optimizer": lw.SGD(0.01)}, r"a weaker penalty than L2\(1000000.0\)",
         {"penalty": lw.L2(1e-3), "optimizer": lw.SGD(0.01)}),
        ({"optimizer": lw.SGD(0.01, weight_decay=1e6)}, "a smaller weight_decay than 1e+06",
         {"optimizer": lw.SGD(0.01)}),
        ({"optimizer": lw.SGD(1e3)}, "Try a smaller learning rate than 1000, or", {"optimizer": lw.SGD(1e-2)}),
        ({"optimizer": lw.SGD(0.1), "y": y * 1e30}, "Try scaled targets", {"optimizer": lw.SGD(0.1)}),
    ],
    ids=["penalty", "decay", "rate", "targets"],
)  # fmt: skip
def test_the_cause_is_named_and_its_cure_helps(engine, ill, message, cured):
    with pytest.raises(lw.DivergenceError, match=message.replace("+", r"\+")):
        trained(engine, **ill)
    assert np.isfinite(trained(engine, **cured)["loss"]).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_large_inputs_are_named(engine):
    net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(1)], random_state=0)
    with pytest.raises(lw.DivergenceError, match=r"Try scaled inputs \(the largest is \d"):
        net.fit(X * 1e6, y, optimizer=lw.SGD(0.01), epochs=60, batch_size=20, engine=engine, verbose=False)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_huge_alpha_is_named_and_not_the_rate(engine, dtype):
    with pytest.raises(lw.DivergenceError, match=r"weaker penalty than L2\(.*\(`alpha` of the estimators\)") as caught:
        MLPRegressor(alpha=1e8, solver="sgd", random_state=0, engine=engine, dtype=dtype).fit(X, y)
    assert "learning rate" not in str(caught.value)
