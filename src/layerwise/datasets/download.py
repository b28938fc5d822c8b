"""Files from the network: downloaded once, verified, and kept in the user's cache folder.

A file gets its name in the cache only when it is complete and its checksum is right, so that neither an
interruption nor a second process can leave a damaged one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from layerwise.errors import DataError

TIMEOUT = 30.0  # seconds without any answer
CHUNK = 1 << 18


class RemoteFile(NamedTuple):
    """A file that can be downloaded, and the MD5 checksum that its publisher gives."""

    name: str
    md5: str


def cache_folder() -> Path:
    """Return where downloads are kept: $LAYERWISE_CACHE, or 'layerwise' in the platform's own folder for caches."""
    if chosen := os.environ.get("LAYERWISE_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "layerwise"


def cached_files(files: Iterable[RemoteFile], folder: Path, sources: Sequence[str]) -> list[Path]:
    """Return the paths of `files` in `folder`; those that are missing or damaged there are downloaded.

    Parameters
    ----------
    files : iterable of RemoteFile
        The files.
    folder : Path
        The folder that keeps them; made if need be.
    sources : sequence of str
        URLs of folders that have them, tried in this order.

    Raises
    ------
    DataError
        If a file can be had from no source, or `folder` cannot be written to.
    """
    return [_cached_file(file, folder, sources) for file in files]


def _cached_file(file: RemoteFile, folder: Path, sources: Sequence[str]) -> Path:
    """Return the path of `file` in `folder`, downloaded from the first of `sources` that has it."""
    path = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            with path.open("rb") as cached:
                if _copy(cached) == file.md5:
                    return path
    except OSError as error:
        raise DataError(
            f"the cache folder {folder} cannot be used ({error.strerror or error}); choose another with the "
            "argument cache or the environment variable LAYERWISE_CACHE"
        ) from error
    failures = []
    for source in sources:
        url = f"{source.rstrip('/')}/{file.name}"
        failure = _download(url, file.md5, path)
        if failure is None:
            return path
        failures.append(f"{url}: {failure}")
    raise DataError(
        f"{file.name} could not be downloaded to {folder}: {'; '.join(failures)}. Check the connection and "
        f"try again, or put the file (MD5 {file.md5}) there yourself"
    )


def _download(url: str, md5: str, path: Path) -> str | None:
    """Download `url` to `path`; if that fails, leave nothing behind and return what went wrong."""
    import http.client  # imported here, since few who import layerwise download anything
    import urllib.request

    unfinished = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response, unfinished.open("xb") as target:
            came = _copy(response, target)
        if came != md5:
            return f"the checksum should be {md5}, but is {came}"
        os.replace(unfinished, path)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: not a URL
        return f"{type(error).__name__}: {error}"
    finally:
        unfinished.unlink(missing_ok=True)
    return None


def _copy(source: BinaryIO, target: BinaryIO | None = None) -> str:
    """Read `source` to its end, into `target` if there is one, and return its MD5 checksum."""
    md5 = hashlib.md5(usedforsecurity=False)
    while chunk := source.read(CHUNK):
        md5.update(chunk)
        if target is not None:
            target.write(chunk)
    return md5.hexdigest()
