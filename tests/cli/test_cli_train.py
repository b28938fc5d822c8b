"""`layerwise train`: files, options, and what is refused before any training."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.app.cli import console, training
from layerwise.app.cli.data import load


def test_iris_from_training_to_prediction(run, tmp_path):
    trained = run("train", "iris")
    assert trained.exit_code == 0
    assert "112 rows to train, 38 to test" in trained.stdout
    assert "epoch 100/100" in trained.stdout
    assert "test: accuracy" in trained.stdout
    assert trained.stderr == ""
    assert (tmp_path / "iris.safetensors").is_file()
    assert (tmp_path / "iris.png").read_bytes().startswith(b"\x89PNG")
    evaluated = run("evaluate", "iris.safetensors", "--json").json()
    assert evaluated["data"] == "iris"
    assert evaluated["accuracy"] >= 0.9
    flower = tmp_path / "mine.csv"
    flower.write_text(
        "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n"
    )
    predicted = run("predict", flower, "--model", "iris.safetensors", "--json")
    assert [row["answer"] for row in predicted.json()] == ["setosa", "virginica"]


def test_json_is_all_that_goes_to_stdout(run, tmp_path):
    result = run("train", "iris", "-e", "3", "--json")
    report = result.json()
    assert report["epochs"] == 3
    assert report["recipe"] == "iris-4-10-5-3"
    assert len(report["history"]["loss"]) == 3
    assert report["test"]["samples"] == 38
    assert {"true", "answer", "times"} == set(report["test"]["confusions"][0])
    assert (report["model"], report["plot"]) == ("iris.safetensors", "iris.png")
    assert result.stderr == ""


def test_a_recipe_for_images_folds_in_a_temperature(run, undrawn):
    words = ["train", "semeion", "-e", "3", "--no-plot"]
    plain = run(*words, "--json", "-o", "plain.safetensors").json()
    assert plain["temperature"] is None  # no rows to validate
    report = run(*words, "--validation", "0.3", "--json").json()
    assert 0 < report["temperature"] < 1  # label smoothing makes it too unsure
    net = lw.load("semeion.safetensors")
    assert net.last_fit["temperatures"] == [net.notes["temperature"]] == [report["temperature"]]
    assert net.novelty is not None
    assert report["test"]["calibration_error"] < 0.6 * plain["test"]["calibration_error"]
    evaluated = run("evaluate", "semeion.safetensors", "--json").json()
    assert {name: evaluated[name] for name in report["test"]} == report["test"]
    X, y = load("semeion").test
    p = net.predict_proba(X)[np.arange(len(y)), y]
    assert report["test"]["log_loss"] == pytest.approx(-np.log(p).mean(), rel=1e-6)
    shown = run(*words, "--validation", "0.3").stdout
    assert f"temperature {report['temperature']:.3f}: on the rows to validate, confidence is" in shown
    assert "calibration: confidence is" in shown
    assert run("report", "semeion.safetensors").exit_code == 0
    page = Path("semeion.html").read_text("utf-8")
    assert "$ layerwise train semeion --epochs 3 --validation 0.3" in page
    assert f"divided by the temperature {report['temperature']:.3g}" in page


def test_what_cannot_be_calibrated_says_so_and_published_recipes_are_left_alone(run, monkeypatch):
    def all_right(network, X, y):
        raise lw.DataError("calibrate: all answers on these rows are right")

    monkeypatch.setattr(training, "calibrate", all_right)
    result = run("train", "semeion", "-e", "1", "--layers", "none", "--validation", "0.2", "--no-plot")
    assert result.exit_code == 0
    assert "the probabilities are not calibrated: calibrate: all answers on these rows are right" in result.stdout
    assert "temperature" not in lw.load("semeion.safetensors").notes
    report = run("train", "iris", "--validation", "0.4", "-e", "2", "--json", "--no-plot").json()
    assert report["temperature"] is None


def test_quiet_shows_no_epochs(run):
    assert "epoch" not in run("train", "iris", "-e", "2", "-q", "--no-plot").stdout


def test_same_seed_same_model(run):
    thetas = []
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        run("train", "iris", "-e", "2", "-q", "--no-plot", "--seed", seed, "-o", f"{name}.safetensors")
        thetas.append(lw.load(f"{name}.safetensors").theta)
    np.testing.assert_array_equal(thetas[0], thetas[1])
    assert (thetas[0] != thetas[2]).any()


def test_every_part_can_be_chosen(run):
    options = (
        "--layers tanh:8,dropout:0.1,6 --activation elu --loss huber --optimizer sgd --learning-rate 0.05 "
        "--momentum 0.8 --decay 0.001 --l1 0.0001 --l2 0.001 --batch-size 7 --epochs 2 --validation 0.2 "
        "--scaling min_max --dtype float64 --output out.safetensors --plot curves.pdf"
    )
    report = run("train", "iris", "--json", *options.split()).json()
    assert "val_accuracy" in report["history"]
    assert report["plot"] == "curves.pdf"
    network = lw.load("out.safetensors")
    assert repr(network.layers) == (
        "(Dense(8), Tanh(), Dropout(0.1), Dense(6, weights=HeNormal()), ELU(), Dense(3), Softmax())"
    )
    assert isinstance(network.loss, lw.Huber)
    assert network.optimizer.config() == lw.SGD(0.05, momentum=0.8, decay=0.001).config()
    assert {repr(penalty) for penalty in network.penalties} == {"L1(0.0001)", "L2(0.001)"}
    assert isinstance(network.scaling, lw.MinMaxScaler)
    assert network.dtype == np.float64
    assert network.steps == 2 * -(-90 // 7)


def test_layers_may_be_none(run):
    run("train", "iris", "--layers", "none", "-e", "1", "-q", "--no-plot")
    assert repr(lw.load("iris.safetensors").layers) == "(Dense(3), Softmax())"


def test_activation_alone_keeps_the_recipes_sizes(run):
    run("train", "iris", "--activation", "tanh", "-e", "1", "-q", "--no-plot")
    assert repr(lw.load("iris.safetensors").layers) == "(Dense(10), Tanh(), Dense(5), Tanh(), Dense(3), Softmax())"


def test_output_layer_follows_the_loss(run):
    for loss, last in (("quadratic-cost", "Softmax()"), ("binary_cross_entropy", "Sigmoid()")):
        run("train", "iris", "--loss", loss, "-e", "1", "-q", "--no-plot")
        assert repr(lw.load("iris.safetensors").layers[-1]) == last


def test_recipe_brings_its_data(run):
    report = run("train", "--recipe", "spiral-adam", "-e", "2", "--no-plot", "--json").json()
    assert (report["data"], report["recipe"], report["plot"]) == ("spiral", "spiral-adam", None)


@pytest.mark.parametrize("name", ["spiral", "vertical", "sine"])
def test_made_up_data(run, name):
    report = run("train", name, "-e", "2", "--no-plot", "--json").json()
    assert np.isfinite(report["test"]["loss"])


def test_mnist_for_one_epoch(run):
    result = run("train", "mnist", "--recipe", "nielsen-30", "-e", "1")
    assert result.exit_code == 0
    assert "50,000 rows to train, 10,000 to validate, 10,000 to test" in result.stdout
    assert "taken for" in result.stdout
    assert "layerwise predict IMAGE" in result.stdout


def test_recipe_that_takes_some_of_the_rows_says_so(run):
    assert "(the recipe takes the first 1,000)" in run("train", "--recipe", "nielsen-1000", "-e", "1", "-q").stdout


@pytest.mark.slow
def test_validation_share_of_mnist(run):
    words = ["train", "mnist", "--layers", "none", "-e", "1", "-q", "--no-plot", "-b", "500"]
    assert "60,000 rows to train, 10,000 to test" in run(*words, "--validation", "0").stdout
    assert "54,000 rows to train, 6,000 to validate" in run(*words, "--validation", "0.1").stdout


def test_fashion_answers_with_names(run, monkeypatch):
    rng = np.random.default_rng(0)
    parts = [(rng.integers(0, 256, (n, 784), np.uint8), np.arange(n) % 10) for n in (100, 20, 20)]
    monkeypatch.setattr(lw.datasets, "load_fashion_mnist", lambda: tuple(parts))
    assert run("train", "fashion", "-e", "1", "-q", "--no-plot").exit_code == 0
    assert "Ankle boot" in lw.load("fashion.safetensors").task.classes.tolist()
    assert run("evaluate", "fashion.safetensors", "--json").json()["data"] == "fashion"


def test_fashion_that_cannot_be_kept(run, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAYERWISE_CACHE", str(tmp_path / "file" / "cache"))
    result = run("train", "fashion")
    assert result.exit_code == 1
    assert "LAYERWISE_CACHE" in result.stderr


@pytest.mark.parametrize("package", ["matplotlib"])
def test_missing_package_is_found_before_training(run, monkeypatch, package):
    from importlib.util import find_spec

    monkeypatch.setattr(
        "layerwise.app.cli.outputs.find_spec", lambda name: None if name == package else find_spec(name)
    )
    result = run("train", "iris")
    assert result.exit_code == 1
    assert "pip install 'layerwise[" in result.stderr
    assert "epoch" not in result.stdout


# ---------------------------------------------------------------- tables


def test_class_names_travel_in_the_model(run, flowers):
    report = run("train", flowers, "--target", "kind", "--json", "--no-plot").json()
    assert report["model"] == "flowers.safetensors"
    assert report["test"]["accuracy"] > 0.9
    assert lw.load("flowers.safetensors").classes_.tolist() == ["blue", "red"]
    result = run("evaluate", "flowers.safetensors", flowers, "--target", "kind", "--json").json()
    assert (result["samples"], result["accuracy"] > 0.9) == (80, True)


def test_a_number_is_predicted(run, prices, tmp_path):
    result = run("train", prices, "--no-plot", "-q", "-e", "150")
    assert "test: R²" in result.stdout
    assert "taken for" not in result.stdout
    assert run("evaluate", "prices.safetensors", prices, "--json").json()["r2"] > 0.95
    mine = tmp_path / "mine.csv"
    mine.write_text("rooms,age\n1,1\n0,-1\n")
    answers = [row["answer"] for row in run("predict", mine, "-m", "prices.safetensors", "--json").json()]
    np.testing.assert_allclose(answers, [2, 3], atol=0.5)


@pytest.fixture
def houses(tmp_path):
    """A table whose target is in the hundred thousands."""
    rng = np.random.default_rng(0)
    area, rooms = rng.uniform(30, 150, 200), rng.integers(1, 7, 200)
    price = 3000 * area + 10_000 * rooms + rng.normal(scale=5000, size=200)
    rows = [f"{a:.1f},{r},{p:.2f}" for a, r, p in zip(area, rooms, price, strict=True)]
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(["area,rooms,price", *rows]) + "\n")
    return path


@pytest.mark.parametrize("loss", ["quadratic_cost", "mean_absolute_error", "huber", "quantile"])
def test_large_targets_are_learned_and_answered_in_their_units(run, houses, loss):
    report = run("train", houses, "--no-plot", "--json", "--loss", loss).json()
    assert report["test"]["r2"] > 0.9
    assert report["standardized_target"]["mean"] > 100_000
    assert report["history"]["loss"][-1] < 1
    assert run("evaluate", "houses.safetensors", houses, "--json").json()["r2"] > 0.9
    network = lw.load("houses.safetensors")
    assert network.predict([[100.0, 3.0]])[0] == pytest.approx(330_000, rel=0.1)
    assert network.optimizer.iterations == 0


def test_a_loss_in_other_units_is_called_so(run, houses, flowers):
    assert "the standardized target, (price - " in run("train", houses, "--lr", "0.01", "--no-plot", "-e", "1").stdout
    assert (
        "standardized target"
        not in run("train", flowers, "--target", "kind", "--lr", "0.01", "--no-plot", "-e", "1").stdout
    )
    assert "standardized target" not in run("train", houses, "--loss", "poisson", "--no-plot", "-e", "1").stdout


def test_a_training_that_diverges_later_answers_in_the_targets_units(run, houses):
    words = ["--optimizer", "sgd", "--lr", "5", "-b", "160", "--validation", "0", "--no-plot"]
    result = run("train", houses, *words)
    assert result.exit_code == 1
    assert "are saved in houses.safetensors" in result.stderr
    assert abs(lw.load("houses.safetensors").predict([[100.0, 3.0]])[0]) > 1000


def test_whole_numbers_that_do_not_count_from_0_are_names(run, tmp_path):
    rows = [f"{x},{5 if x < 50 else 7}" for x in range(100)]
    (tmp_path / "grades.csv").write_text("\n".join(["x,grade", *rows]))
    report = run("train", "grades.csv", "--json", "--no-plot", "--layers", "16").json()
    assert report["test"]["accuracy"] > 0.8
    assert lw.load("grades.safetensors").task.classes.tolist() == ["5", "7"]


@pytest.mark.parametrize(("task", "measure"), [("auto", "r2"), ("numbers", "r2"), ("classes", "accuracy")])
def test_task_of_many_whole_numbers(run, tmp_path, task, measure):
    rows = [f"{x % 30 + 0.1},{x % 30}" for x in range(120)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]))
    assert measure in run("train", "t.csv", "--task", task, "-e", "1", "--no-plot", "--json").json()["test"]


@pytest.mark.parametrize(
    ("task", "labels", "known"),
    [
        ("classes", ("1.1", "1.10"), ["1.1", "1.10"]),
        ("classes", ("1", "1.0"), ["1", "1.0"]),
        ("classes", ("+1", "1"), ["+1", "1"]),
        ("classes", ("-0", "1"), ["-0", "1"]),
        ("classes", ("0.5", "1e-1"), ["0.5", "1e-1"]),
        ("classes", ("9007199254740993.0", "9007199254740992.0"), ["9007199254740992.0", "9007199254740993.0"]),
        ("classes", ("0", "1"), [0, 1]),
        ("auto", ("0", "1"), [0, 1]),
        ("auto", ("18446744073709551616", "18446744073709551617"), ["18446744073709551616", "18446744073709551617"]),
    ],
)
def test_labels_are_what_the_file_has(run, tmp_path, task, labels, known):
    """Labels that are one number in floating point are different classes; the test rows are read in the same way."""
    rows = [f"{x},{labels[x >= 50]}" for x in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]))
    report = run("train", "t.csv", "--task", task, "--json", "--no-plot", "--layers", "64,64").json()
    assert report["test"]["accuracy"] > 0.8
    assert lw.load("t.safetensors").task.classes.tolist() == known
    (tmp_path / "half.csv").write_text("\n".join(["x,y", *rows[50:]]))  # one class of the two
    assert run("evaluate", "t.safetensors", "half.csv", "--json").json()["accuracy"] > 0.8


def test_quantities_stay_numbers(run, tmp_path):
    rows = [f"{x},{x % 3}.{x % 2}0" for x in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]))
    assert "r2" in run("train", "t.csv", "-e", "1", "--json", "--no-plot").json()["test"]


def test_names_are_no_numbers(run, flowers):
    result = run("train", flowers, "--target", "kind", "--task", "numbers")
    assert result.exit_code == 1
    assert "column 'kind' cannot be one of numbers: no cell is" in result.stderr
    assert (
        "a regression needs numbers"
        in run("train", flowers, "--target", "kind", "--task", "numbers", "--layers", "8").stderr
    )


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train", "name a data set"),
        ("train mnsit", "did you mean 'mnist'"),
        ("train iris --recipe iris", "iris-4-10-5-3"),
        ("train iris --recipe spiral-adam", "is for spiral and vertical, not for iris"),
        ("train iris --optimizer adma", "did you mean 'Adam'"),
        ("train iris --loss quadratic", "QuadraticCost"),
        ("train iris --activation rellu", "did you mean 'ReLU'"),
        ("train iris --layers 3,foo:3", "'foo' is not known"),
        ("train iris --layers 3,,3", "is no layer"),
        ("train iris --layers -3", "units must be a whole number"),
        ("train iris --layers dropout:2,3", "rate must be"),
        ("train iris --scaling foo", "standard, min_max, range and none"),
        ("train iris --layers=", "is no layer"),
        ("train iris --lr -1", "learning_rate must be above 0"),
        ("train iris --optimizer adam --momentum 0.5", "Adam has no momentum"),
        ("train iris --l2 -1", "--l2"),
        ("train iris --epochs 0", "--epochs"),
        ("train iris --epochs many", "--epochs"),
        ("train iris --dtype float16", "--dtype"),
        ("train iris --validation 1.5", "--validation"),
        ("train iris --plot curves.xyz", ".xyz is no format"),
        ("train iris -o model.png", "cannot both be model.png"),
        ("train iris --target species", "are for FILE.csv"),
        ("train iris --nonsense", "--nonsense"),
        ("trian iris", "trian"),
    ],
)
def test_usage_errors(run, tmp_path, words, message):
    result = run(*words.split())
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("", "is empty"),
        ("a,b\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n", "every cell is 'x'"),
        ("a,b\n1,0\nnan,1\n", "2 rows with a target; at least 10"),
        ("a,b\n1,0\n", "at least 2 are needed"),
    ],
)
def test_tables_that_cannot_be_learned_from(run, tmp_path, content, message):
    if content is not None:
        (tmp_path / "t.csv").write_text(content)
    result = run("train", "t.csv")
    _is_refused(result, tmp_path, message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n", "one class only"),
        ("a,b\n1,0\nnan,1\n", "line 3, column 'a'"),
        ("a,b\n1,0\n,1\n", "the cell is empty"),
        ("a,b\n1,0,3\n", "expected 2 cells"),
    ],
)
def test_tables_that_a_network_of_numbers_cannot_take(run, tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content)
    _is_refused(run("train", "t.csv", "--layers", "8"), tmp_path, message)


def _is_refused(result, tmp_path, message):
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "t.safetensors").exists()


def test_classes_that_are_in_no_row_to_train(run, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},name{x}\n" for x in range(100)))
    result = run("train", "t.csv")
    assert (result.exit_code, "no column can be predicted" in result.stderr) == (1, True)
    for words in (["t.csv", "--layers", "8"], ["iris", "--validation", "0.99"]):
        result = run("train", *words)
        assert result.exit_code == 1
        assert "some classes have too few rows" in result.stderr
        assert "Dense" not in result.stderr


@pytest.mark.parametrize("option", ["--test", "--validation"])
@pytest.mark.parametrize("share", [0.01, 0.99])
def test_a_share_that_leaves_no_row_is_called_by_its_option(run, tmp_path, option, share):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{x % 2}.5\n" for x in range(20)))
    result = run("train", "t.csv", option, share)
    assert result.exit_code == 1
    assert f"{option} {share:g} of" in result.stderr
    assert "validation_size" not in result.stderr


@pytest.mark.parametrize("layers", ["100000000000", "1000000,1000000", "1" + 30 * "0"])
def test_more_units_than_the_memory_holds(run, layers):
    result = run("train", "iris", "--layers", layers)
    assert result.exit_code == 1
    assert "not enough memory" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_table_called_mnist_is_no_handwriting(run, tmp_path, flowers):
    flowers.rename(tmp_path / "mnist.csv")
    result = run("train", "mnist.csv", "--target", "kind", "-e", "1", "-q", "--no-plot")
    assert result.exit_code == 0
    assert "IMAGE" not in result.stdout


@pytest.mark.parametrize("loss", ["mean_squared_error", "poisson"])
def test_a_constant_target_leaves_nothing_to_learn(run, tmp_path, loss):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},2.5\n" for x in range(20)))
    result = run("train", "t.csv", "--loss", loss)
    assert result.exit_code == 1
    assert "the target 'y' is 2.5 in all" in result.stderr
    assert "nothing to learn" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--output", "--plot"])
@pytest.mark.parametrize("kind", ["itself", "link", "hard link"])
def test_the_table_is_never_overwritten(run, tmp_path, flowers, option, kind):
    content, path = flowers.read_bytes(), flowers
    if kind != "itself":
        path = tmp_path / "link.png"
        path.symlink_to(flowers) if kind == "link" else path.hardlink_to(flowers)
    result = run("train", "flowers.csv", "--target", "kind", option, path)
    assert result.exit_code == 2
    assert "is the table to learn from" in " ".join(result.stderr.replace("│", " ").split())
    assert flowers.read_bytes() == content


@pytest.mark.parametrize("option", ["--output", "--plot"])
@pytest.mark.parametrize("path", ["", ".", "/"])
def test_an_output_without_a_name_is_refused(run, tmp_path, option, path):
    result = run("train", "iris", option, path)
    assert result.exit_code in (1, 2)
    assert "epoch" not in result.stdout
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--output", "--plot"])
@pytest.mark.parametrize("path", ["absent/out.png", "folder"])
def test_unwritable_output_is_found_before_training(run, tmp_path, option, path):
    (tmp_path / "folder").mkdir()
    result = run("train", "iris", option, path)
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert "epoch" not in result.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_directory_without_permission(run, tmp_path):
    tmp_path.chmod(0o500)
    result = run("train", "iris")
    tmp_path.chmod(0o700)
    assert result.exit_code == 1
    assert "no permission" in result.stderr


def test_divergence_in_the_first_epoch_writes_nothing(run, tmp_path):
    result = run("train", "sine", "--optimizer", "sgd", "--lr", "1e9")
    assert result.exit_code == 1
    assert "diverged at step 1 " in result.stderr
    assert "layer 5 (Linear())" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_divergence_later_saves_the_last_good_weights(run, tmp_path):
    result = run("train", "sine", "--optimizer", "sgd", "--lr", "50", "-b", "1000")
    assert result.exit_code == 1
    assert "are saved in sine.safetensors" in result.stderr
    assert np.isfinite(lw.load(tmp_path / "sine.safetensors").theta).all()


def test_a_model_file_that_was_there_stays_if_the_data_are_bad(run, tmp_path, iris_model):
    (tmp_path / "t.csv").write_text("a,b\n1,0\n,1\n")
    (tmp_path / "t.safetensors").write_bytes(iris_model.read_bytes())
    assert run("train", "t.csv").exit_code == 1
    assert (tmp_path / "t.safetensors").read_bytes() == iris_model.read_bytes()


def test_numbers_that_json_does_not_have_become_null(capsys):
    console.show_json({"loss": [1.0, float("nan")], "best": float("inf")})
    assert json.loads(capsys.readouterr().out) == {"loss": [1.0, None], "best": None}


def test_history_is_plain_json(run):
    report = run("train", "iris", "-e", "1", "--json", "--no-plot").json()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
