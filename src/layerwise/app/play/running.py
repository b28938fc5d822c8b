"""The server at work: a free port of this machine alone, the browser, and Ctrl-C, which ends it at once."""

from __future__ import annotations

import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from layerwise.app.play.opening import Opening
from layerwise.app.play.server import application, check_installed, new_token
from layerwise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
TOKEN = "LAYERWISE_PLAY_TOKEN"  # the environment variable by which jupyter.py gives a token that it knows
MOST_MESSAGE = 2**29  # bytes of a message from the page: the rows of a large table
SECONDS = 1  # for pages that are still asking when the server ends


def serve(
    opening: Opening | None = None,
    *,
    port: int = 0,
    view: str | None = None,
    behind_proxy: bool = False,
    site: Path | None = None,
    ready: Callable[[str], None] = print,
    **given: Any,
) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    opening : Opening, optional
        What the page opens.
    port : int
        Where; 0 takes a free one.
    view : str, optional
        Which view is shown first.
    behind_proxy : bool
        Whether a proxy asks for others, as in `application`.
    site : Path, optional
        The built page; by default the one in the package.
    ready : function
        Called with the address once the server answers.
    **given
        `network`, `data` and `take_over` of `Connection`.

    Raises
    ------
    DataError
        The port is taken, or the page is not built.
    MissingDependencyError
        The packages of the extra `play` are not installed.
    """
    check_installed()
    token = os.environ.pop(TOKEN, None) or new_token()
    app = application(token, opening, given=given, view=view, behind_proxy=behind_proxy, site=site)
    with bound(port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}/{token}/"
        with suppress(KeyboardInterrupt):  # uvicorn raises it once more when all is closed
            server(app, lambda: ready(address)).run(sockets=[listening])


def server(app: Any, ready: Callable[[], None]) -> Any:
    """Return uvicorn's server of an application, which says when it answers; `should_exit` ends it."""
    import uvicorn

    class Announced(uvicorn.Server):  # type: ignore[misc]
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            ready()

    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="off",
        ws="websockets-sansio", ws_max_size=MOST_MESSAGE, ws_per_message_deflate=False,
        timeout_graceful_shutdown=SECONDS,
    )  # fmt: skip
    return Announced(config)


def bound(port: int) -> socket.socket:
    """Return a socket at a port of this machine, which no other machine reaches.

    Raises
    ------
    DataError
        The port is taken or may not be used.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two servers have one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(64)
    except (OSError, OverflowError) as error:
        listening.close()
        words = getattr(error, "strerror", None) or str(error)
        raise DataError(f"port {port} of this machine cannot be used: {words}; without a port, a free one is") from None
    return listening


def open_browser(address: str) -> None:
    """Show the page in the reader's browser; where there is none, the address has been printed."""
    with suppress(Exception):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
