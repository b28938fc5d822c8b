"""Writing a file whole or not at all, and knowing before the work whether it can be written.

    model.safetensors
    .model.safetensors.5d0e1f7a22c90b34-4711-9f86d081.tmp    while it is written: name, machine, process, random part

The name of an unfinished file says who writes it: what a killed process left can be told from what another process, on
this machine or on another that shares the folder, is writing just now.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

Bytes = bytes | memoryview

_UNFINISHED = re.compile(
    r"\.(?P<name>.+)\.(?P<machine>[0-9a-f]{16})-(?P<process>\d+)-(?P<random>[0-9a-f]{8})\.tmp", re.S
)
_DAY = 86400.0  # seconds after which an unfinished file of another machine is nobody's
_at_work: set[str] = set()  # the unfinished files of this process, by their names


def write_whole(path: Path, content: Bytes | Iterable[Bytes], replace: bool = True) -> None:
    """Write a file so that nobody ever sees half of it: a temporary file, synced, then renamed, its directory synced.

    A file that is replaced passes on its mode, and its owner, group and access list where that is allowed; the mode of
    a new one follows the process's umask.

    Parameters
    ----------
    path : Path
        What is there is replaced, or stays as it is.
    content : bytes or iterable of bytes
        All of it, or its pieces in order.
    replace : bool
        Whether a file may be there. If not, none is replaced, be it written at the same moment; where the file system
        has no hard links, it is.

    Raises
    ------
    FileExistsError
        A file is there that may not be replaced.
    OSError
        It cannot be written there, or the disk is full.
    """
    check_writable(path)
    path = path.resolve()  # a link stays a link: what it points to is replaced
    before = path.stat() if path.exists() else None
    handle, temporary = _open_beside(path, 0o666 if before is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            if before is not None and os.name == "posix":
                _pass_on(path, before, file.fileno())
            for piece in (content,) if isinstance(content, (bytes, memoryview)) else content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if replace or not _links(temporary, path):
            os.replace(temporary, path)
        else:
            temporary.unlink()
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        _at_work.discard(temporary.name)
    if os.name == "posix":  # the new name lives in the directory: that is synced too
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _links(file: Path, path: Path) -> bool:
    """Give a file a second name, unless that is taken; False where the file system has no hard links."""
    try:
        os.link(file, path)
    except FileExistsError:
        raise FileExistsError(f"cannot write {path}: it has been written meanwhile; choose another name") from None
    except (OSError, NotImplementedError):
        return False
    return True


def _open_beside(path: Path, mode: int) -> tuple[int, Path]:
    """Create an unfinished file for `path`; the kernel takes the umask from its mode."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    name = os.fsdecode(os.fsencode(path.name)[:200])  # names end at 255 bytes
    while True:
        temporary = path.with_name(f".{name}.{_machine()}-{os.getpid()}-{os.urandom(4).hex()}.tmp")
        _at_work.add(temporary.name)
        try:
            return os.open(temporary, flags, mode), temporary
        except FileExistsError:
            _at_work.discard(temporary.name)
        except BaseException:
            _at_work.discard(temporary.name)
            raise


def _pass_on(path: Path, before: os.stat_result, handle: int) -> None:
    """Give an open file the mode, owner, group and access list of the file that it will replace."""
    mode, new = stat.S_IMODE(before.st_mode) & 0o777, os.fstat(handle)
    if (new.st_uid, new.st_gid) != (before.st_uid, before.st_gid):
        try:
            os.fchown(handle, before.st_uid, before.st_gid)
        except OSError:
            try:
                os.fchown(handle, -1, before.st_gid)
            except OSError:
                mode &= ~0o070  # what one group was allowed is not for another
    os.fchmod(handle, mode)
    if hasattr(os, "getxattr"):
        _pass_on_access(path, handle, mode)


def _pass_on_access(path: Path, handle: int, mode: int) -> None:
    """Give an open file the POSIX access list of another, or none, whatever its directory gave it."""
    access, absent = "system.posix_acl_access", (errno.ENODATA, errno.ENOTSUP, errno.EOPNOTSUPP)
    try:
        rights = os.getxattr(path, access)
    except OSError:
        rights = None
    try:
        if rights is not None:
            os.setxattr(handle, access, rights)
        else:
            os.removexattr(handle, access)
            os.fchmod(handle, mode)
    except OSError as error:
        if error.errno not in absent or rights is not None:
            os.fchmod(handle, mode & ~0o070)  # with a list, these bits are the most that it allows to anybody


@cache
def _machine() -> str:
    """A name for the space that this process's number belongs to: the machine since it was started, the container."""
    import platform

    parts = [platform.node()]
    with suppress(OSError):  # of Linux
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def leftovers(folder: Path) -> Iterator[tuple[Path, str]]:
    """Unfinished files that nobody will finish, each with the beginning of the name that it was meant for.

    Those are files of a process of this machine that is gone, and files that nobody has written to for a day.
    """
    for path in folder.glob(".*.tmp"):
        found = _UNFINISHED.fullmatch(path.name)
        if found is None or path.name in _at_work:
            continue
        try:
            status = path.lstat()
        except OSError:
            continue  # it has been finished meanwhile
        if not stat.S_ISREG(status.st_mode):
            continue
        here = found["machine"] == _machine()
        if (here and not _runs(int(found["process"]))) or time.time() - status.st_mtime > _DAY:
            yield path, found["name"]


def _runs(process: int) -> bool:
    """Whether a process of this number is there, other than this one, which knows its own unfinished files."""
    if process == os.getpid():
        return False
    if os.name != "posix":
        return True  # os.kill would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def most_unpacked(packed: int) -> int:
    """How many bytes a packed file of so many may take in memory: a bomb of zeros packs a thousandfold, data do not."""
    return 2**26 + 100 * packed


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
