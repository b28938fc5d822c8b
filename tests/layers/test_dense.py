import numpy as np
import pytest

import layerwise as lw

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
