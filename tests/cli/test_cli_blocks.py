"""Tables that are read in blocks: Parquet of several files, and CSV larger than what is read whole."""

import csv
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

import layerwise as lw
from layerwise.datasets.reading import blocks as in_blocks
from layerwise.datasets.reading import read_raw
from layerwise.datasets.reading.blocks import Blocks, is_in_blocks

pytest.importorskip("sklearn")
pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("polars")

N = 3000
NOTHING = {"delimiter": None, "encoding": None, "header": None, "decimal": None, "na": (), "skip": None}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(
        {
            "age": rng.integers(18, 80, N),
            "city": rng.choice(["Oslo", "Rome, old", 'Bonn "am" Rhein'], N),
            "income": np.round(rng.lognormal(8, 1, N), 2),
        }
    )
    found["rich"] = np.where((found.income > 3000) ^ (found.city == "Oslo"), "yes", "no")
    found["price"] = found.age * 10.0 + np.where(found.city == "Oslo", 300, 0)
    return found


@pytest.fixture
def files(frame, tmp_path):
    frame.to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "parts").mkdir()
    for i in range(3):
        frame.iloc[i * 1000 : (i + 1) * 1000].to_parquet(tmp_path / "parts" / f"p{i}.parquet", index=False)
    return tmp_path


def train(run, source, *more):
    return run("train", source, "--epochs", "12", "--no-plot", "--json", "-o", "model.safetensors", *more)


@pytest.mark.parametrize("source", ["table.csv", "parts", "parts/*.parquet"])
def test_trained_evaluated_and_predicted_in_blocks(run, files, frame, source, monkeypatch):
    monkeypatch.setattr(in_blocks, "LARGE", 1000)
    monkeypatch.setattr(in_blocks, "_BLOCK", 2**14)
    report = train(run, source, "--target", "rich", "--exclude", "price", "--window", "500", "-b", "32").json()
    assert report["rows"] == N
    assert report["test"]["accuracy"] > 0.9
    result = run("evaluate", "model.safetensors", source, "--json").json()
    assert result["samples"] == N
    assert result["accuracy"] > 0.9
    told = run("predict", "--model", "model.safetensors", source, "-o", "answers.csv")
    assert told.stdout == f"answers.csv: {N:,} rows of {Path(source)} with the answers\n"
    with open("answers.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == N
    assert [row["city"] for row in rows] == frame.city.tolist()
    right = np.mean([row["predicted"] == row["rich"] for row in rows])
    assert right == pytest.approx(result["accuracy"])


def test_numbers_are_in_their_own_units(run, files):
    report = train(run, "parts", "--target", "price", "--exclude", "rich,income", "-b", "16").json()
    assert report["test"]["r2"] > 0.9
    assert run("evaluate", "model.safetensors", "parts", "--json").json()["r2"] > 0.9
    run("predict", "--model", "model.safetensors", "parts", "-o", "answers.csv")
    with open("answers.csv", newline="", encoding="utf-8") as file:
        errors = [abs(float(row["predicted"]) - float(row["price"])) for row in csv.DictReader(file)]
    assert np.median(errors) < 100


def test_the_same_seed_gives_the_same_model(run, files):
    for name in ("a", "b"):
        run(
            "train",
            "parts",
            "--target",
            "rich",
            "-e",
            "2",
            "--no-plot",
            "-q",
            "-o",
            f"{name}.safetensors",
            "--window",
            "500",
        )
    import layerwise as lw

    assert (lw.load("a.safetensors").theta == lw.load("b.safetensors").theta).all()


def test_what_needs_all_rows_is_refused(run, files):
    for more, words in (
        (("--target", "rich", "--cv", "3"), "--cv: not for a table that is read in blocks"),
        (("--target", "poor"), "has no column 'poor'"),
        ((), "name the column to be predicted by --target"),
    ):
        result = run("train", "parts", "--no-plot", *more)
        assert result.exit_code != 0
        assert words in " ".join((result.stderr + result.stdout).replace("│", " ").split())
    assert not list(files.glob("*.safetensors"))


def test_blocks_of_text_are_the_whole_table(files, frame, monkeypatch):
    monkeypatch.setattr(in_blocks, "_BLOCK", 2**12)
    whole, parts = read_raw(files / "table.csv"), list(Blocks(str(files / "table.csv"), **NOTHING))
    assert len(parts) > 10
    assert all(part.names == whole.names for part in parts)
    for j in range(len(whole.names)):
        assert [cell for part in parts for cell in part.columns[j]] == list(whole.columns[j])
    np.testing.assert_array_equal(np.concatenate([part.lines for part in parts]), whole.lines)


def test_lines_within_quotes_and_other_notations(tmp_path, monkeypatch):
    monkeypatch.setattr(in_blocks, "_BLOCK", 200)
    rows = [["a", "b", "c"], *[[f"{i},5", f'two\nlines "{i}"', "x"] for i in range(200)]]
    with open(tmp_path / "odd.csv", "w", newline="", encoding="latin-1") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    whole, parts = read_raw(tmp_path / "odd.csv"), list(Blocks(str(tmp_path / "odd.csv"), **NOTHING))
    assert len(parts) > 10
    for j in range(3):
        assert [cell for part in parts for cell in part.columns[j]] == list(whole.columns[j])


def test_which_tables_are_read_in_blocks(files, tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    assert is_in_blocks(str(files / "parts"))
    assert is_in_blocks(str(files / "parts" / "*.parquet"))
    assert not is_in_blocks(str(files / "table.csv"))
    assert is_in_blocks(str(files / "table.csv"), asked=True)
    assert not is_in_blocks(str(tmp_path / "pictures"))
    assert not is_in_blocks("mnist")
    (tmp_path / "packed.csv.gz").write_bytes(b"\x1f\x8b" + bytes(100))
    monkeypatch.setattr(in_blocks, "LARGE", 10)
    assert is_in_blocks(str(files / "table.csv"))
    assert not is_in_blocks(str(tmp_path / "packed.csv.gz"))


def test_names_of_folders_are_columns(run, frame, tmp_path):
    for (city, age), part in frame.assign(age=frame.age // 20).groupby(["city", "age"]):
        folder = tmp_path / "parts" / f"city={quote(city)}" / f"age={age}"
        folder.mkdir(parents=True)
        part.drop(columns=["city", "age"]).to_parquet(folder / "p.parquet", index=False)
    tables = list(Blocks(str(tmp_path / "parts"), **NOTHING))
    assert {table.names for table in tables} == {("income", "rich", "price", "city", "age")}
    report = train(run, "parts", "--target", "rich", "--exclude", "price").json()
    assert report["test"]["accuracy"] > 0.9
    names = {column["name"] for column in lw.load("model.safetensors").columns}
    assert names == {"income", "age", *(f"city={city}" for city in frame.city.unique())}


def test_a_damaged_file_is_named(run, files):
    path = files / "parts" / "p1.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    result = run("train", "parts", "--target", "rich", "--no-plot")
    assert result.exit_code == 1
    assert "p1.parquet" in result.stderr


def test_a_window_that_nothing_is_read_in_is_refused(run, frame, tmp_path):
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    refused = run("train", "t.csv.gz", "--window", "500")
    assert refused.exit_code == 1
    assert "t.csv.gz cannot be read in blocks" in " ".join(refused.stderr.split())


def test_the_index_of_a_pandas_frame_is_left_out_of_its_blocks(frame, tmp_path):
    frame[frame["age"] > 30].to_parquet(tmp_path / "t.parquet")
    frame.set_index("city").to_parquet(tmp_path / "named.parquet")
    assert next(iter(Blocks(str(tmp_path / "t.parquet")))).names == tuple(frame.columns)
    assert next(iter(Blocks(str(tmp_path / "named.parquet")))).names == (
        "city",
        *(name for name in frame.columns if name != "city"),
    )
