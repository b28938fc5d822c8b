"""The names of a checkpoint's files: a path in which the epoch and the step have places.

run-{step:09d}.safetensors    →    run-000000469.safetensors
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_PLACE = re.compile(r"\{(epoch|step)(?::((?:0[0-9]{0,2})?d?))?\}")
_MEANT = re.compile(r"\{(?:epoch|step)[^{}]*\}")  # what looks like a place, whatever its format


def check_places(path: str) -> None:
    """Refuse a path whose files could not be found again by their digits.

    Raises
    ------
    ValueError
        A folder has a place in it, or the format of a place is other than digits with zeros before them.
    """
    folder, name = os.path.split(path)
    if _MEANT.search(folder):
        raise ValueError(f"Checkpoint: only the file's name can have {{epoch}} and {{step}}; got {path!r}")
    for found in _MEANT.findall(name):
        if not _PLACE.fullmatch(found):
            raise ValueError(
                f"Checkpoint: {found} must be digits with zeros before them or nothing, such as {{epoch}}, {{step}} or "
                f"{{step:09d}}; got {path!r}"
            )


def has_place(path: str) -> bool:
    """Return whether the name depends on the epoch or the step."""
    return _PLACE.search(path) is not None


def with_step(path: str) -> str:
    """Return the path with a place for the step before its suffix, if it has no place yet."""
    stem, suffix = os.path.splitext(path)
    return path if has_place(path) else f"{stem}-{{step:09d}}{suffix}"


def filled(pattern: str, epoch: int, step: int) -> str:
    """Return the path of the file that is written at an epoch and a step."""
    values = {"epoch": epoch, "step": step}
    path = _PLACE.sub(lambda found: format(values[found[1]], found[2] or ""), pattern)
    return path and str(Path(path))


def matches(pattern: str, name: str) -> bool:
    """Return whether a file of that name could have been written at some epoch and step."""
    return re.fullmatch(r"[0-9]+".join(re.escape(part) for part in _PLACE.split(pattern)[::3]), name) is not None
