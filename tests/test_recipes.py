"""Every recipe is a network that trains, and what it says of itself is true."""

from dataclasses import replace

import numpy as np
import pytest

import layerwise as lw
from layerwise.app import recipes

FEATURES = {"mnist": 784, "fashion": 784, "optdigits": 1024, "pendigits": 16, "iris": 4, "spiral": 2, "sine": 1}
CLASSES = {"mnist": 10, "fashion": 10, "optdigits": 10, "pendigits": 10, "iris": 3, "spiral": 3, "sine": None}

every_recipe = pytest.mark.parametrize("recipe", recipes.RECIPES, ids=lambda recipe: recipe.name)


def small_data(recipe, samples=20):
    rng = np.random.default_rng(0)
    name = recipe.data[0]
    X = rng.random((samples, FEATURES[name]))
    return X, rng.random(samples) if CLASSES[name] is None else np.arange(samples) % CLASSES[name]


@every_recipe
def test_recipe_trains(recipe):

    X, y = small_data(recipe)
    network = recipe.network(random_state=0)
    history = replace(recipe, epochs=2, batch_size=10, examples=None).fit(network, X, y, verbose=False)
    assert history.epochs == 2
    assert np.isfinite(history["loss"]).all()
    assert network.steps == 4


@every_recipe
def test_two_runs_of_a_recipe_share_nothing(recipe):
    X, y = small_data(recipe)
    thetas = []
    for _ in range(2):
        network = recipe.network(random_state=3)
        network.fit(X, y, loss=recipe.loss, optimizer=recipe.optimizer, epochs=1, verbose=False)
        thetas.append(network.theta.copy())
    np.testing.assert_array_equal(*thetas)
    assert recipe.optimizer.iterations == 0


@every_recipe
def test_description_begins_with_the_networks_shape(recipe):
    units = [layer.units for layer in recipe.layers if isinstance(layer, lw.Dense)]
    shape = "-".join(map(str, [FEATURES[recipe.data[0]], *units]))
    assert recipe.description.startswith(shape)


def test_names_are_unique():
    names = [recipe.name for recipe in recipes.RECIPES]
    assert len(set(names)) == len(names)


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(lw.UnknownNameError, match="did you mean 'nielsen-30'"):
        recipes.find("nielson-30")


def test_samples_are_the_first_rows():
    recipe = recipes.find("nielsen-1000")
    seen = []

    class Watch(lw.Callback):
        def on_fit_begin(self, run):
            seen.append(len(run.engine.rows))

    X = np.zeros((1_200, 784), np.uint8)
    y = np.arange(1_200) % 10

    replace(recipe, epochs=1).fit(recipe.network(0), X, y, callbacks=[Watch()], verbose=False)
    assert seen == [1_000]


def test_lambda_is_nielsens():
    # λ / 2n Σ w²: with n = 50,000 and λ = 5 the factor is 5e-5; with n = 1,000 and λ = 0.1 it is 5e-5 too
    assert [penalty.weights for penalty in recipes.find("nielsen-30-l2").penalty] == [pytest.approx(5e-5)]
    assert [penalty.weights for penalty in recipes.find("nielsen-1000-l2").penalty] == [pytest.approx(5e-5)]
    assert recipes.find("nielsen-30-l2").penalty[0].biases == 0


@pytest.mark.parametrize("classes", [2, 7, None])
def test_table_recipe_fits_its_target(classes):
    recipe = recipes.for_table(classes)
    assert recipe.layers[-2].units == (classes or 1)
    assert isinstance(recipe.layers[-1], lw.Linear if classes is None else lw.Softmax)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_iris_reaches_its_published_accuracy(seed):
    X, y = lw.datasets.load_iris()
    order = np.random.RandomState(42).permutation(150)
    test, train = order[:38], order[38:]
    recipe = recipes.find("iris-4-10-5-3")
    network = recipe.network(random_state=seed)
    recipe.fit(network, X[train], y[train], verbose=False)
    assert network.evaluate(X[test], y[test])["accuracy"] >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_mnist_recipe_reaches_98_percent(seed):
    train, _, test = lw.datasets.load_mnist()
    recipe = recipes.find("mnist")
    network = recipe.network(random_state=seed)
    recipe.fit(network, *train, verbose=False)
    assert network.evaluate(*test)["accuracy"] >= 0.98
