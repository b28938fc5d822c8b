"""Rows that `fit` sets aside for validation: which ones, and that nothing is learned from them."""

import numpy as np
import pytest
from scipy import sparse

import layerwise as lw

rng = np.random.default_rng(0)
X, y = rng.standard_normal((50, 3)), np.repeat([0, 1, 2], [30, 15, 5])


class Sees(lw.Callback):
    """Keeps the rows and weights of training and of validation."""

    def on_fit_begin(self, run):
        self.rows, self.weights = np.asarray(run.engine.rows.X), run.engine.targets.weights
        self.labels = run.engine.targets.labels


def fitted(y=y, X=X, layers=None, **options):
    net = lw.Network(layers or [lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
    sees = Sees()
    arguments = {"epochs": 1, "verbose": False, "callbacks": [sees], "optimizer": lw.SGD(0.1), **options}
    return net, sees, net.fit(X, y, **arguments)


def without(rows):
    """Where the rows of X are that are not among these."""
    return np.flatnonzero(~(X[:, None] == rows).all(axis=2).any(axis=1))


@pytest.mark.parametrize(("share", "count"), [(0.2, 10), (10, 10), (0.5, 25), (1, 1)])
def test_so_many_rows_are_set_aside_class_by_class(share, count):
    net, sees, history = fitted(validation_split=share)
    aside = without(sees.rows)
    assert len(sees.rows) + len(aside) == 50
    assert len(aside) == count
    if count > 1:
        np.testing.assert_allclose(np.bincount(y[aside], minlength=3), np.array([30, 15, 5]) * count / 50, atol=1)
    np.testing.assert_array_equal(sees.rows, np.delete(X, aside, axis=0))  # in their order
    assert history["val_loss"][-1] == pytest.approx(net.evaluate(X[aside], y[aside])["loss"], rel=1e-12)
    assert net.last_fit["rows"] == 50 - count


def test_it_is_the_same_as_validation_data():
    net, sees, history = fitted(validation_split=0.2)
    aside = without(sees.rows)
    train = np.delete(np.arange(50), aside)
    other, _, same = fitted(y[train], X[train], validation_data=(X[aside], y[aside]))
    np.testing.assert_array_equal(net.theta, other.theta)
    assert same["val_loss"] == history["val_loss"]


def test_nothing_is_learned_from_them():
    """Neither by the weights nor by the scaling."""
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64", scaling="standard")
    sees = Sees()
    net.fit(X, y, validation_split=0.3, epochs=1, verbose=False, callbacks=[sees])
    np.testing.assert_allclose(net.scaling.offset, sees.rows.mean(axis=0))


def test_the_same_rows_every_time():
    net, sees, _ = fitted(validation_split=0.2)
    first = sees.rows.copy()
    net.fit(X, y, validation_split=0.2, epochs=1, verbose=False, callbacks=[sees])  # a further fit
    np.testing.assert_array_equal(sees.rows, first)
    other = lw.Network([lw.Dense(3), lw.Softmax()], random_state=1, dtype="float64")
    other.fit(X, y, validation_split=0.2, epochs=1, verbose=False, callbacks=[sees])
    assert (sees.rows != first).any()


def test_weights_go_with_their_rows():
    weights = rng.random(50) + 0.1
    net, sees, history = fitted(validation_split=0.2, sample_weight=weights)
    aside = without(sees.rows)
    rest = np.delete(weights, aside)
    np.testing.assert_allclose(sees.weights, rest / rest.mean())
    expected = net.evaluate(X[aside], y[aside], sample_weight=weights[aside])
    assert history["val_loss"][-1] == pytest.approx(expected["loss"], rel=1e-12)


def test_numbers_yes_or_no_and_sparse_rows():
    numbers = X @ [1.0, 2.0, 3.0]
    _, sees, history = fitted(numbers, layers=[lw.Dense(1)], validation_split=0.2)
    assert len(sees.rows) == 40
    assert "val_loss" in history
    several = (X > 0).astype(int)
    layers = [lw.Dense(3), lw.Sigmoid()]
    _, _, history = fitted(several, layers=layers, validation_split=0.2, patience=1)
    assert "val_accuracy" in history
    dense, _, _ = fitted(validation_split=0.2)
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
    net.fit(sparse.csr_array(X), y, validation_split=0.2, epochs=1, verbose=False, optimizer=lw.SGD(0.1))
    np.testing.assert_allclose(net.theta, dense.theta, rtol=1e-12)


def test_a_resumed_fit_sets_the_same_aside(tmp_path):
    def fit(epochs, **options):
        net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
        callbacks = [lw.Checkpoint(tmp_path / f"{options.pop('name')}.safetensors")]
        history = net.fit(X, y, epochs=epochs, callbacks=callbacks, batch_size=7, verbose=False, **options)
        return net, history

    whole, expected = fit(4, name="whole", validation_split=0.2)
    fit(2, name="part", validation_split=0.2)
    resumed, history = fit(4, name="part", validation_split=0.2, resume=True)
    np.testing.assert_array_equal(resumed.theta, whole.theta)
    assert history["val_loss"] == expected["val_loss"]
    with pytest.raises(lw.DataError, match=r"validation_split: 0\.2 then, 10 now"):
        fit(4, name="part", validation_split=10, resume=True)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 0, 50, 0.001, 0.999, True, "x", np.nan])
def test_malformed(share):
    with pytest.raises((ValueError, TypeError), match="validation_split must"):
        fitted(validation_split=share)


def test_not_both():
    with pytest.raises(lw.DataError, match="validation_data or validation_split, not both"):
        fitted(validation_split=0.2, validation_data=(X, y))


def test_the_training_script_says_that_it_cannot(tmp_path):
    net, _, _ = fitted(validation_split=0.2)
    with pytest.raises(lw.ExportError, match="validation_split"):
        lw.export(net, tmp_path / "train.py", "training-script")


@pytest.mark.parametrize("share", [0.2, 10])
def test_a_number_in_an_array_without_dimensions_is_one(share):
    one, _, _ = fitted(validation_split=np.array(share))
    other, _, _ = fitted(validation_split=share)
    np.testing.assert_array_equal(one.theta, other.theta)


@pytest.mark.parametrize("share", ["0.2", "a fifth", True, [0.2], np.array([0.2]), np.array("0.2"), 0.2j])
def test_what_is_no_number_is_refused(share):
    with pytest.raises(
        TypeError, match="validation_split must be a share between 0 and 1, or a whole number of rows; got"
    ):
        fitted(validation_split=share)
