"""`layerwise predict --label` and `--undo`: a user's own copy of the model learns, and takes it back."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

import drawn_digits
import layerwise as lw
from layerwise.handwriting import corrections_of, learning
from layerwise.handwriting.shipped import shipped_network

OWN = "my-digits.safetensors"


@pytest.fixture
def small(tmp_path, made_once):
    """A network that learns fast, as the folder's mnist.safetensors."""

    def make(path):
        X, y = lw.datasets.load_mnist()[0]
        net = lw.Network([lw.Dense(24), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0, scaling="range")
        net.fit(X[:6000], y[:6000], epochs=4, verbose=False)
        net.notes["least_confidence"] = 0.0
        net.save(path)

    return shutil.copy(made_once("small-mnist.safetensors", make), tmp_path / "mnist.safetensors")


@pytest.fixture
def quick(monkeypatch):
    """Fewer steps, of fewer rows: for all but what is learned."""
    for name, value in {"STEPS": 20, "IMAGES": 500, "PATHS": 100}.items():
        monkeypatch.setattr(learning, name, value)


@pytest.fixture
def draw(tmp_path):
    def draw(text, name=None, folder="."):
        page = Image.new("L", (110 * len(text) + 40, 170), 245)
        for at, digit in enumerate(text):
            page.paste(drawn_digits.draw_digit(int(digit), size=130, paper=245, ink=30), (110 * at + 20, 20))
        (tmp_path / folder).mkdir(exist_ok=True)
        page.save(tmp_path / folder / (name or f"{text}.png"))
        return str(Path(folder) / (name or f"{text}.png"))

    return draw


def test_a_label_is_learned_and_taken_back(run, tmp_path, draw, small):
    kept, three, before = small.read_bytes(), draw("3"), run("predict", draw("3"), "--json").json()
    result = run("predict", three, "--label", "3")
    assert result.exit_code == 0, result
    learned, model = result.stdout.splitlines()
    assert learned.startswith(f"{three}: was ")
    assert ", is 3 (" in learned
    assert model == f"model: {OWN} (made from mnist.safetensors), 1 correction; --undo takes the newest back"
    assert small.read_bytes() == kept
    assert run("predict", three).stdout.startswith(f"model: {OWN}\n")
    first = (tmp_path / OWN).read_bytes()
    assert run("predict", draw("58"), "--label", "58").exit_code == 0
    held = corrections_of(lw.load(OWN))
    assert (held.sizes, held.y) == ([1, 2], [3, 5, 8])
    result = run("predict", "--undo")
    assert (result.exit_code, result.stdout) == (0, f"{OWN}: the newest correction is taken back, 1 correction left\n")
    assert (tmp_path / OWN).read_bytes() == first
    assert run("predict", "--undo").stdout == (f"{OWN} is removed with its only correction; model: mnist.safetensors\n")
    assert not (tmp_path / OWN).exists()
    assert run("predict", three, "--json").json() == before
    nothing = run("predict", "--undo")
    assert nothing.exit_code == 1
    assert "there is nothing to undo" in nothing.stderr


def test_json(run, draw, small, quick):
    [answer] = run("predict", draw("47"), "--label", "4 7", "--json").json()
    assert (answer["label"], answer["model"], answer["corrections"]) == ("47", OWN, 1)
    assert answer["after"]["answer"] == "47"
    assert set(answer["before"]) == {"answer", "guess", "confidence"}
    [taken] = run("predict", "--undo", "--json").json()
    assert taken == {"model": "mnist.safetensors", "corrections": 0}


def test_a_folder_of_one_digit_is_one_correction(run, tmp_path, draw, small, quick):
    draw("1", "a.png", "ones")
    draw("1", "b.jpg", "ones")
    (tmp_path / "ones" / "c.png").write_text("no picture")
    result = run("predict", "ones", "--label", "1")
    assert result.exit_code == 1
    assert "c.png: expected a picture" in result.stderr
    assert corrections_of(lw.load(OWN)).sizes == [2]


def test_a_name_for_a_copy_and_a_network_to_copy(run, tmp_path, draw, small, quick, digits_model):
    assert run("predict", draw("3"), "--label", "3", "-m", "hers.safetensors").exit_code == 0
    assert corrections_of(lw.load("hers.safetensors")).is_of(lw.load(small))
    assert run("predict", draw("8"), "--label", "8", "-m", "hers.safetensors").exit_code == 0
    assert len(corrections_of(lw.load("hers.safetensors"))) == 2
    assert not (tmp_path / OWN).exists()
    kept = digits_model.read_bytes()
    assert run("predict", draw("3"), "--label", "3", "-m", digits_model).exit_code == 0
    assert corrections_of(lw.load(OWN)).is_of(lw.load(digits_model))
    assert digits_model.read_bytes() == kept
    other = run("predict", draw("3"), "--label", "3")
    assert other.exit_code == 1
    assert "was corrected from another network" in other.stderr


@pytest.mark.slow
def test_the_network_that_comes_with_the_package_learns_in_a_copy(run, draw):
    assert run("predict", draw("3"), "--label", "3").exit_code == 0
    assert corrections_of(lw.load(OWN)).is_of(shipped_network())


@pytest.mark.parametrize(
    ("picture", "label", "message"),
    [
        ("47", "4", "2 digits were found, but the label 4 is of 1; --single"),
        ("4", "47", "1 digit was found, but the label 47 is of 2"),
        ("blank", "4", "nothing is learned from it: the picture is blank"),
        ("text", "4", "expected a picture"),
        ("absent", "4", "does not exist"),
    ],
)
def test_what_is_not_learned(run, tmp_path, draw, small, picture, label, message):
    draw("47"), draw("4")
    Image.new("L", (60, 60), 250).save(tmp_path / "blank.png")
    (tmp_path / "text.png").write_text("no picture")
    result = run("predict", f"{picture}.png", "--label", label)
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / OWN).exists()


def test_what_is_unlike_the_training_data_is_not_learned(run, tmp_path, draw, small):
    X = lw.datasets.load_mnist()[0][0]
    lw.learn_novelty(lw.load(small), X[:4000], X[6000:7000], coverage=0.05).save(small)
    result = run("predict", draw("4"), "--label", "4")
    assert result.exit_code == 1
    assert "nothing is learned from it: this does not look like a digit" in result.stderr
    assert not (tmp_path / OWN).exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("4.png --label seven", "expected digits"), ("4.png --label", "requires an argument"),
        ("--label 4", "it needs the pictures"),
        ("t.csv --label 4", "it needs the pictures"), ("4.png --undo", "it takes no pictures"),
        ("4.png --label 4 --plot x.png", "--plot: not together with --label"),
        ("4.png --label 4 --undo", "--undo: not together with --label"),
        ("--undo --single", "--single: not together with --undo"), ("", "name a picture"),
    ],
)  # fmt: skip
def test_command_lines_that_do_not_fit(run, draw, words, message):
    draw("4")
    result = run("predict", *words.split())
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_models_of_something_else_take_no_corrections(run, draw, iris_model, tmp_path):
    result = run("predict", draw("4"), "--label", "4", "-m", iris_model)
    assert result.exit_code == 1
    assert "does not read digits" in result.stderr
    (tmp_path / OWN).write_bytes(iris_model.read_bytes())
    assert run("predict", draw("4"), "--label", "4").exit_code == 1
    assert (tmp_path / OWN).read_bytes() == iris_model.read_bytes()


def test_a_copy_is_kept_whole_where_nothing_can_be_learned(run, tmp_path, draw, small, quick):
    run("predict", draw("3"), "--label", "3")
    kept = (tmp_path / OWN).read_bytes()
    assert run("predict", draw("47"), "--label", "4").exit_code == 1
    assert (tmp_path / OWN).read_bytes() == kept
    assert np.array_equal(corrections_of(lw.load(OWN)).y, [3])
