"""Servers of the page in a thread of the tests: a plain one of files, and layerwise's own."""

import contextlib
import functools
import http.server
import os
import threading

from layerwise.app.play import running
from layerwise.app.play.server import application

TOKEN = "a-word-that-nobody-guesses"


@contextlib.contextmanager
def plain_files(folder):
    """The address of a plain file server of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    handler = functools.partial(Quiet, directory=os.fspath(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


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
