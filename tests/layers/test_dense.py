import numpy as np
import pytest

import layerwise as lw


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
        ({"weights": np.eye(3)}, r"weights must be \(inputs, units\), units 2; an array \(3, 3\) came"),
        ({"weights": [1.0, 2.0]}, r"weights must be \(inputs, units\).* \(2,\) came"),
        ({"weights": [[1.0, 2.0], [3.0]]}, "must be an array of numbers"),
        ({"weights": [["a", "b"]]}, "must be an array of numbers"),
        ({"biases": [1.0, 2.0, 3.0]}, r"biases must be one a unit, \(2,\); an array \(3,\) came"),
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
