"""Models of tables, exported with their encoder: row by row what the model gives, with missing and unknown values."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

import layerwise as lw
from running_exports import every_target
from running_tables import run_table

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

NASTY = ['a "q"', "back\\slash", "*/", "</script>", "new\nline", "naïve 数", "", "trigraph ??/", "${x}", "'''"]
SETTINGS = {"preset": "tabular", "hidden_layer_sizes": (12, 12), "max_iter": 3, "random_state": 0}
KINDS = {"categorical": ["class", "grade"], "exclude": ["id"], "kinds": {"name": "text"}}


def frame(rng, rows, unknown=False):
    """A table of every kind of column, with missing values; and with values that were not there in training."""
    table = pd.DataFrame({
        "age": rng.normal(40, 15, rows),
        "class": rng.integers(1, 4, rows),
        "__proto__": rng.normal(size=rows) * 1e6,
        "sex*/": rng.choice(["male", "female"], rows),
        "city": rng.choice(NASTY, rows),
        "yes": rng.random(rows) < 0.5,
        "grade": rng.choice([1.0, 2.5, 7.0], rows),
        "flat": np.full(rows, 2.0),
        "when": pd.Timestamp("1931-05-07") + pd.to_timedelta(rng.integers(0, 4 * 10**15, rows), unit="us"),
        "name": rng.choice([f"n{i}" for i in range(30)] + NASTY, rows),
        "day": pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(0, 3, rows), unit="D"),
        "id": np.arange(rows),
    })  # fmt: skip
    for name in ("sex*/", "city", "yes", "name"):
        table[name] = table[name].astype(object)
    if unknown:
        for name, value in (("sex*/", "x"), ("city", "Atlantis"), ("grade", 3.0), ("name", "n999"), ("age", 1e30)):
            table.loc[rng.random(rows) < 0.2, name] = value
        table.loc[rng.random(rows) < 0.2, "__proto__"] = np.nan  # none was missing in training
    for name, gap in (("age", np.nan), ("sex*/", None), ("city", None), ("yes", None), ("grade", np.nan),
                      ("name", None), ("when", pd.NaT)):  # fmt: skip
        table.loc[rng.random(rows) < 0.15, name] = gap
    return table


def models(rng):
    """Estimators of each task, by their names."""
    table = frame(rng, 300)
    number = table["age"].fillna(40) * 1e3 + (table["sex*/"] == "male") * 1e4 + 1e6
    three = np.array(NASTY)[table["class"].to_numpy()]
    yield "classes", lw.MLPClassifier(**SETTINGS, **KINDS).fit(table, three)
    yield "two classes", lw.MLPClassifier(**SETTINGS, **KINDS).fit(table, (number > 1.04e6).astype(int))
    flags = np.column_stack([number > 1.04e6, table["class"] == 2]).astype(int)
    yield "several labels", lw.MLPClassifier(**SETTINGS, **KINDS).fit(table, flags)
    yield "a number", lw.MLPRegressor(**SETTINGS, **KINDS).fit(table, number)
    yield "counts", lw.MLPRegressor("poisson", **SETTINGS, **KINDS).fit(table, table["class"])
    both = np.column_stack([number, -table["class"]])
    yield "numbers", lw.MLPRegressor(**SETTINGS, **KINDS, dtype="float64").fit(table, both)


@pytest.fixture(scope="module")
def fitted():
    return dict(models(np.random.default_rng(0)))


@pytest.mark.sampled(4)
@every_target
@pytest.mark.parametrize("name", ["classes", "two classes", "several labels", "a number", "counts", "numbers"])
def test_rows_are_encoded_and_answered_as_by_the_model(target, name, fitted, tmp_path):
    model, table = fitted[name], frame(np.random.default_rng(1), 200, unknown=True)
    (tmp_path / "columns.json").write_text(json.dumps(model.encoder_.used_columns))
    inputs, found = run_table(target, model, table, tmp_path)
    expected = model.encoder_.transform(table)
    np.testing.assert_allclose(inputs, expected, rtol=2e-7, atol=2e-7)
    own = model.network_.outputs(expected)
    bar = 1e-6 if own.dtype == np.float64 else 4e-6  # where an input is rounded to another float32
    assert np.abs(found.outputs - own).max() <= bar * max(1, np.abs(own).max())
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(found.probabilities, model.predict_proba(table), atol=4e-6)
        answers = model.predict(table)
        clear = np.abs(own - model.threshold).min(axis=1) > 1e-5 if own.shape[1] < 3 else np.ones(len(own), bool)
        assert np.array(found.predict)[clear].tolist() == answers[clear].tolist()
    else:
        np.testing.assert_allclose(found.predict, model.predict(table), rtol=1e-5)


@every_target
def test_columns_without_names(target, tmp_path, rng):
    """An array's columns are numbered; a date is a datetime."""
    start = datetime(2020, 1, 1)
    rows = [[float(x), str(c), start + timedelta(hours=int(h))] for x, c, h in
            zip(rng.normal(size=60), rng.choice(list("abc"), 60), rng.integers(0, 9000, 60))]  # fmt: skip
    model = lw.MLPRegressor(**SETTINGS).fit(rows, rng.normal(size=60))
    (tmp_path / "columns.json").write_text("[0, 1, 2]")
    rows[0], rows[1] = [None, None, None], [float("nan"), "zzz", start]
    inputs, found = run_table(target, model, rows, tmp_path)
    np.testing.assert_allclose(inputs, model.encoder_.transform(rows), rtol=2e-7, atol=2e-7)
    np.testing.assert_allclose(found.predict, model.predict(rows), atol=4e-6)


@pytest.mark.parametrize("name", ["classes", "a number"])
def test_onnx(name, fitted):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from layerwise.exchange.export.onnx import to_onnx

    model, table = fitted[name], frame(np.random.default_rng(1), 200, unknown=True)
    given = {}
    for column in model.encoder_.used_columns:
        values = table[column]
        if values.dtype.kind == "M":
            values = (values - pd.Timestamp(0)) / pd.Timedelta(1, "s")
        is_text = values.dropna().map(lambda value: isinstance(value, str)).all()
        given[column] = (values.fillna("no category").to_numpy(object) if is_text else values.to_numpy(float))[:, None]
    session = runtime.InferenceSession(to_onnx(model).SerializeToString(), providers=["CPUExecutionProvider"])
    found = dict(zip([o.name for o in session.get_outputs()], session.run(None, given), strict=True))
    if name == "classes":
        np.testing.assert_allclose(found["probabilities"], model.predict_proba(table), atol=4e-6)
        assert (found["label"] == model.predict(table)).all()
    else:
        np.testing.assert_allclose(found["output"][:, 0], model.predict(table), rtol=1e-5)
