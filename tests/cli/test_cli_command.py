"""The command as a whole: help, listings, streams, terminals, Ctrl-C."""

import os
import re
import signal
import subprocess
import sys

import pytest

import layerwise as lw
from layerwise.app import recipes
from layerwise.app.cli import main, training
from layerwise.app.cli.console import warn_once
from layerwise.app.cli.data import load
from layerwise.app.cli.data_sets import DATA_SETS
from layerwise.training.callbacks import Callback


def test_version(run):
    assert run("--version").stdout == f"layerwise {lw.__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["-h"], *([name, "--help"] for name in (
    "look", "train", "evaluate", "predict", "plot", "bench", "datasets", "recipes"))])  # fmt: skip
def test_help(run, words):
    result = run(*words)
    assert result.exit_code == 0
    assert "Usage: layerwise" in result.stdout


def test_help_documents_the_exit_codes(run):
    text = " ".join(run("--help").stdout.split())
    assert "0 all went well" in text
    assert "130 interrupted" in text


def test_lists(run):
    datasets, listed = run("datasets", "--json").json(), run("recipes", "--json").json()
    assert [entry["name"] for entry in datasets] == list(DATA_SETS)
    assert [entry["name"] for entry in listed] == [recipe.name for recipe in recipes.RECIPES]
    assert datasets[0]["rows"] == {"train": 50_000, "validation": 10_000, "test": 10_000}
    datasets, listed = run("datasets").stdout, run("recipes").stdout
    assert "112 + 38" in datasets
    for name in DATA_SETS:
        assert name in datasets
    for recipe in recipes.RECIPES:
        assert re.search(rf"^{recipe.name} ", listed, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in DATA_SETS if name != "fashion"])
def test_what_is_listed_of_a_data_set_is_true(name):
    entry, data = DATA_SETS[name], load(name)
    parts = [part for part in (data.train, data.validation, data.test) if part is not None]
    assert [n for n in entry.rows if n] == [len(y) for _, y in parts]
    assert (entry.rows[1] > 0) == (data.validation is not None)
    assert {X.shape[1] for X, _ in parts} == {entry.features}
    if entry.classes is not None:
        assert {len(set(y.tolist())) for _, y in parts} == {entry.classes}
    assert name in recipes.find(entry.recipe).data
    if entry.columns:
        table = lw.datasets.load_iris()
        assert (entry.columns, entry.target) == (table.feature_names, table.target_name)


def test_main_returns_the_exit_code(capsys):
    assert main(["--version"]) == 0
    assert main(["no-such-command"]) == 2
    assert "no-such-command" in capsys.readouterr().err


def test_pipe_gets_plain_lines(run_process):
    done = run_process("train", "iris", "-e", "2", "--no-plot")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout
    assert done.stderr == ""


def test_a_terminal_that_knows_only_ascii(tmp_path, prices):
    """Four commands, one after the other in one process."""
    train = ["train", str(prices), "-e", "2", "-q", "--ensemble", "1", "--no-plot"]
    commands = [train, ["--help"], ["recipes"], ["train", "--help"]]
    code = f"from layerwise.app.cli import main\nprint([main(words) for words in {commands}])"
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "COLUMNS": "30"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | environment, capture_output=True, check=False
    )
    assert done.stdout.splitlines()[-1] == b"[0, 0, 0, 0]", done.stderr
    assert done.stdout.isascii()
    assert b"test: R" in done.stdout


def test_the_image_on_a_terminal_that_knows_only_ascii(run_process, tmp_path, digits_model):
    drawn_digits = pytest.importorskip("drawn_digits")
    drawn_digits.draw_digit(4).save(tmp_path / "4.png")
    done = run_process("predict", "4.png", "-m", digits_model, "--show", PYTHONIOENCODING="ascii", COLUMNS="24")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "?" not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if line[0] in "+|") == 24


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_without_its_packages_the_command_says_how_to_get_them(run_process, tmp_path, package):
    (tmp_path / f"{package}.py").write_text(f"raise ImportError('no {package}', name='{package}')")
    done = run_process("train", "iris", PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert done.returncode == 1
    assert "pip install 'layerwise[cli]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_shell_completion_knows_data_sets_and_recipes(run_process):
    def complete(line):
        environment = {"_LAYERWISE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()))}
        return run_process(**environment).stdout.split()

    assert complete("layerwise train ")[:2] == ["mnist", "fashion"]
    assert "nielsen-30" in complete("layerwise train --recipe ")


@pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
def test_ctrl_c_keeps_and_saves_the_weights(start, tmp_path):
    process = start("train", "spiral", "--epochs", "10000000")
    while not process.stdout.readline().startswith("epoch"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the weights so far are kept in spiral.safetensors" in err
    assert "model            spiral.safetensors" in out
    assert lw.load(tmp_path / "spiral.safetensors").steps > 0
    assert (tmp_path / "spiral.png").is_file()


@pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
@pytest.mark.parametrize("package", ["numpy", "typer"])  # of the package itself, and of the command
def test_ctrl_c_at_the_start_is_a_line(run_process, tmp_path, package):
    code = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"
    (tmp_path / f"{package}.py").write_text(code)
    done = run_process("train", "iris", PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert (done.returncode, done.stderr, done.stdout) == (130, "interrupted\n", "")


def test_ctrl_c_in_another_program_is_its_own(tmp_path):
    code = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import layerwise
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    subprocess.run([sys.executable, "-c", code], check=True)


class Twice(Callback):
    """As if Ctrl-C had been pressed twice in a step."""

    only_looks = True

    def on_step_end(self, run):
        if run.step == 25:
            raise KeyboardInterrupt


@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize("name", ["spiral", "sine"])
def test_second_ctrl_c_saves_the_weights_so_far(run, monkeypatch, tmp_path, name, quiet):
    fit = recipes.Recipe.fit

    def interrupted(*arguments, callbacks, **options):
        return fit(*arguments, callbacks=[*callbacks, Twice()], **options)

    monkeypatch.setattr(recipes.Recipe, "fit", interrupted)
    result = run("train", name, "--checkpoint", "never", *(["--quiet"] if quiet else []))
    assert result.exit_code == 130
    assert result.stderr.endswith(f"interrupted: the model is saved in {name}.safetensors\n")
    assert lw.load(tmp_path / f"{name}.safetensors").steps == 25
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.safetensors"]


@pytest.mark.parametrize(("option", "said"), [([], 1), (["--quiet"], 0), (["--json"], 0)])
def test_ctrl_c_is_said_before_the_evaluation(run, monkeypatch, option, said):
    fit = recipes.Recipe.fit

    class Once(Callback):
        only_looks = True

        def on_step_end(self, run):
            run.stop("interrupt")

    def interrupted(*arguments, callbacks, **options):
        return fit(*arguments, callbacks=[*callbacks, Once()], **options)

    monkeypatch.setattr(recipes.Recipe, "fit", interrupted)
    result = run("train", "spiral", "--batch-size", "100", "--no-plot", *option)
    assert result.exit_code == 130
    assert result.stderr.count("stopping in epoch 1\n") == said


@pytest.mark.parametrize("place", ["learn_novelty", "score"])
def test_ctrl_c_after_the_training_says_where_the_model_is(run, monkeypatch, tmp_path, place):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, place, interrupted)
    data = "mnist" if place == "learn_novelty" else "spiral"
    words = ["train", data, "--layers", "none", "--epochs", "1", "--batch-size", "1000"]
    result = run(*words)
    assert result.exit_code == 130
    assert result.stderr == f"interrupted: the model is saved in {data}.safetensors\n"
    assert lw.load(tmp_path / f"{data}.safetensors").steps > 0


def test_second_ctrl_c_ends_at_once(run, monkeypatch, tmp_path):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes.Recipe, "fit", interrupted)
    result = run("train", "spiral")
    assert result.exit_code == 130
    assert result.stderr == "interrupted\n"
    assert list(tmp_path.iterdir()) == []


def test_the_same_warning_is_printed_once(capsys):
    show = warn_once()
    for text in ("a letter has no picture", "a letter has no picture", "another"):
        show(UserWarning(text), UserWarning, "font.py", 3)
    assert capsys.readouterr().err.splitlines() == ["warning: a letter has no picture", "warning: another"]
