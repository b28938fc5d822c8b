"""Questions that users ask, and the page that comes first."""

from urllib.parse import quote

import pytest

QUESTIONS = {
    "how do I choose the learning rate?": "how-to/learning-rate",
    "save and load a model": "how-to/save-and-load",
    "my loss is nan": "how-to/what-is-wrong",
    "digits on my phone": "how-to/ship",
    "imbalanced classes": "how-to/imbalance",
    "from keras": "how-to/from-keras",
    "export to C": "how-to/export",
    "is it the same on two machines": "explanation/same-bits",
    "draw the network": "how-to/pictures",
    "not sure predictions": "how-to/confidence",
    "Dense": "reference/api/layerwise.Dense",
    "lw.find_learning_rate()": "reference/api/layerwise.find_learning_rate",
}


def ask(page, query):
    page.get_by_role("textbox").or_(page.get_by_role("searchbox")).first.fill(query)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/search.html?q={quote(query, safe='').replace('%20', '+')}*")
    page.locator(".search-summary").filter(has_text="“").wait_for()
    return [link.get_attribute("href") for link in page.locator("#search-results li a").all()[:5]]


@pytest.mark.flow
def test_questions_find_their_page(open_file, docs_site):
    page = open_file(docs_site / "search.html")
    first = {}
    for question in QUESTIONS:
        found = ask(page, question)
        first[question] = found[0].partition(".html")[0] if found else None
    assert first == QUESTIONS


def test_nothing_found_is_said(open_file, docs_site):
    page = open_file(docs_site / "search.html", query="?q=xylophone")
    page.get_by_text("Nothing was found for “xylophone”").wait_for()


def test_a_result_shows_its_kind_and_its_first_lines(open_file, docs_site):
    page = open_file(docs_site / "search.html", query="?q=from+keras")
    first = page.locator("#search-results li").first
    first.wait_for()
    assert first.locator(".search-kind").inner_text() == "How-to"
    assert len(first.locator(".context").inner_text()) > 40
    first.get_by_role("link").click()
    page.wait_for_url("**/how-to/from-keras.html*")
