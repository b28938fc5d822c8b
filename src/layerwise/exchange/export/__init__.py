"""A trained network as a file that runs without layerwise.

    model ─► the target's function ─► its files, each written whole

program.py        the network as it predicts, as a list of calls
c.py  c_formulas.py
python.py  numpy_source.py  javascript.py    a function for each call, in each language
literals.py       numbers as text
onnx.py           a graph, with its own layers and tables beside it
script/           the program that trains the network
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layerwise.data.writing import check_writable, write_whole
from layerwise.errors import ExportError, UnknownNameError, nearest
from layerwise.formula.quoting import shell
from layerwise.parts.quantization import WEIGHTS


@dataclass(frozen=True)
class Made:
    """The contents of the files, by the endings that take the place of the path's ("" for its own), and facts."""

    contents: dict[str, str | bytes]
    facts: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What a network can be written as.

    Attributes
    ----------
    suffixes : tuple of str
        What the path may end with; the first one is the usual one.
    make : callable
        make(model, name, weights), with the path's name without its ending.
    """

    suffixes: tuple[str, ...]
    make: Callable[[Any, str, str], Made]


@dataclass(frozen=True)
class Exported:
    """The result of `export`.

    Attributes
    ----------
    to : str
        The format.
    files : tuple of Path
        The files.
    size : int
        Their total size in bytes.
    facts : dict
        Further facts; for C the bytes of ``"constants"`` and of ``"stack"``, and the command to ``"compile"``.
    """

    to: str
    files: tuple[Path, ...]
    size: int
    facts: dict[str, int | str]


def export(
    model: Any,
    path: str | os.PathLike[str],
    to: str | None = None,
    *,
    weights: str = "float32",
    force: bool = False,
) -> Exported:
    """Export a trained network to a file that runs without layerwise.

    Parameters
    ----------
    model : Network, MLPClassifier or MLPRegressor
        A network or a fitted estimator. The exported model takes inputs in the units of the training data, and computes
        what `outputs`, `predict_proba` and `predict` do.
    path : str or path-like
        The file. For C a header file is written beside it.
    to : {"onnx", "c", "python", "numpy", "javascript", "training-script"}, optional
        The format. By default it follows from the suffix of the path: .onnx, .c, .js or .mjs. "training-script" is a
        Python program that repeats the training step by step.
    weights : {"float32", "int8"}, default="float32"
        For C: int8 stores the weights of dense layers in one byte each, with a scale for each unit.
    force : bool, default=False
        Replace existing files.

    Returns
    -------
    Exported
        The files and facts about them.

    Raises
    ------
    ExportError
        The model or a layer cannot be exported. The message lists all such layers, and what can be exported.
    NotBuiltError
        The network has no weights yet.
    UnknownNameError
        `to` is not a known format, or is None and the suffix of the path is not known.
    FileExistsError
        A file exists, and `force` is False. Nothing was written.

    See Also
    --------
    Network.save : Save a network for layerwise.

    Examples
    --------
    >>> import tempfile
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, epochs=2, verbose=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = lw.export(net, f"{folder}/spiral.c")
    >>> [file.name for file in written.files], written.facts["constants"]
    (['spiral.c', 'spiral.h'], 1808)
    """
    path = Path(path)
    to = target_of(path, to)
    if weights not in WEIGHTS:
        raise UnknownNameError(f"export: weights must be one of {', '.join(WEIGHTS)}; got {weights!r}")
    if weights != "float32" and to != "c":
        raise ExportError(f'export to {to} keeps weights as they are; weights={weights!r} is for to="c"')
    made = TARGETS[to].make(model, path.stem, weights)
    contents = {
        path.with_suffix(end or path.suffix): content.encode() if isinstance(content, str) else content
        for end, content in made.contents.items()
    }
    for file in contents:
        check_writable(file)
        if file.exists() and not force:
            raise FileExistsError(f"{file} exists already; give another name, or force=True to replace it")
    for file, content in contents.items():
        write_whole(file, content)
    return Exported(to, tuple(contents), sum(map(len, contents.values())), made.facts)


def target_of(path: Path, to: str | None) -> str:
    """Return the target asked for, or the one that the path's ending stands for.

    Raises
    ------
    UnknownNameError
        There is none of that name, or the ending is not one of its own, or stands for none or for several.
    """
    if to is not None:
        if to not in TARGETS:
            raise UnknownNameError(f"export: to={to!r} is not known; {nearest(to, TARGETS)}")
        endings = TARGETS[to].suffixes
        if path.suffix.lower() not in endings:
            raise UnknownNameError(f"export to {to} writes a file that ends with {' or '.join(endings)}; got {path}")
        return to
    found = [name for name, target in TARGETS.items() if path.suffix.lower() in target.suffixes]
    if len(found) != 1:
        known = " or ".join(f'to="{name}"' for name in found or TARGETS)
        problem = "stands for several targets" if found else "stands for no target"
        raise UnknownNameError(f"export: the ending {path.suffix!r} of {path} {problem}; give {known}")
    return found[0]


def _c(model: Any, name: str, weights: str) -> Made:
    from layerwise.exchange.export.c import to_c

    source = to_c(model, name, weights)
    facts: dict[str, int | str] = {
        "constants": source.constants,
        "stack": source.stack,
        "compile": f"cc -std=c99 -O3 -c {shell(f'{name}.c')}    and -lm where it is linked",
    }
    return Made({"": source.code, ".h": source.header}, facts)


def _python(model: Any, name: str, weights: str) -> Made:
    from layerwise.exchange.export.python import to_python

    return Made({"": to_python(model, name)})


def _numpy(model: Any, name: str, weights: str) -> Made:
    from layerwise.exchange.export.numpy_source import to_numpy

    return Made({"": to_numpy(model, name)})


def _javascript(model: Any, name: str, weights: str) -> Made:
    from layerwise.exchange.export.javascript import to_javascript

    return Made({"": to_javascript(model, name)})


def _onnx(model: Any, name: str, weights: str) -> Made:
    from layerwise.exchange.export.onnx import to_onnx

    return Made({"": to_onnx(model).SerializeToString()})


def _script(model: Any, name: str, weights: str) -> Made:
    from layerwise.exchange.export.script import to_training_script

    return Made({"": to_training_script(model)})


TARGETS: dict[str, Target] = {
    "onnx": Target((".onnx",), _onnx),
    "c": Target((".c",), _c),
    "python": Target((".py",), _python),
    "numpy": Target((".py",), _numpy),
    "javascript": Target((".mjs", ".js"), _javascript),
    "training-script": Target((".py",), _script),
}
