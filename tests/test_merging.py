"""Networks side by side in one: its scores are the mean of theirs, and what cannot lie so is refused."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.network.merging import merged

KNOTS = [[-1, 0, 1], [], [-0.5, 0.5, 1, 2]]  # five intervals, beside five inputs


def members(layers, n, n_in=5, dtype="float64", knots=(), rng=None):
    """Networks of such layers, with numbers of their own in all arrays; intervals before those that are named."""
    made = []
    for i in range(n):
        stack = [lw.PiecewiseLinear(KNOTS)] * (i in knots) + layers()
        net = lw.Network(stack, random_state=i, dtype=dtype).build(n_in)
        for p in net.parameters.p:
            for name, array in vars(p).items():
                array += rng.uniform(0.1, 0.5, array.shape) if name in ("s", "gamma", "var", "mean") else 0.1 * i
        made.append(net)
    return made


def scores(net, X):
    """What the last dense layer gives."""
    last = max(i for i, layer in enumerate(net.layers) if isinstance(layer, lw.Dense))
    return net.activations(X)[last]


STACKS = {
    "plain": lambda: [lw.Dense(6), lw.ReLU(), lw.Dense(3), lw.Softmax()],
    "of lines": lambda: [lw.Dense(32), lw.SELU(), lw.Dropout(0.2), lw.Dense(16), lw.SELU(), lw.Dense(2), lw.Softmax()],
    "numbers": lambda: [lw.Dense(4), lw.Tanh(), lw.Dense(4), lw.LeakyReLU(0.2), lw.Dense(1)],
    "scaled": lambda: [lw.Scale(), lw.Dense(6, weight_rate="ntk"), lw.BatchNorm(), lw.Tanh(), lw.Scale(), lw.Dense(2)],
    "answers": lambda: [lw.Dense(4), lw.ReLU(), lw.Dense(3), lw.Sigmoid()],
    "groups": lambda: [lw.Dense(6), lw.ReLU(), lw.Dense(4, groups=2), lw.ReLU(), lw.Dense(2, groups=2), lw.Softmax()],
    "groups first": lambda: [lw.Dense(10, groups=5), lw.ReLU(), lw.Dense(3), lw.Softmax()],
}


@pytest.mark.parametrize("knots", [(), (1,), (0, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stack", STACKS)
def test_the_scores_are_the_mean_of_the_members(stack, dtype, knots, rng):
    nets = members(STACKS[stack], 3, dtype=dtype, knots=knots, rng=rng)
    X = rng.standard_normal((40, 5))
    whole = merged(nets)
    expected = np.mean([scores(net, X).astype(np.float64) for net in nets], axis=0)
    bound = 3e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(scores(whole, X), expected, rtol=bound, atol=bound * np.abs(expected).max())
    assert whole.dtype == dtype
    assert whole.plan.n_in == 5
    assert isinstance(whole.layers[0], lw.PiecewiseLinear) == bool(knots)


def test_one_network_is_itself(rng):
    (net,) = members(STACKS["plain"], 1, rng=rng)
    X = rng.standard_normal((9, 5))
    np.testing.assert_allclose(merged([net]).outputs(X), net.outputs(X), rtol=1e-14)


def test_it_is_saved_exported_and_asked_as_any_network(tmp_path, rng):
    X, y = rng.standard_normal((60, 5)), np.arange(60) % 3
    nets = members(STACKS["plain"], 3, dtype="float32", knots=(1,), rng=rng)
    for net in nets:
        net.fit(X, y, epochs=1, verbose=False)
    whole = merged(nets)
    assert whole.task.kind == "classification"
    assert set(whole.predict(X)) <= {0, 1, 2}
    whole.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(lw.load(tmp_path / "m.safetensors").outputs(X), whole.outputs(X))
    lw.export(whole, tmp_path / "m.py", "numpy")
    program = {}
    exec((tmp_path / "m.py").read_text(), program)
    np.testing.assert_allclose(program["outputs"](X), whole.outputs(X), rtol=1e-5, atol=1e-6)


def test_weights_that_were_given_are_no_plan_of_the_whole(rng):
    nets = [
        lw.Network([lw.Dense(2, weights=rng.random((3, 2)), biases=[1.0, 2.0]), lw.Tanh(),
                    lw.Dense(1, weights=rng.random((2, 1)))], dtype="float64")
        for _ in range(2)
    ]  # fmt: skip
    X = rng.random((4, 3))
    np.testing.assert_allclose(merged(nets).outputs(X), np.mean([net.outputs(X) for net in nets], axis=0), rtol=1e-13)


@pytest.mark.parametrize(
    ("stacks", "message"),
    [
        ([[lw.Dense(4), lw.ReLU(), lw.Dense(2)], [lw.Dense(4), lw.Tanh(), lw.Dense(2)]], "the same layers"),
        ([[lw.Dense(4), lw.ReLU(), lw.Dense(2)], [lw.Dense(5), lw.ReLU(), lw.Dense(2)]], "the same layers"),
        ([[lw.Dense(4), lw.LeakyReLU(0.1), lw.Dense(2)], [lw.Dense(4), lw.LeakyReLU(0.2), lw.Dense(2)]], "same layers"),
        ([[lw.PiecewiseLinear([[0, 1]]), lw.Dense(4), lw.Dense(2)],
          [lw.PiecewiseLinear([[0, 2]]), lw.Dense(4), lw.Dense(2)]], "the same knots, or none"),
        ([[lw.Dense(4), lw.Softmax()]] * 2, "need a hidden layer"),
        ([[lw.ReLU(), lw.Dense(4), lw.Dense(2)]] * 2, r"ReLU\(\) cannot come before the first dense layer"),
        ([[lw.Dense(4), lw.LayerNorm(), lw.Dense(2)]] * 2, r"LayerNorm\(\) looks at several units at once"),
        ([[lw.Dense(4), lw.Softmax(), lw.Dense(2)]] * 2, r"Softmax\(\) looks at several units at once"),
        ([[lw.Dense(4), lw.ReLU(), lw.Dense(2), lw.Scale()]] * 2, r"Scale\(\) cannot come after the last dense layer"),
    ],
)  # fmt: skip
def test_what_cannot_lie_side_by_side(stacks, message):
    with pytest.raises(lw.ShapeError, match=f"merged: .*{message}"):
        merged([lw.Network(layers).build(3) for layers in stacks])


def test_networks_of_other_inputs_are_refused(rng):
    nets = [lw.Network([lw.Dense(4), lw.Dense(2)]).build(n_in) for n_in in (3, 4)]
    with pytest.raises(lw.ShapeError, match="the same inputs and dtype"):
        merged(nets)
    scaled = lw.Network([lw.Dense(4), lw.Dense(1)], scaling="standard")
    scaled.fit(rng.random((20, 3)), rng.random(20), epochs=1, verbose=False)
    with pytest.raises(lw.ShapeError, match="scale the data before, not in each network"):
        merged([scaled, scaled])
