"""The site in Chromium, from its files: nothing is asked of elsewhere, nothing is too wide, axe finds nothing."""

import hashlib
import html
import re
from pathlib import Path

import public
import pytest
from sites import DESKTOP, PHONE

from accessibility import violations

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
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


# Texts that end beyond the screen, in nothing that scrolls but the page itself.
CUT_OFF = """() => {
    const scrolls = (element) => element && !element.matches("main, .bd-article, .bd-article-container") &&
        (/auto|scroll|hidden/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), found = [];
    for (let text; (text = walker.nextNode()); ) {
        const range = document.createRange();
        range.selectNodeContents(text);
        if (text.data.trim() && range.getBoundingClientRect().right > innerWidth + 1 && !scrolls(text.parentElement))
            found.push(text.data.slice(0, 60));
    }
    return found;
}"""
LONG_WORDS = ("Network", "MLPClassifier", "ExponentialMovingAverage", "EarlyStopping", "from_torch")


@pytest.mark.flow
def test_no_text_is_cut_off_on_a_phone(open_file, docs_site):
    page = open_file(docs_site / "index.html", PHONE)
    page.set_content("<main style='overflow-x: auto'><h1>" + 60 * "m" + "</h1></main>")
    assert page.evaluate(CUT_OFF) == [60 * "m"]
    for path in [*PAGES.values(), "how-to/searches.html", "how-to/from-pytorch.html", "explanation/benchmarks.html",
                 *(f"reference/api/layerwise.{name}.html" for name in LONG_WORDS)]:  # fmt: skip
        page.goto((docs_site / path).as_uri())
        assert page.evaluate(CUT_OFF) == [], path


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


@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing(open_file, docs_site, kind):
    page = open_file(docs_site / PAGES[kind], DESKTOP)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        page.wait_for_timeout(300)
        assert violations(page, runOnly=WCAG) == [], size


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


def test_types_of_parameters_are_links_with_straight_quotes(docs_site):
    text = (docs_site / PAGES["reference"]).read_text(encoding="utf-8")
    types = re.findall(r'<span class="classifier">(.*?)</span></dt>', text)
    assert any("layerwise.Penalty.html" in one for one in types)
    assert any('default="glorot_uniform"' in html.unescape(one) for one in types)
    assert not re.search("[“”]", "".join(types))


def test_the_page_of_each_part_shows_all_there_is_to_know(docs_site):
    facts = pytest.importorskip("part_facts")
    without_a_plot = {"Zeros", *(kind.__name__ for kind in facts.KINDS["scaling"])}
    for kind in (kind for kinds in facts.KINDS.values() for kind in kinds):
        text = (docs_site / "reference" / "api" / f"{public.public_name(kind)}.html").read_text(encoding="utf-8")
        formula = "Step" if kind in facts.KINDS["optimizers"] else "Formula"
        shown = {formula, "Where it runs"} | ({"Ranges"} if facts.arguments().get(kind.__name__) else set())
        shown -= {"Ranges"} if kind.__name__ == "PiecewiseLinear" else set()
        assert shown <= set(re.findall(r'<p class="rubric">(.*?)</p>', text)), kind
        assert ("part-plot" in text) != (kind.__name__ in without_a_plot), kind
        assert all(f"<p>{word}</p>" in text for word in ("Exports", "Source")), kind
        assert re.search(r'<p class="rubric">Examples?</p>', text), kind


def test_mathjax_is_that_of_its_package():
    script = (ROOT / "tools" / "get_mathjax.py").read_text(encoding="utf-8")
    digest = re.search(r'^DIGEST = "(\w+)"', script, re.MULTILINE).group(1)
    version = re.search(r'^VERSION = "([\d.]+)"', script, re.MULTILINE).group(1)
    folder = ROOT / "docs" / "_static" / "mathjax"
    file = folder / "tex-svg-full.js"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
    assert f"version {version}" in (folder / "README.md").read_text(encoding="utf-8")
