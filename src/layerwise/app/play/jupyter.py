"""An entry for the page in JupyterLab's launcher, by jupyter-server-proxy, which JupyterHub's users have."""

from __future__ import annotations

import sys
from typing import Any

from layerwise.app.play.running import TOKEN
from layerwise.app.play.server import new_token


def setup_layerwise() -> dict[str, Any]:
    """Return what jupyter-server-proxy needs to start the server and to show it.

    The proxy lets in who may use the Jupyter server; the token stays within the machine, in the environment of the
    process and in the launcher's address.
    """
    token = new_token()
    return {
        "command": [sys.executable, "-m", "layerwise", "play", "--no-browser", "--behind-proxy", "--port", "{port}"],
        "environment": {TOKEN: token},
        "timeout": 60,
        "new_browser_tab": True,
        "launcher_entry": {"title": "layerwise", "path_info": f"layerwise/{token}/"},
    }
