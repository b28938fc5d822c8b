"""The site in Chromium, from its files: nothing is asked of elsewhere, nothing is too wide, axe finds nothing."""

import hashlib
import re
from pathlib import Path

import pytest
from sites import DESKTOP, PHONE

ROOT = Path(__file__).parents[2]
PAGES = {
    "first": "index.html",
    "lesson": "course/3-learning/02-backpropagation.html",
    "how-to": "how-to/diagnose.html",
    "reference": "reference/api/layerwise.Dense.html",
    "explanation": "explanation/architecture.html",
    "gallery": "gallery/index.html",
    "published": "course/published.html",
    "search": "search.html",
}
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}  # it would fetch from files


@pytest.mark.flow
@pytest.mark.parametrize("kind", PAGES)
def test_nothing_is_wider_than_a_phone(open_file, docs_site, kind):
    page = open_file(docs_site / PAGES[kind], PHONE)
    page.wait_for_function("document.readyState === 'complete'")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_long_formula_scrolls_within_itself(open_file, small_site):
    page = open_file(small_site.html / "page.html", PHONE)
    page.locator("mjx-container svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    formula = page.locator("mjx-container[tabindex='0']").first  # it is reached by the keyboard
    formula.wait_for()
    assert formula.evaluate("box => box.scrollWidth > box.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing(open_file, docs_site, kind, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_file(docs_site / PAGES[kind], DESKTOP, scheme)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        page.wait_for_timeout(300)
        found = axe.run(page, options=AXE).response["violations"]
        assert [(rule["id"], [node["html"][:160] for node in rule["nodes"][:3]]) for rule in found] == [], size


@pytest.mark.flow
def test_formulas_are_set_without_a_network(open_file, docs_site):
    page = open_file(docs_site / PAGES["lesson"])
    page.locator("mjx-container svg").first.wait_for()
    assert page.locator("mjx-merror").count() == 0


def test_pages_name_no_file_of_elsewhere(docs_site):
    for path in docs_site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(
            r"<(?:script|img|iframe|source)[^>]* src=\"(https?:[^\"]*)|<link[^>]* href=\"(https?:[^\"]*)", text
        )
        assert not loaded, path


def test_mathjax_is_that_of_its_package():
    script = (ROOT / "tools" / "get_mathjax.py").read_text(encoding="utf-8")
    digest = re.search(r'^DIGEST = "(\w+)"', script, re.MULTILINE).group(1)
    version = re.search(r'^VERSION = "([\d.]+)"', script, re.MULTILINE).group(1)
    folder = ROOT / "docs" / "_static" / "mathjax"
    file = folder / "tex-svg-full.js"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
    assert f"version {version}" in (folder / "README.md").read_text(encoding="utf-8")
