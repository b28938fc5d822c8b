"""What the page opens first, and `start.json`, which says so to it.

    layerwise play flowers.csv ─► opening_of(path) ─► Opening ─► start.json and data/flowers.csv ─► page/src/start.ts

`start.json` lies beside `index.html`. All of its addresses are relative to it:

    {"engine": "engine",                       the server's WebSocket; null in a site of plain files
     "server": "layerwise 0.9.0",              what answers there; null as well
     "view": "tables",                         playground, digits, tables, inside or out; null: the page's own choice
     "open": {"kind": "table",                 model, table, picture or network; null: nothing
              "name": "flowers.csv",           what the file is called
              "url": "data/flowers.csv"},      a network lives in the server and has no url
     "data": {"mnist": "data/mnist.json",      where data sets lie; a site without them has {}
              "reader": "data/own-digits.safetensors"}}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import layerwise
from layerwise.errors import DataError, FormatError

MOST_BYTES = 2**28  # of a file that the page opens
_MODELS = (".safetensors",)
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
_TABLES = (".csv", ".tsv", ".txt")
VIEWS = {"model": None, "table": "tables", "picture": "digits", "network": None}


@dataclass(frozen=True)
class Opening:
    """A file for the page.

    Attributes
    ----------
    kind : {"model", "table", "picture", "network"}
        What is in it.
    name : str
        What it is called, without its folder.
    content : bytes
        The file; empty for a network, which stays in the server.
    """

    kind: str
    name: str
    content: bytes = b""

    @property
    def url(self) -> str | None:
        """Where the page finds it; the user's own name is no part of an address."""
        ending = Path(self.name).suffix.lower()
        return None if self.kind == "network" else f"data/opened-{self.kind}{ending}"


def opening_of(path: Path) -> Opening:
    """Read a file for the page; what it is follows from its ending.

    Raises
    ------
    DataError
        It is nothing that the page opens, or too large.
    FormatError
        A model file that is none.
    OSError
        It cannot be read.
    """
    ending = path.suffix.lower()
    kinds = {"model": _MODELS, "table": _TABLES, "picture": _PICTURES}
    kind = next((kind for kind, endings in kinds.items() if ending in endings), None)
    if kind is None:
        known = ", ".join(end for endings in kinds.values() for end in endings)
        raise DataError(f"{path}: the page opens models, tables and pictures, files that end with {known}")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    size = path.stat().st_size
    if not size:
        raise DataError(f"{path}: the file is empty")
    if size > MOST_BYTES:
        raise DataError(f"{path}: it has {size:,} bytes; the page opens files of at most {MOST_BYTES:,}")
    if kind == "model":
        _check_model(path)
    return Opening(kind, path.name, path.read_bytes())


def _check_model(path: Path) -> None:
    from layerwise.exchange.loading import load
    from layerwise.network.network import Network

    if not isinstance(load(path), Network):
        raise FormatError(f"{path}: the page opens networks; this file holds an ensemble or an estimator")


def start(opening: Opening | None, serves: bool, view: str | None = None, data: bool = True) -> dict[str, Any]:
    """Return what `start.json` says.

    Parameters
    ----------
    opening : Opening, optional
        What the page opens.
    serves : bool
        Whether Python is at the other end; False for a site of plain files.
    view : str, optional
        Which view is shown; by default the one that suits the opening.
    data : bool
        Whether the data sets are there.
    """
    return {
        "engine": "engine" if serves else None,
        "server": f"layerwise {layerwise.__version__}" if serves else None,
        "view": view or (VIEWS[opening.kind] if opening is not None else None),
        "open": None if opening is None else {"kind": opening.kind, "name": opening.name, "url": opening.url},
        "data": {"mnist": "data/mnist.json", "reader": "data/own-digits.safetensors"} if data else {},
    }
