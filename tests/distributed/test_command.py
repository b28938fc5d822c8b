"""`mpiexec -n 2 layerwise train …`: what the launcher's processes do together, and say once."""

import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from launching import MPIEXEC

pytest.importorskip("typer")
pytest.importorskip("PIL")

from PIL import Image

import layerwise as lw
from layerwise.app.cli import main
from layerwise.app.cli import ranks as module
from layerwise.app.cli.launcher import launched
from layerwise.app.cli.ranks import on_ranks

COMMAND = [sys.executable, "-m", "layerwise"]


@pytest.fixture
def together(tmp_path):
    """Start the command on two processes of MPI."""
    pytest.importorskip("mpi4py", exc_type=ImportError)
    if MPIEXEC is None:
        pytest.skip("there is no mpiexec")
    ctrl_c = (lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) if os.name == "posix" else None

    def start(*words, command=COMMAND):
        return subprocess.Popen(
            [MPIEXEC, "-n", "2", *command, *map(str, words)], cwd=tmp_path, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, preexec_fn=ctrl_c,
        )  # fmt: skip

    return start


def ended(process):
    stdout, stderr = process.communicate(timeout=120)
    return SimpleNamespace(code=process.returncode, stdout=stdout, stderr=stderr)


def write_table(path, rows=200):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(rows, 2))
    path.write_text("x,z,y\n" + "".join(f"{x:.3f},{z:.3f},{'yes' if x > 0 else 'no'}\n" for x, z in numbers))


def write_pictures(folder):
    rng = np.random.default_rng(0)
    for name, shade in (("day", 200), ("night", 40)):
        (folder / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(rng.normal(shade, 9, (8, 8)).clip(0, 255).astype(np.uint8)).save(folder / name / f"{i}.png")


# ---------------------------------------------------------------- real processes


@pytest.mark.parametrize(
    "words",
    [
        ("iris", "-e", "5"),
        ("t.csv", "-e", "3"),
        pytest.param(("t.csv", "-e", "3", "--ensemble", "1", "--cv", "2"), marks=pytest.mark.slow),
        pytest.param(("shades", "-e", "2", "--augment"), marks=pytest.mark.slow),
    ],
)
def test_two_processes_train_what_one_does(together, tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "t.csv")
    write_pictures(tmp_path / "shades")
    words = ["train", *words, "--no-plot"]
    two = ended(together(*words, "-o", "two.safetensors"))
    assert two.code == 0
    assert re.fullmatch(r"(2 ranks: rank 0 is process .*\n)?", two.stderr)
    assert two.stdout.count("two.safetensors") - two.stdout.count("now try") in (0, 1)
    assert len(re.findall("^test: accuracy", two.stdout, re.M)) == 1
    assert main([*words, "-o", "one.safetensors", "--shards", "8"]) == 0
    said = [capsys.readouterr().out, two.stdout]
    lines = [re.sub(r"two|one|[\d.]+ s\b", "", each).splitlines() for each in said]
    assert [line for line in lines[0] if "epoch" not in line] == [line for line in lines[1] if "epoch" not in line]
    models = [lw.load(tmp_path / f"{name}.safetensors") for name in ("one", "two")]
    np.testing.assert_array_equal(*(getattr(model, "network_", model).theta for model in models))


def test_a_process_that_cannot_begin_ends_all(together, tmp_path):
    program = (
        "import os, sys; from layerwise.app.cli import main; os.chdir('of' + os.environ['PMI_RANK']); sys.exit(main())"
    )
    for rank in (0, 1):
        (tmp_path / f"of{rank}").mkdir()
    write_table(tmp_path / "of0" / "t.csv")
    found = ended(together("train", "t.csv", "--layers", "8", command=[sys.executable, "-c", program]))
    assert found.code == 1
    assert re.fullmatch("error: .*rank 1 failed .*: t.csv cannot be read .*check the path\n", found.stderr)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".safetensors", ".png")]


def test_an_error_of_all_is_said_once(together):
    found = ended(together("train", "iris", "-b", "4"))
    assert (found.code, found.stderr.count("batch_size=4 is too small for 8 shards")) == (1, 1)
    assert found.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_ends_all_with_one_model(together, tmp_path):
    process = together("train", "iris", "-e", "1000000", "--checkpoint", "200 steps", "--quiet", "--no-plot")
    limit = time.monotonic() + 60
    while not (tmp_path / "iris.checkpoint.safetensors").exists():
        assert time.monotonic() < limit
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    found = ended(process)
    assert found.code == 130
    assert found.stderr.count("interrupted in epoch") == 1
    assert "Traceback" not in found.stderr
    assert lw.load(tmp_path / "iris.safetensors").history.stopped_by == "interrupt"


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, None),
        ({"PMI_RANK": "0", "PMI_SIZE": "1"}, None),
        ({"PMI_RANK": "3", "PMI_SIZE": "4"}, (3, 4)),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, (1, 2)),
        ({"PMIX_RANK": "5", "SLURM_STEP_NUM_TASKS": "8"}, (5, 8)),
        ({"SLURM_STEP_NUM_TASKS": "8"}, None),
    ],
)
def test_the_environment_of_launchers(monkeypatch, environment, place):
    for name in list(os.environ):
        if name.startswith(("PMI", "OMPI", "SLURM")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert launched() == place


def never(words, ranks):
    raise AssertionError("not to be run")


@pytest.mark.parametrize("command", ["evaluate", "predict", "report", "look", "bench"])
def test_other_commands_are_for_one_process(capsys, command):
    assert on_ranks([command, "m.safetensors"], 0, 4, never) == 2
    said = capsys.readouterr().err
    assert f"`layerwise {command}` is for one process" in said
    assert "started 4" in said
    handler = signal.getsignal(signal.SIGINT)
    assert on_ranks([command, "m.safetensors"], 3, 4, never) == 2
    signal.signal(signal.SIGINT, handler)
    assert capsys.readouterr() == ("", "")


def test_mpi4py_that_is_not_there_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert on_ranks(["train", "iris"], 0, 2, never) == 1
    said = capsys.readouterr().err
    assert "'mpi4py'" in said
    assert "pip install 'layerwise[mpi]'" in said


class FakeMPI:
    def __init__(self, size):
        self.COMM_WORLD = SimpleNamespace(Get_size=lambda: size)

    @staticmethod
    def Get_library_version():
        return "MPICH 5\nbuilt today"


def test_an_mpiexec_of_another_mpi_is_found(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=FakeMPI(1)))
    assert on_ranks(["train", "iris"], 0, 2, never) == 1
    assert "started 2 processes, and mpi4py sees 1" in capsys.readouterr().err


def test_ranks_refuse_what_they_cannot_do_together():
    ranks = module.Ranks()
    ranks.check({"--search": True})
    ranks.size = 2
    ranks.check({"--search": False})
    with pytest.raises(Exception, match="2 processes"):
        ranks.check({"--search": True})


def test_shards_are_not_dropped_for_a_table_in_blocks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "t.csv")
    assert main(["train", "t.csv", "--window", "100", "--target", "y", "--shards", "8"]) == 2
    assert "--shards: not for a table that is read in blocks" in capsys.readouterr().err
