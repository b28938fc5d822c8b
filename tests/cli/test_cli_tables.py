"""Models of `preset="tabular"` made in Python, in every command: rows with text, dates, missing and unknown values."""

import json

import numpy as np
import pytest

import layerwise as lw

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

SETTINGS = {"preset": "tabular", "hidden_layer_sizes": (8,), "max_iter": 8, "random_state": 0}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A classifier, a regressor and one of several labels, with a table: as a frame and as a file."""
    folder, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)
    frame = pd.DataFrame({
        "age": rng.normal(40, 9, 160).round(1),
        "class": rng.integers(1, 4, 160),
        "sex": rng.choice(["male", "female"], 160),
        "member": rng.random(160) < 0.5,
        "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 160), unit="D"),
    })  # fmt: skip
    frame.loc[::9, "age"] = np.nan
    frame.loc[::7, "sex"] = None
    price = frame["age"].fillna(40) * 100 + (frame["sex"] == "male") * 500 + 1e4
    kind = np.where(frame["class"] == 1, "low", np.where(frame["class"] == 2, "mid", "high"))
    flags = np.column_stack([price > 1.42e4, frame["class"] == 1]).astype(int)
    models = {
        "kind": lw.MLPClassifier(categorical=["class"], **SETTINGS).fit(frame, kind),
        "price": lw.MLPRegressor(categorical=["class"], **SETTINGS).fit(frame, price),
        "flags": lw.MLPClassifier(categorical=["class"], **SETTINGS).fit(frame, flags),
    }
    for name, model in models.items():
        model.save(folder / f"{name}.safetensors")
    frame.loc[3, "sex"] = "unknown"
    file = frame.assign(kind=kind, price=price, yes=flags[:, 0], one=flags[:, 1])
    file.to_csv(folder / "all.csv", index=False)
    file[[*frame, "kind"]].iloc[::-1].to_csv(folder / "kind.csv", index=False)
    file[[*frame, "price"]].to_csv(folder / "price.csv", index=False)
    return folder, models, frame, {"kind": kind, "price": price.to_numpy(), "flags": flags}


def test_predictions_are_those_of_the_model(run, made):
    folder, models, frame, _ = made
    for name, model in models.items():
        found = run("predict", folder / "all.csv", "-m", folder / f"{name}.safetensors", "--json").json()
        answers = model.predict(frame)
        if name == "price":
            np.testing.assert_allclose([row["answer"] for row in found], answers, rtol=1e-9)
        else:
            assert [row["answer"] for row in found] == answers.tolist()
        if name == "kind":
            shares = model.predict_proba(frame).max(axis=1)
            np.testing.assert_allclose([row["confidence"] for row in found], shares, rtol=1e-5)


def test_evaluation_is_that_of_the_model(run, made):
    folder, models, frame, y = made
    found = run("evaluate", folder / "kind.safetensors", folder / "kind.csv", "--json").json()
    assert found["samples"] == 160
    assert found["accuracy"] == pytest.approx(models["kind"].score(frame, y["kind"]))
    found = run("evaluate", folder / "price.safetensors", folder / "all.csv", "--target", "price", "--json").json()
    assert found["r2"] == pytest.approx(models["price"].score(frame, y["price"]), abs=1e-5)
    found = run("evaluate", folder / "flags.safetensors", folder / "all.csv", "--target", "yes,one")
    assert found.exit_code == 0


def test_evaluation_stands_beside_the_same_answer_for_every_row(run, made):
    folder, models, frame, y = made
    words = ("evaluate", folder / "kind.safetensors", folder / "kind.csv")
    _, counts = np.unique(y["kind"], return_counts=True)
    found = run(*words, "--json").json()
    shares = models["kind"].predict_proba(frame)[np.arange(160), np.searchsorted(models["kind"].classes_, y["kind"])]
    assert found["loss"] == pytest.approx(-np.log(shares).mean(), rel=1e-5)
    assert found["baseline"]["accuracy"] == pytest.approx(counts.max() / 160)
    assert "(always " in run(*words).stdout

    words = ("evaluate", folder / "price.safetensors", folder / "all.csv", "--target", "price")
    found = run(*words, "--json").json()
    off, ends = models["price"].predict(frame) - y["price"], models["price"].predict_interval(frame, 0.9)
    assert (found["mae"], found["rmse"]) == pytest.approx((np.abs(off).mean(), np.sqrt((off**2).mean())), rel=1e-4)
    assert found["coverage"] == pytest.approx(((ends[:, 0] <= y["price"]) & (y["price"] <= ends[:, 1])).mean())
    assert found["baseline"]["rmse"] == pytest.approx(y["price"].std(), rel=1e-4)
    assert "(of the mean: " in run(*words).stdout


def test_rows_without_a_usable_target_are_counted(run, made, tmp_path):
    folder, models, frame, y = made
    file = pd.read_csv(folder / "kind.csv").iloc[::-1].reset_index(drop=True)
    file.loc[0, "kind"], file.loc[1, "kind"] = None, "higher"
    file.to_csv(tmp_path / "some.csv", index=False)
    found = run("evaluate", folder / "kind.safetensors", "some.csv", "--json")
    assert found.json()["samples"] == 158
    assert "some.csv: column 'kind': 1 cell is no known class and taken as missing: line 3 'higher'" in found.stderr
    assert "some.csv: 2 rows have no target 'kind' and are left out: line 2, line 3" in found.stderr
    assert found.json()["accuracy"] == pytest.approx(models["kind"].score(frame[2:], y["kind"][2:]))


def test_targets_may_be_written_in_any_notation(run, made, tmp_path):
    folder, models, frame, y = made
    prices = [f"${value * 1000:,.3f}" for value in y["price"]]
    frame.assign(price=prices).to_csv(tmp_path / "some.csv", index=False)
    found = run("evaluate", folder / "price.safetensors", "some.csv", "--target", "price", "--json").json()
    assert found["samples"] == 160
    assert found["r2"] == pytest.approx(models["price"].score(frame, y["price"] * 1000), abs=1e-3)


def test_cells_that_cannot_be_read_are_missing_and_named(run, made, tmp_path):
    folder, models, frame, _ = made
    file = frame.astype({"age": object})
    file.loc[4, "age"] = "young"
    file.to_csv(tmp_path / "new.csv", index=False)
    found = run("predict", "new.csv", "-m", folder / "price.safetensors", "--json")
    assert "column 'age': 1 cell is no number and taken as missing: line 6 'young'" in found.stderr
    expected = models["price"].predict(frame.assign(age=frame["age"].where(frame.index != 4)))
    np.testing.assert_allclose([row["answer"] for row in found.json()], expected, rtol=1e-9)


def test_what_cannot_be_used_is_refused(run, made, tmp_path):
    folder, _, frame, _ = made
    frame.drop(columns=["age", "sex"]).to_csv(tmp_path / "few.csv", index=False)
    found = run("predict", "few.csv", "-m", folder / "kind.safetensors")
    assert found.exit_code == 1
    assert "few.csv: the model needs the columns 'age', 'sex'" in found.stderr
    frame.assign(age="old").to_csv(tmp_path / "text.csv", index=False)
    assert "'age' cannot be one of numbers" in run("predict", "text.csv", "-m", folder / "kind.safetensors").stderr
    found = run("evaluate", folder / "kind.safetensors", folder / "all.csv")
    assert "not clear which of its columns is the target" in found.stderr
    found = run("trace", folder / "kind.safetensors", "1,2,3")
    assert "the model takes rows of a table; give FILE.csv, and --row" in found.stderr


def test_trace_diagnose_and_info(run, made):
    folder, models, frame, _ = made
    found = run("trace", folder / "price.safetensors", folder / "all.csv", "--row", "2", "--json")
    x = models["price"].encoder_.transform(frame)[1]
    np.testing.assert_allclose(json.loads(found.stdout)["x"][0], x, rtol=1e-6)
    assert "the targets were standardized" in found.stderr
    assert run("trace", folder / "price.safetensors", folder / "all.csv", "--label", "14000").exit_code == 0
    assert run("trace", folder / "kind.safetensors", folder / "all.csv", "--label", "low").exit_code == 0
    assert run("diagnose", folder / "price.safetensors", folder / "price.csv").exit_code == 0
    shown = run("info", folder / "price.safetensors").stdout
    assert "age (number), class (category), sex (category), member (category), when (date)" in shown


def test_pictures_and_report(run, made, tmp_path, light):
    pytest.importorskip("matplotlib")
    folder = made[0]
    for picture in ("confusion", "reliability", "diagram"):
        data = [] if picture == "diagram" else ["--data", folder / "kind.csv"]
        assert run("plot", picture, folder / "kind.safetensors", "-o", f"{picture}.svg", *data).exit_code == 0
    assert "this picture needs images" in run("plot", "weights", folder / "kind.safetensors").stderr
    found = run("report", folder / "price.safetensors", "--data", folder / "price.csv", "-o", "price.html")
    assert found.exit_code == 0
    assert "when=elapsed" in (tmp_path / "price.html").read_text(encoding="utf-8")


def test_exports_take_the_rows(run, made, tmp_path):
    folder = made[0]
    run("export", folder / "price.safetensors", "--to", "python", "-o", "price.py")
    assert "def encode(row)" in (tmp_path / "price.py").read_text(encoding="utf-8")


def test_intervals_and_the_columns_that_matter(run, made, tmp_path, undrawn):
    pytest.importorskip("matplotlib")
    folder, models, frame, _ = made
    found = run("predict", folder / "price.csv", "-m", folder / "price.safetensors", "--json").json()
    ends = np.array([[row["low"], row["high"]] for row in found])
    np.testing.assert_allclose(ends, models["price"].predict_interval(frame, 0.9), rtol=1e-9)
    shown = run("predict", folder / "price.csv", "-m", folder / "price.safetensors").stdout
    assert f"90% between {ends[0, 0]:.6g} and {ends[0, 1]:.6g}" in shown
    run("report", folder / "kind.safetensors", "--data", folder / "kind.csv", "-o", "kind.html")
    page = (tmp_path / "kind.html").read_text(encoding="utf-8")
    part = page[page.index("accuracy lost") :]
    assert part.index("<td>class</td>") < min(part.index(f"<td>{name}</td>") for name in ("age", "sex", "when"))


def test_a_file_of_another_form(run, made, tmp_path):
    """Semicolons, decimal commas and Latin-1, as spreadsheets write them, mean what they meant in training."""
    folder, models, frame, _ = made
    frame.to_csv(tmp_path / "new.csv", index=False, sep=";", decimal=",", encoding="latin-1")
    found = run("predict", "new.csv", "-m", folder / "price.safetensors", "--json").json()
    np.testing.assert_allclose([row["answer"] for row in found], models["price"].predict(frame), rtol=1e-9)
