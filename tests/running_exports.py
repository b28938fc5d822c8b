"""Exported networks, run: C as a shared library, Python and NumPy as modules, JavaScript under Node.js."""

import ctypes
import importlib.util
import json
import re
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest

import layerwise as lw

COMPILER = shutil.which("gcc") or shutil.which("cc")
NODE = shutil.which("node")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wdouble-promotion"]
LABELS = {
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "double": ctypes.c_double,
    "const char *": ctypes.c_char_p,
}

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (gcc or cc)")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node.js")


@dataclass
class Results:
    """What an exported model gives: arrays with a row a sample, probabilities where there are any, answers."""

    outputs: np.ndarray
    probabilities: np.ndarray | None
    predict: list


def run(target, models, inputs, folder, level=None, **arguments):
    """The results of each model for its inputs; C is compiled at the level of optimization that is given."""
    suffix = {"c": ".c", "javascript": ".mjs"}.get(target, ".py")
    paths = [folder / f"net{i}{suffix}" for i in range(len(models))]
    for model, path in zip(models, paths, strict=True):
        lw.export(model, path, target, **arguments)
    return RUNNERS[target](paths, inputs, folder, *([level] if target == "c" and level else []))


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def _python(paths, inputs, folder):
    results = []
    for path, X in zip(paths, inputs, strict=True):
        net, rows = module(path), np.asarray(X).tolist()
        shares = np.array([net.probabilities(x) for x in rows]) if hasattr(net, "probabilities") else None
        results.append(Results(np.array([net.outputs(x) for x in rows]), shares, [net.predict(x) for x in rows]))
    return results


def _numpy(paths, inputs, folder):
    results = []
    for path, X in zip(paths, inputs, strict=True):
        net = module(path)
        shares = net.probabilities(X) if hasattr(net, "probabilities") else None
        results.append(Results(net.outputs(X), shares, net.predict(X).tolist()))
    return results


def _javascript(paths, inputs, folder):
    (folder / "inputs.json").write_text(json.dumps([np.asarray(X).tolist() for X in inputs]))
    (folder / "main.mjs").write_text("""
import { readFileSync } from "node:fs";
const [folder, ...names] = process.argv.slice(2);
const inputs = JSON.parse(readFileSync(`${folder}/inputs.json`));
const results = [];
for (const [i, name] of names.entries()) {
  const net = await import(`./${name}`);
  const rows = (f) => (f ? inputs[i].map((x) => f(x)) : null);
  results.push([rows(net.outputs), rows(net.probabilities), rows(net.predict)]);
}
console.log(JSON.stringify(results, (_, v) => (typeof v === "bigint" ? Number(v) : v)));
""")
    command = [NODE, folder / "main.mjs", folder, *(path.name for path in paths)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [Results(np.array(y), None if p is None else np.array(p), answers) for y, p, answers in json.loads(printed)]


def _c(paths, inputs, folder, level="-O1"):
    library = folder / "nets.so"
    command = [COMPILER, *FLAGS, level, "-shared", "-fPIC", *paths, "-o", library, "-lm"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    loaded = ctypes.CDLL(str(library))
    return [
        CNetwork(loaded, path.stem, path.with_suffix(".h").read_text()).results(X)
        for path, X in zip(paths, inputs, strict=True)
    ]


class CNetwork:
    """One network of a shared library, by the declarations of its header."""

    def __init__(self, library, name, header):
        self.library, self.name, self.header = library, name, header
        self.real, self.dtype = (ctypes.c_float, np.float32) if "float *x" in header else (ctypes.c_double, np.float64)
        self.n_out = self._size("OUTPUTS")

    def _size(self, what):
        return int(re.search(rf"_{what} = (\d+)", self.header)[1])

    def _function(self, name, result=None):
        function = getattr(self.library, f"{self.name}_{name}")
        function.restype = result
        return function

    def _array(self, values):
        return np.ascontiguousarray(values, self.dtype).ctypes.data_as(ctypes.POINTER(self.real))

    def rows(self, name, X, n, dtype=None):
        out = np.empty((len(X), n), dtype or self.dtype)
        function = self._function(name)
        X = np.ascontiguousarray(X, self.dtype)
        for x, y in zip(X, out, strict=True):
            function(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data))
        return out

    def answers(self, X):
        form, arguments = re.search(rf"^(.*[ *]){self.name}_predict\((.*)\)", self.header, re.MULTILINE).groups()
        if form == "void ":
            is_yes_or_no = "unsigned char" in arguments
            return self.rows("predict", X, self.n_out, np.uint8 if is_yes_or_no else None).tolist()
        kind = self.real if form.strip() == ("float" if self.real is ctypes.c_float else "double") else None
        function = self._function("predict", kind or LABELS[form.strip()])
        X = np.ascontiguousarray(X, self.dtype)
        found = [function(ctypes.c_void_p(x.ctypes.data)) for x in X]
        return [label.decode() if isinstance(label, bytes) else label for label in found]

    def results(self, X):
        shares = re.search(r"p gets (\d+) prob", self.header)
        probabilities = None if shares is None else self.rows("probabilities", X, int(shares[1]))
        return Results(self.rows("outputs", X, self.n_out), probabilities, self.answers(X))


RUNNERS = {"c": _c, "python": _python, "numpy": _numpy, "javascript": _javascript}
NEEDS = {"c": needs_compiler, "javascript": needs_node}
every_target = pytest.mark.parametrize("target", [pytest.param(name, marks=NEEDS.get(name, ())) for name in RUNNERS])
