"""The command `layerwise`: train, evaluate and predict from a terminal.

app.py       the commands together, and how an error ends
train.py     data + recipe + choices → network → model file, learning curves; training.py, the middle of it
watch.py     the panel of `train --watch`, and curves.py, which draws in its characters
evaluate.py  predict.py  trace.py  diagnose.py  plot.py  report.py  export.py  info.py  bench.py  listing.py
choices.py   options that replace parts of a recipe
data.py      data sets by name, and tables from files
standardize.py  targets of any size
score.py     accuracy and confusions, or loss and R²
play.py      the page: layerwise.app.play
quick.py     predict on pictures alone, without what the other commands need
ranks.py     several processes of a launcher of MPI, which launcher.py finds
console.py   what goes to which stream, and the exit codes
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from layerwise.app.cli import starting
from layerwise.app.cli.launcher import launched
from layerwise.app.cli.quick import quick


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; typer and rich are needed by all but `predict` on pictures.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after `layerwise`; those of the process if not given.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if (place := launched()) is not None:
            from layerwise.app.cli.ranks import on_ranks

            return on_ranks(words, *place, _run)
        code = quick(words)
        return _run(words) if code is None else code
    except KeyboardInterrupt:  # between two commands' own lines for it
        print("interrupted", file=sys.stderr)
        return starting.INTERRUPTED


def _run(words: Sequence[str], ranks: Any = None) -> int:
    """Run any command by typer, on one of several `ranks` if there are some."""
    try:
        import rich
        import typer
    except ImportError as error:
        from layerwise.app.play.static import command

        if (code := command(words)) is not None:
            return code
        print(
            f"the command needs the package {error.name!r}, which is not installed: pip install 'layerwise[cli]'",
            file=sys.stderr,
        )
        return 1
    from layerwise.app.cli.app import run

    starting.started()
    return run(words, ranks)
