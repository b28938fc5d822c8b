"""What is promised of the C besides its results: size, stack, int8, that it compiles anywhere."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.targets import Task
from running_exports import COMPILER, FLAGS, needs_compiler, run

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def digits():
    """784-30-10, as in the tutorials."""
    net = lw.Network([lw.Dense(30), lw.Sigmoid(), lw.Dense(10), lw.Sigmoid()], random_state=0, scaling="range")
    net.task = Task("classification", np.arange(10))
    return net.build(784)


def compile_object(path, *options):
    subprocess.run([COMPILER, *FLAGS, *options, "-c", path.name], check=True, cwd=path.parent)
    return path.with_suffix(".o")


def test_int8_takes_less_than_40_kilobytes(digits, tmp_path):
    lw.export(digits, tmp_path / "digits.c", weights="int8")
    assert compile_object(tmp_path / "digits.c", "-O3").stat().st_size < 40_000


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_int8_is_the_network_with_rounded_weights(tmp_path, rng, dtype):
    layers = [lw.Dense(20), lw.Tanh(), lw.Dense(5), lw.LayerNorm(), lw.Dense(3)]
    net = lw.Network(layers, random_state=0, dtype=dtype).build(37)
    W = net.parameters.p[0].W
    W[:, 4] = 0  # a unit without weights
    X = rng.normal(size=(50, 37)).astype(dtype)
    [found] = run("c", [net], [X], tmp_path, weights="int8")
    exact = net.outputs(X)
    for p in net.parameters.p:
        if "W" in vars(p):
            scale = np.maximum(np.abs(p.W).max(axis=0), 1e-30) / 127
            p.W = np.round(p.W / scale) * scale
    own = net.outputs(X)
    assert np.abs(found.outputs - own).max() <= (2e-6 if dtype == "float32" else 1e-12) * np.abs(own).max()
    assert 1e-4 < np.abs(own - exact).max() / np.abs(exact).max() < 0.05


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("units", [4, 6, 16, 25])
def test_int8_of_groups_has_a_scale_for_each_unit(tmp_path, rng, dtype, units):
    layers = [lw.PiecewiseLinear([[-1, 0, 1]]), lw.Dense(3 * units, groups=3), lw.Tanh(), lw.Dense(6, groups=3)]
    net = lw.Network(layers, random_state=0, dtype=dtype).build(7)
    X = rng.normal(size=(50, 7)).astype(dtype)
    [found] = run("c", [net], [X], tmp_path, weights="int8")
    for p in net.parameters.p:
        if "W" in vars(p):
            scale = np.maximum(np.abs(p.W).max(axis=0), 1e-30) / 127
            p.W = np.round(p.W / scale) * scale
    own = net.outputs(X)
    assert np.abs(found.outputs - own).max() <= (2e-6 if dtype == "float32" else 1e-12) * np.abs(own).max()


def test_groups_keep_no_zeros_between_them(tmp_path):
    """Four groups of 64 inputs and units: a quarter of the weights of one layer of 256."""
    sizes = [
        lw.export(lw.Network([lw.Dense(256, groups=groups)]).build(256), tmp_path / f"g{groups}.c").facts["constants"]
        for groups in (1, 4)
    ]
    assert sizes == [256 * 257 * 4, 64 * 256 * 4 + 256 * 4]


@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_the_bytes_of_constants_are_told(digits, tmp_path, weights):
    facts = lw.export(digits, tmp_path / "digits.c", weights=weights).facts
    if shutil.which("nm") is None:
        pytest.skip("there is no nm to list the constants")
    listed = subprocess.run(
        ["nm", "-S", compile_object(tmp_path / "digits.c", "-O1")], capture_output=True, text=True, check=True
    ).stdout
    sizes = {name: int(size, 16) for size, name in re.findall(r"^\w+ (\w+) [rR] (\w+_\d)$", listed, re.MULTILINE)}
    assert sizes.keys() >= {"W_0", "b_0", "W_2", "b_2"}
    assert sum(sizes.values()) == facts["constants"]


@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_no_more_stack_than_is_told(digits, tmp_path, weights, level):
    facts = lw.export(digits, tmp_path / "digits.c", weights=weights).facts
    version = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True).stdout
    if "Free Software Foundation" not in version:
        pytest.skip("only gcc tells the stack that functions use")
    compile_object(tmp_path / "digits.c", level, "-fstack-usage")
    lines = (tmp_path / "digits.su").read_text().splitlines()
    frames = {line.split("\t")[0].rpartition(":")[2]: int(line.split("\t")[1]) for line in lines}
    layers = max((used for name, used in frames.items() if name.startswith("apply_")), default=0)
    outer = sum(frames[f"digits_{name}"] for name in ("predict", "class", "outputs"))
    assert 784 * 4 < outer + layers <= facts["stack"]


def test_the_header_can_be_included_by_cpp(digits, tmp_path):
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    lw.export(digits, tmp_path / "digits.c")
    main = "int main() { float x[DIGITS_INPUTS] = {}, y[DIGITS_OUTPUTS]; digits_outputs(x, y); return y[0] > 1; }"
    (tmp_path / "main.cpp").write_text(f'#include "digits.h"\n{main}\n')
    compile_object(tmp_path / "digits.c")
    subprocess.run(
        [compiler, "-Wall", "-Werror", "main.cpp", "digits.o", "-lm", "-o", "main"], check=True, cwd=tmp_path
    )
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 0


def test_it_allocates_nothing_and_keeps_nothing(digits, tmp_path):
    code = lw.export(digits, tmp_path / "digits.c").files[0].read_text()
    assert "alloc" not in code.replace("Nothing is allocated", "")
    assert set(re.findall(r"#include <(.*)>", code)) == {"float.h", "math.h"}
    assert not re.findall(r"^static (?!const|void)", code, re.MULTILINE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_function_of_the_network_s_own_precision_and_its_header(tmp_path, dtype):
    floor = lw.Activation(lambda x: np.floor(x))
    net = lw.Network([lw.Dense(1, weights=[[1.0]]), floor], dtype=dtype).build(1)
    lw.export(net, tmp_path / "floor.c")
    text = (tmp_path / "floor.c").read_text()
    assert "#include <math.h>" in text
    assert ("floorf(" in text) == (dtype == np.float32)
