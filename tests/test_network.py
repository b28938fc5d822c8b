"""What a user holds: parameters in and out, forward and backward, answers, copies, tables."""

import pickle

import numpy as np
import pytest

import layerwise as lw

pytestmark = pytest.mark.usefixtures("each_engine")


def test_sizes_are_inferred(classifier, rng):
    assert "(n, ?)" in classifier.summary()
    with pytest.raises(lw.NotBuiltError, match="sizes are not known yet"):
        classifier.get_parameters()
    classifier.forward(rng.random((2, 5)))
    assert [a.shape for a in classifier.get_parameters()] == [(5, 8), (8,), (8, 3), (3,)]
    with pytest.raises(lw.ShapeError, match="X has 4 columns; the network takes 5 inputs"):
        classifier.predict(rng.random((2, 4)))


def test_theta_is_all_parameters_and_writes_through(classifier):
    classifier.build(2)
    assert classifier.theta.size == 2 * 8 + 8 + 8 * 3 + 3
    classifier.theta[:] = 0
    assert all(not array.any() for array in classifier.get_parameters())
    classifier.theta = np.arange(classifier.theta.size)
    assert classifier.get_parameters()[0][0].tolist() == list(range(8))
    with pytest.raises(lw.ShapeError, match="theta has shape"):
        classifier.theta = np.zeros(3)
    view = classifier.parameters.p[0]
    view.b = np.ones(8)
    assert classifier.get_parameters()[1].tolist() == [1] * 8
    with pytest.raises(AttributeError, match=r"no array 'c'; it has W, b"):
        view.c = 1
    with pytest.raises(ValueError, match="W has shape"):
        view.W = np.ones(3)


def test_parameters_that_do_not_fit_change_nothing(classifier):
    classifier.build(2)
    before = classifier.theta.copy()
    with pytest.raises(lw.ShapeError, match=r"needs arrays of the shapes"):
        classifier.set_parameters([np.zeros((2, 8)), np.zeros(8), np.zeros((8, 3)), np.zeros(4)])
    np.testing.assert_array_equal(classifier.theta, before)


def test_set_parameters_builds_the_network(classifier, rng):
    arrays = [rng.random((4, 8)), rng.random(8), rng.random((8, 3)), rng.random(3)]
    classifier.set_parameters(arrays)
    for mine, given in zip(classifier.get_parameters(), arrays, strict=True):
        np.testing.assert_allclose(mine, given, rtol=1e-6)


def test_what_a_user_gets_is_a_copy(classifier, rng):
    X = rng.random((3, 2)).astype(np.float32)
    y = classifier.forward(X)
    first = y.copy()
    classifier.forward(X * 5)
    classifier.activations(X)[0][:] = 7
    classifier.get_parameters()[0][:] = 7
    np.testing.assert_array_equal(y, first)
    np.testing.assert_array_equal(classifier.forward(X), first)


def test_backward_by_hand_is_the_gradient_of_fit(classifier, rng):
    """The chain rule with the public parts against one step of SGD with rate 1: θ changes by minus the gradient."""
    X, y = rng.random((6, 4)), np.array([0, 1, 2, 2, 1, 0])
    net = lw.Network(classifier.layers, random_state=0, dtype="float64").build(4)
    p = net.forward(X)
    dx = net.backward(-np.eye(3)[y] / p / 6)  # the gradient of mean -log p by p
    gradient, before = net.grad.copy(), net.theta.copy()
    net.fit(X, y, optimizer=lw.SGD(1.0), epochs=1, batch_size=6, verbose=False)
    np.testing.assert_allclose(before - net.theta, gradient, atol=1e-12)
    h = 1e-6
    net.theta = before
    for i, j in [(0, 0), (3, 2), (5, 3)]:
        up, down = X.copy(), X.copy()
        up[i, j] += h
        down[i, j] -= h
        slope = (net.evaluate(up, y)["loss"] - net.evaluate(down, y)["loss"]) / (2 * h)
        assert dx[i, j] == pytest.approx(slope, rel=1e-5)


def test_backward_needs_a_forward(classifier):
    with pytest.raises(lw.NotBuiltError, match="call forward"):
        classifier.backward(np.zeros((1, 3)))
    classifier.forward(np.zeros((2, 4)))
    with pytest.raises(lw.ShapeError, match=r"outputs' shape \(2, 3\)"):
        classifier.backward(np.zeros((3, 2)))


def test_activations_have_an_entry_a_layer(rng):
    net = lw.Network([lw.Dense(4), lw.Dropout(0.5), lw.Sigmoid(), lw.Dense(2)], random_state=0)
    X = rng.random((3, 5)).astype(np.float32)
    found = net.activations(X)
    W, b, V, c = net.get_parameters()
    np.testing.assert_allclose(found[0], X @ W + b, rtol=1e-5)
    np.testing.assert_array_equal(found[1], found[0])  # dropout is passed over
    np.testing.assert_allclose(found[2], 1 / (1 + np.exp(-found[0])), rtol=1e-5)
    np.testing.assert_allclose(found[3], found[2] @ V + c, rtol=1e-4, atol=1e-6)


def test_dropout_takes_part_in_training_only(rng):
    net = lw.Network([lw.Dense(50, weights="zeros", biases=np.ones(50)), lw.Dropout(0.4)], random_state=0)
    X = rng.random((200, 3))
    assert (net.forward(X) == 1).all()
    dropped = net.forward(X, training=True)
    np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.6], rtol=1e-6)
    assert dropped.mean() == pytest.approx(1, abs=5 * np.sqrt(0.4 / 0.6 / dropped.size))


@pytest.mark.parametrize(
    ("labels", "answers"),
    [([0, 1, 2], int), (["ant", "bee", "cat"], str), ([0.0, 1.0, 2.0], int)],
)
def test_answers_are_the_training_s_labels(labels, answers, spiral):
    X, y = spiral
    named = np.array(labels)[y]
    net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, named, optimizer=lw.Adam(0.05), epochs=600, batch_size=300, verbose=False)
    predicted = net.predict(X)
    assert isinstance(predicted[0].item(), answers)
    assert np.mean(predicted == named) == net.evaluate(X, named)["accuracy"] > 0.8
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


def test_two_classes_with_a_single_output(rng):
    X = rng.standard_normal((200, 2))
    y = np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")
    net = lw.Network([lw.Dense(1), lw.Sigmoid()], random_state=0)
    net.fit(X, y, optimizer=lw.SGD(5.0), epochs=30, verbose=False)
    assert net.evaluate(X, y)["accuracy"] > 0.95
    p = net.predict_proba(X)
    assert p.shape == (200, 2)
    np.testing.assert_array_equal(net.predict(X), np.where(p[:, 1] > 0.5, "yes", "no"))


def test_several_yes_or_no_answers(rng):
    X = rng.standard_normal((300, 3))
    Y = (X > 0).astype(int)
    net = lw.Network([lw.Dense(3), lw.Sigmoid()], random_state=0)
    net.fit(X, Y, optimizer=lw.Adam(0.05), epochs=30, verbose=False)
    assert net.task.kind == "multilabel"
    assert (net.predict(X) == Y).mean() == pytest.approx(net.evaluate(X, Y)["accuracy"])
    assert net.evaluate(X, Y)["accuracy"] > 0.95
    assert net.predict_proba(X).shape == (300, 3)


@pytest.mark.parametrize("shape", [(200,), (200, 1)])
def test_regression_answers_in_the_form_of_y(shape, rng):
    X = rng.standard_normal((200, 2))
    y = (X @ [1.0, -2.0] + 0.5).reshape(shape)
    net = lw.Network([lw.Dense(1)], random_state=0, scaling="standard")
    history = net.fit(X, y, optimizer=lw.SGD(0.1), epochs=20, validation_data=(X, y), metrics="r2_score", verbose=False)
    assert net.predict(X).shape == shape
    assert history["val_r2_score"][-1] > 0.999
    with pytest.raises(lw.DataError, match="predict_proba needs classes, but the network was trained on numbers"):
        net.predict_proba(X)


def test_pixels_are_scaled_as_they_are_read(rng):
    X, y = rng.integers(0, 256, (60, 12), dtype=np.uint8), rng.integers(0, 3, 60)
    nets = [lw.Network([lw.Dense(3), lw.Softmax()], random_state=0) for _ in range(2)]
    nets[0].fit(X, y, epochs=2, verbose=False)
    nets[1].fit((X / 255).astype(np.float32), y, epochs=2, verbose=False)
    np.testing.assert_allclose(nets[0].theta, nets[1].theta, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(nets[0].predict(X), nets[0].predict(X.astype(float)))
    with pytest.raises(lw.DataError, match="trained on values from 0 to 255"):
        nets[0].predict(X / 255)


def test_flags_in_uint8_are_no_pixels(rng):
    X = rng.integers(0, 2, (50, 4), dtype=np.uint8)
    nets = [lw.Network([lw.Dense(2), lw.Softmax()], random_state=0) for _ in range(2)]
    nets[0].fit(X, X[:, 0], epochs=3, verbose=False)
    nets[1].fit(X.astype(np.float32), X[:, 0], epochs=3, verbose=False)
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
    np.testing.assert_array_equal(nets[0].outputs(X), nets[0].outputs(X.astype(float)))


def test_pixels_to_a_network_trained_on_other_numbers(rng):
    X, y = rng.random((50, 4)), rng.integers(0, 2, 50)
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    pixels = (X * 255).astype(np.uint8)
    net.fit(X, y, epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match=r"X is uint8 .* trained on values from 0\.\d+ to 0\.\d+: .*X / 255"):
        net.predict(pixels)
    with pytest.raises(lw.DataError, match="X of validation_data is uint8"):
        net.fit(X, y, validation_data=(pixels, y), verbose=False)


def test_a_later_fit_may_see_one_class_only(classifier, spiral):
    X, y = spiral
    with pytest.raises(lw.DataError, match="one class only"):
        classifier.fit(X[:100], y[:100], verbose=False)
    classifier.fit(X, y, epochs=1, verbose=False)
    classifier.fit(X[:100], y[:100], epochs=1, verbose=False)


def test_copies_share_nothing(spiral, classifier):
    classifier.fit(*spiral, epochs=2, verbose=False)
    twin = classifier.copy()
    np.testing.assert_array_equal(twin.theta, classifier.theta)
    classifier.fit(*spiral, epochs=2, verbose=False)
    assert (twin.theta != classifier.theta).any()
    twin.fit(*spiral, epochs=2, verbose=False)
    np.testing.assert_array_equal(twin.theta, classifier.theta)  # optimizer and random streams were copied too


def test_pickle_goes_on_where_it_was(spiral, classifier):
    classifier.fit(*spiral, epochs=1, verbose=False)
    twin = pickle.loads(pickle.dumps(classifier))
    for net in (twin, classifier):
        net.fit(*spiral, epochs=1, verbose=False)
    np.testing.assert_array_equal(twin.theta, classifier.theta)
    twin.theta[:] = 0
    assert not twin.get_parameters()[0].any()  # the views are still views


def test_repr_and_tables(classifier):
    assert repr(classifier) == (
        "Network([\n    Dense(8),\n    ReLU(),\n    Dense(3),\n    Softmax(),\n], random_state=0)"
    )
    text = classifier.build(2).summary()
    assert "Dense(8)" in text
    assert "(n, 8)" in text
    assert "2 inputs, 51 parameters" in text
    html = lw.Network([lw.Dense(3, weights="he_normal")])._repr_html_()
    assert "Dense(3, weights=HeNormal())" in html
    assert "<table>" in html
    rebuilt = eval(repr(classifier), {name: getattr(lw, name) for name in lw.__all__})
    assert repr(rebuilt) == repr(classifier)


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([lw.Dense(3), lw.Sigmoid], TypeError, r"layer 1 is the class Sigmoid; give an instance: Sigmoid"),
        ([lw.Dense(3), "relu"], TypeError, "layer 1 must be a Layer"),
        (lw.Dense(3), TypeError, r"takes a list of layers"),
        ([], lw.ShapeError, "at least one layer"),
        ([lw.Dropout(0.5)], lw.ShapeError, "at least one layer besides dropout"),
    ],
)
def test_layers_that_are_none(layers, error, message):
    with pytest.raises(error, match=message):
        lw.Network(layers)


def test_sizes_that_do_not_fit_name_both_layers():
    first = lw.Dense(3, weights=np.ones((4, 3)))
    with pytest.raises(lw.ShapeError, match=r"layer 1 .* has weights for 5 inputs, but layer 0 .* gives 3"):
        lw.Network([first, lw.Dense(2, weights=np.ones((5, 2)))])
    with pytest.raises(lw.ShapeError, match="X has 6 columns; the network takes 4 inputs"):
        lw.Network([first]).predict(np.ones((2, 6)))


def test_a_loss_that_cannot_take_the_outputs(spiral):
    net = lw.Network([lw.Dense(3)])
    with pytest.raises(lw.GradientError, match=r"takes probabilities that sum to 1.*end with Softmax\(\)"):
        net.fit(*spiral, loss="categorical_cross_entropy", verbose=False)
    assert net.steps == 0
    assert net.plan is None


def test_bad_seeds_and_types():
    with pytest.raises(ValueError, match="random_state must be a whole number"):
        lw.Network([lw.Dense(1)], random_state=-1)
    with pytest.raises(lw.UnknownNameError, match="float32"):
        lw.Network([lw.Dense(1)], dtype="int8")
    with pytest.raises(lw.UnknownNameError, match="'standart' is not known; did you mean 'standard'"):
        lw.Network([lw.Dense(1)], scaling="standart")


def test_what_happens_to_X_after_forward_is_no_matter(rng):
    X = rng.random((4, 3)).astype(np.float32)
    net = lw.Network([lw.Dense(2)], random_state=0)
    net.forward(X)
    net.backward(np.ones((4, 2)))
    gradient = net.grad.copy()
    net.forward(X)
    X *= 0
    net.backward(np.ones((4, 2)))
    np.testing.assert_array_equal(net.grad, gradient)


def test_numpy_numbers_are_numbers(tmp_path, spiral):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=np.int64(3))
    net.fit(*spiral, epochs=np.int64(1), batch_size=np.uint8(100), verbose=False)
    net.save(tmp_path / "m")
    assert lw.load(tmp_path / "m").random_state == 3


def test_cross_entropy_needs_a_distribution(spiral):
    net = lw.Network([lw.Dense(3), lw.Sigmoid()])
    with pytest.raises(lw.GradientError, match=r"Sigmoid\(\)\), which gives numbers from 0 to 1: end with Softmax"):
        net.fit(*spiral, loss="categorical_cross_entropy", verbose=False)
    with pytest.raises(lw.GradientError, match="softmax of a single output is always 1"):
        lw.Network([lw.Dense(1), lw.Softmax()]).fit(np.eye(2), [[1.0], [1.0]], verbose=False)


def test_dropout_at_the_end_does_not_hide_what_the_outputs_are(spiral):
    net = lw.Network([lw.Dense(3), lw.Softmax(), lw.Dropout(0.1)], random_state=0)
    assert isinstance(net.choose_loss(), lw.CategoricalCrossEntropy)
    with pytest.raises(lw.GradientError, match="any number"):
        lw.Network([lw.Dense(3), lw.Dropout(0.1)]).fit(*spiral, loss="categorical_cross_entropy", verbose=False)


def test_arrays_that_do_not_fit_leave_the_network_unbuilt(classifier, rng):
    with pytest.raises(lw.ShapeError):
        classifier.set_parameters([rng.random((5, 8)), rng.random(7)])
    with pytest.raises(lw.DataError, match="NaN"):
        classifier.set_parameters([np.full((5, 8), np.nan), np.zeros(8), np.zeros((8, 3)), np.zeros(3)])
    assert classifier.plan is None


def test_any_iterable_of_layers():
    assert len(lw.Network(lw.Dense(3) for _ in range(2)).layers) == 2
    with pytest.raises(TypeError, match="takes a list of layers"):
        lw.Network(3)


def test_masked_values_are_refused(classifier):
    with pytest.raises(lw.DataError, match="masked"):
        classifier.forward(np.ma.array([[1.0, 2.0]], mask=[[0, 1]]))


def test_flags_then_pixels(rng):
    X = rng.integers(0, 2, (20, 4), dtype=np.uint8)
    net = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    net.fit(X, X[:, 0], epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match="trained on uint8 values 0 and 1; got values up to 255"):
        net.predict(X * 255)


# ---------------------------------------------------------------- one layer, and several fits


def test_the_parameters_of_one_layer(rng):
    net = lw.Network([lw.Dense(4), lw.BatchNorm(), lw.ReLU(), lw.Dense(2)], random_state=0).build(3)
    assert [a.shape for a in net.get_parameters(0)] == [(3, 4), (4,)]
    assert [a.shape for a in net.get_parameters(-1)] == [(4, 2), (2,)]
    before, W = net.get_parameters(), rng.normal(size=(4, 2)).astype("f")
    net.set_parameters([W, [1, 2]], layer=-1)
    np.testing.assert_array_equal(net.get_parameters(3)[0], W)
    for old, new in zip(before[:-2], net.get_parameters()[:-2], strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(lw.ShapeError, match=r"shapes \[\(4, 2\), \(2,\)\] for layer 3; got \[\(3, 4\), \(4,\)\]"):
        net.set_parameters(net.get_parameters(0), layer=3)
    with pytest.raises(lw.ShapeError, match="nothing in these layers learns"):
        net.get_parameters(2)
    with pytest.raises(lw.NotBuiltError, match=r"call build\(n_in\) first"):
        lw.Network([lw.Dense(2)]).set_parameters([W, [0, 0]], layer=0)


def test_a_trained_layer_goes_on_in_another_network(spiral):
    X, y = spiral
    old = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    old.fit(X, y, epochs=3, verbose=False)
    new = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dense(1), lw.Sigmoid()], random_state=1).build(2)
    new.set_parameters(old.get_parameters(0), layer=0)
    new.freeze(0).fit(X, y == 1, epochs=3, verbose=False)
    for mine, theirs in zip(new.get_parameters(0), old.get_parameters(0), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_histories_of_several_fits_are_one_table(spiral):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    first = net.fit(*spiral, epochs=2, verbose=False)
    second = net.fit(*spiral, epochs=3, validation_data=spiral, verbose=False)
    whole = first + second
    assert whole.epochs == 5
    assert whole["loss"] == first["loss"] + second["loss"]
    assert np.isnan(whole["val_loss"][:2]).all()
    assert whole["val_loss"][2:] == second["val_loss"]
    assert (first.epochs, second.epochs) == (2, 3)
    with pytest.raises(TypeError):
        first + 1


def test_a_line_every_so_many_epochs(spiral, capsys):
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(*spiral, epochs=25, batch_size=300, verbose=10)
    lines = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["10/25", "20/25", "25/25"]
    with pytest.raises(ValueError, match="every must be a whole number, at least 1"):
        net.fit(*spiral, verbose=-1)
