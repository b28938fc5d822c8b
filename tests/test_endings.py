"""The activation at the end follows from loss and task by one rule, whoever asks."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.cli.choices import Choices
from layerwise.app.recipes import for_table
from layerwise.parts.endings import ending, keeps, loss_for, takes_standardized_targets
from layerwise.parts.losses import LOSSES

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 2))
KINDS = [("classification", 3), ("classification", 2), ("regression", 1)]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize(("kind", "outputs"), KINDS)
@pytest.mark.parametrize("layers", [None, "4"])
def test_the_command_ends_by_the_rule(loss, kind, outputs, layers):
    classes = None if kind == "regression" else outputs
    recipe = Choices(loss=loss.__name__, layers=layers).apply(for_table(classes), classes)
    assert repr(recipe.layers[-1]) == repr(ending(loss(), kind, outputs))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("y", [rng.permutation(30) % 3, rng.permutation(30) % 2, rng.random(30)], ids=["3", "2", "y"])
@pytest.mark.parametrize("preset", [None, "tabular"])
def test_the_estimators_end_by_the_rule(loss, y, preset):
    numbers = y.dtype.kind == "f"
    if numbers and loss is lw.CategoricalCrossEntropy:
        return  # has nothing to say about one number
    kind = lw.MLPRegressor if numbers else lw.MLPClassifier
    fitted = kind(loss=loss(), preset=preset, max_iter=1, random_state=0).fit(X, y)
    last = ending(loss(), "regression" if numbers else "classification", fitted.n_outputs_)
    assert repr(fitted.network_.layers[-1]) == repr(last)
    if not numbers:
        np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1) if last.gives != "values" and not isinstance(
            last, lw.Sigmoid) else 1, 1, rtol=1e-5)  # fmt: skip


def test_poisson_has_the_log_link():
    assert repr(ending(lw.Poisson(), "regression", 1)) == "Exp()"
    z, t = np.array([[0.3], [-1.0]]), np.array([[2.0], [0.0]])
    net = lw.Network([lw.Dense(1, [[1.0]], [0.0]), lw.Exp()], dtype="float64")
    y = net.forward(z)
    dy = np.empty_like(y)
    lw.Poisson().backward(y, t, dy, (np.empty(2), np.empty(2)))
    np.testing.assert_allclose(dy * y, y - t)  # what reaches the scores: the canonical link's residual


def test_a_recipes_own_ending_is_kept_where_the_loss_takes_it():
    assert keeps(lw.QuadraticCost(), lw.Sigmoid(), "classification", 10)
    assert not keeps(lw.CategoricalCrossEntropy(), lw.Sigmoid(), "classification", 10)
    assert not keeps(lw.Poisson(), lw.Linear(), "regression", 1)


def test_the_loss_that_suits_an_ending_ends_there():
    for last, kind in ((lw.Softmax(), "classification"), (lw.Sigmoid(), "multilabel"), (lw.Linear(), "regression")):
        assert repr(ending(loss_for(last), kind, 3)) == repr(last)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_standardized_targets_change_nothing_but_the_unit(loss):
    """Losses that take them depend on y - t alone."""
    y, t = rng.uniform(0.1, 0.9, (2, 20, 1))
    one, other, tmp = np.empty(20), np.empty(20), np.empty((2, 20, 1))
    loss().forward(y, t, one, tmp)
    loss().forward(y + 0.05, t + 0.05, other, tmp)
    assert np.allclose(one, other) == takes_standardized_targets(loss())
