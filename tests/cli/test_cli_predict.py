"""`layerwise predict` and `layerwise evaluate`: pictures and tables of one's own."""

import numpy as np
import pytest

import layerwise as lw

IRIS = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)"
drawn_digits = pytest.importorskip("drawn_digits", reason="needs Pillow")


@pytest.fixture
def draw(tmp_path):
    def draw(digit, name=None, **options):
        path = tmp_path / (name or f"{digit}.png")
        drawn_digits.draw_digit(digit, **options).save(path)
        return path

    return draw


def test_drawn_digits_are_recognised(run, draw, digits_model):
    pictures = [
        draw(0, size=90),
        draw(1, size=300, ink=90, paper=230),
        draw(3, size=200, ink=255, paper=0),
        draw(5, "five.jpg", size=400, ink=(20, 30, 160), paper=(250, 245, 230), offset=(60, -50)),
        draw(7, size=120, offset=(-15, 10)),
    ]
    result = run("predict", *pictures, "--model", digits_model, "--json")
    assert result.exit_code == 0
    assert [answer["answer"] for answer in result.json()] == [0, 1, 3, 5, 7]


def test_answer_confidence_runner_up_and_image_are_shown(run, draw, digits_model):
    result = run("predict", draw(3), "-m", digits_model)
    assert result.exit_code == 0
    assert ": 3, confidence " in result.stdout
    assert "runner-up" in result.stdout
    frame = [line for line in result.stdout.splitlines() if line.startswith(("│", "|"))]
    assert len(frame) == 14
    assert all(len(line) == 30 for line in frame)


def test_json(run, draw, digits_model):
    [answer] = run("predict", draw(3), "-m", digits_model, "--json").json()
    assert answer["answer"] == 3
    assert 1 >= answer["confidence"] >= answer["runner_up_confidence"] >= 0
    assert answer["sure"] is True


def test_below_min_confidence_it_is_not_sure(run, draw, digits_model):
    result = run("predict", draw(3), "-m", digits_model, "--min-confidence", "1")
    assert result.exit_code == 3
    assert "not sure (perhaps 3" in result.stdout
    [answer] = run("predict", draw(3), "-m", digits_model, "--min-confidence", "1", "--json").json()
    assert answer["sure"] is False


def test_default_model_is_that_of_the_working_directory(run, tmp_path, draw, digits_model):
    picture = draw(1)
    missing = run("predict", picture)
    assert missing.exit_code == 1
    assert "make it with: layerwise train mnist" in missing.stderr
    (tmp_path / "mnist.safetensors").write_bytes(digits_model.read_bytes())
    assert run("predict", picture).exit_code == 0


def test_one_bad_image_does_not_stop_the_others(run, tmp_path, draw, digits_model):
    from PIL import Image

    Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
    (tmp_path / "corrupt.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    words = ["predict", "blank.png", draw(3), "corrupt.png", "absent.png", "-m", digits_model]
    result = run(*words)
    assert result.exit_code == 1
    assert ": 3, confidence" in result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("error: ") for line in lines)
    assert "blank" in lines[0]
    found = run(*words, "--json").json()
    assert ["error" in answer for answer in found] == [True, False, True, True]


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


def test_a_picture_that_is_no_digit_does_not_look_like_the_training_data(run, draw, digits_model, tmp_path):
    from PIL import Image, ImageDraw

    picture = Image.new("L", (200, 200), 255)
    for at in range(20, 190, 20):
        ImageDraw.Draw(picture).line([(at, 20), (at, 180)], fill=0, width=6)
        ImageDraw.Draw(picture).line([(20, at), (180, at)], fill=0, width=6)
    picture.save(tmp_path / "fence.png")
    result = run("predict", "fence.png", draw(3), "-m", digits_model)
    assert result.exit_code == 3
    assert "fence.png: this does not look like the training data (if it does, " in result.stdout
    assert ": 3, confidence " in result.stdout
    fence, three = run("predict", "fence.png", draw(3), "-m", digits_model, "--json").json()
    assert (fence["familiar"], fence["sure"]) == (False, False)
    assert (three["familiar"], three["sure"]) == (True, True)


def test_a_table_is_answered_without_a_word_on_familiarity(run, iris_model, tmp_path):
    (tmp_path / "one.csv").write_text(f"{IRIS}\n500,300,100,20\n")
    [answer] = run("predict", "one.csv", "-m", iris_model, "--json").json()
    assert "familiar" not in answer
    assert answer["sure"]
