"""Exported models of tables, run on the rows of a frame: C by the struct of its header, JavaScript under Node.js."""

import ctypes
import json
import math
import re
import subprocess

import numpy as np

import layerwise as lw
from running_exports import COMPILER, FLAGS, LABELS, NODE, Results, module

SUFFIX = {"c": ".c", "javascript": ".mjs", "python": ".py", "numpy": ".py"}


def run_table(target, model, frame, folder, **arguments):
    """What an exported model gives for each row of a frame (or list of rows), and the inputs that it makes of it."""
    path = folder / f"net{SUFFIX[target]}"
    lw.export(model, path, target, force=True, **arguments)
    if target == "numpy":
        net = module(path)
        shares = net.probabilities(frame) if hasattr(net, "probabilities") else None
        return net.encode(frame), Results(net.outputs(frame), shares, net.predict(frame).tolist())
    return {"python": _python, "javascript": _javascript, "c": _c}[target](path, plain_rows(frame))


def plain_rows(frame):
    """The rows as dicts (lists, of lists), with None where a value is missing."""
    rows = frame if isinstance(frame, list) else frame.astype(object).to_dict("records")

    def plain(value):
        if value is None or value != value:
            return None
        return value.item() if isinstance(value, np.generic) else value

    return [{k: plain(v) for k, v in row.items()} if isinstance(row, dict) else [*map(plain, row)] for row in rows]


def _python(path, rows):
    net = module(path)
    shares = np.array([net.probabilities(row) for row in rows]) if hasattr(net, "probabilities") else None
    outputs = np.array([net.outputs(row) for row in rows])
    return np.array([net.encode(row) for row in rows]), Results(outputs, shares, [net.predict(row) for row in rows])


def _javascript(path, rows):
    (path.parent / "rows.json").write_text(json.dumps(rows, default=lambda date: date.isoformat()))
    (path.parent / "main.mjs").write_text(f"""
import {{ readFileSync }} from "node:fs";
import * as net from "./{path.name}";
const rows = JSON.parse(readFileSync("rows.json"));
const of = (f) => (f ? rows.map((row) => f(row)) : null);
console.log(JSON.stringify([of(net.encode), of(net.outputs), of(net.probabilities), of(net.predict)]));
""")
    done = subprocess.run([NODE, "main.mjs"], check=False, capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    inputs, outputs, shares, answers = json.loads(done.stdout)
    return np.array(inputs), Results(np.array(outputs), None if shares is None else np.array(shares), answers)


def c_row(header, name, columns):
    """The struct of a row, and a function that fills one from a dict or a list."""
    listed = re.search(r"typedef struct \w+_row \{\n(.*?)\} \w+_row;", header, re.DOTALL)[1]
    members = re.findall(r"^    (const char \*|double )(\w+);", listed, re.MULTILINE)
    fields = [(field, ctypes.c_double if kind == "double " else ctypes.c_char_p) for kind, field in members]
    kind = type("Row", (ctypes.Structure,), {"_fields_": fields})

    def filled(row):
        values = []
        for column, (_, real) in zip(columns, fields, strict=True):
            value = row[column]
            if real is ctypes.c_char_p:
                values.append(None if value is None else value.encode())
            elif hasattr(value, "isoformat"):
                values.append((np.datetime64(value, "us") - np.datetime64(0, "us")) / np.timedelta64(1, "s"))
            else:
                values.append(math.nan if value is None else float(value))
        return kind(*values)

    return filled


def _c(path, rows):
    library = path.with_suffix(".so")
    command = [COMPILER, *FLAGS, "-O1", "-shared", "-fPIC", path, "-o", library, "-lm"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    net, header, name = ctypes.CDLL(str(library)), path.with_suffix(".h").read_text(), path.stem
    columns = json.loads((path.parent / "columns.json").read_text())
    filled = [c_row(header, name, columns)(row) for row in rows]
    real = np.float32 if "_outputs(const net_row *x, float" in header else np.float64
    size = {what: int(re.search(rf"_{what} = (\d+)", header)[1]) for what in ("INPUTS", "OUTPUTS")}

    def given(function, n, dtype):
        out = np.empty((len(filled), n), dtype)
        for row, y in zip(filled, out, strict=True):
            getattr(net, f"{name}_{function}")(ctypes.byref(row), ctypes.c_void_p(y.ctypes.data))
        return out

    found = re.search(r"p gets (\d+) prob", header)
    shares = None if found is None else given("probabilities", int(found[1]), real)
    return given("encode", size["INPUTS"], np.float32), Results(
        given("outputs", size["OUTPUTS"], real), shares, _c_answers(net, header, name, filled, given, size["OUTPUTS"])
    )


def _c_answers(net, header, name, filled, given, n_out):
    form, arguments = re.search(rf"^(.*[ *]){name}_predict\((.*)\)", header, re.MULTILINE).groups()
    if form == "void ":
        kind = np.uint8 if "unsigned char" in arguments else np.float64 if "double" in arguments else np.float32
        return given("predict", n_out, kind).tolist()
    function = getattr(net, f"{name}_predict")
    function.restype = {**LABELS, "float": ctypes.c_float}[form.strip()]
    answers = [function(ctypes.byref(row)) for row in filled]
    return [answer.decode() if isinstance(answer, bytes) else answer for answer in answers]
