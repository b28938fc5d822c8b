"""The published figures that lessons assert: the comments are in the agreed form, and the table shows them."""

import pytest

pytest.importorskip("sphinx")

from published import Figure, PublishedError, read_figures, rows_of
from sites import PHONE

LESSON = "---\nfile_format: mystnb\n---\n# A\n\n```{{code-cell}} python\nx = 1\n{}\n```\n"


@pytest.mark.parametrize("asserts", ["assert x == 1", "np.testing.assert_allclose(x, 1)", "assert_close(x)"])
def test_a_figure_is_read(asserts):
    [figure] = read_figures(LESSON.format(f"# Published: 1, 2 | what | where, chapter 1\n{asserts}"))
    assert (figure.figure, figure.what, figure.where, figure.line) == ("1, 2", "what", "where, chapter 1", 8)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# Published: 1 | what\nassert x", "expected '# Published: figure"),
        ("# published: 1 | what | where\nassert x", "expected '# Published: figure"),
        ("#Published: 1 | what | where\nassert x", "expected '# Published: figure"),
        ("# Published: 1 | what | \nassert x", "expected '# Published: figure"),
        ("# Published: 1 | what | where\nprint(x)", "expected an assertion"),
        ("# Published: 1 | what | where\n\nassert x", "expected an assertion"),
        ("# Published: 1 | what | where", "expected an assertion"),
    ],
)
def test_another_form_is_an_error(comment, message):
    with pytest.raises(PublishedError, match=message) as raised:
        read_figures(LESSON.format(comment))
    assert raised.value.line == 8


def test_the_table_shows_them_with_their_lesson(small_site):
    page = (small_site.html / "page.html").read_text(encoding="utf-8")
    for text in ("2.3", "the output of a neuron", "A Book 2020, chapter 1", 'href="lesson.html"'):
        assert text in page


def test_a_wrong_form_fails_the_build(small_site):
    assert "bad_lesson.md:28: ERROR: expected '# Published: figure" in small_site.faults.stderr


def test_a_figure_that_is_asserted_again_has_one_row():
    first, again = (Figure("0.5", "accuracy", "A Book", line) for line in (3, 9))
    other = Figure("0.5", "accuracy from scratch", "A Book", 12)
    found = [(first, "one"), (again, "one"), (other, "one"), (first, "two")]
    assert rows_of(found) == {
        ("0.5", "accuracy", "A Book"): ["one", "two"],
        ("0.5", "accuracy from scratch", "A Book"): ["one"],
    }


def test_the_table_is_read_on_a_phone_without_scrolling(open_file, docs_site):
    page = open_file(docs_site / "course/published.html", PHONE)
    table = page.locator("table.published")
    for text in ("Figure", "Lesson"):
        assert table.get_by_role("columnheader", name=text).count() == 1
    boxes = [cell.bounding_box() for cell in table.locator("tr").nth(1).locator("td").all()]
    assert len(boxes) == 4
    assert all(box["x"] + box["width"] <= PHONE["width"] for box in boxes)
