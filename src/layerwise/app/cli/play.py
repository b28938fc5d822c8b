"""`layerwise play`: the page in a browser, served from this machine, or written as a site of plain files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from layerwise.app.cli import console
from layerwise.app.play.contents import site_files
from layerwise.app.play.opening import opening_of


def play(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="What the page opens: a model (.safetensors), a table (.csv), a picture of digits."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it is served; by default a free port.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open nothing.")] = False,
    static: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write it as a site of plain files, with FILE in it, and serve nothing."),
    ] = None,
    no_data: Annotated[
        bool, typer.Option("--no-data", help="For --static: without MNIST and the reader of handwriting (13 MB).")
    ] = False,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="Answer a proxy that asks who others are, such as JupyterHub's.")
    ] = False,
) -> None:
    """Open the page: train networks in the browser, and look at every number of them.

    It is served to this machine alone, at an address with a token in it, until Ctrl-C.
    """
    if no_data and static is None:
        raise typer.BadParameter(
            "it is for --static; without, nothing is read that is not asked for", param_hint="--no-data"
        )
    served = {"--port": port != 0, "--no-browser": no_browser, "--behind-proxy": behind_proxy}
    for name, is_given in served.items():
        if is_given and static is not None:
            raise typer.BadParameter("nothing is served with --static; leave one of them out", param_hint=name)
    opening = None if file is None else opening_of(file)
    if static is not None:
        from layerwise.app.play.static import write_site, written

        console.show(written(static, write_site(static, opening, data=not no_data)))
        return
    from layerwise.app.play.running import open_browser, serve

    site_files()  # says now that the page is not built

    def ready(address: str) -> None:
        seen = "is served" if behind_proxy else f"{_seen_from_outside(address)}   (Ctrl-C ends it)"
        console.show(f"the page: {seen}")  # a proxy's log need not have the token
        if not no_browser:
            open_browser(address)

    serve(opening, port=port, behind_proxy=behind_proxy or _prefix() is not None, ready=ready)


def _prefix() -> str | None:
    """Return where JupyterHub serves this user's machine; None elsewhere."""
    return os.environ.get("JUPYTERHUB_SERVICE_PREFIX")


def _seen_from_outside(address: str) -> str:
    """Return the address as the reader's browser has it: in JupyterHub, by way of jupyter-server-proxy."""
    prefix = _prefix()
    if prefix is None:
        return address
    port, path = address.removeprefix("http://127.0.0.1:").split("/", 1)
    return f"{prefix.rstrip('/')}/proxy/{port}/{path}"
