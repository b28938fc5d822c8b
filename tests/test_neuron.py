import numpy as np
import pytest

import layerwise as lw


def test_it_is_a_weighted_sum_and_a_bias():
    assert lw.Neuron([2.0, -1.0], bias=0.5)([3.0, 4.0]) == 2.5  # 2·3 - 1·4 + 0.5


def test_a_number_for_a_sample_and_an_array_for_several():
    neuron = lw.Neuron([2.0, -1.0], bias=0.5)
    assert type(neuron([3, 4])) is float
    assert neuron([[3, 4], [0, 0], [1, 1]]).tolist() == [2.5, 0.5, 1.5]


def test_its_activation():
    neuron = lw.Neuron([1.0], bias=-1.0, activation=lw.ReLU())
    assert neuron([[0.5], [1.0], [3.0]]).tolist() == [0, 0, 2]


def test_without_a_bias():
    assert lw.Neuron([4.0])([0.25]) == 1.0


def test_weights_and_bias_are_read_back_as_copies():
    given = np.array([0.1, 0.2, 0.3])
    neuron = lw.Neuron(given, bias=-2)
    np.testing.assert_array_equal(neuron.weights, given)
    assert neuron.bias == -2.0
    neuron.weights[:] = 9
    np.testing.assert_array_equal(neuron.weights, given)


def test_one_neuron_with_a_threshold_is_an_and_gate():
    gate = lw.Neuron([1, 1], bias=-1.5, activation=lw.Step())
    assert gate([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist() == [0, 0, 0, 1]


def test_it_can_be_trained_by_its_network():
    neuron = lw.Neuron([0.0, 0.0], activation=lw.Sigmoid())
    inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
    neuron.network.fit(inputs, [0, 1, 1, 1], optimizer=lw.SGD(5.0), batch_size=4, epochs=200, verbose=False)
    assert (neuron(inputs) > 0.5).tolist() == [False, True, True, True]
    assert (neuron.weights > 1).all()


def test_repr():
    neuron = lw.Neuron([0.5, -1.0], bias=2, activation=lw.Tanh())
    assert repr(neuron) == "Neuron([0.5, -1.0], bias=2.0, activation=Tanh())"


def test_another_number_of_inputs():
    with pytest.raises(lw.ShapeError, match="3 columns; the network takes 2 inputs"):
        lw.Neuron([1.0, 2.0])([1.0, 2.0, 3.0])
