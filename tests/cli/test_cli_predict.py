"""`layerwise predict` and `layerwise evaluate`: pictures and tables of one's own."""

import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw
from layerwise.datasets.fashion import CLASS_NAMES

IRIS = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)"
drawn_digits = pytest.importorskip("drawn_digits", reason="needs Pillow")


@pytest.fixture
def draw(tmp_path):
    def draw(digit, name=None, **options):
        path = tmp_path / (name or f"{digit}.png")
        drawn_digits.draw_digit(digit, **options).save(path)
        return path

    return draw


@pytest.fixture
def number(tmp_path):
    """A picture of a number, the digits side by side."""
    from PIL import Image

    def draw(text, name="number.png"):
        page = Image.new("L", (110 * len(text) + 40, 170), 245)
        for at, digit in enumerate(text):
            page.paste(drawn_digits.draw_digit(int(digit), size=130, paper=245, ink=30), (110 * at + 20, 20))
        page.save(tmp_path / name)
        return tmp_path / name

    return draw


def test_nothing_has_to_be_trained_before(run, draw):
    result = run("predict", draw(3), draw(8, "eight.jpg", size=700, ink=(20, 30, 160), paper=(250, 245, 230)))
    assert result.exit_code == 0
    model, three, eight = result.stdout.splitlines()
    assert model == "model: own-digits, which comes with layerwise"
    assert three.endswith("3.png: 3 (over 99% sure)")
    assert "eight.jpg: 8 (" in eight


@pytest.mark.parametrize("name", ["my-digits.safetensors", "mnist.safetensors"])
def test_the_users_own_model_comes_first(run, tmp_path, draw, digits_model, name):
    (tmp_path / name).write_bytes(digits_model.read_bytes())
    assert run("predict", draw(1)).stdout.startswith(f"model: {name}\n")
    assert run("predict", draw(1), "--json").json()[0]["model"] == name


def test_corrections_go_before_a_training(run, tmp_path, draw, digits_model):
    for name in ("my-digits.safetensors", "mnist.safetensors"):
        (tmp_path / name).write_bytes(digits_model.read_bytes())
    assert run("predict", draw(1)).stdout.startswith("model: my-digits.safetensors\n")


def test_a_damaged_model_of_the_folder_is_not_passed_over(run, tmp_path, draw):
    (tmp_path / "my-digits.safetensors").write_bytes(b"nothing of the kind")
    result = run("predict", draw(1))
    assert result.exit_code == 1
    assert "my-digits.safetensors" in result.stderr


def test_drawn_digits_are_recognised_by_a_model_that_was_trained(run, draw, digits_model):
    pictures = [
        draw(0, size=90),
        draw(1, size=300, ink=90, paper=230),
        draw(3, size=200, ink=255, paper=0),
        draw(5, "five.jpg", size=400, ink=(20, 30, 160), paper=(250, 245, 230), offset=(60, -50)),
        draw(7, size=120, offset=(-15, 10)),
    ]
    result = run("predict", *pictures, "--model", digits_model, "--json")
    assert result.exit_code == 0
    assert [answer["answer"] for answer in result.json()] == ["0", "1", "3", "5", "7"]


def test_a_number_with_the_confidence_of_each_digit(run, number):
    result = run("predict", number("70812"))
    assert result.exit_code == 0
    _, whole, each = result.stdout.splitlines()
    assert "number.png: 70812 (" in whole
    assert [word for word in each.split() if "%" not in word] == list("70812")


def test_several_rows(run, tmp_path, number):
    from PIL import Image

    rows = [Image.open(number(text)) for text in ("702", "318")]
    page = Image.new("L", (rows[0].width, 2 * rows[0].height), 245)
    for at, row in enumerate(rows):
        page.paste(row, (0, at * row.height))
    page.save("page.png")
    result = run("predict", "page.png")
    assert result.exit_code == 0
    _, whole, first, second = result.stdout.splitlines()
    assert whole.startswith("page.png: 2 rows (")
    assert (first.split()[0], second.split()[0]) == ("702", "318")
    [answer] = run("predict", "page.png", "--json").json()
    assert answer["answer"] == "702\n318"
    assert [digit["row"] for digit in answer["digits"]] == [1, 1, 1, 2, 2, 2]


def test_json(run, number):
    [answer] = run("predict", number("47"), "--json").json()
    assert answer["file"].endswith("number.png")
    assert (answer["answer"], answer["reason"], answer["sure"]) == ("47", None, True)
    assert answer["model"] == "own-digits, which comes with layerwise"
    assert answer["size"] == [260, 170]
    assert [digit["answer"] for digit in answer["digits"]] == ["4", "7"]
    assert answer["confidence"] == pytest.approx(np.prod([digit["confidence"] for digit in answer["digits"]]))
    for at, digit in enumerate(answer["digits"]):
        left, top, width, height = digit["place"]
        assert 110 * at + 20 < left < left + width < 110 * at + 150
        assert 20 < top < top + height < 150


def test_a_refused_picture_has_a_reason(run, tmp_path, draw):
    from PIL import Image

    Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
    result = run("predict", "blank.png", draw(3))
    assert result.exit_code == 3
    _, blank, three = result.stdout.splitlines()
    assert blank.startswith("blank.png: no answer: ")
    assert ": 3 (" in three
    blank, three = run("predict", "blank.png", draw(3), "--json").json()
    assert (blank["answer"], blank["confidence"], blank["sure"], blank["digits"]) == (None, 0, False, [])
    assert "blank" in blank["reason"]
    assert (three["answer"], three["reason"]) == ("3", None)


def test_digits_are_shown_as_the_network_saw_them(run, number):
    result = run("predict", number("38"), "--show")
    frame = [line for line in result.stdout.splitlines() if line.startswith(("│", "|"))]
    assert len(frame) == 2 * 14
    assert all(len(line) == 30 for line in frame)
    assert result.stdout.count(" at left ") == 2
    assert "│" not in run("predict", number("38")).stdout


def test_below_min_confidence_it_is_not_sure(run, draw, digits_model):
    result = run("predict", draw(3), "-m", digits_model, "--min-confidence", "1")
    assert result.exit_code == 3
    assert "3.png: not sure (perhaps 3, " in result.stdout
    [answer] = run("predict", draw(3), "-m", digits_model, "--min-confidence", "1", "--json").json()
    assert (answer["answer"], answer["guess"], answer["sure"]) == (None, "3", False)
    assert answer["reason"].startswith("not sure (perhaps 3")


def test_without_a_least_confidence_any_digit_is_answered(run, tmp_path, draw, digits_model):
    network = lw.load(digits_model)
    network.notes["least_confidence"] = 1.0
    network.novelty = None
    network.save(tmp_path / "strict.safetensors")
    assert run("predict", draw(3), "-m", "strict.safetensors").exit_code == 3
    assert run("predict", draw(3), "-m", "strict.safetensors", "--min-confidence", "0").exit_code == 0


def test_all_ink_is_one_digit(run, number):
    """A five whose bar stands apart; two digits taken for one are no digit, or a wrong one."""
    assert run("predict", number("11"), "--json").json()[0]["answer"] == "11"
    [answer] = run("predict", number("11"), "--single", "--json").json()
    assert len(answer["digits"]) == 1


def test_digits_are_drawn_into_a_picture(run, tmp_path, number):
    pytest.importorskip("matplotlib").use("Agg")
    from PIL import Image

    result = run("predict", number("470"), "--plot", "found.png")
    assert result.exit_code == 0
    assert result.stdout.endswith("picture: found.png\n")
    with Image.open("found.png") as picture:
        assert min(picture.size) > 100


def test_a_picture_of_answers_is_of_one_picture_and_overwrites_none(run, tmp_path, draw, digits_model, iris_model):
    (tmp_path / "folder").mkdir()
    for words, message in [
        ((draw(1), draw(2), "--plot", "x.png"), "it draws one picture; got 2 files"),
        (("folder", "--plot", "x.png"), "got the folder folder"),
        ((draw(1), "--plot", "1.png"), "would be overwritten"),
        ((draw(1), "--plot", "x.doc"), ".doc is no format"),
        ((draw(1), "--plot", "x.png", "-m", iris_model), "does not read digits"),
        ((draw(1), "--single", "-m", iris_model), "does not read digits"),
    ]:
        result = run("predict", *words)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "x.png").exists()


def test_one_bad_image_does_not_stop_the_others(run, tmp_path, draw):
    (tmp_path / "corrupt.png").write_bytes(draw(2).read_bytes()[:-200])
    (tmp_path / "text.png").write_text("a letter to a friend")
    (tmp_path / "empty.png").touch()
    words = ["predict", "text.png", draw(3), "corrupt.png", "absent.png", "empty.png"]
    result = run(*words)
    assert result.exit_code == 1
    assert ": 3 (" in result.stdout
    lines = result.stderr.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["error", name] for name in ("text.png", "corrupt.png", "absent.png", "empty.png")
    ]
    for line, word in zip(lines, ["of another kind", "cannot be read", "does not exist", "empty"], strict=True):
        assert word in line
    found = run(*words, "--json").json()
    assert ["error" in answer for answer in found] == [True, False, True, True, True]


HEAVY = ("typer", "rich", "pydantic", "matplotlib", "sklearn", "scipy", "pandas", "polars", "numpy.ma", "asyncio")
OF_OTHER_COMMANDS = (
    "network.fitting", "training.loop", "training.health", "handwriting.learning", "estimators", "plots", "explain",
    "trust", "app.cli.app", "app.cli.train", "datasets.reading", "data.tables",
)  # fmt: skip


def test_reading_a_picture_imports_nothing_else(draw):
    """The command is most often run for one picture: it must not wait for what other commands need."""
    path = draw(3)
    code = f"""
import sys
from layerwise.app.cli import main
assert main(["predict", {str(path)!r}]) == 0
print(*sys.modules, sep="\\n", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("3.png: 3 (over 99% sure)\n")
    loaded = set(done.stderr.split())
    assert "layerwise.handwriting.reading" in loaded
    assert not loaded & {*HEAVY, *(f"layerwise.{name}" for name in OF_OTHER_COMMANDS)}
    assert len([name for name in loaded if name.startswith("layerwise.")]) < 140


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("3.png", 0), ("3.png --json", 0), ("--show 3.png --single", 0), ("blank.png 3.png", 3),
        ("blank.png --json", 3),
        ("text.png 3.png", 1), ("folder", 0), ("empty", 1), ("absent.png --json", 1),
    ],
)  # fmt: skip
def test_the_short_way_says_what_the_long_one_does(run, run_process, tmp_path, draw, words, code):
    from PIL import Image

    draw(3)
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder").mkdir()
    draw(8, "folder/eight.png")
    Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
    done, expected = run_process("predict", *words.split()), run("predict", *words.split())
    assert (done.returncode, expected.exit_code) == (code, code)
    assert done.stdout == expected.stdout
    assert done.stderr == expected.stderr


def test_model_for_other_data_takes_no_picture(run, draw, iris_model):
    result = run("predict", draw(3), "-m", iris_model)
    assert result.exit_code == 1
    assert "takes 4 inputs" in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no model file"),
        (b"", "model.safetensors"),
        (b"not a model at all, but long enough to look", "model.safetensors"),
    ],
)
@pytest.mark.parametrize("words", ["evaluate model.safetensors iris", "predict x.png -m model.safetensors"])
def test_bad_model_files(run, tmp_path, words, content, message):
    if content is not None:
        (tmp_path / "model.safetensors").write_bytes(content)
    result = run(*words.split())
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.startswith("error: ")


def test_model_that_was_never_trained(run, tmp_path):
    network = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    network.build(4)
    network.save(tmp_path / "new.safetensors")
    result = run("evaluate", "new.safetensors", "iris")
    assert result.exit_code == 1
    assert "never trained" in result.stderr


# ---------------------------------------------------------------- tables


def test_rows_of_a_table(run, tmp_path, iris_model):
    (tmp_path / "mine.csv").write_text(f"{IRIS},species\n5.1,3.5,1.4,0.2,?\n6.3,3.3,6.0,2.5,?\n")
    result = run("predict", "mine.csv", "-m", iris_model)
    assert result.exit_code == 0
    assert result.stdout.startswith("mine.csv, row 1: setosa, confidence")
    assert "mine.csv, row 2: virginica" in result.stdout


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "a,b,c,d,e,f\n1,2,3,4,5,6\n", "a,b,c,d\n1,2,3,x\n"])
def test_table_with_other_columns_for_a_model_without_names(run, tmp_path, iris_model, content):
    network = lw.load(iris_model)
    network.columns = None
    network.save(tmp_path / "plain.safetensors")
    (tmp_path / "mine.csv").write_text(content)
    result = run("predict", "mine.csv", "-m", "plain.safetensors")
    assert result.exit_code == 1
    assert "takes 4 columns" in result.stderr


@pytest.mark.parametrize("header", ["age,rooms", "price,age,rooms", "age,rooms,price", "age,id,rooms"])
def test_columns_go_by_their_names(run, tmp_path, prices, header):
    assert run("train", prices, "-q", "--no-plot", "-e", "5", "--lr", "0.01").exit_code == 0
    model = lw.load("prices.safetensors")
    assert model.notes == {
        "data": "prices.csv", "target": "price",
        "command": "layerwise train prices.csv --learning-rate 0.01 --epochs 5",
    }  # fmt: skip
    assert model.columns == [{"name": "rooms", "kind": "number"}, {"name": "age", "kind": "number"}]
    (tmp_path / "same.csv").write_text("rooms,age\n0.5,-1\n2,1\n")
    rows = [{"rooms": 0.5, "age": -1, "price": 3, "id": 1}, {"rooms": 2, "age": 1, "price": 5, "id": 2}]
    lines = [",".join(str(row[name]) for name in header.split(",")) for row in rows]
    (tmp_path / "other.csv").write_text("\n".join([header, *lines]) + "\n")
    same, other = (
        [row["answer"] for row in run("predict", name, "-m", "prices.safetensors", "--json").json()]
        for name in ("same.csv", "other.csv")
    )
    assert same == other
    assert same[0] != same[1]


def test_evaluate_takes_columns_by_their_names(run, tmp_path, flowers):
    assert run("train", flowers, "--target", "kind", "-q", "--no-plot", "-e", "5").exit_code == 0
    cells = [line.split(",") for line in flowers.read_text().splitlines()]
    (tmp_path / "other.csv").write_text("\n".join(f"{width},{length},{kind}" for length, kind, width in cells))
    straight = run("evaluate", "flowers.safetensors", flowers, "--json").json()
    turned = run("evaluate", "flowers.safetensors", "other.csv", "--json").json()
    assert straight["loss"] == turned["loss"]


@pytest.mark.parametrize(
    ("command", "content", "missing"),
    [
        ("predict -m prices.safetensors mine.csv", "rooms,years\n1,2\n", "'age'"),
        ("evaluate prices.safetensors mine.csv", "rooms,years,price\n1,2,3\n", "'age'"),
        ("evaluate prices.safetensors mine.csv", "rooms,age,cost\n1,2,3\n", "'price'"),
    ],
)
def test_missing_columns_are_named(run, tmp_path, prices, command, content, missing):
    run("train", prices, "-q", "--no-plot", "-e", "1", "--lr", "0.01")
    (tmp_path / "mine.csv").write_text(content)
    result = run(*command.split())
    assert result.exit_code == 1
    assert f"the model needs the column {missing}" in result.stderr
    assert f"has only the columns 'rooms', {content.split(',')[1].split()[0]!r}" in result.stderr


@pytest.mark.parametrize(("delimiter", "option"), [(";", None), ("\t", None), ("|", "|"), ("\t", "tab")])
def test_delimiters(run, tmp_path, flowers, delimiter, option):
    flowers.write_text(flowers.read_text().replace(",", delimiter))
    more = [] if option is None else ["--delimiter", option]
    assert run("train", flowers, "--target", "kind", "-q", "--no-plot", "-e", "1", *more).exit_code == 0
    assert run("evaluate", "flowers.safetensors", flowers, *more).exit_code == 0
    assert run("predict", flowers, "-m", "flowers.safetensors", *more).exit_code == 0


def test_several_numbers_a_row(run, tmp_path):
    X = np.arange(12.0).reshape(6, 2)
    network = lw.Network([lw.Dense(2)], random_state=0)
    network.fit(X, X, epochs=1, verbose=False)
    network.save(tmp_path / "two.safetensors")
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    [row] = run("predict", "mine.csv", "-m", "two.safetensors", "--json").json()
    assert len(row["answer"]) == 2
    assert run("predict", "mine.csv", "-m", "two.safetensors").exit_code == 0


# ---------------------------------------------------------------- evaluate


def test_evaluate_takes_the_data_that_the_model_was_trained_on(run, digits_model):
    result = run("evaluate", digits_model)
    assert result.exit_code == 0
    assert result.stdout.startswith("mnist: accuracy 9")
    assert "of 10,000 right" in result.stdout
    assert "Confused most often:" in result.stdout


@pytest.mark.parametrize("kinds", [("red", "blue"), ("0", "1"), ("5", "7")])
def test_evaluate_on_rows_of_one_class(run, tmp_path, flowers, kinds):
    flowers.write_text(flowers.read_text().replace("red", kinds[0]).replace("blue", kinds[1]))
    run("train", flowers, "--target", "kind", "-q", "--no-plot")
    header, *rows = flowers.read_text().splitlines()
    for kind in kinds:
        one = [row for row in rows if row.split(",")[1] == kind]
        (tmp_path / "one.csv").write_text("\n".join([header, *one]))
        result = run("evaluate", "flowers.safetensors", "one.csv", "--json").json()
        assert (result["samples"], result["accuracy"] > 0.9) == (40, True)


def test_evaluate_on_a_table_with_an_unknown_class(run, tmp_path, iris_model):
    (tmp_path / "t.csv").write_text(f"{IRIS},species\n1,2,3,4,rose\n")
    result = run("evaluate", iris_model, "t.csv")
    assert result.exit_code == 1
    assert "rose" in result.stderr


def test_evaluate_knows_data_sets_of_one_form_apart(run):
    run("train", "vertical", "-q", "--no-plot", "-e", "2")
    assert run("evaluate", "vertical.safetensors", "--json").json()["data"] == "vertical"


def test_evaluate_asks_for_a_table_of_ones_own(run, prices):
    run("train", prices, "-q", "--no-plot", "-e", "1")
    result = run("evaluate", "prices.safetensors")
    assert result.exit_code == 2
    assert "was trained on prices.csv" in " ".join(result.stderr.replace("│", " ").split())


def test_evaluate_where_the_model_does_not_know_its_data(run, tmp_path):
    network = lw.Network([lw.Dense(2), lw.Softmax()], random_state=0)
    network.fit(np.eye(6, 3), [0, 1, 0, 1, 0, 1], epochs=1, verbose=False)
    network.save(tmp_path / "three.safetensors")
    result = run("evaluate", "three.safetensors")
    assert result.exit_code == 2
    assert "name the data to test it on" in " ".join(result.stderr.replace("│", " ").split())


def test_a_picture_that_is_no_digit_gets_no_answer(run, draw, digits_model, tmp_path):
    from PIL import Image, ImageDraw

    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line([(100, 20), (180, 160), (20, 160), (100, 20)], fill=0, width=12, joint="curve")
    picture.save(tmp_path / "triangle.png")
    for model in ([], ["-m", digits_model]):
        result = run("predict", "triangle.png", draw(3), *model)
        assert result.exit_code == 3
        assert "triangle.png: no answer: " in result.stdout
        assert ": 3 (" in result.stdout
        triangle, three = run("predict", "triangle.png", draw(3), *model, "--json").json()
        assert (triangle["answer"], triangle["sure"]) == (None, False)
        assert (three["answer"], three["sure"]) == ("3", True)


def test_all_pictures_of_a_folder(run, tmp_path, draw):
    (tmp_path / "mine" / "more").mkdir(parents=True)
    draw(3, "mine/b.png")
    draw(0, "mine/more/c.jpg")
    (tmp_path / "mine" / "a.png").write_text("no picture")
    (tmp_path / "mine" / ".hidden.png").write_text("no picture")
    (tmp_path / "mine" / "notes.txt").write_text("a,b")
    (tmp_path / "mine" / "Thumbs.db").touch()
    (tmp_path / "empty").mkdir()
    result = run("predict", "mine", "empty", draw(7))
    assert result.exit_code == 1
    assert [line.split("/")[-1].split(" (")[0] for line in result.stdout.splitlines()[1:]] == [
        "b.png: 3", "c.jpg: 0", "7.png: 7"
    ]  # fmt: skip
    first, second = result.stderr.splitlines()
    assert first.startswith("error: mine")
    assert "a.png: expected a picture" in first
    assert second.startswith("error: empty holds no pictures")
    found = run("predict", "mine", "--json").json()
    assert [answer.get("answer") for answer in found] == [None, "3", "0"]
    assert run("predict", "mine/more").exit_code == 0


@pytest.fixture(params=["colour", "drawing"])
def symbols(run, tmp_path, request):
    """A folder of pictures, and the model that was trained on it."""
    from PIL import Image

    drawing = request.param == "drawing"
    rng = np.random.default_rng(0)
    for i in range(12):
        for name, digit in (("vertical", 1), ("round", 0)):
            (tmp_path / "symbols" / name).mkdir(parents=True, exist_ok=True)
            picture = drawn_digits.draw_digit(
                digit, size=int(rng.integers(60, 90)), ink=(200 * (not drawing), 0, 40), paper=(255, 250, 240)
            )
            picture = picture if drawing else picture.resize((40, 30), Image.Resampling.BILINEAR)
            picture.save(tmp_path / "symbols" / name / f"{i}.png")
    assert run("train", "symbols", "-q", "--no-plot").exit_code == 0
    return tmp_path / "symbols"


def test_a_model_of_a_folder_answers_with_its_own_names(run, symbols):
    found = run("predict", symbols / "round", "-m", "symbols.safetensors", "--json")
    assert found.exit_code in (0, 3)
    assert {answer["answer"] for answer in found.json()} == {"round"}
    result = run("predict", symbols / "vertical" / "3.png", "-m", "symbols.safetensors", "--show")
    assert "vertical" in result.stdout
    assert len([line for line in result.stdout.splitlines() if line.startswith(("│", "|"))]) >= 2


@pytest.fixture
def garments(tmp_path):
    """A model for images of MNIST's size that are no digits."""
    rng = np.random.default_rng(0)
    y = np.arange(300) % 10
    X = np.zeros((300, 784), np.uint8)
    X[np.arange(300), 70 * y + 35] = 255
    network = lw.Network([lw.Dense(10), lw.Softmax()], random_state=0, scaling="range")
    network.fit(X + rng.integers(0, 9, X.shape, np.uint8), np.array(CLASS_NAMES)[y], epochs=3, verbose=False)
    network.save(tmp_path / "garments.safetensors")
    return tmp_path / "garments.safetensors"


def test_images_that_are_no_digits_have_the_answers_of_their_model(run, draw, garments):
    result = run("predict", draw(3), "-m", garments)
    assert result.exit_code == 0
    assert ", confidence " in result.stdout
    assert "; runner-up " in result.stdout
    [answer] = run("predict", draw(3), "-m", garments, "--json").json()
    assert answer["answer"] in CLASS_NAMES
    assert 1 >= answer["confidence"] >= answer["runner_up_confidence"] >= 0
    assert run("predict", draw(3), "-m", garments, "--min-confidence", "1").exit_code == 3


def test_a_table_is_answered_without_a_word_on_familiarity(run, iris_model, tmp_path):
    (tmp_path / "one.csv").write_text(f"{IRIS}\n500,300,100,20\n")
    [answer] = run("predict", "one.csv", "-m", iris_model, "--json").json()
    assert "familiar" not in answer
    assert answer["sure"]
