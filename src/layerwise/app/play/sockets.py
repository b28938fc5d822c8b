"""The WebSocket between a page and Python: frames in, frames out; `connection.py` knows what they mean."""

from __future__ import annotations

import asyncio
from typing import Any

from layerwise.app.play.connection import Connection

WAITING = 4  # frames that a page may be behind before reports of progress are put together


async def serve_socket(socket: Any, **given: Any) -> None:
    """Serve one page until it goes away; `given` are arguments of its `Connection`."""
    from starlette.websockets import WebSocketDisconnect

    await socket.accept()
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def post(frame: bytes) -> None:  # from any thread
        try:
            loop.call_soon_threadsafe(waiting.put_nowait, frame)
        except RuntimeError:  # the server has ended meanwhile
            return

    async def write() -> None:
        while True:
            await socket.send_bytes(await waiting.get())

    connection = Connection(post, lambda: waiting.qsize() < WAITING, **given)
    writer = asyncio.create_task(write())
    try:
        while True:
            connection.receive(await socket.receive_bytes())
    except (WebSocketDisconnect, KeyError):  # it has gone away, or has sent text
        pass
    finally:
        writer.cancel()
        connection.close()
