"""The outputs of the lessons: kept without times and places, used again, and never stale."""

import json
from pathlib import Path

import pytest

pytest.importorskip("yaml")

from lesson_source import code_cells, lessons

DOCS = Path(__file__).parents[2] / "docs"
RENEW = 'pip install -e ".[docs]" && python -m sphinx -W --keep-going docs docs/_build/html'


def test_a_lesson_is_executed_once(small_site):
    assert small_site.again.returncode == 0, small_site.again.stderr
    assert "Executing notebook" in small_site.faults.stdout
    assert "Using cached notebook" in small_site.again.stdout
    assert "Executing notebook" not in small_site.again.stdout
    assert "2.3" in (small_site.html / "lesson.html").read_text(encoding="utf-8")
    assert (small_site.source / "_executed" / "lesson.ipynb").read_text(encoding="utf-8") == small_site.kept


def test_what_is_kept_differs_only_where_the_lesson_does(small_site):
    notebook = json.loads(small_site.kept)
    assert [set(cell) for cell in notebook["cells"]] == 2 * [
        {"cell_type", "execution_count", "metadata", "outputs", "source"}
    ]
    assert notebook["cells"][0]["outputs"][0]["text"] == ["<object object at 0x…> 2.3\n"]
    assert {cell["execution_count"] for cell in notebook["cells"]} == {None}
    assert notebook["metadata"]["language_info"] == {"name": "python", "pygments_lexer": "ipython3"}


def test_a_failed_cell_fails_the_build(small_site):
    assert small_site.faults.returncode == 1
    said = small_site.faults.stderr
    assert "bad_lesson.md: ERROR: code cell 2 of 2 failed:" in said
    assert "AssertionError: x is not two" in said
    assert not (small_site.source / "_executed" / "bad_lesson.ipynb").exists()


def test_what_is_kept_is_that_of_the_lessons():
    stale = []
    for name in lessons(DOCS):
        cells = [cell.body for cell in code_cells((DOCS / f"{name}.md").read_text(encoding="utf-8"))]
        path = DOCS / "_executed" / f"{name}.ipynb"
        kept = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
        if ["".join(cell["source"]) for cell in kept] != cells:
            stale.append(f"{name}.md")
    assert not stale, f"their outputs in docs/_executed are stale; renew and commit them: {RENEW}"
    gone = {
        path.relative_to(DOCS / "_executed").with_suffix("").as_posix() for path in DOCS.glob("_executed/**/*.ipynb")
    }
    assert gone <= set(lessons(DOCS)), "lessons that are gone"
