"""`layerwise look`: a table as it is understood."""

import pytest

ROWS = [
    f"{i},{20 + i % 9 if i % 10 else ''},{('Oslo', 'Bern', 'Rome')[i % 3]},2024-0{1 + i % 9}-11,{('no', 'yes')[i % 2]}"
    for i in range(30)
]
TABLE = "id,age,city,born,t\n" + "\n".join(ROWS) + "\n"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    return "t.csv"


def test_a_line_a_column(run, file):
    assert run("look", file).stdout.splitlines() == [
        "t.csv: 30 rows, 5 columns",
        "column  kind        use       missing  values",
        "id      row number  left out           30 different: 0, 1, 2, 3, …",
        "age     number      input     3 (10%)  20 to 28: 21, 22, 23, 24, …",
        "city    category    input              3 different: Oslo, Bern, Rome",
        "born    date        input              2024-01-11 to 2024-09-11: 2024-01-11, 2024-02-11, 2024-03-11, "
        "2024-04-11, …",
        "t       category    target             2 different: no, yes",
        "note: column 'id' is left out: consecutive numbers, 0 to 29",
        "target: t: 2 classes, no (15), yes (15); it is the last column",
    ]


def test_what_the_user_says(run, file):
    words = ("--target", "age", "--exclude", "t,city", "--kinds", "born=category", "--id", "id", "--na", "28")
    found = run("look", file, *words, "--json").json()
    assert {c["name"]: (c["kind"], c["use"]) for c in found["columns"]} == {
        "id": ("id", "left out"), "age": ("number", "target"), "city": ("category", "left out"),
        "born": ("category", "input"), "t": ("yes/no", "left out"),
    }  # fmt: skip
    assert (found["rows"], found["rows_with_target"], found["refused"]) == (30, 24, None)
    assert found["targets"][0]["kind"] == "number"


def test_a_table_that_nothing_can_be_learned_from(run, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\nx,\nx,\n")
    result = run("look", "t.csv")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == (
        "nothing can be learned from it: no column can be predicted: all are empty, have one value, or are row "
        "numbers, ids or dates"
    )
    assert run("look", "t.csv", "--json").json()["refused"].startswith("no column can be predicted")
    result = run("look", "t.csv", "--target", "b")
    assert (result.exit_code, result.stderr) == (
        1, "error: the target 'b' has no value in any row; name another column: --target\n",
    )  # fmt: skip


def test_a_picture(run, file, tmp_path):
    pytest.importorskip("matplotlib")
    assert run("look", file, "--plot", "t.png").stdout.endswith("picture  t.png\n")
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--exclude", "agee"], 1, "exclude: t.csv has no column 'agee'; did you mean 'age'"),
        (["--target", "tt"], 1, "there is no column 'tt' for the target"),
        (["--kinds", "age=numbr"], 1, "column 'age': there is no kind 'numbr'; did you mean 'number'"),
        (["--kinds", "age"], 2, "--kinds takes COLUMN=KIND"),
        (["--decimal", ";"], 1, "decimal must be '.' or ',', but is ';'"),
        (["--kinds", "city=number,t=date"], 1, "column 'city' cannot be one of numbers"),
        (["--plot", "t.txt"], 2, "t.txt"),
    ],
)
def test_mistakes(run, file, words, code, message):
    result = run("look", file, *words)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.replace("│", "").split())
