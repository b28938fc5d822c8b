"""`layerwise report` on a model for tables: the rows that were held out, the worst of them, what the columns do."""

import csv
from html.parser import HTMLParser

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.cli.held_out import found_again, remembered
from layerwise.app.measures import four_digits
from layerwise.app.reporting import subject

pytest.importorskip("matplotlib")

NASTY = "<script>alert('1')</script>"


@pytest.fixture
def homes(tmp_path):
    """A table whose size decides, with a nasty name and nasty categories."""
    rng = np.random.default_rng(0)
    lines = [f"{NASTY},day,id,size,sold,price"]
    for i in range(150):
        town, size = ('"<img src=x onerror=""a()"">"', "$A & $B", "")[i % 3], rng.uniform(20, 99)
        day = np.datetime64("2024-01-01") + int(rng.integers(300))
        sold = "<b>yes</b>" if size + rng.normal(0, 9) > 60 else "no"
        lines.append(f"{town},{day},n{i:04},{size:.1f},{sold},{3 * size + rng.normal(0, 9):.2f}")
    (tmp_path / "homes.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "homes.csv"


class Page(HTMLParser):
    """The tables by the heading that they stand under, and what pictures show; tags must be closed in order."""

    def __init__(self, path):
        super().__init__()
        self.open, self.heading, self.tables, self.pictures, self.text = [], "", {}, [], ""
        self.feed(path.read_text(encoding="utf-8"))
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag != "script"
        if tag == "img":
            assert set(dict(attrs)) == {"src", "alt"}
            self.pictures.append(dict(attrs)["alt"])
        if tag == "table":
            self.tables.setdefault(self.heading, []).append([])
        if tag == "tr":
            self.tables[self.heading][-1].append([])
        if tag in ("td", "th"):
            self.tables[self.heading][-1][-1].append("")
        if tag not in ("meta", "img", "source", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open[-1:] == ["h2"]:
            self.heading = data
        if self.open[-1:] in (["td"], ["th"]):
            self.tables[self.heading][-1][-1][-1] += data


def predicted(run, tmp_path, homes, model):
    """Each row of the file with the answers, by its line."""
    assert run("predict", homes, "-m", model, "-o", "out.csv").exit_code == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        return dict(enumerate(csv.DictReader(file), 2))


def test_classes(run, tmp_path, homes, light):
    trained = run("train", homes, "--target", "sold", "--exclude", "price", "-e", "40", "--no-plot", "--json").json()
    result = run("report", "homes.safetensors", "--data", homes)
    assert result.stdout == "on the 30 of 150 rows that were held out to test\nreport  homes.html\n"
    page = Page(tmp_path / "homes.html")
    assert "On 30 rows, those of 150 that were held out to test." in page.text
    figures = {row[0]: row[1:] for row in page.tables["Answers"][0]}
    for name, words in (("accuracy", "accuracy"), ("loss", "log loss"), ("auc", "AUC")):
        assert figures[words][0] == four_digits(trained["test"][name])
    assert float(figures["log loss"][1]) == pytest.approx(np.log(2), abs=0.05)
    head, *rows = page.tables["Worst rows"][0]
    assert head == ["line", "is", "answer", "sure", "of what is so", NASTY, "day", "id", "size", "price"]
    answers = predicted(run, tmp_path, homes, "homes.safetensors")
    shares = [float(answers[int(row[0])][f"probability_{row[1]}"]) for row in rows]
    assert shares == sorted(shares)
    assert [row[4] for row in rows] == [f"{share:.1%}" for share in shares]
    for row in rows:
        assert row[5:] == [answers[int(row[0])][name] for name in head[5:]]
    names = [row[0] for row in page.tables["Columns"][0][1:]]
    assert names[0] == "size"
    assert [words for words in page.pictures if words.startswith("the mean")] == [
        f"the mean answer by {n}" for n in names
    ]


def test_numbers(run, tmp_path, homes, light):
    run("train", homes, "-e", "40", "--no-plot", "-q", "-o", "p.safetensors")
    run("report", "p.safetensors", "--data", homes)
    page, answers = Page(tmp_path / "p.html"), predicted(run, tmp_path, homes, "p.safetensors")
    head, *rows = page.tables["Worst rows"][0]
    assert head[:5] == ["line", "is", "answer", "error", "90% interval"]
    errors = [abs(float(row[3])) for row in rows]
    assert errors == sorted(errors, reverse=True)
    for row in rows:
        known = answers[int(row[0])]
        assert float(row[1]) == pytest.approx(float(known["price"]), rel=1e-4)
        assert float(row[2]) == pytest.approx(float(known["predicted"]), rel=1e-4)
        assert row[4] == f"{float(known['low']):.4g} to {float(known['high']):.4g}"
    figures = {row[0]: row[1:] for row in page.tables["Answers"][0]}
    assert abs(float(figures["R²"][1])) < 1e-9
    assert float(figures["mean of |error|"][0]) < float(figures["mean of |error|"][1])
    with (tmp_path / "homes.csv").open(newline="") as file:
        prices = [float(row["price"]) for row in csv.DictReader(file)]
    rows_held_out = found_again(lw.load("p.safetensors").network_.notes, np.array(prices))
    chosen = [answers[line] for line in (rows_held_out + 2).tolist()]
    inside = np.mean([float(row["low"]) <= float(row["price"]) <= float(row["high"]) for row in chosen])
    assert {row[0]: row[1] for row in page.tables["Confidence"][0]}["90%"] == f"{inside:.1%}"


def test_another_table_is_reported_whole(run, tmp_path, homes, undrawn):
    run("train", homes, "--target", "sold", "-e", "3", "--no-plot", "-q")
    lines = homes.read_text().splitlines()
    (tmp_path / "more.csv").write_text("\n".join(lines[:-1]) + "\n")
    assert run("report", "homes.safetensors", "--data", "more.csv").stdout == "report  homes.html\n"
    assert "On 149 rows." in Page(tmp_path / "homes.html").text
    assert "of these 150 rows were used in training" in run("evaluate", "homes.safetensors", homes).stderr
    assert "used in training" not in run("evaluate", "homes.safetensors", "more.csv").stderr


def test_many_rows_are_sampled_and_it_is_said(run, tmp_path, homes, monkeypatch, undrawn):
    run("train", homes, "--target", "sold", "-e", "3", "--no-plot", "-q")
    monkeypatch.setattr(subject, "MOST_ROWS", 20)
    run("report", "homes.safetensors", "--data", homes)
    assert "Measured on 20 of the 30 rows." in Page(tmp_path / "homes.html").text


def test_several_targets(run, tmp_path, homes, undrawn):
    run("train", homes, "--target", "price,size", "-e", "3", "--no-plot", "-q", "-o", "two.safetensors")
    assert run("report", "two.safetensors", "--data", homes).exit_code == 0
    page = Page(tmp_path / "two.html")
    assert page.tables["Worst rows"][0][0][-4:] == [NASTY, "day", "id", "sold"]
    assert all(", " in row[1] for row in page.tables["Worst rows"][0][1:])


def test_a_single_row_and_a_model_made_in_python(run, tmp_path, homes, undrawn):
    run("train", homes, "--target", "sold", "-e", "3", "--no-plot", "-q")
    (tmp_path / "one.csv").write_text("\n".join(homes.read_text().splitlines()[:2]) + "\n")
    assert run("report", "homes.safetensors", "--data", "one.csv").exit_code == 0
    assert "On 1 row." in Page(tmp_path / "homes.html").text
    frame = pytest.importorskip("pandas").read_csv(homes)
    model = lw.MLPClassifier(preset="tabular", max_iter=3, random_state=0)
    model.fit(frame[["size", "id"]], frame["sold"].astype(object)).save("made.safetensors")
    assert run("report", "made.safetensors", "--data", homes, "--target", "sold").exit_code == 0
    assert "On 150 rows." in Page(tmp_path / "made.html").text


def test_the_command_is_told_as_it_was_given(run, homes):
    words = ["train", str(homes), "--target", "sold", "--exclude", "price,day", "--exclude", "id", "--no-dayfirst"]
    assert run(*words, "-e", "2", "-q", "--no-plot", "-o", "a.safetensors").exit_code == 0
    network = lw.load("a.safetensors").network_
    command = network.notes["command"].split()
    assert command == [
        "layerwise", "train", "homes.csv", "--epochs", "2", "--target", "sold", "--exclude", "price,day", "--exclude",
        "id", "--no-dayfirst",
    ]  # fmt: skip
    assert run(*command[1:], "-q", "--no-plot", "-o", "b.safetensors").exit_code == 0
    assert (lw.load("b.safetensors").network_.theta == network.theta).all()


@pytest.mark.parametrize("y", [np.arange(13) / 3, np.array(list("abcabcabcabca")), np.arange(26).reshape(13, 2)])
def test_held_out_rows_are_found_again(y):
    notes = {"held_out": remembered(y, np.array([0, 5, 12]))}
    assert found_again(notes, y).tolist() == [0, 5, 12]
    assert found_again(notes, y[:-1]) is None
    assert found_again(notes, y[::-1]) is None
    assert found_again({}, y) is None
    for damaged in ("", "!", 3, "AAA="):
        assert found_again({"held_out": {**notes["held_out"], "test": damaged}}, y) is None
