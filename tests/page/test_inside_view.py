"""Inside and Take it away, in Chromium: what they show is what Python has, and nothing that is done is lost."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw
from accessibility import violations
from layerwise.explain.trace.notation import plain


def trained(page, address, epochs=2):
    """Open the playground and train so many epochs."""
    page.goto(address)
    for epoch in range(1, epochs + 1):
        page.get_by_role("button", name="One epoch").click()
        page.wait_for_function(
            """epoch => [...document.querySelectorAll("dl div")].some(
                (shown) => /^Epoch\\s+(\\d+)$/.exec(shown.innerText)?.[1] === String(epoch))""",
            arg=epoch,
        )


def go(page, view):
    page.locator("nav a", has_text=view).click()
    page.get_by_role("heading", level=1, name=view).wait_for()


def tab(page, name):
    page.get_by_role("tab", name=name).click()


def downloaded(page, name, folder):
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.fixture
def taken(page, static_server, tmp_path):
    """The page with a trained network, and the script and the model that it gives."""
    trained(page, static_server)
    go(page, "Take it away")
    script = downloaded(page, "network.py", tmp_path)
    return script, downloaded(page, "network.safetensors", tmp_path)


@pytest.mark.flow
def test_the_script_gives_the_pages_network(taken, tmp_path):
    script, model = taken
    page_network = lw.load(model)
    model.rename(tmp_path / "page.safetensors")
    environment = {**os.environ, "LAYERWISE_ISA": "baseline"}
    subprocess.run([sys.executable, script], check=True, cwd=tmp_path, env=environment, capture_output=True)
    np.testing.assert_array_equal(lw.load(tmp_path / "network.safetensors").theta, page_network.theta)


@pytest.mark.flow
def test_a_step_is_shown_as_python_traces_it(page, taken, tmp_path):
    script, model = taken
    data = {}
    source = script.read_text(encoding="utf-8")
    exec(source[: source.index("network = ")], data)
    go(page, "Inside")
    page.get_by_role("button", name="Next ▶").click()
    page.get_by_text("z₁[7] =").wait_for()
    network = lw.load(model)
    step = lw.trace(network, data["X"][0], data["y"][0])
    shown = [" ".join(text.split()) for text in page.locator(".line").all_inner_texts()]
    cells = step.document().sections[1].blocks[0].rows[0]
    assert len(shown) == len(cells)
    for line, cell in zip(shown, cells):
        arithmetic, _, value = line.rpartition(" = ")
        assert arithmetic == f"{plain(cell.name)} = {plain(cell.numbers)}"
        assert float(value) == pytest.approx(float(cell.value), rel=1e-5, abs=1e-6)  # NumPy's products round otherwise
    page.get_by_role("combobox", name="Show").select_option("all")
    titles = page.get_by_role("heading", level=2).all_inner_texts()
    assert [title for title in titles if title in {s.title for s in step.document().sections}] == [
        section.title for section in step.document().sections
    ]


def test_operations_go_one_at_a_time_by_keyboard(page, static_server):
    trained(page, static_server, 1)
    go(page, "Inside")
    page.get_by_role("combobox", name="Show").select_option("operation")
    page.get_by_text("Operation 1 of").wait_for()
    page.get_by_role("button", name="Next ▶").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.get_by_text("Operation 3 of").wait_for()
    assert "weight and adds the products" in page.locator("[aria-live=polite]").inner_text()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("Operation 2 of").wait_for()


def test_edits_destroy_nothing(page, static_server, tmp_path):
    trained(page, static_server)
    go(page, "Inside")
    tab(page, "Weights")
    field = page.get_by_label("W x, unit 0")
    before = field.input_value()
    field.fill("1,5")
    field.press("Enter")
    page.get_by_text("Those from before are kept").wait_for()
    assert field.input_value() == "1.5"
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("v => document.querySelector('td input').value === v", arg=before)
    page.get_by_role("button", name="Redo").click()
    page.wait_for_function("() => document.querySelector('td input').value === '1.5'")
    field.fill("much")
    field.press("Enter")
    page.get_by_text("“much” is no number").wait_for()
    assert field.input_value() == "1.5"
    page.get_by_role("button", name="Back to the trained weights").click()
    page.wait_for_function("v => document.querySelector('td input').value === v", arg=before)
    go(page, "Take it away")
    assert "lw.load" not in page.locator("pre").first.inner_text()


def test_units_are_switched_off_and_on(page, static_server):
    trained(page, static_server)
    go(page, "Inside")
    tab(page, "Units")
    switch = page.get_by_role("switch", name="Unit 3")
    switch.click()
    page.get_by_text("Those from before are kept").wait_for()
    assert switch.get_attribute("aria-checked") == "false"
    assert "→" in page.get_by_text("Loss:").inner_text()
    switch.click()
    page.wait_for_function("() => document.querySelectorAll('[role=switch][aria-checked=false]').length === 0")
    loss = page.get_by_text("Loss:").inner_text().split("·")[0].removeprefix("Loss:").split("→")
    assert loss[0].strip() == loss[1].strip()


@pytest.mark.flow
def test_a_link_restores_the_network_elsewhere(page, open_page, static_server, tmp_path):
    trained(page, static_server)
    go(page, "Take it away")
    sent = lw.load(downloaded(page, "network.safetensors", tmp_path)).theta.copy()
    page.get_by_role("button", name="Make a link").click()
    fragment = page.get_by_label("Link").input_value()
    other = open_page()
    other.goto(static_server + fragment)
    other.get_by_role("button", name="One epoch").wait_for()
    other.wait_for_function("() => location.hash === '#playground'")
    go(other, "Take it away")
    found = lw.load(downloaded(other, "network.safetensors", tmp_path)).theta
    np.testing.assert_array_equal(found, sent)


def test_garbage_in_the_address_is_said_and_harmless(page, static_server):
    page.goto(f"{static_server}#inside?net=1.AAAA")
    page.get_by_role("alert").get_by_text("This link cannot be read").wait_for()
    go(page, "Playground")
    page.get_by_role("button", name="One epoch").wait_for()


def test_files_are_opened_again_and_others_refused(page, static_server, tmp_path):
    trained(page, static_server)
    go(page, "Take it away")
    kept, model = downloaded(page, "network.json", tmp_path), downloaded(page, "network.safetensors", tmp_path)
    assert json.loads(kept.read_text())["layerwise"] == 1
    for path in (kept, model):
        page.get_by_label("File").set_input_files(path)
        page.get_by_text(f"{path.name} is open in").wait_for()
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"layerwise": 1, "training": {}}')
    page.get_by_label("File").set_input_files(wrong)
    page.get_by_role("alert").get_by_text("is missing or has a value that cannot be").wait_for()
    (tmp_path / "cat.safetensors").write_bytes(b"\xff\xd8 a picture")
    page.get_by_label("File").set_input_files(tmp_path / "cat.safetensors")
    page.get_by_role("alert").wait_for()
    page.get_by_role("button", name="network.py").wait_for()


def test_values_of_a_setting_are_trained_together(page, static_server):
    trained(page, static_server, 1)
    go(page, "Inside")
    tab(page, "Compare")
    page.get_by_role("combobox", name="Compare").select_option("sweep")
    page.get_by_role("textbox", name="Values").fill("0.001 0.1")
    page.get_by_role("textbox", name="Epochs").fill("5")
    page.get_by_role("button", name="Train these").click()
    page.wait_for_function(
        """() => [...document.querySelectorAll("tbody tr")].filter(
            (row) => /rate.*\\s5\\s/.test(row.innerText)).length === 2"""
    )
    page.get_by_role("textbox", name="Values").fill("1 2 3 4 5 6 7 8 9")
    page.get_by_text("At most 8 runs at once").wait_for()


@pytest.mark.flow
def test_axe_finds_nothing(open_page, static_server):
    page = open_page(viewport={"width": 390, "height": 844})
    trained(page, static_server, 1)
    go(page, "Inside")
    for name in ("A step", "Weights", "Units", "Activations", "Compare", "Diagnosis"):
        tab(page, name)
        page.wait_for_timeout(300)
        assert violations(page) == [], name
    go(page, "Take it away")
    page.get_by_role("button", name="Make a link").click()
    page.get_by_label("Link").wait_for()
    assert violations(page) == []


@pytest.mark.flow
def test_python_diagnoses_and_exports(page, play_server, tmp_path):
    trained(page, play_server, 1)
    go(page, "Inside")
    tab(page, "Diagnosis")
    page.get_by_role("button", name="Look for what is wrong").click()
    page.locator("article h3, [role=status] p", has_text=":").or_(
        page.get_by_text("Nothing was found")
    ).first.wait_for()
    go(page, "Take it away")
    code = downloaded(page, "JavaScript", tmp_path)
    assert code.stat().st_size > 500
