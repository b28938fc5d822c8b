"""The page as a folder of plain files, for any web server: for teachers, and for documentation.

`layerwise-site.json` in it lists all files with their digests, so that a later call knows what it may replace.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import layerwise
from layerwise.app.play.contents import SITE, contents, site_files
from layerwise.app.play.opening import Opening, opening_of
from layerwise.errors import DataError, LayerwiseError

LIST = "layerwise-site.json"
OF_WIDGET = ("front.js", "widget.js", "widget.css")  # built files that notebooks alone use


def write_site(
    folder: str | os.PathLike[str], opening: Opening | None = None, *, data: bool = True, site: Path | None = None
) -> list[str]:
    """Write the page as a folder of plain files; it is there whole, or as it was before.

    Parameters
    ----------
    folder : path
        New, empty, or such a site, which is replaced.
    opening : Opening, optional
        What the page opens: it is in the folder too.
    data : bool
        Whether MNIST (12 MB) and the reader of handwriting (1 MB) are in the folder.
    site : Path, optional
        The built page; by default the one in the package.

    Returns
    -------
    list of str
        The files.

    Raises
    ------
    DataError
        The folder has something else in it, or the page is not built.
    OSError
        It cannot be written.
    """
    target = Path(folder).resolve()
    built = site_files(SITE if site is None else site)
    files = {name: path for name, path in built.items() if name not in OF_WIDGET}
    _check(target)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=_parent(target)))
    try:
        new = beside / "new"
        names = _write(new, files, opening, data)
        if target.exists():
            target.rename(beside / "old")
        try:
            new.rename(target)
        except OSError:
            if (beside / "old").exists():
                (beside / "old").rename(target)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return names


def _parent(target: Path) -> Path:
    if not target.parent.is_dir():
        raise DataError(f"cannot write {target}: there is no directory {target.parent}; make it first")
    return target.parent


def _check(target: Path) -> None:
    """Refuse a folder in which there is anything but such a site, as it was written."""
    if not target.exists():
        return
    if not target.is_dir():
        raise DataError(f"cannot write {target}: it is a file; give another name")
    there = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if not path.is_dir()}
    if not there:
        return
    known = _listed(target)
    for name, path in sorted(there.items()):
        if name == LIST and known:
            continue
        if name not in known:
            raise DataError(
                f"cannot write {target}: it has {name}, which is no file of such a site; give a new or an empty folder"
            )
        if path.is_symlink() or _digest(path.read_bytes()) != known[name]:
            raise DataError(
                f"cannot write {target}: {name} in it was changed since it was written; give a new or an empty folder"
            )


def _listed(target: Path) -> dict[str, str]:
    """Return the files of a site with their digests; nothing if it is none."""
    try:
        found = json.loads((target / LIST).read_text(encoding="utf-8"))["files"]
        return {str(name): str(digest) for name, digest in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(new: Path, files: dict[str, Path], opening: Opening | None, data: bool) -> list[str]:
    """Write all files into a new folder."""
    made = contents(opening, serves=False, data=data)
    new.mkdir()
    digests = {}
    for name in sorted({*files, *made}):
        content = made[name]() if name in made else files[name].read_bytes()
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digests[name] = _digest(content)
    about = {"library": f"layerwise {layerwise.__version__}", "files": digests}
    (new / LIST).write_text(json.dumps(about, indent=1), encoding="utf-8")
    return [*digests, LIST]


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def written(folder: str | os.PathLike[str], names: Sequence[str]) -> str:
    """Return what is said of a folder that was written."""
    size = sum((Path(folder) / name).stat().st_size for name in names)
    return f"wrote {len(names)} files to {folder} ({size / 2**20:.1f} MB); any web server can serve them"


def command(words: Sequence[str]) -> int | None:
    """Run `play [FILE] --static FOLDER` where typer is not installed; None for any other command line."""
    rest = [part for word in words for part in (word.split("=", 1) if word.startswith("--static=") else [word])]
    if rest[:1] != ["play"] or rest.count("--static") != 1 or rest.index("--static") + 1 == len(rest):
        return None
    at = rest.index("--static")
    folder, files = rest[at + 1], rest[1:at] + rest[at + 2 :]
    if len(files) > 1 or any(word.startswith("-") for word in [folder, *files]):
        return None
    try:
        names = write_site(folder, opening_of(Path(files[0])) if files else None)
    except (LayerwiseError, OSError) as error:
        os.write(2, f"error: {error}\n".encode())
        return 1
    print(written(folder, names))
    return 0
