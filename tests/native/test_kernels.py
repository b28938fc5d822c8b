"""The kernels of the native engine by themselves: the C++ tests beside this file, compiled and run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from layerwise.engine import native_engine

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
SOURCE, CMAKE = ROOT / "src/layerwise/engine/native", ROOT / "CMakeLists.txt"
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
ISAS = native_engine._native.isas if native_engine._native else ["baseline"]  # the best of this machine first
FLAGS = ["-std=c++17", "-fno-math-errno", "-fno-trapping-math", "-Wall", "-Wextra"]

pytestmark = [
    pytest.mark.skipif(COMPILER is None or sys.platform == "win32", reason="there is no POSIX C++ compiler (c++)"),
    pytest.mark.skipif(not CMAKE.is_file() or not SOURCE.is_dir(), reason="the C++ is not in this copy of the sources"),
]


def run(folder, isa, *sources, optimize="-O3"):
    """Compile these tests for an instruction set, with the flags that CMakeLists.txt has for it, and run them."""
    own = dict(re.findall(r"add_isa\((\w+) ?([^)<]*)\)", CMAKE.read_text(encoding="utf-8")))[isa].split()
    flags, objects = [COMPILER, optimize, *FLAGS, f"-DLW_ISA={isa}", *own, f"-I{SOURCE}"], []
    for source in [*(HERE / name for name in sources), SOURCE / "formulas.cpp"]:
        contract = "off" if source.name == "formulas.cpp" else "fast"
        objects.append(folder / f"{source.stem}.o")
        command = [*flags, f"-ffp-contract={contract}", "-c", source, "-o", objects[-1]]
        compiled = subprocess.run(command, capture_output=True, text=True, check=False)
        assert compiled.returncode == 0, compiled.stderr[-3000:]
    subprocess.run([*flags, *objects, "-o", folder / "tests"], check=True)
    result = subprocess.run([folder / "tests"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]
    assert re.search(r"^[1-9]\d* tests, 0 failures$", result.stdout, re.MULTILINE)


def test_functions(tmp_path):
    run(tmp_path, ISAS[0], "functions.cpp", optimize="-O1")  # compiled in half the time


@pytest.mark.slow
@pytest.mark.parametrize("isa", ISAS)
def test_all(tmp_path, isa):
    run(tmp_path, isa, "functions.cpp", "products.cpp")
