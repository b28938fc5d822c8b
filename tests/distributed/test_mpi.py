"""Real ranks of MPI: `mpiexec -n 2 python program.py`."""

import subprocess
import sys

import numpy as np
import pytest
from launching import MPIEXEC

import layerwise as lw

pytest.importorskip("mpi4py", exc_type=ImportError)


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


def start(folder, program, size, **options):
    path = folder / "program.py"
    path.write_text(program)
    command = [MPIEXEC, "-n", str(size), sys.executable, str(path)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


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
    from layerwise.distributed.communicator import Alone

    lw.distributed.fit(Alone(), net, X, y, epochs=20, batch_size=64, verbose=False)
    for rank in range(size):
        np.testing.assert_array_equal(np.load(tmp_path / f"theta-{rank}.npy"), net.theta)
