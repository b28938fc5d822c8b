"""What is promised of the Python and JavaScript modules besides their results."""

import ast
import subprocess
import sys

import pytest

import layerwise as lw
from running_exports import NODE, module, needs_node


@pytest.fixture
def net():
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(40), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, y, epochs=20, optimizer=lw.Adam(0.02), verbose=False)
    return net


def imported(path):
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {alias.name for node in tree if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}


def test_what_is_imported(net, tmp_path):
    assert imported(lw.export(net, tmp_path / "a.py", "python").files[0]) == {"math"}
    assert imported(lw.export(net, tmp_path / "b.py", "numpy").files[0]) == {"base64", "numpy"}


@pytest.mark.parametrize("to", ["python", "numpy"])
def test_as_a_program_it_answers_line_by_line(net, tmp_path, to):
    lw.export(net, tmp_path / "net.py", to)
    X = lw.datasets.make_spiral()[0][::25]
    lines = "\n".join(f"{a!r},  {b!r}\n" for a, b in X.tolist())
    done = subprocess.run(
        [sys.executable, tmp_path / "net.py"], input=lines, capture_output=True, text=True, check=True
    )
    assert [int(line) for line in done.stdout.split()] == net.predict(X).tolist()


def test_samples_of_another_size_are_refused(net, tmp_path):
    python = module(lw.export(net, tmp_path / "net_python.py", "python").files[0])
    with pytest.raises(ValueError, match="a sample has 2 numbers; got 3"):
        python.predict([1, 2, 3])
    numpy = module(lw.export(net, tmp_path / "net_numpy.py", "numpy").files[0])
    for X in ([1, 2], [[1, 2, 3]]):
        with pytest.raises(ValueError, match=r"X must have the shape \(samples, 2\); got \("):
            numpy.predict(X)


@needs_node
def test_javascript_refuses_them_too(net, tmp_path):
    lw.export(net, tmp_path / "net.mjs")
    call = "import('./net.mjs').then((net) => net.predict([1, 2, 3])).catch((e) => console.log(`${e}`))"
    done = subprocess.run([NODE, "-e", call], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "RangeError: a sample has 2 numbers; got 3\n"


@needs_node
def test_javascript_needs_nothing_of_node(net, tmp_path):
    """What browsers have is enough: no Buffer, no require, no process."""
    lw.export(net, tmp_path / "net.mjs")
    call = """
const [x, kept] = [[0.1, 0.2], console];
for (const name of ["Buffer", "process", "require"]) delete globalThis[name];
import("./net.mjs").then((net) => kept.log(net.classes.length, net.probabilities(x).length));
"""
    done = subprocess.run([NODE, "-e", call], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "3"]
