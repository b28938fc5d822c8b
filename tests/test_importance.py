"""Permutation importance: scikit-learn's numbers, on arrays and on the columns of a table as they came."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.explain.importance import permutation_importance

pytest.importorskip("sklearn")
from sklearn.inspection import permutation_importance as theirs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def agree(model, X, y):
    expected = theirs(model, X, y, n_repeats=3, random_state=1)
    found = permutation_importance(model, X, y, n_repeats=3, random_state=1)
    np.testing.assert_allclose(found.importances, expected.importances, atol=1e-6)
    return found


def test_arrays(rng):
    X = rng.normal(size=(150, 4))
    three = (X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    settings = {"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0, "tol": 0, "early_stopping": True}
    agree(lw.MLPClassifier(**settings).fit(X, np.array(["a", "b", "c"])[three]), X, np.array(["a", "b", "c"])[three])
    agree(lw.MLPClassifier(**settings).fit(X, X[:, :2] > 0), X, X[:, :2] > 0)
    agree(lw.MLPRegressor(**settings).fit(X, X[:, 0]), X, X[:, 0])
    found = agree(lw.MLPRegressor(preset="tabular", max_iter=20, random_state=0).fit(X, 9 * X[:, 3]), X, 9 * X[:, 3])
    assert found.ranking()[0][0] == "x3"
    assert found.score == pytest.approx(found.score)


def test_columns_of_a_table(rng):
    """The inputs that are made of a column move together."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"city": rng.choice(list("abcde"), 200), "age": rng.normal(size=200), "id": range(200)})
    frame.loc[::9, "age"] = np.nan
    y = np.where(frame["city"].isin(["a", "b"]), "yes", "no")
    model = lw.MLPClassifier(preset="tabular", exclude=["id"], max_iter=20, random_state=0).fit(frame, y)
    found = permutation_importance(model, frame, y, n_repeats=3, random_state=1)
    assert found.names == ["city", "age"]
    expected = theirs(model, frame, y, n_repeats=3, random_state=1)
    np.testing.assert_allclose(found.importances, expected.importances[:2], atol=1e-12)
    assert expected.importances[2].tolist() == [0, 0, 0]
    assert [name for name, _, _ in found.ranking()] == ["city", "age"]


def test_what_cannot_be_measured_is_refused(rng):
    X = rng.normal(size=(20, 2))
    with pytest.raises(lw.NotBuiltError):
        permutation_importance(lw.MLPClassifier(), X, X[:, 0])
    net = lw.Network([lw.Dense(1)], random_state=0)
    net.fit(X, X[:, 0], epochs=1, verbose=False)
    with pytest.raises(lw.DataError, match="X has 20 rows, and y 19"):
        permutation_importance(net, X, X[1:, 0])
    with pytest.raises(lw.DataError, match="n_repeats must be at least 1"):
        permutation_importance(net, X, X[:, 0], n_repeats=0)
