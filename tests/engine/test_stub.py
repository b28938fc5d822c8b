"""What the stub of the native executor says is what its module has: names, arguments, and which have a default."""

import ast
import re
from pathlib import Path

import pytest

import layerwise
from layerwise.engine import native_engine

native = native_engine._native
pytestmark = pytest.mark.skipif(native is None, reason="the native engine is not there")
STUB = ast.parse((Path(layerwise.__file__).parent / "_native.pyi").read_text())


def arguments(function):
    defaults = len(function.args.args) - len(function.args.defaults)
    return [(argument.arg, i >= defaults) for i, argument in enumerate(function.args.args)]


def bound(function):
    """The same of nanobind's own text, ``name(a: int, b: object | None = None) -> tuple``."""
    text = function.__doc__.split("\n")[0]
    parsed = ast.parse(f"def {re.sub('Native[.]', '', text)}: ...".replace("__init__(self", "init(self")).body[0]
    return arguments(parsed)


def test_functions():
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef):
            assert arguments(node) == bound(getattr(native, node.name)), node.name


def test_methods():
    [kind] = [node for node in STUB.body if isinstance(node, ast.ClassDef)]
    for node in kind.body:
        if isinstance(node, ast.FunctionDef):
            assert arguments(node) == bound(getattr(native.Native, node.name)), node.name
    public = {name for name in vars(native.Native) if not name.startswith("_")}
    assert public == {node.name for node in kind.body if not node.name.startswith("_")}


def test_names():
    said = {node.target.id for node in STUB.body if isinstance(node, ast.AnnAssign)}
    said |= {node.name for node in STUB.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assert said == {name for name in vars(native) if not name.startswith("_")}
