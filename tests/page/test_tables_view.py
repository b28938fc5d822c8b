"""A table in Chromium: dropped, understood, learned from, asked; nothing leaves the page, and nothing blocks it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import layerwise as lw
from accessibility import violations
from layerwise.data.tables.understanding import Understanding
from layerwise.datasets.reading import read_raw

HERE = Path(__file__).parents[2] / "page" / "tests" / "tables" / "files"
pytestmark = pytest.mark.skipif(not HERE.is_dir(), reason="the page's sources are not here")

DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    document.querySelector("main section").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true}));
}"""


@pytest.fixture
def tables(page, static_server):
    page.goto(f"{static_server}#tables")
    page.wait_for_load_state("networkidle")
    return page


def drop(page, name, text):
    page.evaluate(DROP, [name, text])
    page.locator("ul.columns").wait_for()
    page.get_by_role("status").filter(has_text=name).wait_for()


def train(page, epochs=20):
    page.get_by_label("Stop at").select_option("epochs")
    page.get_by_role("textbox", name="epochs", exact=True).fill(str(epochs))
    page.get_by_role("textbox", name="epochs", exact=True).press("Enter")
    page.get_by_role("button", name="▶ Train").click()
    page.get_by_role("group", name="True classes and answers").wait_for()
    page.get_by_role("button", name="▶ Train").wait_for()


IRIS = Path(lw.__file__).parent / "datasets" / "files" / "iris.csv"


@pytest.mark.flow
def test_a_dropped_table_is_learned_from_and_nothing_is_sent(tables):
    page = tables
    before = len(page.requests)
    sent = []
    page.on("request", lambda request: sent.append(request.method) if request.method != "GET" else None)
    drop(page, "my flowers.csv", IRIS.read_text())
    assert len(page.requests) == before  # reading and understanding ask for nothing
    assert "species: 3 classes, setosa (50), versicolor (50), virginica (50)" in page.locator("main").inner_text()
    train(page, 60)
    site = page.url.split("#")[0]
    later = page.requests[before:]  # the engine's own code alone, as it is in the site
    assert all(re.fullmatch(re.escape(site) + r"(assets/[\w.-]+|engine\.wasm)", address) for address in later), later
    assert sent == []
    accuracy = float(re.search(r"30 test rows\s+([\d.]+)%", page.locator("main").inner_text())[1])
    assert accuracy > 85
    table = page.get_by_role("group", name="True classes and answers")
    counts = [int(n) for n in re.findall(r"(\d+) (?=\d+%)", table.inner_text().replace("\n", " "))]
    assert sum(counts) == 30
    assert page.get_by_role("region", name="Try a row").inner_text().count("%") == 3


def test_what_if(tables):
    page = tables
    drop(page, "iris.csv", IRIS.read_text())
    train(page, 60)
    row = page.get_by_role("region", name="Try a row")
    for name, value in {
        "sepal length": "5.0",
        "sepal width": "3.4",
        "petal length": "1.4",
        "petal width": "0.2",
    }.items():
        row.get_by_label(re.compile(name)).fill(value)
    row.get_by_text("Answer: setosa").wait_for()
    row.get_by_label(re.compile("petal length")).fill("6.2")
    row.get_by_label(re.compile("petal width")).fill("2.3")
    row.get_by_text("Answer: virginica").wait_for()
    row.get_by_label(re.compile("petal width")).fill("wide")
    row.get_by_text("cannot be read").wait_for()
    row.get_by_role("button", name="Next test row").click()
    row.get_by_text(re.compile(r"From line \d+; true: \w+")).wait_for()


def test_columns_can_be_changed(tables):
    page = tables
    drop(page, "customers.csv", (HERE / "customers.csv").read_text())
    text = page.locator("main").inner_text()
    assert "column 'customer_id' is left out: a value of its own in every row" in text
    assert page.get_by_label("Predict").input_value() == "churned"
    inputs = int(re.search(r"has (\d+) inputs", text)[1])
    page.get_by_role("checkbox", name="visits").uncheck()
    page.get_by_text(f"has {inputs} inputs").wait_for(state="detached")
    page.get_by_label("Predict").select_option("age")
    page.get_by_text("age: a number").wait_for()
    page.get_by_label("Kind of city").select_option("number")
    page.get_by_role("alert").filter(has_text="column 'city' cannot be one of numbers: no cell is").wait_for()
    page.get_by_label("Kind of city").select_option("")
    page.get_by_label("Kind of city").wait_for()
    page.get_by_role("button", name="▶ Train").wait_for()


def test_the_way_of_reading_can_be_overruled(tables):
    page = tables
    drop(page, "sizes.csv", "a;b;y\n" + "".join(f"{i},5;{i * i % 17};{i % 2}\n" for i in range(40)))
    page.get_by_text("Read as utf-8, cells separated by semicolon").click()
    page.get_by_text("numbers have decimal commas").wait_for()
    page.get_by_label("First row").select_option("data")
    page.get_by_role("status").filter(has_text="41 rows, 3 columns").wait_for()
    page.get_by_label("Separator").select_option("comma")
    page.get_by_role("status").filter(has_text="2 columns").wait_for()


def test_what_is_typed_is_read_as_the_cells_of_its_column(tables):
    """The page is in English, the table has decimal commas."""
    page = tables
    rows = "".join(f"{i % 9 + 1}.{(i * 37) % 900 + 100},5;{i % 5},{i % 8};{'xy'[i % 2]}\n" for i in range(60))
    drop(page, "sales.csv", "amount;size;t\n" + rows)
    train(page, 3)
    region = page.get_by_role("region", name="Try a row")
    amount, size = region.get_by_label("amount"), region.get_by_label("size")

    def answer(field, typed):
        field.fill(typed)
        page.wait_for_timeout(300)
        return region.locator("ul").first.inner_text(), field.get_attribute("aria-invalid")

    assert re.fullmatch(r"\d\.\d{3},5", amount.input_value())
    thousand = answer(amount, "1.000")
    assert thousand == answer(amount, "1000") == answer(amount, "1.000,0")
    assert thousand[1] is None
    assert answer(amount, "1")[0] != thousand[0]
    assert answer(amount, "1,000") == answer(amount, "1")
    size.fill("1,5")
    assert answer(size, "1,5")[1] is None
    assert answer(size, "1.5")[1] == "true"


def test_play_opens_a_table(open_page, play):
    page = open_page()
    page.goto(play(IRIS).address)
    page.get_by_role("status").filter(has_text="iris.csv: 150 rows, 5 columns").wait_for()


def test_numbers_are_drawn_against_true_ones(tables):
    page = tables
    drop(page, "many_values.csv", (HERE / "many_values.csv").read_text())
    page.get_by_role("button", name="One epoch").click()
    page.get_by_role("img", name=re.compile("Answers for price against true values, R²")).wait_for()


@pytest.mark.flow
def test_the_saved_model_answers_in_python_as_on_the_page(tables, tmp_path):
    page = tables
    drop(page, "customers.csv", (HERE / "customers.csv").read_text())
    train(page, 5)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the model").click()
    file = tmp_path / download.value.suggested_filename
    assert file.name == "customers.safetensors"
    download.value.save_as(file)
    model = lw.load(file)
    rules = Understanding.from_dict(model.network_.notes["table"])
    raw = read_raw(str(HERE / "customers.csv"))
    answers = model.predict_proba(rules.rows(raw))
    row = page.get_by_role("region", name="Try a row")
    for _ in range(3):
        row.get_by_role("button", name="Next test row").click()
        page.wait_for_timeout(400)
        line = int(re.search(r"From line (\d+)", row.inner_text())[1])
        shown = {name: float(share) for name, share in re.findall(r"\n(yes|no)\s+([\d.]+)%", row.inner_text())}
        place = raw.lines.tolist().index(line)
        for label, expected in zip(model.classes_, answers[place]):
            assert abs(shown[label] / 100 - expected) < 0.001
    command = [sys.executable, "-m", "layerwise", "predict", HERE / "customers.csv", "--model", file, "--json"]
    answered = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    found = json.loads(answered.stdout)
    assert [row["answer"] for row in found] == model.predict(rules.rows(raw)).tolist()


def test_columns_that_matter(tables):
    page = tables
    rows = "".join(f"{(i * 37) % 101},{(i * 53) % 97},{'yes' if (i * 37) % 101 > 50 else 'no'}\n" for i in range(300))
    drop(page, "one.csv", "tells,says_nothing,y\n" + rows)
    train(page, 40)
    page.get_by_text("Columns that matter").click()
    page.locator(".importance li").nth(1).wait_for()
    first, second = page.locator(".importance li").all_inner_texts()
    assert first.startswith("tells")
    lost = [float(re.search(r"(-?[\d.]+)%", text)[1]) for text in (first, second)]
    assert lost[0] > 25 > 10 > lost[1]


def test_without_hidden_layers_and_a_curve_of_both_losses(tables):
    page = tables
    drop(page, "iris.csv", IRIS.read_text())
    page.get_by_text("Layers and training").click()
    page.get_by_label("Preset").select_option("linear")
    train(page, 30)
    curve = page.get_by_role("img", name="Loss and accuracy by epoch")
    assert "Loss, test rows" in curve.inner_text()


@pytest.mark.flow
def test_keyboard_alone(tables):
    page = tables
    page.get_by_role("button", name="Iris").focus()
    page.keyboard.press("Enter")
    page.locator("ul.columns").wait_for()
    page.get_by_role("button", name="One epoch").focus()
    page.keyboard.press("Space")
    table = page.get_by_role("group", name="True classes and answers")
    table.wait_for()
    cell = table.get_by_role("button").first
    cell.focus()
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(r"\d+ rows? of \w+ answered as \w+")).first.wait_for()
    page.get_by_role("button", name="Paste text").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Rows of text").focus()
    page.keyboard.insert_text("a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="40 rows, 2 columns").wait_for()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("empty.csv", "", "empty.csv is empty; expected a table"),
        ("photo.png", "\x89PNG\x00\x00" * 40, "photo.png"),
        ("book.xlsx", "PK\x03\x04", "a workbook or a zip archive, which the page does not read"),
        ("one.csv", "a,b\n1,2\n", "at least 2 are needed to learn anything"),
        ("<b>x</b>.csv", "[1, 2]", "is JSON, which the page does not read"),
    ],
)
def test_bad_files_are_refused_and_the_page_goes_on(tables, name, text, words):
    page = tables
    page.evaluate(DROP, [name, text])
    page.get_by_role("alert").filter(has_text=words).first.wait_for()
    drop(page, "ok.csv", IRIS.read_text())
    assert page.get_by_role("alert").count() == 0


def test_text_of_a_table_is_never_markup(tables):
    page = tables
    rows = "".join(f'"<img src=x onerror=document.title=1>{i % 3}",{i},<script>{i % 2}\n' for i in range(40))
    drop(page, "evil.csv", "<b>name</b>,n,<i>y</i>\n" + rows)
    train(page, 2)
    page.get_by_text(re.compile("answered wrongly")).click()
    assert page.locator("main img, main script, main b > b, main i").count() == 0


def test_a_million_rows_are_sampled_and_the_page_stays_awake(tables):
    page = tables
    page.evaluate("""() => {
        const part = Array.from({length: 1000}, (_, i) => `${i},${(i * 37) % 101},${i % 3 ? "yes" : "no"}\\n`).join("");
        window.large = new File(["a,b,c\\n", ...Array.from({length: 1000}, () => part)], "large.csv");
    }""")
    page.wait_for_timeout(500)
    page.evaluate("""() => {
        window.longest = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
        }).observe({type: "longtask"});
        const data = new DataTransfer();
        data.items.add(window.large);
        window.dispatchEvent(new DragEvent("drop", {dataTransfer: data}));
    }""")
    page.get_by_text("They are a sample of 1,000,001 rows").wait_for(timeout=60_000)
    page.get_by_text("rows to train").wait_for()
    assert "drawn by chance (seed 42)" in page.locator("main").inner_text()
    assert page.evaluate("window.longest") < 150  # with a margin for a busy machine; 50 ms is the aim


@pytest.mark.flow
def test_axe_finds_nothing(open_page, static_server):
    page = open_page(viewport={"width": 820, "height": 1180})
    page.goto(f"{static_server}#tables")
    page.get_by_role("button", name="Deliveries").click()
    page.locator("ul.columns").wait_for()
    train(page, 2)
    page.get_by_text(re.compile("answered wrongly")).click()
    page.wait_for_timeout(300)
    assert violations(page) == []
