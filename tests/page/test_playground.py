"""The playground in Chromium: from the first click to a weight that is typed, by mouse, by touch and by keyboard."""

import json
import re

import pytest

from accessibility import SCHEMES, violations

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def shown(page, address):
    """The playground, once its network is made and drawn."""
    page.goto(f"{address}#playground")
    page.until("document.querySelector('.net canvas')?.clientWidth > 150")
    return page


def number(page, name):
    """What the training bar says of loss, epoch or accuracy."""
    found = page.locator("dl div", has=page.get_by_text(name, exact=True)).locator("dd")
    return float(re.sub(r"[%,]", "", found.inner_text().replace("−", "-")))


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def points(page):
    """How many points the plane's label tells of."""
    label = page.get_by_role("application", name=re.compile("answers over the plane")).get_attribute("aria-label")
    return int(re.search(r"with ([\d,]+) points", label)[1].replace(",", ""))


def colours(page):
    """The middle of the regions, as pixels."""
    return page.evaluate(
        "(() => { const c = document.querySelector('.out canvas');"
        " return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((_, i) => i % 401 == 0)] })()"
    )


def at(page, x, y):
    """The pixel of a place of the plane, ±3.6."""
    canvas = page.locator(".out canvas").nth(1)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + (x + 3.6) / 7.2 * box["width"], box["y"] + (3.6 - y) / 7.2 * box["height"]


@pytest.mark.flow
def test_one_click_trains_the_spiral(page, static_server):
    shown(page, static_server)
    before = colours(page)
    press(page, "▶ Train")
    page.until("parseFloat(document.querySelectorAll('dl dd')[3]?.innerText) > 95", seconds=30)
    press(page, "❚❚ Pause")
    assert number(page, "Loss") < 0.4  # of 1.1 by chance
    assert colours(page) != before
    assert page.get_by_role("button", name="▶ Train").is_visible()


@pytest.mark.flow
def test_a_step_an_epoch_and_a_sample_at_a_time(page, static_server):
    shown(page, static_server)
    press(page, "One step")
    page.until("document.querySelectorAll('dl dd')[1]?.innerText == '1'")
    press(page, "One sample")
    page.until("document.querySelectorAll('dl dd')[1]?.innerText == '2'")
    press(page, "One epoch")
    page.until("parseInt(document.querySelectorAll('dl dd')[1]?.innerText) > 10")
    steps = number(page, "Step")
    press(page, "One epoch")
    page.until(f"document.querySelectorAll('dl dd')[1]?.innerText == '{int(steps) + 15}'")  # 240 rows by 16


@pytest.mark.parametrize("speed", ["full", "1,000 steps/s"])
def test_training_stops_at_an_epoch_and_at_a_loss(page, static_server, speed):
    shown(page, static_server)
    page.get_by_label("Speed").select_option(label=speed)
    page.get_by_label("Stop at").select_option(label="epochs")
    page.get_by_label("epochs", exact=True).fill("7")
    page.keyboard.press("Enter")
    press(page, "▶ Train")
    page.until("document.querySelectorAll('dl dd')[0]?.innerText == '7'", seconds=30)
    page.get_by_role("button", name="▶ Train").wait_for()
    assert number(page, "Step") == 7 * 15
    page.get_by_label("Stop at").select_option(label="loss")
    page.get_by_label("loss", exact=True).fill("0,3")
    page.keyboard.press("Enter")
    press(page, "▶ Train")
    page.get_by_role("button", name="▶ Train").wait_for(timeout=30_000)
    assert 0.1 < number(page, "Loss") <= 0.3


def test_another_rate_goes_on_and_another_network_begins_anew(page, static_server):
    shown(page, static_server)
    press(page, "One epoch")
    page.until("document.querySelectorAll('dl dd')[1]?.innerText == '15'")
    page.get_by_label("Learning rate").fill("0.5")
    page.keyboard.press("Enter")
    page.get_by_text("The new rate holds from the next step on.").wait_for()
    assert number(page, "Step") == 15
    page.get_by_label("Units").first.fill("4")
    page.keyboard.press("Enter")
    page.get_by_text("New start: layers changed.").wait_for()
    assert page.locator("dl").count() == 0 or number(page, "Step") == 0
    assert page.get_by_role("application", name="The network: 2–4–8–3 neurons").is_visible()
    assert points(page) == 300


def test_undo_brings_the_trained_network_back(page, static_server):
    shown(page, static_server)
    press(page, "One epoch")
    page.until("document.querySelectorAll('dl dd')[1]?.innerText == '15'")
    loss, seen = number(page, "Loss"), colours(page)
    page.wait_for_timeout(500)
    seen = colours(page)
    page.get_by_role("button", name="Remove: Layer 1").click()
    page.get_by_role("application", name="The network: 2–8–3 neurons").wait_for()
    page.wait_for_timeout(500)
    assert colours(page) != seen
    press(page, "↶ Undo")
    page.get_by_role("application", name="The network: 2–8–8–3 neurons").wait_for()
    page.wait_for_timeout(500)
    assert number(page, "Loss") == loss
    assert colours(page) == seen
    press(page, "↷ Redo")
    page.get_by_role("application", name="The network: 2–8–3 neurons").wait_for()


def test_points_are_drawn_moved_and_removed_with_the_mouse(page, static_server):
    shown(page, static_server)
    press(page, "Add")
    press(page, "▲ 2")
    page.mouse.click(*at(page, 3.2, 3.2))
    assert points(page) == 301
    press(page, "Brush")
    page.mouse.move(*at(page, -3, -3))
    page.mouse.down()
    page.mouse.move(*at(page, -2, -3), steps=4)
    page.mouse.up()
    drawn = points(page)
    assert drawn > 305
    press(page, "Move")
    page.mouse.move(*at(page, 3.2, 3.2))
    page.mouse.down()
    page.mouse.move(*at(page, 2.5, 1.0), steps=4)
    page.mouse.up()
    assert points(page) == drawn
    press(page, "Remove")
    page.mouse.click(*at(page, 3.2, 3.2))
    assert points(page) == drawn  # it has gone from there
    for _ in range(3):
        press(page, "↶ Undo")
    page.wait_for_timeout(300)
    assert points(page) in (300, 301)


def test_points_are_drawn_with_a_finger_without_scrolling(open_page, static_server):
    page = shown(open_page(**PHONE), static_server)
    page.get_by_role("button", name="Add", exact=True).tap()
    x, y = at(page, 3.0, 3.0)
    page.touchscreen.tap(x, y)
    assert points(page) == 301
    assert page.evaluate("getComputedStyle(document.querySelectorAll('.out canvas')[1]).touchAction") == "none"
    page.get_by_role("button", name="Look", exact=True).tap()
    assert page.evaluate("getComputedStyle(document.querySelectorAll('.out canvas')[1]).touchAction") == "auto"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.flow
def test_the_plane_and_the_network_by_keyboard_alone(page, static_server):
    shown(page, static_server)
    page.get_by_role("application", name=re.compile("answers over the plane")).focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    assert points(page) == 301
    page.keyboard.press("Delete")
    assert points(page) < 301
    page.get_by_role("application", name=re.compile("^The network: ")).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    card = page.get_by_role("region", name="neuron 1.2")
    card.get_by_text(re.compile("^z = ")).wait_for()
    page.keyboard.press("Escape")
    assert card.count() == 0


def test_a_neurons_sum_has_the_networks_numbers(page, static_server):
    shown(page, static_server)
    page.get_by_role("application", name=re.compile("^The network: ")).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    line = page.locator(".net .formula").first
    line.wait_for()
    plain = line.inner_text().replace("−", "-").replace("(", "").replace(")", "").replace("z = ", "").replace("- ", "-")
    terms, total = plain.split(" = ")
    found = 0.0
    for term in re.split(r" \+ | (?=-)", terms):
        factors = [float(factor) for factor in term.split(" · ")]
        found += factors[0] * (factors[1] if len(factors) > 1 else 1)
    assert found == pytest.approx(float(total), abs=5e-3)


@pytest.mark.flow
def test_a_typed_weight_is_the_networks_and_can_be_undone(page, static_server):
    shown(page, static_server)
    page.get_by_role("application", name=re.compile("^The network: ")).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    field = page.get_by_label("w from x")
    before = field.input_value()
    field.fill("2,5")
    field.press("Enter")
    page.until("document.querySelector('.net .formula').innerText.startsWith('z = 2.5 ·')")
    press(page, "↶ Undo")
    page.until(f"document.querySelector('.net .fields input').value == '{before}'")
    page.get_by_text("As a table: Weights and biases").click()
    rows = page.locator(".net tbody tr")
    rows.first.wait_for()
    assert rows.count() == 2 * 8 + 8 + 8 * 8 + 8 + 8 * 3 + 3  # the output's biases too


def test_a_clicked_weight_can_be_typed_over_and_is_told_while_it_changes(page, static_server):
    shown(page, static_server)
    line = page.evaluate(
        "(() => { const box = document.querySelector('.net canvas').getBoundingClientRect();"
        " return [box.left, box.top, box.width, box.height] })()"
    )
    page.mouse.click(line[0] + line[2] * 0.25, line[1] + line[3] * 0.5)
    page.get_by_text(re.compile("^Weight from [xy] to neuron 1")).wait_for()
    assert page.evaluate("document.activeElement.tagName") == "INPUT"
    told = page.locator(".net .caption").inner_text()
    press(page, "One epoch")
    page.until(f"document.querySelector('.net .caption').innerText != {json.dumps(told)}")
    page.get_by_label("Values at the cursor").check()


def test_the_confusion_matrix_counts_the_test_rows(page, static_server):
    shown(page, static_server)
    page.get_by_text("As a table: True classes and answers, test rows").click()
    page.until("document.querySelectorAll('.out tbody tr').length == 3")
    cells = page.locator(".out tbody tr td:not(:first-child)").all_inner_texts()
    assert sum(map(int, cells)) == 60  # a fifth of 300


def test_typed_points_are_used_and_bad_lines_are_named(page, static_server):
    shown(page, static_server)
    page.get_by_text("Type or paste points").click()
    area = page.locator("textarea")
    page.until("document.querySelector('textarea').value")
    assert len(area.input_value().splitlines()) == 300
    area.fill("x; y; class\n1,5; 2; cat\n-1; 0; dog\nno point\n2; 2; cat\n-2; 1; <b>bird</b>")
    press(page, "Use these points")
    assert points(page) == 4
    page.get_by_text("Line 4 is no point of numbers up to 1,000,000 and was left out: no point").wait_for()
    page.get_by_text("2 = dog").wait_for()
    assert page.locator("b", has_text="bird").count() == 0
    page.get_by_role("application", name="The network: 2–8–8–3 neurons").wait_for()
    area.fill("nothing")
    press(page, "Use these points")
    page.get_by_text("No points found.").wait_for()
    assert points(page) == 4


@pytest.mark.parametrize("name", ["hill and valley", "wave"])
def test_regression_has_its_r2_and_errors(page, static_server, name):
    shown(page, static_server)
    page.get_by_label("Data set").select_option(label=name)
    page.get_by_text(re.compile("New start: .*loss")).wait_for()
    press(page, "▶ Train")
    page.until("parseFloat(document.querySelector('.readout').innerText.match(/R² ([\\d.]+)/)?.[1]) > 0.8", seconds=60)
    press(page, "❚❚ Pause")
    page.get_by_label("Mark errors").check()
    page.get_by_text("As a table: Points").click()
    assert page.locator(".out tbody tr").first.locator("td").last.inner_text() not in ("", "0")


def test_inputs_are_added(page, static_server):
    shown(page, static_server)
    page.get_by_label("x²").check()
    page.get_by_label("sin y").check()
    page.get_by_role("application", name="The network: 4–8–8–3 neurons").wait_for()
    assert "x, y, x², sin y" in page.locator(".out canvas").first.get_attribute("aria-label")


def test_a_network_that_does_not_fit_is_refused_in_the_engines_words(page, static_server):
    shown(page, static_server)
    page.get_by_role("combobox", name="Activation").first.select_option("Step")
    alert = page.get_by_role("alert").first
    alert.wait_for()
    assert alert.inner_text()
    press(page, "↶ Undo")
    page.until("!document.querySelector('[role=alert]')")
    press(page, "One epoch")
    page.until("document.querySelectorAll('dl dd')[1]?.innerText == '15'")


def test_pictures_are_saved(page, static_server):
    shown(page, static_server)
    with page.expect_download() as saved:
        press(page, "Save as SVG")
    text = saved.value.path().read_text()
    assert text.startswith("<svg ")
    assert text.count("<path ") == 2 * 8 + 8 * 8 + 8 * 3
    assert text.count("<image ") == 2 + 8 + 8 + 3
    for i in range(2):
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save as PNG").nth(i).click()
        assert saved.value.path().read_bytes().startswith(b"\x89PNG")


@pytest.mark.flow
@pytest.mark.parametrize(("options", "schemes"), [({}, SCHEMES), (PHONE, ["light"])], ids=["desktop", "phone"])
def test_axe_finds_nothing(open_page, static_server, options, schemes):
    page = shown(open_page(**options), static_server)
    page.get_by_role("application", name=re.compile("^The network: ")).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    press(page, "One epoch")
    page.wait_for_timeout(300)
    assert violations(page, schemes) == []
