"""`layerwise predict IMAGE...` without typer, rich and the other commands, whose import takes longer than the reading.

The files and a few plain options are understood here; every other command line, and every model that does not read
digits, is left to `app.py`, which gives the same answers.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layerwise.app.cli import starting

if TYPE_CHECKING:
    from layerwise.app.cli.predict_digits import DigitReader

TABLES = (".csv", ".tsv", ".txt")
FLAGS = ("--single", "--show", "--json")


def quick(words: Sequence[str]) -> int | None:
    """Run `predict` on pictures, and return the exit code; None for any other command line."""
    options = [word for word in words[1:] if word.startswith("-")]
    files = [Path(word) for word in words[1:] if not word.startswith("-")]
    if words[:1] != ["predict"] or not files or any(option not in FLAGS for option in options):
        return None
    if any(file.suffix.lower() in TABLES for file in files):
        return None
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one digit needs no threads, which NumPy's import would start
    gc.disable()  # while modules are imported, nothing is thrown away
    try:
        reader = _reader(*(flag in options for flag in FLAGS))
    finally:
        gc.enable()
    if reader is None:
        return None
    starting.started()
    return _answer(reader, files)


def _reader(single: bool, shown: bool, json: bool) -> DigitReader | None:
    """Return what reads digits; None where the model does not, or cannot be read, which is said elsewhere."""
    from layerwise.app.cli.default_model import SHIPPED, default_model
    from layerwise.app.cli.predict_digits import DigitReader, reads_digits
    from layerwise.errors import LayerwiseError
    from layerwise.exchange.loading import load
    from layerwise.handwriting.shipped import shipped_network
    from layerwise.network.network import Network

    path = default_model()
    try:
        network = shipped_network() if path is None else load(path)
    except (LayerwiseError, OSError):
        return None
    if not isinstance(network, Network) or not reads_digits(network):
        return None
    return DigitReader(network, SHIPPED if path is None else str(path), single, shown, json)


def _answer(reader: DigitReader, files: Sequence[Path]) -> int:
    from layerwise.app.cli import console
    from layerwise.app.cli.answering import answer_files

    console.tolerate_any_encoding()
    try:
        with warnings.catch_warnings(), console.ending():
            warnings.showwarning = console.warn_once()
            reader.introduce()
            code = answer_files(files, reader.answer, reader.json)
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is flushed into it at the end
        return console.ERROR
