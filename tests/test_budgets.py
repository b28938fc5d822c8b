"""What an import, a training and the package itself may cost: counted, not timed."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import layerwise

SOURCE = Path(layerwise.__file__).parent
linux = pytest.mark.skipif(sys.platform != "linux", reason="peak memory of Linux")


def run(code, *words):
    """What a new process prints, in numbers."""
    result = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    return [float(number) for number in result.stdout.split()]


def test_modules_of_an_import():
    """Reached: 134 of layerwise's own and 77 of the standard library beside NumPy's."""
    code = (
        "import sys, numpy; before = set(sys.modules); import layerwise; new = set(sys.modules) - before\n"
        "own = sum(name.startswith('layerwise') for name in new); print(own, len(new) - own)"
    )
    own, others = run(code)
    assert own <= 138
    assert others <= 84


PEAK = """
import sys
import layerwise as lw
def peak():  # getrusage would count the process that started this one
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
(X, y), held_out, _ = lw.datasets.load_mnist()
net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
numbers = [peak()]
for epochs in (1, 3):
    net.fit(X, y, epochs=epochs, validation_data=held_out, verbose=False, engine=sys.argv[1])
    numbers.append(peak())
print(*numbers)
"""


@linux
@pytest.mark.parametrize("engine", ["native", pytest.param("numpy", marks=pytest.mark.slow)])
def test_memory_of_a_training_from_uint8(engine):
    """Reached: 92 MB with the data (47 of MNIST's pixels), 102 to 106 after a training; not a byte a step."""
    data, first, more = run(PEAK, engine)
    assert data <= 101
    assert first - data <= 16
    assert more - first <= 3


@pytest.mark.slow
@linux
def test_memory_of_the_command_that_trains_mnist(tmp_path):
    """Reached: 241 MB, from the start of Python to the model file: MNIST's 55, and 56 of rows to train on beside it."""
    pytest.importorskip("typer")
    words = [sys.executable, "-m", "layerwise", "train", "mnist", "--epochs", "1", "--quiet", "--no-plot"]
    words += ["--output", str(tmp_path / "mnist.safetensors")]
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    [peak] = run(code, *words)
    assert peak <= 265


def test_size_of_the_package():
    """What a wheel holds, compressed. Reached: 14.7 MB: MNIST is 10.2, people's digits 1.2, the page 0.8."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in sorted(SOURCE.rglob("*")):
            if path.is_file() and path.suffix not in (".h", ".cpp", ".pyc"):
                wheel.write(path, path.relative_to(SOURCE))
        native = sys.modules.get("layerwise._native")
        if native is not None and not Path(native.__file__).is_relative_to(SOURCE):  # of an editable install
            wheel.write(native.__file__, "native")
    assert len(content.getvalue()) / 2**20 <= 15.2
