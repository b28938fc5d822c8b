"""The lessons at the width of a phone: no formula must be scrolled to be read."""

from pathlib import Path

import pytest

pytest.importorskip("sphinx")

from lesson_source import lessons
from sites import PHONE

DOCS = Path(__file__).parents[2] / "docs"
TOO_WIDE = """() => [...document.querySelectorAll("mjx-container[display=true]")]
    .filter((box) => box.scrollWidth > box.clientWidth + 2)
    .map((box) => box.closest("[id]").id)"""


def test_every_formula_fits_a_phone(open_file, docs_site):
    names = lessons(DOCS)
    page = open_file(docs_site / f"{names[0]}.html", PHONE)
    wide = {}
    for name in names:
        page.goto((docs_site / f"{name}.html").as_uri())
        if page.locator(".math").count():
            page.locator("mjx-container svg").first.wait_for(state="attached")
            page.evaluate("() => MathJax.startup.promise")
        wide[name] = page.evaluate(TOO_WIDE)
    assert {name: found for name, found in wide.items() if found} == {}
