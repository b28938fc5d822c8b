"""Lessons as notebooks: plain Markdown, exercises with a check, and each runs."""

import ast
import base64
import json
import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("sphinx")

from lesson_source import lessons  # noqa: E402
from notebook_check import check  # noqa: E402
from notebooks import make_notebook, plain_markdown  # noqa: E402

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"


@pytest.fixture(scope="module")
def notebook():
    return make_notebook((HERE / "lessons" / "lesson.md").read_text(encoding="utf-8"), "course/lesson")


def texts(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_a_notebook_has_the_lesson_in_plain_markdown(notebook):
    nbformat.validate(notebook)
    written = "\n".join(texts(notebook, "markdown"))
    assert written.startswith("# A neuron")
    assert "$a = \\max(0, z)$; see the page and `page`." in written
    assert "> **Note**\n>\n> Weights are **numbers**." in written
    assert "1. `Dense`\n2. ReLU\n3. $w x + b$" in written
    assert not re.search(r"\{\w+\}|^\(.*\)=$|:::|\]\((?!http)", written, re.MULTILINE)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


def test_the_answer_is_not_read_at_a_glance(notebook):
    [question] = [source for source in texts(notebook, "code") if "list of 3 numbers" in source]
    assert question.startswith("answer = ...  # a list of 3 numbers\ncheck(answer, ")
    assert "0.5" not in question


def hidden(notebook, number):
    [call] = [source for source in texts(notebook, "code") if source.startswith("answer = ...")][number : number + 1]
    return ast.parse(call).body[-1].value.args[1].value


@pytest.mark.parametrize(
    ("number", "answer", "said"),
    [
        (0, ..., "Not answered yet"),
        (0, 2.3, "Correct."),
        (0, [2.3], "Correct."),
        (0, 0.3, "That is the weighted sum alone. Add the bias $b$.\nHint: Multiply"),
        (0, 5, "Not yet.\nHint: Multiply"),
        (0, [1, 2], "Expected 1 number, got 2."),
        (0, "two", "Expected numbers, got 'two'."),
        (0, None, "Expected numbers, got None."),
        (0, "2,3", "Correct."),
        (0, " 230 %", "Correct."),
        (0, "2.3%", "Not yet."),
        (0, "23/10", "Correct."),
        (0, "\u22122.3", "Check the sign."),
        (0, 2.302, "Close, but not close enough."),
        (0, 2.0, "Not yet."),
        (1, [0, 0.5, 2], "Correct."),
        (1, (-1, 0.5, 2), "ReLU gives 0 for a number below 0."),
        (1, [0, 1], "Expected 3 numbers, got 2."),
        (1, "0; 0,5; 2", "Correct."),
        (1, "[0, 0.5, 2]", "Correct."),
        (1, ["0", "0,5", "2"], "Correct."),
        (1, "\u22121 0,5 2", "ReLU gives 0 for a number below 0."),
        (2, 2, "Correct."),
        (2, 1, "That is a layer with weights."),
        (2, 3, "Not yet."),
        (2, 0, "Choose one: a number from 1 to 3."),
        (2, "ReLU", "Expected the number of a choice, got 'ReLU'."),
    ],
)
def test_an_answer_is_checked(notebook, number, answer, said, capsys):
    check(answer, hidden(notebook, number))
    assert capsys.readouterr().out.startswith(said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(1.2, "Right so far"), ("1,20", "Right so far"), (1.3, "Not yet."), (1, "Not yet."), (1.204, "Correct.")],
)
def test_an_answer_with_too_few_decimals_is_right_so_far(answer, said, capsys):
    told = {"answer": [1.20397], "wrong": [], "tolerance": 0.0005, "choices": 0, "hint": ""}
    check(answer, base64.b64encode(json.dumps(told).encode()))
    assert capsys.readouterr().out.startswith(said)


@pytest.mark.parametrize(
    ("myst", "plain"),
    [
        ("{class}`~layerwise.Dense` and {ref}`this <that>`", "`Dense` and this"),
        ("`{exercise} a`", "`{exercise} a`"),
        ("![a curve](../images/a.png){width=50%}", "*Picture: a curve*"),
        ("[`fit`](../how-to/training.md#fit) [NumPy](https://numpy.org)", "`fit` [NumPy](https://numpy.org)"),
        ("(label)=\n% a comment\n{.lead}\nText", "Text"),
    ],
)
def test_myst_becomes_markdown(myst, plain):
    assert plain_markdown(myst) == plain


def test_an_unknown_directive_is_an_error():
    with pytest.raises(ValueError, match="line 3: it is not known what the directive 'novelty' becomes"):
        make_notebook("# Title\n\n```{novelty}\n```\n", "lesson")


def run(notebook, folder):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute()
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.mark.filterwarnings("default")
def test_a_notebook_runs_unanswered(notebook, tmp_path):
    assert run(notebook, tmp_path).count("Not answered yet") == 5


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", lessons(DOCS))
def test_the_notebook_of_a_lesson_runs(name, tmp_path):
    run(make_notebook((DOCS / f"{name}.md").read_text(encoding="utf-8"), name), tmp_path)


def test_every_lesson_has_a_valid_notebook():
    for name in lessons(DOCS):
        nbformat.validate(make_notebook((DOCS / f"{name}.md").read_text(encoding="utf-8"), name))


def test_a_page_links_to_its_notebook(small_site):
    page = (small_site.html / "lesson.html").read_text(encoding="utf-8")
    assert '<a href="lesson.ipynb" download="lesson.ipynb">Download as notebook</a>' in page
    nbformat.validate(nbformat.read(small_site.html / "lesson.ipynb", as_version=4))
    assert "ipynb" not in (small_site.html / "page.html").read_text(encoding="utf-8")
