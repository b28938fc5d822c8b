"""Writing a file whole or not at all, and knowing before the work whether it can be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

TEMPORARY = ".tmp"  # how the names of unfinished files end; they begin with a dot and the name that was meant


Bytes = bytes | memoryview


def write_whole(path: Path, content: Bytes | Iterable[Bytes]) -> None:
    """Write a file so that nobody ever sees half of it: a temporary file, synced, then renamed, its directory synced.

    Parameters
    ----------
    path : Path
        What is there is replaced, or stays as it is.
    content : bytes or iterable of bytes
        All of it, or its pieces in order.
    """
    check_writable(path)
    path = path.resolve()  # a link stays a link: what it points to is replaced
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:200]}.", suffix=TEMPORARY, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in (content,) if isinstance(content, (bytes, memoryview)) else content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the new name lives in the directory: that is synced too
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise now if a file could not be written at `path` later.

    Raises
    ------
    OSError
        Says what is in the way: no such directory, a directory of that name, no permission.
    """
    if not os.fspath(path):
        raise FileNotFoundError("cannot write to a path without a name; give a file name")
    target = Path(path).resolve()
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {target}: it is a directory; give a file name")
    if target.exists() and not target.is_file():
        raise FileExistsError(f"cannot write {target}: it is not a regular file; give another name")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {target}: there is no directory {target.parent}; make it first")
    if not os.access(target.parent, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
        raise PermissionError(f"cannot write {target}: no permission to write there; choose another place")
