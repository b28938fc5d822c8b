"""Fixtures of the page: the built site, two servers of it, and its pages in Chromium.

    site            the folder of the built page
    static_server   its address at a plain file server, as any web host is one
    play_server     its address at `layerwise play`'s server, in a process of its own
    page            a new page of Chromium; console errors and requests to elsewhere fail the test
    open_page       a function that makes more such pages, of other sizes or schemes

A page keeps `requests`, the addresses that it has asked for. `page.until("an expression")` waits until it, or
what it promises, is true: Playwright's `wait_for_function` is refused by the server's content security policy.
"""

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from serving import plain_files

SITE = Path(__file__).parents[2] / "src" / "layerwise" / "app" / "play" / "site"


@pytest.fixture(scope="session")
def site():
    if not (SITE / "index.html").is_file():
        pytest.skip("the page is not built: cd page && npm ci && npm run build")
    return SITE


@pytest.fixture(scope="session")
def static_server(site, tmp_path_factory):
    """As `layerwise play --static` writes it."""
    from layerwise.app.play.static import write_site

    folder = tmp_path_factory.mktemp("static") / "site"
    write_site(folder)
    with plain_files(folder) as address:
        yield address


class Playing:
    """`layerwise play` in a process of its own."""

    def __init__(self, *arguments):
        pytest.importorskip("uvicorn")
        command = [sys.executable, "-m", "layerwise", "play", "--no-browser", *map(os.fspath, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.address = ""
        for line in self.process.stdout:
            self.address = next((word for word in line.split() if word.startswith("http://127.0.0.1")), "")
            if self.address:
                break
        else:
            raise AssertionError(self.process.communicate()[1])

    def interrupt(self):
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=10)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def play():
    """Start `layerwise play` with these arguments; they all end with the test."""
    started = []

    def start(*arguments):
        started.append(Playing(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="session")
def play_server(site):
    one = Playing()
    yield one.address
    one.close()


@pytest.fixture
def open_page(browser):
    """Make a page; `options` are those of Playwright's contexts, such as viewport and color_scheme.

    Its attribute `problems` is a list to which console errors, uncaught errors and requests to elsewhere are added; a
    test that means to make one clears it.
    """
    contexts, pages = [], []

    def make(**options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options}))
        page = contexts[-1].new_page()
        page.requests, page.problems, page.until = [], [], functools.partial(_until, page)
        page.on("console", lambda m: page.problems.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: page.problems.append(f"uncaught: {error}"))
        contexts[-1].on("request", functools.partial(_requested, page))
        pages.append(page)
        return page

    yield make
    found = [problem for page in pages for problem in page.problems]
    for context in contexts:
        context.close()
    assert found == []


def _until(page, expression, seconds=15):
    from playwright.sync_api import Error

    end = time.monotonic() + seconds
    while True:
        try:
            if page.evaluate(f"async () => Boolean(await ({expression}))"):
                return
        except Error as error:
            if "context was destroyed" not in str(error):  # the page begins again
                raise
        assert time.monotonic() < end, f"not true after {seconds} s: {expression}"
        page.wait_for_timeout(50)


def _requested(page, request):
    where = urlsplit(request.url)
    if where.scheme in ("data", "blob", "about"):
        return
    page.requests.append(request.url)
    if where.hostname != "127.0.0.1":
        page.problems.append(f"a request to elsewhere: {request.url}")


@pytest.fixture
def page(open_page):
    return open_page()
