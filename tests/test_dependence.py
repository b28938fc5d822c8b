"""Partial dependence: the numbers of scikit-learn on the same models, on arrays and on the columns of a table."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.features import Features
from layerwise.explain.dependence import partial_dependence

pytest.importorskip("sklearn")
from sklearn.inspection import partial_dependence as theirs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"preset": "tabular", "hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}


def agree(model, X, column, tolerance=1e-6, **options):
    """Of two classes, scikit-learn gives the second one's probability alone."""
    expected = theirs(model, X, [column], grid_resolution=12, kind="average", method="brute", **options)
    found = partial_dependence(model, X, column, grid=expected["grid_values"][0])
    averages = found.averages[:, -len(expected["average"]) :]
    np.testing.assert_allclose(averages, expected["average"].T, atol=tolerance)
    return found


def test_arrays(rng):
    X = rng.normal(size=(150, 3))
    three = np.array(["a", "b", "c"])[(X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)]
    settings = {"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0, "tol": 0}
    found = agree(lw.MLPClassifier(**settings).fit(X, three), X, 1)
    assert (found.name, found.kind, found.labels) == ("x1", "number", ["a", "b", "c"])
    np.testing.assert_allclose(found.averages.sum(axis=1), 1, atol=1e-6)
    agree(lw.MLPClassifier(**settings).fit(X, three == "a"), X, 0)
    assert agree(lw.MLPRegressor(**settings).fit(X, X[:, 0]), X, 0).labels == []
    agree(lw.MLPRegressor(**settings).fit(X, X[:, :2]), X, 2)
    agree(lw.MLPRegressor(**QUICK).fit(X, 50 * X[:, 0] + 900), X, 0, 1e-3)


@pytest.fixture
def frame(rng):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "city": rng.choice(list("abcde"), 200, p=[0.4, 0.3, 0.15, 0.1, 0.05]), "age": rng.normal(40, 9, 200),
            "id": range(200), "member": rng.random(200) < 0.5, "floor": rng.integers(0, 4, 200),
        }
    )  # fmt: skip
    frame.loc[::9, "age"] = np.nan
    frame.loc[::7, "city"] = None
    return frame


@pytest.mark.parametrize("column", ["age", "city", "member", "floor"])
def test_columns_of_a_table(frame, column):
    """The inputs that are made of a column change together, rows without a value as the others."""
    y = np.where(frame["city"].isin(["a", "b"]) == (frame["age"] > 40), "yes", "no")
    model = lw.MLPClassifier(exclude=["id"], kinds={"floor": "category"}, **QUICK).fit(frame, y)
    there = frame[column].dropna()
    values = np.quantile(there, [0.1, 0.5, 0.9]) if column == "age" else sorted(there.unique().tolist())
    options = {"custom_values": {column: np.array(values)}, "categorical_features": ["city", "floor"]}
    found = agree(model, frame, column, **options)
    assert found.kind == {"age": "number"}.get(column, "category")
    assert len(found.values) == 200


def test_the_grid(frame):
    y = frame["floor"].to_numpy() * 10.0
    model = lw.MLPRegressor(exclude=["id"], **QUICK).fit(frame, y)
    found = partial_dependence(model, frame, "age", points=10)
    there = np.sort(frame["age"].dropna().to_numpy())
    assert len(found.grid) == 10
    assert set(found.grid) <= set(there)
    assert np.mean(there <= found.grid[0]) == pytest.approx(0.02, abs=0.01)
    assert np.mean(there <= found.grid[-1]) == pytest.approx(0.98, abs=0.01)
    steps = np.diff(np.searchsorted(there, found.grid))
    assert steps.max() - steps.min() <= 1
    assert partial_dependence(model, frame, "floor").grid.tolist() == [0, 1, 2, 3]
    cities = partial_dependence(model, frame, "city", points=3)
    assert cities.grid.tolist() == frame["city"].value_counts().index[:3].tolist()
    assert cities.values[0] is None
    assert partial_dependence(model, frame, "floor").span > cities.span


def test_dates_and_text(rng):
    days = np.datetime64("2024-01-01") + rng.integers(0, 365, 120)
    names = np.array([f"street {i % 30}" for i in range(120)], object)
    X = Features(["day", "street"], [days.astype("M8[us]"), names])
    model = lw.MLPRegressor(kinds={"street": "text"}, **QUICK).fit(X, (days - days[0]).astype(float))
    found = partial_dependence(model, X, "day", grid=["2024-02-01", "2024-12-01"])
    expected = []
    for day in found.grid:
        expected.append(model.predict(Features(X.names, [np.full(120, day), names])).mean())
    np.testing.assert_allclose(found.averages[:, 0], expected, rtol=1e-5)
    street = partial_dependence(model, X, "street", points=2)
    filled = np.full(120, street.grid[1], object)
    expected = model.predict(Features(X.names, [X.columns[0], filled])).mean()
    assert street.averages[1, 0] == pytest.approx(expected, rel=1e-5)


def test_what_cannot_be_computed_is_refused(rng, frame):
    X = rng.normal(size=(20, 2))
    with pytest.raises(lw.NotBuiltError):
        partial_dependence(lw.MLPClassifier(), X, 0)
    net = lw.Network([lw.Dense(1)], random_state=0)
    net.fit(X, X[:, 0], epochs=1, verbose=False)
    with pytest.raises(lw.UnknownNameError, match="no column 2; X has 2 columns"):
        partial_dependence(net, X, 2)
    with pytest.raises(ValueError, match="points must be"):
        partial_dependence(net, X, 0, points=1)
    model = lw.MLPRegressor(exclude=["id"], **QUICK).fit(frame, frame["floor"] * 1.0)
    with pytest.raises(lw.UnknownNameError, match="did you mean 'city'"):
        partial_dependence(model, frame, "cty")
    with pytest.raises(lw.DataError, match="no input is made of the column 'id'"):
        partial_dependence(model, frame, "id")
    frame["age"] = np.nan
    with pytest.raises(lw.DataError, match="'age' has no value in X"):
        partial_dependence(model, frame, "age")
