"""What the command prints where: answers to stdout, everything that went wrong to stderr; and the exit codes."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from layerwise.app.cli.starting import INTERRUPTED as INTERRUPTED
from layerwise.formula.quoting import visible
from layerwise.typing import Array

OK, ERROR, NOT_SURE = 0, 1, 3
EXIT_CODES = """Exit codes: 0 all went well; 1 data, a model or an output cannot be used; 2 the command was not
understood; 3 an answer is 'not sure'; 130 interrupted by Ctrl-C (a training that has begun still saves its weights)."""


def show(text: str = "", style: str = "") -> None:
    """Print a line to stdout, wrapped by nobody but the terminal, with escapes for what cannot be seen."""
    _console().print(Text(visible(text), style=style), soft_wrap=True)


def show_rich(renderable: Any) -> None:
    """Print what rich knows how to colour, wrapped by nobody but the terminal."""
    _console().print(renderable, soft_wrap=True)


def show_json(value: Any) -> None:
    """Print a value as JSON, in ASCII so that every terminal and pipe can take it."""
    print(json.dumps(_finite(value), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    """Return the same with null for NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def show_image(pixels: Array) -> None:
    """Print a square image in a frame, in the characters that the terminal has."""
    from layerwise.datasets.images import render

    console = _console()
    is_plain = not console.encoding.startswith("utf")
    picture = render(pixels, width=max(2, min(28, console.width - 2)), ascii=is_plain)
    frame = box.ASCII if is_plain else box.SQUARE
    console.print(Panel(Text(picture, no_wrap=True), box=frame, width=min(30, console.width), padding=0))


def is_terminal() -> bool:
    """Return whether what is printed is seen at once, and can be drawn over."""
    found = _console()
    return found.is_terminal and not found.is_dumb_terminal


def warn(text: str, style: str = "red") -> None:
    """Print a message to stderr, red where there are colours, with escapes for what cannot be seen."""
    _console(stderr=True).print(Text(visible(text, keep="\n"), style=style), soft_wrap=True)


def tolerate_any_encoding() -> None:
    """Show a question mark for a character that the terminal cannot show; it is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _console(stderr: bool = False) -> Console:
    # made anew each time: the streams may have been replaced since
    return Console(stderr=stderr, highlight=False)
