"""Whose a checkpoint is: what its contents say, since a name or a list of names can be anybody's."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from layerwise.data.header import KEY, LONGEST_HEADER, read_description
from layerwise.errors import FormatError

Status = tuple[int, int, int, int]

_BEGINNING = f'{{"__metadata__":{{"{KEY}":'.encode()  # of every header, after its length
_BLOCK = 2**20


@dataclass(frozen=True)
class Identity:
    """Which training a checkpoint is of.

    Attributes
    ----------
    path : str
        The Checkpoint's path as it was given, without its folder, which may be moved.
    run : str
        Drawn when a training begins, and kept when it is gone on with.
    attempt : str
        Drawn at each call of `fit`: two processes that go on with one run are two attempts.
    steps, epoch : int
        How far it was, as in its name.
    """

    path: str
    run: str
    attempt: str
    steps: int = field(default=0, compare=False)
    epoch: int = field(default=0, compare=False)

    def is_of(self, path: str) -> bool:
        """Whether it is a file of a Checkpoint with that path, whose name it has."""
        return self.path in (os.path.basename(path), _EARLIER)

    def is_of_run(self, other: Identity) -> bool:
        """Whether both are of one run and one Checkpoint."""
        return (self.path, self.run) == (other.path, other.run)

    def to_dict(self) -> dict[str, Any]:
        """The part of a checkpoint's description that `identity_of` reads."""
        return {name: value for name, value in asdict(self).items() if name != "steps"}


_EARLIER = ""  # files written before paths were in them name themselves instead


def identity_of(path: str | os.PathLike[str]) -> Identity | None:
    """Whose the file is, by its header; None if it is no checkpoint, or cannot be read."""
    try:
        description = read_description(path)
        steps = int(description.get("steps", 0))
        training = description.get("training", {})
        epoch = int(training.get("epoch", 0)) + (int(training.get("done", 0)) > 0)  # the one at work
        if (own := description.get("checkpoint")) is not None:
            epoch = int(own.get("epoch", epoch))  # files written before it was there have none
            return Identity(str(own["path"]), str(own["run"]), str(own["attempt"]), steps, epoch)
        return Identity(_EARLIER, "", "", steps, epoch) if _names_itself(description, Path(path).name) else None
    except (FormatError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        return None


def _names_itself(description: dict[str, Any], name: str) -> bool:
    """Whether it is a checkpoint of the earlier format: the last of the files that it lists is itself."""
    for entry in description.get("training", {}).get("callbacks", ()):
        callback = dict(entry["items"])
        if callback["type"] == "Checkpoint" and os.path.basename(callback["state"]["saved"][-1]) == name:
            return True
    return False


def is_damaged(path: str | os.PathLike[str]) -> bool:
    """Whether not even its header can be read."""
    try:
        read_description(path)
    except FormatError:
        return True
    return False


def holds_nothing(path: str | os.PathLike[str]) -> bool:
    """Whether it is empty, zeros alone, or a model file cut off within its header: no weight is in it."""
    with suppress(OSError), open(path, "rb") as file:
        size, first = os.fstat(file.fileno()).st_size, file.read(8 + len(_BEGINNING))
        length = int.from_bytes(first[:8], "little")
        if len(first) >= 8 and 0 < length <= LONGEST_HEADER:
            return size < 8 + length and _BEGINNING.startswith(first[8:])
        while first and not any(first):
            first = file.read(_BLOCK)
        return not first
    return False


def status_of(path: str | os.PathLike[str]) -> Status | None:
    """What changes when a file is written to or replaced; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
