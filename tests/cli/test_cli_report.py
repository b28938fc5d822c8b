"""`layerwise report`: a page from a model file alone, or from a table of one's own."""

import re

import pytest

import layerwise as lw

pytest.importorskip("matplotlib")


def test_a_page_from_the_model_file_alone(run, iris_model, tmp_path, undrawn):
    (tmp_path / "flowers.safetensors").write_bytes(iris_model.read_bytes())
    result = run("report", "flowers.safetensors")
    assert result.exit_code == 0
    assert result.stdout == "report  flowers.html\n"
    page = (tmp_path / "flowers.html").read_text(encoding="utf-8")
    assert "<title>flowers.safetensors: iris</title>" in page
    assert "$ layerwise train iris" in page
    assert run("report", "flowers.safetensors").exit_code == 0  # a page that is there is replaced


def test_a_table_of_numbers(run, prices, tmp_path, undrawn):
    assert run("train", prices, "--no-plot", "-q", "-e", "5", "-o", "p.safetensors").exit_code == 0
    without = run("report", "p.safetensors")
    assert without.exit_code == 2
    assert "was trained on prices.csv" in " ".join(without.stderr.replace("│", " ").split())
    assert run("report", "p.safetensors", "--data", prices, "-o", "page.html").exit_code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<td>columns</td><td>rooms, age</td>" in page
    assert "$ layerwise train prices.csv --epochs 5" in page


def test_neither_model_nor_table_is_overwritten(run, iris_model, flowers, tmp_path):
    model = tmp_path / "m.safetensors"
    model.write_bytes(iris_model.read_bytes())
    for output in (model, flowers):
        before = output.read_bytes()
        result = run("report", model, "--data", flowers, "-o", output)
        assert result.exit_code == 2
        assert "would be overwritten" in result.stderr
        assert output.read_bytes() == before


def test_the_command_that_trained_is_in_the_model_file(run, tmp_path):
    words = ["train", "spiral", "-e", "2", "--layers", "8,dropout:0.1", "--seed", "4", "--engine", "numpy"]
    assert run(*words, "-q", "--no-plot", "-o", "a b.safetensors", "--threads", "1").exit_code == 0
    network = lw.load(tmp_path / "a b.safetensors")
    command = network.notes["command"]
    assert command == "layerwise train spiral --layers 8,dropout:0.1 --epochs 2 --seed 4 --engine numpy"
    assert run(*command.split()[1:], "-q", "--no-plot", "-o", "again.safetensors").exit_code == 0
    assert (lw.load(tmp_path / "again.safetensors").theta == network.theta).all()


@pytest.mark.parametrize("words", [["report"], ["plot", "confusion"]])
def test_a_model_of_a_table_needs_data(run, tmp_path, words, undrawn):
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *(f"{x},{x > 25}" for x in range(50))]))
    assert run("train", "t.csv", "-e", "1", "--no-plot", "--quiet").exit_code == 0
    result = run(*words, "t.safetensors")
    assert result.exit_code == 2
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.stderr).split())
    assert "Invalid value for --data: t.safetensors was trained on t.csv; name the data to test it on: --data" in text
    assert "A model that was trained on a table or a folder needs it" in " ".join(
        re.sub(r"[│╭╮╰╯─]", " ", run(words[0], "--help").stdout).split()
    )
    assert run(*words, "t.safetensors", "--data", "t.csv").exit_code == 0
