"""The page's server in a thread of the tests."""

import contextlib
import threading

from layerwise.app.play import running
from layerwise.app.play.server import application

TOKEN = "a-word-that-nobody-guesses"


@contextlib.contextmanager
def served(site, opening=None, port=0, **options):
    """A server in a thread; gives its port, and the server."""
    listening, ready = running.bound(port), threading.Event()
    server = running.server(application(TOKEN, opening, site=site, **options), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert ready.wait(10)
    port = listening.getsockname()[1]
    try:
        yield port, server
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
        assert not thread.is_alive()
