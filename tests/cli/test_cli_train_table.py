"""`layerwise train FILE` by the settings for tables: what it says and writes, and its answers as a table."""

import csv
import re

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.tables.understanding import Understanding


@pytest.fixture
def homes(tmp_path):
    """A table with text, a date, a gap, an id, a group, classes and a number."""
    rng = np.random.default_rng(0)
    lines = ["id,day,city,size,street,sold,price"]
    for i in range(120):
        city, size = ("Oslo", "Bergen", "")[i % 3], rng.uniform(20, 99)
        price = size * (2 if city == "Oslo" else 1) + rng.normal()
        day = np.datetime64("2024-01-01") + int(rng.integers(300))
        lines.append(f"n{i:04},{day},{city},{size:.1f},s{i % 9},{'yes' if size > 60 else 'no'},${price:.2f}")
    (tmp_path / "homes.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "homes.csv"


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_classes(run, tmp_path, homes):
    report = run("train", homes, "--target", "sold", "--exclude", "price", "-e", "40", "--json").json()
    assert report["columns"]["id"]["use"] == report["columns"]["price"]["use"] == "left out"
    tested, baseline = report["test"], report["baseline"]
    assert tested["accuracy"] > baseline["accuracy"]
    assert baseline["better"]
    assert tested["auc"] > 0.9
    recalls = {item["class"]: item["recall"] for item in tested["recalls"]}
    assert tested["balanced_accuracy"] == pytest.approx(np.mean(list(recalls.values())))
    assert tested["loss"] < baseline["loss"] == pytest.approx(np.log(2), abs=0.02)
    assert 0 <= tested["calibration_error"] < 0.3
    assert 1 <= tested["rows_of_half_the_loss"] <= 12
    assert report["importance"][0]["column"] == "size"
    assert report["importance"][0]["lost"] > 5 * abs(report["importance"][1]["lost"])
    assert report["rows"] == {"train": 77, "validation": 19, "test": 24}
    assert (tmp_path / "homes.png").exists()
    model = lw.load("homes.safetensors")
    rules = Understanding.from_dict(model.network_.notes["table"])
    assert [column.name for column in rules.inputs] == [n for n, c in report["columns"].items() if c["use"] == "input"]
    assert model.network_.notes["command"].startswith("layerwise train homes.csv --epochs 40")


def test_answers_as_a_table(run, tmp_path, homes):
    result = run("train", homes, "--target", "sold", "--exclude", "price", "-e", "40", "--no-plot")
    assert "trained 3 networks in" in result.stdout
    printed = result.stdout.splitlines()
    assert sum(line.startswith("  ") for line in printed) <= 4
    assert any(re.fullmatch(r"  size +0\.\d{3} ± 0\.\d{3}", line) for line in printed)
    assert re.search(r"^calibration: confidence is .*% off", result.stdout, re.MULTILINE)
    assert re.search(r"^half of the loss comes from \d+ of the 24 rows: `layerwise rep", result.stdout, re.MULTILINE)
    assert printed[-1] == f"now try          layerwise report homes.safetensors --data {homes}"
    (tmp_path / "new.csv").write_text("size,note,street,city,day\n90,a,s1,Atlantis,\n,b,,Oslo,2024-02-03\n")
    result = run("predict", "new.csv", "-m", "homes.safetensors", "-o", "out.csv")
    assert (result.exit_code, result.stdout) == (0, "out.csv: 2 rows of new.csv with the answers\n")
    rows = table(tmp_path / "out.csv")
    assert list(rows[0]) == ["size", "note", "street", "city", "day", "predicted", "probability_no", "probability_yes"]
    assert (rows[0]["note"], rows[0]["city"], rows[0]["predicted"]) == ("a", "Atlantis", "yes")
    for row in rows:
        assert float(row["probability_no"]) + float(row["probability_yes"]) == pytest.approx(1)
    printed = run("predict", "new.csv", "-m", "homes.safetensors", "--json").json()
    assert [row["answer"] for row in printed] == [row["predicted"] for row in rows]


def test_numbers_with_their_intervals(run, tmp_path, homes):
    report = run("train", homes, "-e", "60", "--no-plot", "--json").json()
    tested, baseline = report["test"], report["baseline"]
    assert tested["mae"] < baseline["mae"] / 2
    assert tested["rmse"] < baseline["rmse"]
    assert tested["r2"] == pytest.approx(1 - (tested["rmse"] / baseline["rmse"]) ** 2, abs=0.1)
    assert 0.5 < tested["coverage"] <= 1
    run("predict", homes, "-m", "homes.safetensors", "-o", "out.csv")
    rows = table(tmp_path / "out.csv")
    assert rows[0]["id"] == "n0000"
    assert list(rows[0])[-3:] == ["predicted", "low", "high"]
    assert all(float(row["low"]) <= float(row["predicted"]) <= float(row["high"]) for row in rows)
    evaluated = run("evaluate", "homes.safetensors", homes, "--json").json()
    errors = [float(row["predicted"]) - float(row["price"].strip("$")) for row in rows]
    assert evaluated["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-4)
    within = [float(row["low"]) <= float(row["price"].strip("$")) <= float(row["high"]) for row in rows]
    assert evaluated["coverage"] == pytest.approx(np.mean(within), abs=0.01)
    prices = np.array([float(row["price"].strip("$")) for row in rows])
    assert evaluated["baseline"]["rmse"] == pytest.approx(prices.std(), rel=1e-4)
    assert "(of the mean: " in run("evaluate", "homes.safetensors", homes).stdout


def test_it_is_said_when_nothing_was_learned(run, tmp_path):
    rng = np.random.default_rng(1)
    rows = [f"{x:.3f},{'ab'[i % 10 == 0]}" for i, x in enumerate(rng.normal(size=100))]
    (tmp_path / "noise.csv").write_text("\n".join(["x,y", *rows]))
    result = run("train", "noise.csv", "-e", "2", "-q", "--no-plot")
    assert "(always a: 90.00%)" in result.stdout
    assert "not better than the same answer for every row" in result.stderr
    assert "columns that matter" not in result.stdout


def test_rows_that_do_not_look_like_the_training_data_are_said_to_be_unfamiliar(run, tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{'ab'[i % 2]},{y:.3f},{3 * x + y:.3f}" for i, (x, y) in enumerate(rng.normal(size=(300, 2)))]
    (tmp_path / "t.csv").write_text("\n".join(["x,kind,z,y", *rows]))
    run("train", "t.csv", "-e", "10", "-q", "--no-plot")
    (tmp_path / "new.csv").write_text("x,kind,z\n0.1,a,0.2\n0.1,c,0.2\n99,a,0\n-0.4,b,0.5\n")
    result = run("predict", "new.csv", "-m", "t.safetensors", "-o", "out.csv")
    assert result.exit_code == 0
    assert re.fullmatch(r"out.csv: 4 rows .*; [12] of them do not look like the training data\n", result.stdout)
    assert [row["unfamiliar"] for row in table(tmp_path / "out.csv")][::2] == ["no", "yes"]
    assert run("predict", "new.csv", "-m", "t.safetensors").exit_code == 3
    run("predict", "t.csv", "-m", "t.safetensors", "-o", "out.csv")
    assert np.mean([row["unfamiliar"] == "yes" for row in table(tmp_path / "out.csv")]) < 0.1


@pytest.mark.parametrize("words", [["--time-column", "day"], ["--group", "street"], ["--class-weight", "balanced"]])
def test_rows_held_out_otherwise(run, homes, words):
    options = ["--target", "sold", "--exclude", "price", "-e", "2", "--no-plot", "--json"]
    report = run("train", homes, *options, *words).json()
    assert sum(report["rows"].values()) == 120
    if words[0] == "--group":
        assert report["columns"]["street"]["use"] == "left out"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--group stret", 1, "has no column 'stret'; did you mean 'street'"),
        ("--time-column city", 1, "it must hold dates or numbers"),
        ("--class-weight balanced", 1, "--class-weight is for classes"),
        ("--exclude day --layers 8", 2, "not together with options of the network"),
        ("--checkpoint fortnight", 2, "every must be 'epoch'"),
    ],
)
def test_options_that_do_not_fit(run, tmp_path, homes, words, code, message):
    result = run("train", homes, *words.split())
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["homes.csv"]


@pytest.mark.parametrize("output", ["homes.csv", "m.safetensors", "out.xlsx"])
def test_answers_overwrite_nothing(run, tmp_path, homes, output):
    run("train", homes, "-e", "1", "-q", "--no-plot", "-o", "m.safetensors")
    before = homes.read_bytes()
    assert run("predict", homes, "-m", "m.safetensors", "-o", output).exit_code == 2
    assert homes.read_bytes() == before
