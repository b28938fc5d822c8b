"""The addresses of the local server, and who may ask for them.

    http://127.0.0.1:PORT/TOKEN/              the page; start.json, data/… and the built files beside it
    ws://127.0.0.1:PORT/TOKEN/engine          Python, message by message: connection.py

The token is drawn anew for each server. What is without it gets nothing, so that neither another user of the machine
nor a page from elsewhere can ask. A name of another host that points to this machine (DNS rebinding) is refused by the
header Host, a page from elsewhere by Origin and Sec-Fetch-Site. No address is a path: each is looked up in a list.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from layerwise.app.play.contents import Make, contents, media_type, site_files
from layerwise.app.play.opening import Opening
from layerwise.errors import missing

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

LOCAL = ("127.0.0.1", "localhost", "[::1]")
WRONG_ADDRESS = "This address is not the page's. Open the one that `layerwise play` has printed, with its token.\n"
WRONG_HOST = "This server answers on its own machine only. Open the address that `layerwise play` has printed.\n"
_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' {socket}; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
_KEPT = "private, max-age=86400"  # the engine of the browser, for the time after the server: the token is another then
Scope = Mapping[str, Any]


def check_installed() -> None:
    """Refuse to serve without the packages of the extra `play`.

    Raises
    ------
    MissingDependencyError
        Names the package and the command that installs it.
    """
    import importlib.util

    for package in ("starlette", "uvicorn", "websockets"):
        if importlib.util.find_spec(package) is None:
            raise missing(package, "play", "the page's server")


def new_token() -> str:
    """Return a word that nobody guesses, for an address."""
    return secrets.token_urlsafe(24)


def application(
    token: str,
    opening: Opening | None = None,
    *,
    given: Mapping[str, Any] | None = None,
    view: str | None = None,
    behind_proxy: bool = False,
    site: Path | None = None,
) -> Starlette:
    """Return the ASGI application of a server.

    Parameters
    ----------
    token : str
        The first part of each address.
    opening : Opening, optional
        What the page opens.
    given : dict, optional
        What pages are given besides: `network`, `data` and `take_over` of `Connection`.
    view : str, optional
        Which view is shown first.
    behind_proxy : bool
        Whether requests come through a proxy that has asked who they are from, such as JupyterHub's: they may then
        name any host.
    site : Path, optional
        The built page; by default the one in the package.
    """
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
    from starlette.routing import Route, WebSocketRoute

    from layerwise.app.play.sockets import serve_socket

    files = site_files() if site is None else site_files(site)
    made: dict[str, Make] = contents(opening, serves=True, view=view)

    async def give(request: Any) -> Response:
        name = request.path_params["name"] or "index.html"
        if name in made:
            return Response(await run_in_threadpool(made[name]), media_type=media_type(name))
        if name in files:
            kept = {} if name == "index.html" else {"cache-control": _KEPT}
            return FileResponse(files[name], media_type=media_type(name), headers=kept)
        return PlainTextResponse("The page has no file of this name.\n", status_code=404)

    async def to_folder(request: Any) -> Response:
        return RedirectResponse(f"{token}/")

    async def engine(socket: Any) -> None:
        await serve_socket(socket, **(given or {}))

    routes = [
        Route(f"/{token}", to_folder),
        WebSocketRoute(f"/{token}/engine", engine),
        Route(f"/{token}/{{name:path}}", give),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(Guard, token=token, behind_proxy=behind_proxy)
    return app


class Guard:
    """Refuse a request without the token, from another page or for another host; tell browsers what a page may do.

    Parameters
    ----------
    app : application
        What answers the others.
    token : str
        The first part of each address.
    behind_proxy : bool
        Whether the host may be any.
    """

    def __init__(self, app: Any, token: str, behind_proxy: bool = False) -> None:
        self.app, self.token, self.behind_proxy = app, token, behind_proxy

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request, or let it through."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        problem = self._problem(scope, headers)
        if problem is None:
            await self.app(scope, receive, _with_headers(send, headers.get("host", "")))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403})  # before it is accepted: the browser sees status 403
        else:
            await _refuse(send, problem)

    def _problem(self, scope: Scope, headers: Mapping[str, str]) -> str | None:
        """Return why a request is not answered."""
        host = headers.get("host", "")
        if not self.behind_proxy and urlsplit(f"//{host}").netloc.rpartition(":")[0] not in LOCAL and host not in LOCAL:
            return WRONG_HOST
        first = scope["path"].lstrip("/").partition("/")[0]
        if not secrets.compare_digest(first.encode(), self.token.encode()):
            return WRONG_ADDRESS
        if not _is_own(scope, headers):
            return "Another page has asked for this one's data.\n"
        return None


def _is_own(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Return whether it is the page itself that asks, or a reader who opens it."""
    hosts = {headers.get("host", ""), headers.get("x-forwarded-host", "")} - {""}
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in hosts:
        return False
    site, mode = headers.get("sec-fetch-site", "same-origin"), headers.get("sec-fetch-mode")
    opens = mode == "navigate" and scope["type"] == "http" and scope["method"] == "GET"
    return opens or site in ("same-origin", "none")


def _with_headers(send: Callable[..., Any], host: str) -> Callable[..., Any]:
    """Return what sends a response with the headers that all have."""
    policy = _POLICY.format(socket=f"ws://{host} wss://{host}")
    extra = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
    extra.append((b"content-security-policy", policy.encode("latin-1")))

    async def send_with_headers(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            added = [(name, value) for name, value in extra if name not in own]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return send_with_headers


async def _refuse(send: Callable[..., Any], words: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"referrer-policy", b"no-referrer")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})
