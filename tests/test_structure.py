"""The rules that the whole package keeps: imports point one way, and NumPy is all that `import layerwise` needs."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import layerwise

SOURCE = Path(layerwise.__file__).parent
# A room may import those before it, and itself. Imports within functions count.
ORDER = (
    "errors", "typing", "formula", "parts", "data", "engine", "training", "files", "datasets", "network", "distributed",
    "trust", "explain", "estimators", "plots", "exchange", "handwriting", "app",
)  # fmt: skip
RANK = {name: rank for rank, name in enumerate(ORDER)}


@pytest.fixture(scope="module")
def trees():
    """Each file of the package with its syntax tree."""
    return {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


def imported(tree):
    """The parts of layerwise that a file imports when it runs; what is for type checkers only does not count."""
    checked = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in checked:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("layerwise"):
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]


def test_a_stranger_can_name_the_rooms():
    entries = [path for path in SOURCE.iterdir() if path.is_file() or any(path.rglob("*.py"))]
    shown = {path.name for path in entries if path.suffix not in (".so", ".pyd")}
    assert shown - {"__init__.py", "__main__.py", "py.typed", "_native.pyi"} == {
        name if (SOURCE / name).is_dir() else f"{name}.py" for name in ORDER
    }
    assert len(shown) <= 22


def test_imports_point_one_way(trees):
    backwards = []
    for path, tree in trees.items():
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room not in ("__init__", "__main__"):
            assert room in RANK, f"say in ORDER where {room} stands"
            backwards += [
                f"{path} imports {other}, which comes after {room}"
                for other in imported(tree)
                if RANK.get(other, -1) > RANK[room]
            ]
    assert backwards == []


def statements(function, lines):
    """How many lines of a function are neither blank nor of its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return sum(bool(lines[i].strip()) for node in body for i in range(node.lineno - 1, node.end_lineno))


def test_files_and_functions_are_short(trees):
    long = []
    for path, tree in trees.items():
        lines = path.read_text().splitlines()
        long += [path.name] if len(lines) > 400 else []
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and statements(node, lines) > 60:
                long.append(f"{path.name}::{node.name}")
    native = SOURCE / "engine" / "native"  # not where there is no C++, in a wheel
    long += [path.name for path in native.glob("*.*") if path.read_text().count("\n") > 400]
    assert long == []


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_import_needs_numpy_alone():
    code = """
import sys
class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "layerwise"):
            raise ImportError("not there: " + name)
sys.meta_path.insert(0, Only())
import layerwise as lw
X, y = lw.datasets.make_spiral()
net = lw.Network([lw.Dense(8), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
net.fit(X, y, epochs=2)
import os, tempfile
path = os.path.join(tempfile.mkdtemp(), "m")
net.save(path)
assert (lw.load(path).theta == net.theta).all()
print("done")
"""
    result = run(code)
    assert result.stdout.endswith("done\n"), result.stderr


def test_import_is_light():
    """No heavy module comes along, and no file is read."""
    code = "import sys, layerwise; print(' '.join(sys.modules))"
    loaded = run(code).stdout.split()
    for heavy in (
        "rich",
        "typer",
        "matplotlib",
        "PIL",
        "safetensors",
        "onnx",
        "sklearn",
        "scipy",
        "urllib.request",
        "http.client",
    ):
        assert heavy not in loaded


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("import layerwise.{name}; found = layerwise.{name}", "import {home}; other = sys.modules['{home}']"),
        ("import layerwise; found = layerwise.{name}", "from layerwise import {name} as other"),
        ("import {home}; found = sys.modules['{home}']", "import layerwise.{name} as other"),
    ],
)
def test_public_modules_are_imported_by_their_public_names(first, then):
    """Be it asked for first or later, it is the one module, under its own name."""
    lines = ["import sys"]
    for name, inner in layerwise._MODULES.items():
        if inner == name:
            continue
        home = f"layerwise.{inner}"
        lines += [line.format(name=name, home=home) for line in (first, then)]
        lines.append(f"assert found is other and found.__name__ == found.__spec__.name == '{home}', '{name}'")
    assert run("\n".join([*lines, "print('done')"])).stdout == "done\n"


def test_what_is_within_a_public_module_is_there_once():
    code = """
from layerwise.layers.dense import Dense
from layerwise.metrics import accuracy
import layerwise as lw, pickle
print(Dense is lw.Dense, accuracy is lw.metrics.accuracy, pickle.loads(pickle.dumps(accuracy)) is accuracy)
import layerwise.layers.nothing
"""
    result = run(code)
    assert result.stdout == "True True True\n"
    assert result.stderr.endswith("ModuleNotFoundError: No module named 'layerwise.parts.layers.nothing'\n")
    assert run("import layerwise.nothing").stderr.endswith("No module named 'layerwise.nothing'\n")


def test_every_file_opens_with_a_sentence(trees):
    assert [path for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_the_package_is_typed():
    assert (SOURCE / "py.typed").exists()
