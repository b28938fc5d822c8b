"""Real ranks of MPI: `mpiexec -n 2 python program.py`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from launching import MPIEXEC

import layerwise as lw
from layerwise.distributed.communicator import Alone

pytest.importorskip("mpi4py", exc_type=ImportError)


EXAMPLE = Path(__file__).parents[2] / "examples" / "scale" / "train_with_mpi.py"
pytestmark = pytest.mark.skipif(MPIEXEC is None, reason="there is no mpiexec")

PROGRAM = """
import sys
import numpy as np
from mpi4py import MPI
import layerwise as lw
from layerwise import distributed

X, y = lw.datasets.make_spiral()
net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()], random_state=0)
history = distributed.fit(MPI.COMM_WORLD, net, X, y, epochs=20, batch_size=64, verbose=False)
np.save(f"theta-{MPI.COMM_WORLD.Get_rank()}.npy", net.theta)
if MPI.COMM_WORLD.Get_rank() == 0:
    print("loss", history["loss"][-1])
"""


def start(folder, program, size, *arguments):
    path = folder / "program.py"
    path.write_text(program)
    command = [MPIEXEC, "-n", str(size), sys.executable, str(path), *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(folder, program, size):
    process = start(folder, program, size)
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


@pytest.mark.parametrize("size", [1, 2])
def test_ranks_end_with_the_weights_of_one(tmp_path, size):
    code, out = run(tmp_path, PROGRAM, size)
    assert code == 0, out
    assert out.count("loss") == 1
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()], random_state=0)
    lw.distributed.fit(Alone(), net, X, y, epochs=20, batch_size=64, verbose=False)
    for rank in range(size):
        np.testing.assert_array_equal(np.load(tmp_path / f"theta-{rank}.npy"), net.theta)


RESUMED = """
import os, sys, time
from mpi4py import MPI
import numpy as np
import layerwise as lw

rank, WAIT = MPI.COMM_WORLD.Get_rank(), 60

class Waits(lw.callbacks.Callback):
    def on_step_end(self, run):
        if run.step == 30 and "wait" in sys.argv:
            with open(f"at-30.{rank}", "w") as file:
                file.write(str(os.getpid()))
            time.sleep(WAIT if rank == 1 else 0)

X, y = lw.datasets.make_spiral()
net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()], random_state=0)
callbacks = [lw.callbacks.Checkpoint("run.safetensors", every=7), Waits()]
arguments = dict(epochs=20, batch_size=64, verbose=False)
lw.distributed.fit(MPI.COMM_WORLD, net, X, y, callbacks=callbacks, resume=True, **arguments)
if rank == 0:
    np.save("theta.npy", net.theta)
    print("steps", net.steps)
"""


def processes(folder, size):
    """Wait until all ranks are at their step; which process each is."""
    end = time.monotonic() + 60
    paths = [folder / f"at-30.{rank}" for rank in range(size)]
    while not all(path.exists() and path.read_text() for path in paths):
        assert time.monotonic() < end
        time.sleep(0.05)
    return [int(path.read_text()) for path in paths]


def alone():
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(32), lw.ReLU(), lw.Dropout(0.1), lw.Dense(3), lw.Softmax()], random_state=0)
    lw.distributed.fit(Alone(), net, X, y, epochs=20, batch_size=64, verbose=False)
    return net


def test_a_killed_rank_ends_all_and_the_training_goes_on_with_fewer(tmp_path):
    process = start(tmp_path, RESUMED, 4, "wait")
    process_of = processes(tmp_path, 4)
    time.sleep(0.5)  # the others wait for what rank 1 does not send
    began = time.monotonic()
    os.kill(process_of[1], signal.SIGKILL)
    rest = process.communicate(timeout=30)[0]
    assert time.monotonic() - began < 30
    assert process.returncode != 0
    assert "signal 9" in rest or "EXIT CODE: 9" in rest  # the launcher says so; of which process, not always rightly
    newest = max(tmp_path.glob("run-*.safetensors"))
    assert lw.load(newest).steps == 28
    code, out = run(tmp_path, RESUMED, 2)
    assert code == 0, out
    np.testing.assert_array_equal(np.load(tmp_path / "theta.npy"), alone().theta)


def test_ctrl_c_ends_all_ranks_in_good_order(tmp_path):
    program = RESUMED.replace("epochs=20", "epochs=100_000").replace(", 60", ", 0")
    program = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" + program
    process = start(tmp_path, program, 2, "wait")
    os.kill(processes(tmp_path, 2)[1], signal.SIGINT)  # to one rank alone
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    assert "steps" in rest


def test_ranks_that_were_started_differently(tmp_path):
    program = PROGRAM.replace("batch_size=64", "batch_size=64 + MPI.COMM_WORLD.Get_rank()")
    code, out = run(tmp_path, program, 2)
    assert code != 0
    assert "batch_size: 64 on rank 0, 65 on rank 1" in out


def test_three_ranks_are_refused(tmp_path):
    code, out = run(tmp_path, PROGRAM, 3)
    assert code != 0
    assert "Start 2 or 4" in out


@pytest.mark.skipif(not EXAMPLE.is_file(), reason="the examples are not beside these tests")
def test_the_example_gives_the_same_weights_on_one_rank_and_two(tmp_path):
    for size, name in ((1, "one"), (2, "two"), (1, "two")):  # the last one finds its checkpoint, at the end
        program = f"import runpy; runpy.run_path({str(EXAMPLE)!r})['main']('{name}.safetensors', 2, 2000)"
        words = [MPIEXEC, "-n", str(size), sys.executable, "-c", program]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("test accuracy") == 1
        one, newest = (lw.load(tmp_path / f"{each}.safetensors") for each in ("one", name))
        assert newest.history.epochs == 2
        np.testing.assert_array_equal(newest.theta, one.theta)
