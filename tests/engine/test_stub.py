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
    """(name, whether it has a default, whether it is given by name alone) of each."""
    given = function.args
    least = len(given.args) - len(given.defaults)
    found = [(argument.arg, i >= least, False) for i, argument in enumerate(given.args)]
    named = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return found + [(argument.arg, default is not None, True) for argument, default in named]


def bound(function):
    """The same of nanobind's own text, ``name(a: int, b: object | None = None) -> tuple``."""
    text = re.sub(r"layerwise[.]_native[.]", "", function.__doc__.split("\n")[0])
    return arguments(ast.parse(f"def {text}: ...").body[0])


def test_functions():
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef):
            assert arguments(node) == bound(getattr(native, node.name)), node.name


def test_methods():
    for kind in [node for node in STUB.body if isinstance(node, ast.ClassDef)]:
        own, methods = getattr(native, kind.name), [node for node in kind.body if isinstance(node, ast.FunctionDef)]
        for node in methods:
            assert arguments(node) == bound(getattr(own, node.name)), f"{kind.name}.{node.name}"
        public = {name for name in vars(own) if not name.startswith("_")}
        assert public == {node.name for node in methods if not node.name.startswith("_")}


def test_names():
    said = {node.target.id for node in STUB.body if isinstance(node, ast.AnnAssign)}
    said |= {node.name for node in STUB.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assert said == {name for name in vars(native) if not name.startswith("_")}
