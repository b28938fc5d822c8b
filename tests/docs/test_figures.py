"""The live figures in Chromium: published numbers, typing and keys, both schemes, phones, and pages without scripts."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from accessibility import SCHEMES, violations

DOCS = Path(__file__).parents[2] / "docs"
PHONE = {"width": 390, "height": 844}
CONFIGURATION = """
import sys
sys.path.insert(0, {extensions!r})
extensions = ["myst_parser", "live"]
exclude_patterns = ["html", "static"]
html_theme = "pydata_sphinx_theme"
html_title = "layerwise"
html_context = {{"default_mode": "auto"}}
html_static_path = ["static"]
"""
LAYERS = [
    {"W": [[0.2, 0.5, -0.26], [0.8, -0.91, -0.27], [-0.5, 0.26, 0.17], [1, -0.5, 0.87]], "b": [2, 3, 0.5]},
    {"W": [[0.1, -0.5, -0.44], [-0.14, 0.12, 0.73], [0.5, -0.33, -0.13]], "b": [-1, 2, -0.5]},
]
BATCH = [[1, 2, 3, 2.5], [2, 5, -1, 2], [-1.5, 2.7, 3.3, -0.8]]
PRESETS = [
    ("neuron", {"weight": 2, "bias": -1}),
    ("neuron-pair", {}),
    ("softmax", {"labels": ["cat", 'a "dog" <b>', "bird"]}),
    ("descent", {"surface": "curve", "rate": 0.9}),
    ("descent", {"surface": "valley", "optimizers": ["SGD", {"type": "SGD", "momentum": 0.9}, "Adam"], "steps": 5}),
    ("forward", {"layers": LAYERS, "inputs": BATCH}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site of one page with all figures, and one without."""
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("pydata_sphinx_theme")
    if not DOCS.is_dir():
        pytest.skip("the copy of the sources has no pages")
    source = tmp_path_factory.mktemp("figures")
    shutil.copytree(DOCS / "_static/figures", source / "static/figures")
    figures = "\n\n".join(f"```{{live}} {name}\n{json.dumps(preset)}\n```" for name, preset in PRESETS)
    (source / "conf.py").write_text(CONFIGURATION.format(extensions=str(DOCS / "_ext")), encoding="utf-8")
    (source / "index.md").write_text(f"# Figures\n\n{figures}\n\n```{{toctree}}\nplain\n```\n", encoding="utf-8")
    (source / "plain.md").write_text("# Plain\n\nWithout a figure.\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(source), str(source / "html")]
    finished = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert finished.returncode == 0, finished.stderr
    return source / "html"


@pytest.fixture
def figures(folder, open_file):
    return open_file(folder / "index.html")


def figure(page, place):
    return page.locator(".live-figure").nth(place)


def text(page, place, mark):
    return re.sub(r"\s+", " ", figure(page, place).locator(f"[data-{mark}]").first.inner_text())


def type_in(page, place, label, value):
    field = figure(page, place).get_by_role("textbox", name=label, exact=True)
    field.fill(value)
    page.keyboard.press("Enter")


@pytest.mark.flow
def test_the_published_numbers_are_shown(figures):
    assert text(figures, 0, "sum") == "z = 1 × 2 − 1 = 1"
    assert (
        text(figures, 1, "points")
        == "From left to right: neuron 2 activated at x = 0 and neuron 1 deactivated at x = 0.5."
    )
    for x, y in [("-1", "0"), ("-0.1", "0"), ("0", "0"), ("0.25", "0.5"), ("0.5", "1"), ("0.75", "1"), ("1", "1")]:
        type_in(figures, 1, "Input x", x)
        assert text(figures, 1, "second").endswith(f" = {y}")
    assert figure(figures, 2).locator("[data-probability]").all_inner_texts() == ["0.8953", "0.02471", "0.08001"]
    assert text(figures, 2, "best").endswith("= 0.895283")
    for row, outputs in enumerate([["0.5031", "−1.042", "−2.039"], ["0.2434", "−2.733", "−5.763"]]):
        figure(figures, 5).locator("select").first.select_option(index=row)
        units = figure(figures, 5).locator("button .value").all_inner_texts()
        assert units[3:] == outputs
    figure(figures, 5).locator("select").first.select_option(index=0)
    figure(figures, 5).get_by_role("button", name="Layer 1, neuron 1").click()
    assert text(figures, 5, "sum") == "z = 1 × 0.2 + 2 × 0.8 + 3 × (−0.5) + 2.5 × 1 + 2 = 4.8"


@pytest.mark.flow
def test_figures_are_used_by_keyboard(figures):
    slider = figure(figures, 0).get_by_role("slider", name="Bias b")
    slider.focus()
    slider.press("ArrowRight")
    assert text(figures, 0, "sum") == "z = 1 × 2 − 0.95 = 1.05"
    step = figure(figures, 3).get_by_role("button", name="Step", exact=True)
    step.press("Enter")
    assert text(figures, 3, "said") == "At 2, loss 4. The step overshot the minimum."
    assert text(figures, 3, "steps") == "1 step"
    figure(figures, 5).get_by_role("button", name="Compute step by step").press("Enter")
    assert figure(figures, 5).get_by_role("button", name=re.compile("not computed yet")).count() == 5
    figure(figures, 5).get_by_role("button", name="Next neuron").press("Enter")
    assert "= 1.21" in text(figures, 5, "sum")
    figure(figures, 0).get_by_role("button", name="Reset").press("Enter")
    assert text(figures, 0, "sum") == "z = 1 × 2 − 1 = 1"


def test_what_is_typed_changes_the_numbers_and_what_is_wrong_is_said(figures):
    type_in(figures, 5, "x4", "0")
    figure(figures, 5).get_by_role("button", name="Layer 1, neuron 1").click()
    assert text(figures, 5, "sum").endswith("+ 0 × 1 + 2 = 2.3")
    type_in(figures, 5, "Weight of x2", "1/4")
    assert text(figures, 5, "sum").endswith("= 1.2")
    figure(figures, 5).get_by_label("Activation of layer 1").select_option("Sigmoid")
    assert text(figures, 5, "output").endswith("= 0.768525")
    field = figure(figures, 2).get_by_role("textbox", name="Score of cat")
    for wrong in ("", "seven", "1e999", "NaN"):
        field.fill(wrong)
        field.press("Enter")
        assert figure(figures, 2).get_by_role("alert").inner_text() == "Enter a number"
        assert figure(figures, 2).locator("[data-probability]").first.inner_text() == "0.8953"
    field.fill("1000000")
    field.press("Enter")
    assert figure(figures, 2).locator("[data-probability]").first.inner_text() == "1"
    type_in(figures, 2, "Temperature T", "0")
    assert figure(figures, 2).get_by_role("alert").inner_text() == "Above 0"


def test_divergence_is_said_and_ends_the_run(figures):
    type_in(figures, 3, "Learning rate", "1.5")
    step = figure(figures, 3).get_by_role("button", name="Step", exact=True)
    for _ in range(19):
        step.click()
    assert text(figures, 3, "said") == "Diverged after 19 steps: the rate is too large."
    assert step.is_disabled()
    figure(figures, 3).get_by_role("button", name="Back to the start").click()
    assert text(figures, 3, "said") == "At −2.5, loss 6.25."
    assert step.is_enabled()


def test_a_start_is_chosen_on_the_surface_and_a_run_goes_on(folder, open_file):
    page = open_file(folder / "index.html", reduced_motion="reduce")
    assert text(page, 4, "steps") == "5 steps"
    surface = figure(page, 4).locator("rect.area")
    box = surface.bounding_box()
    surface.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert text(page, 4, "said") == "At 0, 0, loss 0."
    figure(page, 4).get_by_role("button", name="Run").click()
    assert text(page, 4, "steps") == "20 steps"
    figure(page, 4).get_by_text("As a table").click()
    assert figure(page, 4).locator("tbody tr").count() == 21


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [PHONE, {"width": 1440, "height": 900}], ids=["phone", "desktop"])
def test_axe_finds_nothing_and_the_page_is_not_wider_than_the_screen(folder, open_file, scheme, size):
    page = open_file(folder / "index.html", size, scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for summary in page.locator(".live-figure summary").all():
        summary.click()
    assert violations(page, [scheme], ".live-figure") == []


def test_figures_follow_the_theme_while_the_page_is_open(figures):
    colour = "getComputedStyle(document.querySelector('.live-figure .frame')).backgroundColor"
    light = figures.evaluate(colour)
    figures.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert figures.evaluate(colour) != light


def test_only_pages_with_figures_load_the_scripts(folder):
    assert "figures/figures.js" in (folder / "index.html").read_text(encoding="utf-8")
    assert "figures/figures" not in (folder / "plain.html").read_text(encoding="utf-8")


def test_without_scripts_the_page_says_what_a_figure_shows(folder, open_file):
    page = open_file(folder / "index.html", java_script_enabled=False)
    assert "which needs JavaScript: softmax step by step" in figure(page, 2).inner_text()


def test_text_of_a_preset_is_shown_as_text(figures):
    assert 'a "dog" <b>' in figure(figures, 2).locator("tbody th").nth(1).inner_text()


def test_figures_work_from_a_server_too(folder, browser):
    from page.serving import plain_files

    with plain_files(folder) as address:
        page = browser.new_page()
        page.goto(address)
        assert text(page, 1, "second").endswith("= 0.5")
        page.close()
