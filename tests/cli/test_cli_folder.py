"""`layerwise train FOLDER`: pictures in folders named by class, and the models that come of them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

import layerwise as lw
from layerwise.app.cli import folders
from layerwise.app.cli.model import load_trained
from layerwise.app.recipes import find
from layerwise.datasets import draw_strokes, load_semeion, read_folder
from layerwise.datasets.pictures import form_of

NAN = [np.nan, np.nan]
SYMBOLS = {
    "arrow": [[0, 0.5], [1, 0.5], NAN, [0.7, 0.8], [1, 0.5], [0.7, 0.2]],
    "delta": [[0, 0], [1, 0], [0.5, 1], [0, 0]],
    "equal": [[0, 0.35], [1, 0.35], NAN, [0, 0.65], [1, 0.65]],
    "i": [[0.5, 0], [0.5, 0.65], NAN, [0.5, 0.95]],
    "l": [[0.5, 0], [0.5, 1]],
    "plus": [[0, 0.5], [1, 0.5], NAN, [0.5, 0], [0.5, 1]],
    "sigma": [[1, 1], [0, 1], [0.5, 0.5], [0, 0], [1, 0]],
    "zed": [[0, 1], [1, 1], [0, 0], [1, 0]],
}


def drawn(strokes, rng):
    """A page of 200x200 with the symbol anywhere, in any size, slanted, turned and shaky, with any pen."""
    turn, slant = rng.normal(0, 0.1, 2)
    stretch = rng.uniform(0.75, 1.25, 2)
    points = (np.array(strokes) - 0.5) @ np.array([[1, turn], [slant - turn, 1]]) * stretch
    points += rng.normal(0, 0.035, points.shape)
    size = int(rng.uniform(40, 140))
    ink = draw_strokes([points], pen=min(rng.uniform(2.5, 7), size / 6), side=size, box=size - 2)[0]
    page = np.full((200, 200), 255.0)
    top, left = rng.integers(0, 200 - size, 2)
    page[top : top + size, left : left + size] -= ink.reshape(size, size) * rng.uniform(0.6, 1)
    return Image.fromarray(np.clip(page + rng.normal(0, 2, page.shape), 0, 255).astype(np.uint8))


def save_symbols(folder, per_class, seed, names=tuple(SYMBOLS)):
    rng = np.random.default_rng(seed)
    for name in names:
        (folder / name).mkdir(parents=True)
        for i in range(per_class):
            drawn(SYMBOLS[name], rng).save(folder / name / f"{i:03}.png")
    return folder


def save_squares(folder, per_class=12, classes=("day", "dusk", "night"), seed=0):
    """Small pictures of one size that are told by their shade."""
    rng = np.random.default_rng(seed)
    for shade, name in zip((200, 120, 40), classes):
        (folder / name).mkdir(parents=True)
        for i in range(per_class):
            noise = rng.normal(shade, 15, (6, 6)).clip(0, 255).astype(np.uint8)
            Image.fromarray(noise).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def symbols(tmp_path_factory):
    """Own symbols with parts to train, of 20 each, and to test, of 8 each."""
    folder = tmp_path_factory.mktemp("symbols")
    save_symbols(folder / "train", 20, seed=1)
    save_symbols(folder / "test", 8, seed=2)
    return folder


def test_twenty_pictures_a_class_make_a_usable_model_of_own_symbols(run, symbols):
    result = run("train", symbols, "-e", "60", "--no-plot", "-q", "-o", "own.safetensors", "--json").json()
    assert result["test"]["samples"] == 64
    assert result["test"]["accuracy"] > 0.95
    model = lw.load("own.safetensors")
    form = form_of(model.notes)
    assert (form.shape, form.drawing) == ((28, 28), True)
    assert model.task.classes.tolist() == sorted(SYMBOLS)
    X, y = read_folder(symbols / "test", form=form)
    assert (model.predict(X) == y).mean() == pytest.approx(result["test"]["accuracy"])
    assert model.is_novel(X).mean() < 0.1
    assert run("evaluate", "own.safetensors", symbols, "--json").json()["accuracy"] == result["test"]["accuracy"]
    large = drawn(SYMBOLS["plus"], np.random.default_rng(5)).resize((900, 900))
    large.save("plus.jpg")
    assert model.predict(form.read("plus.jpg")[None]).tolist() == ["plus"]


def test_twenty_of_each_of_semeions_digits(run, tmp_path):
    X, y = load_semeion()
    rng = np.random.default_rng(0)
    for digit in range(10):
        for i, row in enumerate(rng.permutation(np.flatnonzero(y == digit))[:50]):
            part = tmp_path / "digits" / ("train" if i < 20 else "test") / str(digit)
            part.mkdir(parents=True, exist_ok=True)
            Image.fromarray(255 - X[row].reshape(16, 16)).save(part / f"{row}.png")
    result = run("train", "digits", "-e", "60", "--no-plot", "-q", "--json").json()
    assert result["test"]["samples"] == 300
    assert result["test"]["accuracy"] > 0.88


def test_what_is_said(run, tmp_path):
    save_squares(tmp_path / "sky")
    (tmp_path / "sky" / "day" / "0.png").write_bytes(b"")
    (tmp_path / "sky" / "day" / "notes.txt").write_text("sunny")
    result = run("train", "sky", "-e", "3", "--no-plot")
    assert "sky: 24 rows to train, 4 to validate, 7 to test" in result.stdout
    assert "pictures of 3 classes, brought to 6x6, grey; changed a little in every epoch" in result.stdout
    assert "Augmentation(shape=(6, 6)" in result.stdout
    assert "sky: 1 file is left out, no picture in the folder of a class: day/notes.txt" in result.stderr
    assert "sky: 1 of 36 files could not be read, and are left out: day/0.png" in result.stderr
    assert "model            sky.safetensors" in result.stdout


def test_rows_held_out_are_the_same_for_every_seed_and_known_again(run, tmp_path):
    save_squares(tmp_path / "sky")
    first = run("train", "sky", "-e", "2", "--no-plot", "-q", "--json").json()
    run("train", "sky", "-e", "2", "--no-plot", "-q", "--seed", "1", "-o", "second.safetensors")
    notes = [lw.load(name).notes["held_out"] for name in ("sky.safetensors", "second.safetensors")]
    assert notes[0] == notes[1]
    assert first["test"]["samples"] == 7
    seen = run("evaluate", "sky.safetensors", "sky")
    assert "note: 29 of these 36 pictures were used in training; the others were not" in seen.stderr
    save_squares(tmp_path / "others", seed=1, per_class=4)
    other = run("evaluate", "sky.safetensors", "others")
    assert "note" not in other.stderr
    assert "of 12 right" in other.stdout


def test_parts_are_held_out_by_class(tmp_path):
    save_squares(tmp_path / "sky", per_class=20)
    options = dict.fromkeys(folders.OF_FOLDERS)
    data, _ = folders.load_folder(str(tmp_path / "sky"), None, options, validation=0.25, test=0.2)
    for (_, y), each in ((data.test, 4), (data.validation, 4), (data.train, 12)):
        assert dict(zip(*np.unique(y, return_counts=True), strict=True)) == {"day": each, "dusk": each, "night": each}
    assert (data.train[1][:-1] != data.train[1][1:]).any()  # not class by class


def test_parts_of_their_own(run, tmp_path):
    save_squares(tmp_path / "sky" / "train")
    save_squares(tmp_path / "sky" / "Val", per_class=2, seed=1)
    save_squares(tmp_path / "sky" / "test", per_class=3, seed=2)
    stdout = run("train", "sky", "-e", "2", "--no-plot", "-q").stdout
    assert "sky: 36 rows to train, 6 to validate, 9 to test" in stdout
    assert "of 9 right" in run("evaluate", "sky.safetensors", "sky").stdout
    refused = run("train", "sky", "--test", "0.3")
    assert refused.exit_code == 2
    assert "has a folder for it" in refused.stderr
    save_squares(tmp_path / "sky" / "test" / "inner", per_class=1)
    (tmp_path / "sky" / "test" / "inner" / "day").rename(tmp_path / "sky" / "test" / "dawn")
    for rest in ("dusk/0.png", "night/0.png"):
        (tmp_path / "sky" / "test" / "inner" / rest).unlink()
    for empty in ("inner/dusk", "inner/night", "inner"):
        (tmp_path / "sky" / "test" / empty).rmdir()
    unknown = run("train", "sky")
    assert unknown.exit_code == 1
    assert "test holds the class dawn, which" in unknown.stderr


def test_two_pictures_of_a_class_are_the_least(run, tmp_path):
    save_squares(tmp_path / "sky", per_class=2, classes=("day", "dusk"))
    result = run("train", "sky", "-e", "1", "--no-plot")
    assert result.exit_code == 0
    assert "sky: 3 rows to train, 1 to test" in result.stdout
    assert "what does not look like the training data will not be told" in result.stdout
    assert "would hold out 0" in run("train", "sky", "--validation", "0.1").stderr


def test_names_of_classes_that_are_odd(run, tmp_path):
    save_squares(tmp_path / "sky", classes=("日本 x", "[bold]", "1.0"))
    assert run("train", "sky", "-e", "1", "--no-plot", "-q").exit_code == 0
    assert lw.load("sky.safetensors").task.classes.tolist() == ["1.0", "[bold]", "日本 x"]
    assert run("evaluate", "sky.safetensors", "sky").exit_code == 0


def test_options_decide_on_the_form(run, tmp_path):
    save_symbols(tmp_path / "own", 5, seed=3, names=("i", "plus"))
    words = ["train", "own", "-e", "1", "--no-plot", "-q", "-o", "a.safetensors"]
    for options, form, augmented in (
        (["--size", "20"], "20x20, drawings", True),
        (["--whole", "--size", "12x16", "--no-augment"], "12x16, grey", False),
        (["--color"], "32x32, colour", True),
    ):
        stdout = run(*words, *options).stdout
        assert f"brought to {form}" in stdout
        assert ("Augmentation(" in stdout) == augmented
        assert str(form_of(lw.load("a.safetensors").notes)) == form
    many = run(*words, "--recipe", "mnist", "--layers", "8")
    assert "not changed" in many.stdout
    assert "Dense(8)" in many.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--size", "big"], "'big' is no size; write pixels"),
        (["--size", "1x2x3"], "is no size"),
        (["--size", "0"], "at least 1"),
        (["--target", "a"], "a folder of pictures has no columns"),
        (["--cv", "3"], "a folder of pictures has no columns"),
    ],
)
def test_options_that_cannot_be(run, tmp_path, options, words):
    save_squares(tmp_path / "sky")
    result = run("train", "sky", *options)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == [tmp_path / "sky"]


def test_options_of_pictures_are_for_folders(run):
    for options in (["--size", "28"], ["--grey"], ["--augment"], ["--whole"]):
        result = run("train", "spiral", *options)
        assert result.exit_code == 2
        assert "FOLDER" in result.stderr


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["a/1.png", "a/2.png"], "one class alone, 'a' (2 pictures); at least two are needed"),
        (["a/1.png", "a/2.png", "b/1.png"], "there is one picture alone of b; give at least 2, one of them to test"),
        (["1.png", "2.png"], "holds 2 loose pictures"),
        (["x/a/1.png", "x/b/1.png"], "holds one folder alone, x"),
        (["a/1.png", "b/"], "b holds no pictures; add some, or remove the folder"),
    ],
)
def test_folders_that_cannot_be_learned(run, tmp_path, files, words):
    for file in files:
        path = tmp_path / "own" / file
        (path if file.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not file.endswith("/"):
            Image.new("L", (9, 9)).save(path)
    result = run("train", "own")
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "own"]


def test_name_without_a_folder_says_what_could_be_meant(run):
    result = run("train", "nowhere")
    assert result.exit_code == 2
    assert "FOLDER of pictures" in " ".join(result.stderr.replace("│", " ").split())


def test_rows_in_a_file_are_learned_to_the_same_weights(run, tmp_path, monkeypatch):
    save_squares(tmp_path / "sky", per_class=20)
    words = ["train", "sky", "-e", "3", "--no-plot", "-q", "-o"]
    run(*words, "memory.safetensors")
    read_rows, mapped = folders.read_rows, []

    def in_file(files, form, memory):
        X, *others = read_rows(files, form, 0)
        mapped.append(isinstance(X, np.memmap))
        return X, *others

    monkeypatch.setattr(folders, "read_rows", in_file)
    assert run(*words, "file.safetensors").exit_code == 0
    assert mapped == [True]
    np.testing.assert_array_equal(lw.load("file.safetensors").theta, lw.load("memory.safetensors").theta)
    assert run("evaluate", "file.safetensors", "sky").exit_code == 0


def test_colours_are_learned(run, tmp_path):
    rng = np.random.default_rng(0)
    for name, colour in (("cherry", (200, 40, 60)), ("lime", (100, 180, 60)), ("plum", (110, 50, 130))):
        (tmp_path / "fruit" / name).mkdir(parents=True)
        for i in range(12):
            size = tuple(rng.integers(40, 90, 2))
            pixels = rng.normal(colour, 40, (*size, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "fruit" / name / f"{i}.{'jpg' if i % 2 else 'png'}")
    result = run("train", "fruit", "--size", "8", "--no-plot", "-q")
    assert "8x8, colour" in result.stdout
    assert "7 of 7 right" in result.stdout


def test_evaluate_refuses_classes_that_the_model_does_not_know(run, tmp_path):
    save_squares(tmp_path / "sky")
    run("train", "sky", "-e", "1", "--no-plot", "-q")
    save_squares(tmp_path / "other", classes=("day", "dawn", "night"))
    result = run("evaluate", "sky.safetensors", "other")
    assert result.exit_code == 1
    assert "does not know the class dawn; its classes are day, dusk, night" in result.stderr
    nothing = run("evaluate", "sky.safetensors")
    assert nothing.exit_code == 2
    assert "layerwise evaluate sky.safetensors FOLDER" in " ".join(nothing.stderr.replace("│", " ").split())


def test_model_of_digits_is_evaluated_on_a_folder(run, digits_model, tmp_path):
    (X, y), *_ = lw.datasets.load_mnist()
    for digit in (3, 7):
        (tmp_path / "own" / str(digit)).mkdir(parents=True)
        for row in np.flatnonzero(y == digit)[:5]:
            Image.fromarray(255 - X[row].reshape(28, 28)).save(tmp_path / "own" / str(digit) / f"{row}.png")
    result = run("evaluate", digits_model, "own", "--json").json()
    assert result["samples"] == 10
    assert result["accuracy"] >= 0.8


def test_model_of_a_table_takes_no_pictures(run, iris_model, tmp_path):
    save_squares(tmp_path / "sky")
    result = run("evaluate", iris_model, "sky")
    assert result.exit_code == 1
    assert "the model takes 4 inputs, which are no pictures" in result.stderr


def test_damaged_notes_are_an_error(run, tmp_path):
    save_squares(tmp_path / "sky")
    run("train", "sky", "-e", "1", "--no-plot", "-q")
    network = lw.load("sky.safetensors")
    network.notes = network.notes | {"pictures": {"height": "6"}}
    network.save("damaged.safetensors")
    result = run("evaluate", "damaged.safetensors", "sky")
    assert result.exit_code == 1
    assert "expected height, width, color and drawing" in result.stderr


def test_folder_may_be_named_as_a_path(run, tmp_path, monkeypatch):
    save_squares(tmp_path / "sky")
    monkeypatch.chdir(tmp_path / "sky")
    assert run("train", ".", "-e", "1", "--no-plot", "-q", "-o", "../here.safetensors").exit_code == 0
    assert lw.load("../here.safetensors").notes["data"] == "sky"
    assert load_trained(Path("../here.safetensors")).task.classes.tolist() == ["day", "dusk", "night"]
    monkeypatch.chdir(tmp_path)
    save_squares(tmp_path / "iris", classes=("a", "b", "c"))
    assert "brought to 6x6" in run("train", "./iris", "-e", "1", "--no-plot", "-q", "-o", "x.safetensors").stdout


def test_augmentation_of_photographs_fills_with_what_is_at_their_edges(tmp_path):
    save_squares(tmp_path / "sky", per_class=4, classes=("a",))
    X, _ = read_folder(tmp_path / "sky")
    form = read_folder(tmp_path / "sky").form
    assert folders.augmentation(form, X).fill == pytest.approx(200, abs=10)
    assert find("images").augmentation is None


@pytest.mark.slow
def test_pictures_and_report_show_what_was_not_learned_from(run, tmp_path):
    pytest.importorskip("matplotlib")
    save_squares(tmp_path / "sky")
    run("train", "sky", "-e", "2", "--no-plot", "-q", "--whole")
    for words in (
        ("plot", "images", "sky.safetensors", "--data", "sky"),
        ("report", "sky.safetensors", "--data", "sky"),
    ):
        result = run(*words)
        assert result.exit_code == 0
        assert "29 of these 36 pictures were used in training; the others were not, and only they" in result.stderr
    assert "7" in (tmp_path / "sky.html").read_text()
    weights = run("plot", "weights", "sky.safetensors")
    assert weights.exit_code == 0
