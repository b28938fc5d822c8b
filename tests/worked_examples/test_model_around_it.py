"""The model around the layers: trained, asked, doubted, looked into, copied, saved."""

import numpy as np
import pytest

import layerwise as lw


@pytest.fixture(scope="module")
def flowers():
    X, y = lw.datasets.load_iris()
    return lw.datasets.train_validation_split(X, y, validation_size=0.25, random_state=42)


@pytest.fixture(scope="module")
def trained(flowers):
    (X, y), validation = flowers
    net = lw.Network([lw.Dense(10), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0, scaling="standard")
    history = net.fit(
        X, y, optimizer=lw.Adam(0.01), epochs=60, batch_size=16, validation_data=validation, verbose=False
    )
    return net, history


def test_loss_falls_and_accuracy_rises_as_it_trains(trained):
    _, history = trained
    assert history.epochs == 60
    assert history.stopped_by == "epochs"
    for column in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"):
        assert len(history[column]) == 60
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    assert history["accuracy"][-1] > 0.95
    assert history["val_accuracy"][-1] > 0.9


def test_it_prints_an_epoch_a_line_where_the_output_is_no_terminal(flowers, capsys):
    (X, y), validation = flowers
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=1, validation_data=validation)
    printed = capsys.readouterr().out
    for word in ("epoch 1/1", "loss", "accuracy", "val loss", "val accuracy"):
        assert word in printed
    net.fit(X, y, epochs=1, verbose=False)
    assert capsys.readouterr().out == ""


def test_the_loss_reported_is_the_mean_over_the_samples_whatever_the_batches(flowers):
    (X, y), _ = flowers
    losses = []
    for size in (1, 7, 50, 112):  # with a step of hardly any size, the weights stay; 112 = 16·7 = 2·50 + 12
        net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
        losses += net.fit(X, y, optimizer=lw.SGD(1e-300), epochs=1, batch_size=size, verbose=False)["loss"]
    np.testing.assert_allclose(losses, losses[-1], rtol=1e-12)


def test_evaluation_on_held_out_data(trained, flowers):
    net, history = trained
    _, (X, y) = flowers
    report = net.evaluate(X, y)
    assert report["loss"] == pytest.approx(history["val_loss"][-1], rel=1e-6)
    assert report["accuracy"] == history["val_accuracy"][-1] == np.mean(net.predict(X) == y)


def test_the_class_is_the_argmax_of_the_probabilities(trained, flowers):
    net, _ = trained
    _, (X, _) = flowers
    probabilities = net.predict_proba(X)
    assert probabilities.shape == (38, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(net.predict(X), probabilities.argmax(axis=1))


def test_not_sure_below_a_chosen_confidence(trained, flowers):
    net, _ = trained
    _, (X, y) = flowers
    confidence = net.predict_proba(X).max(axis=1)
    answers = np.where(confidence >= 0.9, net.predict(X), -1)  # -1: not sure
    sure = answers >= 0
    assert 0 < np.count_nonzero(~sure) < len(X)
    assert np.mean(answers[sure] == y[sure]) >= net.evaluate(X, y)["accuracy"]


def test_one_hot():
    np.testing.assert_array_equal(lw.datasets.one_hot([0, 2, 1]), [[1, 0, 0], [0, 0, 1], [0, 1, 0]])


def test_regression_with_a_linear_output():
    X, y = lw.datasets.make_sine(500)
    net = lw.Network([lw.Dense(32), lw.Tanh(), lw.Dense(1), lw.Linear()], random_state=0, scaling="min_max")
    net.fit(X, y, loss="mean_squared_error", optimizer=lw.Adam(0.02), epochs=120, batch_size=50, verbose=False)
    assert net.evaluate(X, y)["loss"] < 0.01
    assert net.predict(X).shape == y.shape


def test_hidden_outputs_can_be_read(trained, flowers):
    net, _ = trained
    _, (X, _) = flowers
    layers = net.activations(X)
    assert [a.shape for a in layers] == [(38, 10), (38, 10), (38, 3), (38, 3)]
    np.testing.assert_array_equal(layers[1], np.maximum(layers[0], 0))
    np.testing.assert_allclose(layers[-1], net.predict_proba(X), rtol=1e-5)
    W1, b1, W2, b2 = net.get_parameters()
    scaled = (X - net.scaling.offset) * net.scaling.factor
    np.testing.assert_allclose(layers[0], scaled @ W1 + b1, atol=1e-5)
    np.testing.assert_allclose(layers[2], layers[1] @ W2 + b2, atol=1e-5)


def test_a_dead_neuron_shows_in_the_hidden_outputs():
    net = lw.Network([lw.Dense(3, weights=np.eye(3), biases=[0.0, -100.0, 0.0]), lw.ReLU(), lw.Dense(1)])
    hidden = net.activations(np.random.default_rng(0).normal(size=(50, 3)))[1]
    assert (hidden == 0).all(axis=0).tolist() == [False, True, False]


def test_parameters_got_and_set_on_their_own(trained, flowers):
    net, _ = trained
    _, (X, _) = flowers
    parameters = net.get_parameters()
    assert [a.shape for a in parameters] == [(4, 10), (10,), (10, 3), (3,)]
    fresh = lw.Network([lw.Dense(10), lw.ReLU(), lw.Dense(3), lw.Softmax()], scaling=net.scaling)
    fresh.set_parameters(parameters)
    np.testing.assert_array_equal(fresh.predict_proba(X), net.predict_proba(X))
    parameters[0][:] = 0  # copies: the network is not touched
    assert net.get_parameters()[0].any()


def test_parameters_saved_and_loaded_on_their_own(trained, flowers, tmp_path):
    net, _ = trained
    _, (X, _) = flowers
    np.savez(tmp_path / "parameters.npz", *net.get_parameters())
    fresh = lw.Network([lw.Dense(10), lw.ReLU(), lw.Dense(3), lw.Softmax()], scaling=net.scaling)
    with np.load(tmp_path / "parameters.npz") as file:
        fresh.set_parameters(list(file.values()))
    np.testing.assert_array_equal(fresh.predict(X), net.predict(X))


def test_the_whole_model_saved_and_loaded(trained, flowers, tmp_path):
    net, _ = trained
    _, (X, y) = flowers
    net.save(tmp_path / "iris.safetensors", optimizer=True)
    loaded = lw.load(tmp_path / "iris.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), net.predict_proba(X))
    assert loaded.evaluate(X, y) == net.evaluate(X, y)
    assert repr(loaded.layers) == repr(net.layers)
    assert repr(loaded.loss) == repr(net.loss)
    assert repr(loaded.optimizer) == repr(net.optimizer)
    assert loaded.optimizer.iterations == net.optimizer.iterations == 60 * 7  # 112 rows in batches of 16


def test_neither_gradients_nor_cached_activations_are_saved(trained, flowers, tmp_path):
    net, _ = trained
    (X, _), _ = flowers
    net.forward(X)
    net.save(tmp_path / "iris.safetensors", optimizer=True)
    loaded = lw.load(tmp_path / "iris.safetensors")
    assert net.grad.any()
    assert not loaded.grad.any()
    with pytest.raises(lw.NotBuiltError):
        loaded.backward(np.ones((len(X), 3)))
    kept = sum(
        array.nbytes for array in (net.theta, *net.optimizer.state.values(), *map(np.array, net.history.values()))
    )
    assert (tmp_path / "iris.safetensors").stat().st_size < kept + 3500


@pytest.mark.parametrize("rows", [112, 61, 60])  # an even and an odd number of draws to shuffle them
def test_loaded_training_goes_on_as_if_it_had_not_stopped(rows, trained, flowers, tmp_path):
    X, y = flowers[0][0][:rows], flowers[0][1][:rows]
    net = trained[0].copy()
    net.fit(X, y, epochs=1, batch_size=16, verbose=False)
    net.save(tmp_path / "iris.safetensors", optimizer=True)
    loaded = lw.load(tmp_path / "iris.safetensors")
    for twin in (net, loaded):
        twin.fit(X, y, epochs=3, batch_size=16, verbose=False)
    np.testing.assert_array_equal(loaded.theta, net.theta)


def test_a_copy_is_another_network(trained, flowers):
    net, _ = trained
    (X, y), _ = flowers
    before = net.theta.copy()
    twin = net.copy()
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    twin.fit(X, y, epochs=1, verbose=False)
    np.testing.assert_array_equal(net.theta, before)
    assert not np.array_equal(twin.theta, before)


def test_a_copy_has_an_optimizer_and_a_shuffle_of_its_own(trained, flowers):
    (X, y), _ = flowers
    net, untouched = trained[0].copy(), trained[0].copy()
    net.copy().fit(X, y, epochs=3, verbose=False)
    net.fit(X, y, epochs=1, verbose=False)
    untouched.fit(X, y, epochs=1, verbose=False)
    np.testing.assert_array_equal(net.theta, untouched.theta)


def test_the_summary_counts_the_parameters(trained):
    net, _ = trained
    summary = net.summary()
    for words in ("Dense(10)", "(n, 10)", "50", "Dense(3)", "(n, 3)", "33", "83 parameters"):
        assert words in summary  # 4·10 + 10 = 50, 10·3 + 3 = 33
    assert "Softmax()" in repr(net)
    assert "<table>" in net._repr_html_()
