"""A page at the other end of a WebSocket or of a notebook's channel: its calls, each answered or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Connection:
    """One page."""

    def __init__(self, post: Callable[[bytes], None], keeps_up: Callable[[], bool], network: Any = None) -> None:
        self.post, self.keeps_up, self.network = post, keeps_up, network

    def receive(self, frame: bytes) -> None:
        """Take a call."""

    def close(self) -> None:
        """End all that the page has begun."""
