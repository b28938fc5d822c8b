"""What the page fetches before the reader does anything: at most 400 KB as web servers compress it, beside data."""

import gzip

import pytest
from serving import plain_files

MOST = 400_000
DATA = ("data/",)


@pytest.mark.flow
def test_the_first_load_is_small(open_page, site, static_server):
    page, sizes = open_page(service_workers="block"), {}

    def received(response):
        name = response.url.removeprefix(static_server).lstrip("/")
        if not name.startswith(DATA):
            sizes[name] = len(gzip.compress(response.body(), 9))

    page.on("response", received)
    page.goto(f"{static_server}#playground")
    page.until("document.querySelector('.net canvas')?.clientWidth > 150")
    page.wait_for_load_state("networkidle")
    print(f"{sum(sizes.values()):,} bytes:", dict(sorted(sizes.items(), key=lambda item: -item[1])))
    assert any(name.endswith("engine.wasm") for name in sizes)
    assert sum(sizes.values()) < MOST


def test_the_built_page_alone_is_one_that_works(open_page, site):
    """Without what `play --static` adds; it asks for `start.json`, which need not be there."""
    with plain_files(site) as address:
        page = open_page(service_workers="block")
        page.goto(f"{address}#playground")
        page.until("document.querySelector('.net canvas')?.clientWidth > 150")
        page.problems[:] = [problem for problem in page.problems if "404" not in problem]
