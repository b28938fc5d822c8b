"""What the command prints where: answers to stdout, everything that went wrong to stderr; and the exit codes.

What rich draws (tables, panels that move) it draws; a line of text needs no more than the terminal's own codes, so that
a command that prints lines alone starts without rich.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from layerwise.app.cli.starting import INTERRUPTED as INTERRUPTED
from layerwise.errors import LayerwiseError
from layerwise.formula.quoting.shown import visible
from layerwise.typing import Array

if TYPE_CHECKING:
    from rich.console import Console

OK, ERROR, NOT_SURE = 0, 1, 3
EXIT_CODES = """Exit codes: 0 all went well; 1 data, a model or an output cannot be used; 2 the command was not
understood; 3 an answer is 'not sure'; 130 interrupted by Ctrl-C (a training that has begun still saves its weights)."""
STYLES = {"": "", "bold": "1", "dim": "2", "red": "31", "yellow": "33"}  # codes of ECMA-48


def show(text: str = "", style: str = "") -> None:
    """Print a line to stdout, wrapped by nobody but the terminal, with escapes for what cannot be seen."""
    _print(visible(text), style, stderr=False)


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

    is_plain = not (sys.stdout.encoding or "ascii").lower().startswith("utf")
    width = min(28, max(2, shutil.get_terminal_size().columns - 2))
    corners, across, down = ("++++", "-", "|") if is_plain else ("┌┐└┘", "─", "│")
    lines = [f"{down}{line:{width}}{down}" for line in render(pixels, width=width, ascii=is_plain).split("\n")]
    bar = across * width
    print("\n".join([corners[0] + bar + corners[1], *lines, corners[2] + bar + corners[3]]))


def is_terminal() -> bool:
    """Return whether what is printed is seen at once, and can be drawn over."""
    found = _console()
    return found.is_terminal and not found.is_dumb_terminal


def warn(text: str, style: str = "red") -> None:
    """Print a message to stderr, red where there are colours, with escapes for what cannot be seen."""
    _print(visible(text, keep="\n"), style, stderr=True)


def warn_once() -> Callable[..., None]:
    """Return what prints a warning in a line, without its place in the source; the same words only once."""
    said: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if (text := str(message)) not in said:
            said.add(text)
            warn(f"warning: {text}", "yellow")

    return show


@contextmanager
def ending() -> Iterator[None]:
    """End as the command does: what is raised on purpose becomes a message and an exit code, without a traceback."""
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of a pipe went away: that is no error
    except (LayerwiseError, OSError) as error:
        warn(f"error: {error}")
        raise SystemExit(ERROR) from None
    except MemoryError as error:
        detail = f": {error}" if str(error) else ""
        warn(f"error: there is not enough memory; fewer units or rows need less{detail}")
        raise SystemExit(ERROR) from None
    except KeyboardInterrupt:
        warn("interrupted")
        raise SystemExit(INTERRUPTED) from None


def tolerate_any_encoding() -> None:
    """Show a question mark for a character that the terminal cannot show; it is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _print(text: str, style: str, stderr: bool) -> None:
    """Print a line, by the terminal's own codes if it has colours and these are known to be wanted, else by rich."""
    stream, told = (sys.stderr if stderr else sys.stdout), os.environ.get
    wished = any(told(name) for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"))
    if wished or style not in STYLES or (stream.isatty() and os.name != "posix"):
        from rich.text import Text

        _console(stderr).print(Text(text, style=style), soft_wrap=True)
    elif style and stream.isatty() and told("TERM", "").lower() not in ("", "dumb", "unknown"):
        print(f"\x1b[{STYLES[style]}m{text}\x1b[0m", file=stream)
    else:
        print(text, file=stream)


def _console(stderr: bool = False) -> Console:
    from rich.console import Console  # made anew each time: the streams may have been replaced since

    return Console(stderr=stderr, highlight=False)
