"""`layerwise train FILE --cv K`: the folds' figures, beside those of scikit-learn on the same rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import balanced_accuracy_score, log_loss, mean_absolute_error, r2_score

import layerwise as lw
from layerwise.app.reporting import trials
from layerwise.data.tables.splitting import split_folds

QUICK = ("-e", "3", "--no-plot")


@pytest.fixture
def points(tmp_path):
    """60 rows with two columns, a day, a group, a class and a number."""
    rng = np.random.default_rng(0)
    lines = ["x,z,day,site,price,kind"]
    for i in range(60):
        x, z = rng.normal(size=2).round(3)
        lines.append(f"{x},{z},2024-01-{i % 20 + 1:02},s{i % 7},{3 * x - z:.3f},{'abb'[i % 3] if x < 1 else 'a'}")
    (tmp_path / "points.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "points.csv"


def column(path, place):
    return np.array([line.split(",")[place] for line in path.read_text().split()[1:]])


def test_classes(run, points):
    result = run("train", points, "--exclude", "price", *QUICK, "--cv", "3", "--json")
    summary = result.json()["cross_validation"]
    y = column(points, 5)
    folds = split_folds(60, 3, validation=0.2, seed=42, classes=y)
    for parts, told in zip(folds, summary["folds"], strict=True):
        assert told["rows"] == {"train": 32, "validation": 8, "test": 20}
        zeros = np.zeros((60, 1))
        dummy = DummyClassifier(strategy="prior").fit(zeros[parts.train], y[parts.train])
        answers, shares = dummy.predict(zeros[parts.test]), dummy.predict_proba(zeros[parts.test])
        expected = {
            "accuracy": np.mean(answers == y[parts.test]),
            "balanced_accuracy": balanced_accuracy_score(y[parts.test], answers),
            "auc": 0.5,
            "loss": log_loss(y[parts.test], shares),
        }
        assert told["baseline"] == pytest.approx(expected)
        assert told["measures"].keys() == expected.keys()
    for name in ("accuracy", "balanced_accuracy", "auc", "loss"):
        values = [fold["measures"][name] for fold in summary["folds"]]
        assert summary["mean"][name] == pytest.approx(np.mean(values))
        assert summary["std"][name] == pytest.approx(np.std(values, ddof=1))
    notes = lw.load("points.safetensors").network_.notes
    assert notes["cross_validation"] == summary
    assert "--cv" not in notes["command"]
    shown = run("info", "points.safetensors").stdout
    assert "note         cross_validation: folds, mean, std, baseline: --json shows all" in shown


@pytest.mark.slow
def test_the_report_has_them(run, points):
    run("train", points, "--exclude", "price", *QUICK, "--cv", "3", "-q")
    run("report", "points.safetensors", "--data", points)
    summary = lw.load("points.safetensors").network_.notes["cross_validation"]
    with open("points.html", encoding="utf-8") as file:
        page = file.read()
    assert "trained and tested 3 times" in page
    mean, std, dummy = (summary[name]["balanced_accuracy"] for name in ("mean", "std", "baseline"))
    row = f"<td>balanced accuracy</td><td class=n>{mean:.2%} ± {std:.2%}</td><td class=n>{dummy:.2%}</td>"
    assert row in page


@pytest.mark.parametrize(
    "notes", [3, {}, {"mean": {"nonsense": 1}, "std": {}, "baseline": {}, "folds": []}, {"mean": 1}]
)
def test_notes_that_are_something_else_are_passed_over(notes):
    subject = SimpleNamespace(network=SimpleNamespace(notes={"cross_validation": notes, "search": notes}))
    assert trials.cross_validation(subject) == trials.search(subject) == ""


def test_the_model_is_the_one_without_folds(run, points):
    run("train", points, *QUICK, "-q", "-o", "plain.safetensors")
    run("train", points, *QUICK, "-q", "--cv", "2", "-o", "folds.safetensors")
    plain, folds = (lw.load(f"{name}.safetensors").network_ for name in ("plain", "folds"))
    np.testing.assert_array_equal(plain.theta, folds.theta)


def test_several_numbers(run, points):
    words = ["--target", "x,price", "--exclude", "kind", *QUICK]
    result = run("train", points, *words, "--cv", "2")
    assert "fold 2 of 2: 24 rows to train, 30 to test: mean error of x" in result.stdout
    assert "cross-validation of 2 folds, mean ± standard deviation (without a model):" in result.stdout
    summary = lw.load("points.safetensors").network_.notes["cross_validation"]
    price = column(points, 4).astype(float)
    for parts, told in zip(split_folds(60, 2, validation=0.2, seed=42), summary["folds"], strict=True):
        dummy = DummyRegressor().fit(price[parts.train], price[parts.train]).predict(price[parts.test])
        assert told["baseline"]["mae of price"] == pytest.approx(mean_absolute_error(price[parts.test], dummy))
        x = column(points, 0).astype(float)
        r2 = [r2_score(v[parts.test], np.full(30, v[parts.train].mean())) for v in (x, price)]
        assert told["baseline"]["r2"] == pytest.approx(np.mean(r2))


@pytest.mark.parametrize("words", [["--time-column", "day"], ["--group", "site"]])
def test_folds_by_time_and_by_group(run, points, words):
    summary = run("train", points, *words, *QUICK, "--cv", "3", "--json").json()["cross_validation"]
    assert len(summary["folds"]) == 3
    tested = sum(fold["rows"]["test"] for fold in summary["folds"])
    assert tested == 60 if words[0] == "--group" else tested == 45


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--cv 1", 2, "greater than or equal to 2"),
        ("--cv 61 --target price --exclude kind", 1, "--cv 61: there are only 60 rows"),
        ("--cv 30", 1, "has only"),
        ("--cv 9 --group site", 1, "there are only 7"),
        ("--cv 3 --layers 8", 2, "not together with options of the network"),
    ],
)
def test_folds_that_cannot_be(run, tmp_path, points, words, code, message):
    result = run("train", points, *words.split(), *QUICK)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]


def test_only_tables_have_folds(run):
    result = run("train", "iris", "--cv", "3")
    assert result.exit_code == 2
    assert "--cv: these are for FILE.csv" in " ".join(result.stderr.replace("│", " ").split())
