import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.engine import native_engine

pytestmark = pytest.mark.usefixtures("each_engine")


def test_n_out_and_shapes():
    layer = lw.Dense(7)
    assert layer.n_out(3) == 7
    assert layer.parameter_shapes(3) == {"W": (3, 7), "b": (7,)}


def test_gradients_by_hand():
    net = lw.Network([lw.Dense(2, weights=[[1.0, 2.0], [3.0, 4.0]], biases=[5.0, 6.0])], dtype="float64")
    y = net.forward([[1.0, -1.0], [2.0, 0.0]])
    # [1 - 3 + 5, 2 - 4 + 6] and [2 + 5, 4 + 6]
    assert y.tolist() == [[3, 4], [7, 10]]
    dx = net.backward([[1.0, 0.0], [0.0, 1.0]])
    # ∂W = xᵀ dy: row 1 is 1·[1, 0] + 2·[0, 1], row 2 is -1·[1, 0] + 0·[0, 1];  ∂b = [1, 1]
    assert net.grad.tolist() == [1, 2, -1, 0, 1, 1]
    # dx = dy Wᵀ: row 1 is the first column of W, row 2 the second
    assert dx.tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize("units", [0, -1, 2.0, True, "3", None])
def test_units_must_be_a_whole_number_of_at_least_one(units):
    with pytest.raises(ValueError, match="Dense: units must be a whole number, at least 1"):
        lw.Dense(units)


def test_an_unknown_initializer_gets_a_suggestion():
    with pytest.raises(lw.UnknownNameError, match=r"Dense: weights='glorot_unifrom'.*did you mean 'GlorotUniform'"):
        lw.Dense(3, weights="glorot_unifrom")
    with pytest.raises(TypeError, match=r"give an instance: HeNormal\(\.\.\.\)"):
        lw.Dense(3, weights=lw.initializers.HeNormal)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"weights": np.eye(3)}, r"weights must be \(inputs, units\), units 2; got an array \(3, 3\)"),
        ({"weights": [1.0, 2.0]}, r"weights must be \(inputs, units\).* \(2,\)"),
        ({"weights": [[1.0, 2.0], [3.0]]}, "must be an array of numbers"),
        ({"weights": [["a", "b"]]}, "must be an array of numbers"),
        ({"biases": [1.0, 2.0, 3.0]}, r"biases must be one a unit, \(2,\); got an array \(3,\)"),
    ],
)
def test_given_arrays_of_the_wrong_shape(arrays, message):
    with pytest.raises(lw.ShapeError, match=message):
        lw.Dense(2, **arrays)


def test_given_weights_that_do_not_fit_the_layer_before():
    with pytest.raises(lw.ShapeError, match=r"layer 1 .*weights for 5 inputs, but layer 0 \(Dense\(4.* gives 4"):
        lw.Network([lw.Dense(4, weights=np.ones((3, 4))), lw.Dense(2, weights=np.ones((5, 2)))])


def test_data_that_do_not_fit_given_weights():
    net = lw.Network([lw.Dense(2, weights=np.ones((3, 2)))])
    with pytest.raises(lw.ShapeError, match="X has 4 columns; the network takes 3 inputs"):
        net.forward(np.ones((1, 4)))


def test_the_array_given_is_copied():
    W = np.ones((2, 1))
    net = lw.Network([lw.Dense(1, weights=W)], dtype="float64")
    W[:] = 7
    assert net.forward([1.0, 1.0]).tolist() == [2.0]
    net.theta[:] = 5
    assert W.tolist() == [[7], [7]]


def test_ntk_rates_are_the_training_of_the_ntk_parametrisation(rng):
    """The weights w of y = x w / √n + b by Adam, written out here, are √n times those that the layer learns."""
    n, X, t = 7, rng.standard_normal((20, 7)), rng.standard_normal((20, 2))
    w, b = rng.standard_normal((n, 2)), rng.standard_normal(2)
    net = lw.Network([lw.Dense(2, weights=w / np.sqrt(n), biases=b, weight_rate="ntk")], dtype="float64")
    net.fit(
        X, t, loss=lw.QuadraticCost(), optimizer=lw.Adam(0.01, epsilon=1e-30), epochs=5, batch_size=20, verbose=False
    )
    m, v = [0.0, 0.0], [0.0, 0.0]
    for step in range(1, 6):
        error = (X @ w / np.sqrt(n) + b - t) / 20
        for i, (array, gradient) in enumerate([(w, X.T @ error / np.sqrt(n)), (b, error.sum(axis=0))]):
            m[i] = 0.9 * m[i] + 0.1 * gradient
            v[i] = 0.999 * v[i] + 0.001 * gradient**2
            array -= 0.01 * m[i] / (1 - 0.9**step) / np.sqrt(v[i] / (1 - 0.999**step))
    np.testing.assert_allclose(net.get_parameters()[0], w / np.sqrt(n), rtol=1e-9)
    np.testing.assert_allclose(net.get_parameters()[1], b, rtol=1e-9)


def test_an_unknown_weight_rate_is_named():
    with pytest.raises(lw.UnknownNameError, match="weight_rate must be a number or \"ntk\"; got 'mup'"):
        lw.Dense(2, weight_rate="mup")
    with pytest.raises(ValueError, match="Dense: bias_rate must be at least 0"):
        lw.Dense(2, bias_rate=-1.0)


def test_groups_by_hand():
    # unit 0 reads inputs 0 and 1, unit 1 inputs 2 and 3
    net = lw.Network([lw.Dense(2, weights=[[1.0, 2.0], [3.0, 4.0]], biases=[5.0, 6.0], groups=2)], dtype="float64")
    y = net.forward([[1.0, -1.0, 10.0, 20.0], [2.0, 0.0, 0.0, 1.0]])
    # [1·1 - 1·3 + 5, 10·2 + 20·4 + 6] and [2·1 + 5, 1·4 + 6]
    assert y.tolist() == [[3, 106], [7, 10]]
    dx = net.backward([[1.0, 0.0], [0.0, 1.0]])
    # ∂W: unit 0 gets its inputs of sample 0, (1, -1), unit 1 those of sample 1, (0, 1);  ∂b = [1, 1]
    assert net.grad.tolist() == [1, 0, -1, 1, 1, 1]
    # dx: sample 0 the weights of unit 0 at its inputs, sample 1 those of unit 1
    assert dx.tolist() == [[1, 3, 0, 0], [0, 0, 2, 4]]


def test_shapes_of_groups():
    layer = lw.Dense(6, groups=3)
    assert layer.n_out(9) == 6
    assert layer.parameter_shapes(9) == {"W": (3, 6), "b": (6,)}
    assert layer.rates(9) == {"W": 1.0, "b": 1.0}
    assert lw.Dense(6, weight_rate="ntk", groups=3).rates(12)["W"] == 0.5  # 1 / √4
    assert layer.joined(np.array([[1, 2, 3, 4, 5, 6]])).tolist() == [
        [1, 2, 0, 0, 0, 0],
        [0, 0, 3, 4, 0, 0],
        [0, 0, 0, 0, 5, 6],
    ]
    with pytest.raises(lw.ShapeError, match="Dense: units must be a multiple of groups=3; got 4"):
        lw.Dense(4, groups=3)
    with pytest.raises(lw.ShapeError, match=r"Dense\(6, groups=3\) needs a multiple of 3 inputs; it has 7"):
        lw.Network([layer]).build(7)
    with pytest.raises(ValueError, match="Dense: groups must be a whole number, at least 1"):
        lw.Dense(4, groups=0)


def test_given_weights_tell_the_inputs_of_all_groups():
    layer = lw.Dense(4, weights=np.ones((3, 4)), groups=2)
    assert lw.Network([layer]).plan.n_in == 6
    with pytest.raises(lw.ShapeError, match=r"weights for 6 inputs, but layer 0 .* gives 8; .*\(inputs of a group, un"):
        lw.Network([lw.Dense(8), layer]).build(2)
    with pytest.raises(lw.ShapeError, match=r"weights must be \(inputs of a group, units\), units 4"):
        lw.Dense(4, weights=np.ones((3, 2)), groups=2)
    intervals = lw.Network([lw.PiecewiseLinear([[0, 1, 2], []]), lw.Dense(4, groups=2)])
    intervals.set_parameters([np.ones((3, 4)), np.zeros(4)])
    assert intervals.plan.n_in == 4  # and 2 intervals


@pytest.mark.parametrize("initializer", ["glorot_uniform", "he_normal", "orthogonal"])
def test_each_group_is_drawn_as_a_layer_of_its_size(initializer):
    found = lw.Network([lw.Dense(40, initializer, groups=2)], random_state=3).build(60).get_parameters()[0]
    alone = lw.Network([lw.Dense(20, initializer)], random_state=3).build(30).get_parameters()[0]
    np.testing.assert_array_equal(found[:, :20], alone)
    assert abs(found[:, 20:].std() / alone.std() - 1) < 0.1


def grouped_and_whole(layers, n_in, dtype):
    """A network, and the same with weights from every input to every unit, 0 between groups."""
    net = lw.Network(layers, random_state=1, dtype=dtype).build(n_in)
    whole = lw.Network([lw.Dense(s.layer.units) if isinstance(s.layer, lw.Dense) else s.layer for s in net.plan.stages],
                       random_state=1, dtype=dtype).build(n_in)  # fmt: skip
    whole.set_parameters(joined(net))
    return net, whole


def joined(net):
    arrays = []
    for stage, p in zip(net.plan.stages, net.parameters.p, strict=True):
        if isinstance(stage.layer, lw.Dense):
            arrays += [stage.layer.joined(p.W), p.b]
    return arrays


def check_groups(layers, n_in, rows, dtype, rng, **fit):
    """The outputs and, by a step of training, the gradients are those of one block a group in a larger matrix."""
    net, whole = grouped_and_whole(layers, n_in, dtype)
    X, t = rng.standard_normal((rows, n_in)), rng.standard_normal((rows, net.plan.n_out))
    bound = {"rtol": 1e-5, "atol": 2e-6} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-13}
    np.testing.assert_allclose(net.outputs(X), whole.outputs(X), **bound)
    masks = [stage.layer.joined(np.ones_like(p.W)) for stage, p in zip(net.plan.stages, net.parameters.p)
             if isinstance(stage.layer, lw.Dense)]  # fmt: skip
    for one in (net, whole):
        one.fit(X, t, loss="mse", optimizer=lw.SGD(0.5), epochs=1, batch_size=rows, shuffle=False, verbose=False, **fit)
    expected = whole.get_parameters()
    for i, found in enumerate(joined(net)):
        np.testing.assert_allclose(found, expected[i] * (masks[i // 2] if i % 2 == 0 else 1), **bound)
    return net


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(32, 64, 2), (48, 96, 3), (128, 16, 1), (6, 9, 3), (10, 4, 2), (5, 35, 5)])
def test_groups_are_blocks_of_a_matrix(sizes, dtype, n_threads, rng):
    """Of sizes that fill the native body's lines, and of others, which run in NumPy."""
    n_in, units, groups = sizes
    layers = [lw.Dense(n_in), lw.Tanh(), lw.Dense(units, groups=groups), lw.ReLU(), lw.Dense(3)]
    check_groups(layers, 7, 50, dtype, rng, n_threads=n_threads)
    check_groups([lw.Dense(units, groups=groups), lw.Tanh(), lw.Dense(3)], n_in, 33, dtype, rng, n_threads=n_threads)
    check_groups([lw.Dense(units, groups=groups)], n_in, 1, dtype, rng, n_threads=n_threads)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 8]), st.integers(1, 3)), min_size=1, max_size=3),
    st.sampled_from([1, 16]),
    st.integers(1, 70),
    st.sampled_from(["float32", "float64"]),
)
def test_any_groups(parts, line, rows, dtype):
    """Stacks of groups, each of some multiple of a line, or of a single unit."""
    width = line * math.lcm(*(groups for groups, _ in parts))
    layers = [layer for groups, k in parts for layer in (lw.Dense(width * k * groups, groups=groups), lw.Tanh())]
    check_groups([*layers, lw.Dense(2)], width, rows, dtype, np.random.default_rng(rows))


def test_groups_of_other_sizes_have_no_native_body(rng):
    net = lw.Network([lw.Dense(6, groups=3), lw.Dense(1)])
    if native_engine._native is None:
        with pytest.raises(lw.errors.EngineError, match="installed without its native engine"):
            net.fit(rng.random((9, 9)), rng.random(9), engine="native", verbose=False)
        return
    with pytest.raises(lw.errors.EngineError, match=r"no native body for groups of other sizes than multiples of 16"):
        net.fit(rng.random((9, 9)), rng.random(9), engine="native", verbose=False)
    grouped = lw.Network([lw.Dense(64, groups=2), lw.Dense(1)])
    grouped.fit(rng.random((9, 32)), rng.random(9), engine="native", epochs=1, verbose=False)


@pytest.mark.parametrize("units", [6, 64])
def test_sparse_rows_of_groups(units, rng):
    """The products of groups are of dense rows."""
    sparse = pytest.importorskip("scipy.sparse")
    X = np.where(rng.random((60, 32)) < 0.8, 0, rng.standard_normal((60, 32)))
    nets = [lw.Network([lw.Dense(units, groups=2), lw.Tanh(), lw.Dense(1)], random_state=0) for _ in range(2)]
    for net, rows in zip(nets, (X, sparse.csr_array(X)), strict=True):
        net.fit(rows, X[:, 0], epochs=2, verbose=False)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
    np.testing.assert_array_equal(nets[0].outputs(X), nets[0].outputs(sparse.csr_array(X)))


def test_a_layer_in_groups_can_be_frozen(rng):
    net = lw.Network([lw.PiecewiseLinear([[0, 1]]), lw.Dense(6, groups=3), lw.Dense(1)]).build(5)
    before = net.get_parameters(1)
    net.freeze(1).fit(rng.random((20, 5)), rng.random(20), epochs=2, verbose=False)
    for old, new in zip(before, net.get_parameters(1), strict=True):
        np.testing.assert_array_equal(old, new)
