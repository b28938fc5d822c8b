"""The page in a notebook, with a network in it: Jupyter, VS Code, Colab, marimo.

All of it goes through the widget's own channel, so that no port is needed: the page's files, and the same frames of
messages that a WebSocket carries. page/src/front.ts is the other end.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from layerwise.app.play.connection import Connection
from layerwise.app.play.contents import Make, contents, site_files
from layerwise.app.play.described import Samples
from layerwise.app.play.opening import Opening
from layerwise.app.play.taking_over import take_over
from layerwise.errors import missing
from layerwise.network.network import Network

if TYPE_CHECKING:
    from pathlib import Path

# What is shown where the widget is not; Jupyter cuts it after 110 characters.
WITHOUT_EXTENSION = (
    "The page is a widget: pip install anywidget in the environment of Jupyter, and reload the notebook."
)
BEHIND = 8  # frames that a page may not have read before reports are put together


def widget(network: Network, data: Samples | None = None, height: int = 760) -> Any:
    """Return a widget that shows the page with this network in it.

    Raises
    ------
    MissingDependencyError
        anywidget is not installed.
    DataError
        The page is not built.
    """
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise missing(str(error.name), "play", "the page in a notebook") from None
    files = site_files()

    class Page(anywidget.AnyWidget):  # type: ignore[misc]
        """The page; `front.js` shows it."""

        _esm = files["front.js"].read_text(encoding="utf-8")
        height = traitlets.Int(760).tag(sync=True)
        workers = traitlets.List(traitlets.Unicode()).tag(sync=True)

        def __repr__(self) -> str:
            return WITHOUT_EXTENSION

    page = Page(height=height, workers=_workers(files))
    pages = Pages(page, files, network, data)
    page.on_msg(pages.hear)
    return page


def _workers(files: dict[str, Path]) -> list[str]:
    """Return the scripts that the page starts as workers."""
    script = files["widget.js"].read_text(encoding="utf-8")
    return sorted(set(re.findall(r"layerwiseAddress\([`\"']([^`\"']+)", script)))


class Pages:
    """The pages that show one widget: there may be several views of it.

    Parameters
    ----------
    channel : widget
        Has `send(content, buffers)`.
    files : dict
        The built page.
    network, data
        The user's own.
    """

    def __init__(self, channel: Any, files: dict[str, Path], network: Network, data: Samples | None) -> None:
        self.channel, self.files, self.network, self.data = channel, files, network, data
        self.made: dict[str, Make] = contents(Opening("network", "network"), serves=True)
        self.connections: dict[str, Connection] = {}
        self.behind: dict[str, int] = {}

    def hear(self, widget: Any, content: Any, buffers: Any) -> None:
        """Take a message of a page."""
        page = content.get("page") if isinstance(content, dict) else None
        if not isinstance(page, str):
            return
        kind = content.get("kind")
        if kind == "file":
            self._give(page, str(content.get("name")))
        elif kind == "frame" and buffers:
            self._connection(page).receive(bytes(buffers[0]))
        elif kind == "read":
            self.behind[page] = max(0, self.behind.get(page, 0) - 1)
        elif kind == "close" and page in self.connections:
            self.connections.pop(page).close()

    def _give(self, page: str, name: str) -> None:
        content = {"kind": "file", "page": page, "name": name}
        if name in self.made:
            self.channel.send(content, [self.made[name]()])
        elif name in self.files:
            self.channel.send(content, [self.files[name].read_bytes()])
        else:
            self.channel.send({**content, "kind": "refused"})

    def _connection(self, page: str) -> Connection:
        if page not in self.connections:
            self.connections[page] = Connection(
                partial(self._post, page),
                lambda: self.behind.get(page, 0) < BEHIND,
                self.network,
                partial(take_over, self.network),
                self.data,
            )
        return self.connections[page]

    def _post(self, page: str, frame: bytes) -> None:
        self.behind[page] = self.behind.get(page, 0) + 1
        self.channel.send({"kind": "frame", "page": page}, [frame])
