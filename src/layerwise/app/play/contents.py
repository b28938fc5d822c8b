"""The files of the page, by their addresses: the built site, `start.json`, and data made when they are asked for.

data/mnist.json                 {"n_in": 784, "classes": [0, …], "parts": [{"set": "train", "begin": 0, "rows": 10000,
                                 "images": "mnist-train-0.bin.gz", "labels": "mnist-train-0-labels.bin.gz"}, …]}
data/mnist-train-0.bin.gz       10,000 rows of 784 bytes, packed; the sets are cut as `load_mnist` cuts them
data/mnist-train-0-labels.bin.gz    a byte a row
data/own-digits.safetensors     the reader of handwriting that comes with the package
"""

from __future__ import annotations

import gzip
import json
import mimetypes
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from layerwise.app.play.opening import Opening, start
from layerwise.errors import DataError

SITE = Path(__file__).parent / "site"
PART = 10_000  # rows of MNIST in a file
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".csv": "text/csv; charset=utf-8",
    ".gz": "application/gzip",  # the page unpacks it itself: no Content-Encoding
}
Make = Callable[[], bytes]


def site_files(folder: Path = SITE) -> dict[str, Path]:
    """Return the files of the built page by their addresses.

    Raises
    ------
    DataError
        The page is not built.
    """
    if not (folder / "index.html").is_file():
        raise DataError(
            f"the page is not built: {folder} has no index.html. An installed layerwise has it; in a clone run: "
            "cd page && npm ci && npm run build"
        )
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): path for path in paths}


def media_type(name: str) -> str:
    """Return the type that a browser needs to be told of a file."""
    ending = Path(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def contents(opening: Opening | None, serves: bool, view: str | None = None, data: bool = True) -> dict[str, Make]:
    """Return all files beside the built ones, each as what makes its bytes; without `data`, no data sets."""
    said = json.dumps(start(opening, serves, view, data), indent=1).encode()
    found: dict[str, Make] = {"start.json": lambda: said}
    if data:
        found |= {"data/own-digits.safetensors": _reader, **mnist(level=1 if serves else 6)}
    if opening is not None and opening.url is not None:
        content = opening.content
        found[opening.url] = lambda: content
    return found


def mnist(level: int) -> dict[str, Make]:
    """Return the files of MNIST by their addresses, packed so well: what there is, and its parts."""
    parts: list[dict[str, Any]] = []
    found: dict[str, Make] = {}
    for name, rows, file, first in (("train", 50_000, 0, 0), ("validation", 10_000, 0, 50_000), ("test", 10_000, 2, 0)):
        for begin in range(0, rows, PART):
            stem = f"mnist-{name}-{begin // PART}"
            images, labels = f"{stem}.bin.gz", f"{stem}-labels.bin.gz"
            parts.append({"set": name, "begin": begin, "rows": PART, "images": images, "labels": labels})
            found[f"data/{images}"] = partial(_packed_again, file, 16, first + begin, 784, level)
            found[f"data/{labels}"] = partial(_packed_again, file + 1, 8, first + begin, 1, level)
    about = {"n_in": 784, "height": 28, "width": 28, "classes": list(range(10)), "parts": parts}
    said = json.dumps(about, indent=1).encode()
    return {"data/mnist.json": lambda: said, **found}


@lru_cache(maxsize=4)
def _packed_again(file: int, head: int, begin: int, size: int, level: int) -> bytes:
    """Return 10,000 rows of one of MNIST's files, of `size` bytes each; no more than is needed is unpacked."""
    from layerwise.datasets.mnist import FILE_NAMES
    from layerwise.datasets.packaged import packaged_files

    with packaged_files(FILE_NAMES[file]) as paths, gzip.open(paths[0]) as packed:
        packed.seek(head + begin * size)
        return gzip.compress(packed.read(PART * size), compresslevel=level, mtime=0)


def _reader() -> bytes:
    import layerwise.handwriting
    from layerwise.handwriting.shipped import NAME

    return (Path(layerwise.handwriting.__file__).parent / "files" / NAME).read_bytes()
