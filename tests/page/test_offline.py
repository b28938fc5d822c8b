"""The page without a network after one visit, and a new version at the next."""

import re
import shutil

import numpy as np
import pytest
from serving import plain_files
from training_page import create, theta_of, twin

from layerwise.app.play.opening import opening_of
from layerwise.app.play.static import write_site

READY = "navigator.serviceWorker.getRegistration().then((one) => one?.active?.state === 'activated')"


@pytest.fixture
def folder(site, tmp_path):
    write_site(tmp_path / "site", data=False)
    return tmp_path / "site"


@pytest.mark.flow
def test_after_one_visit_the_page_is_there_without_a_network(page, folder):
    with plain_files(folder) as address:
        page.goto(address)
        page.until(READY)
    page.goto(address)  # the server is gone
    assert "layerwise" in page.title()
    assert create(page) == "browser"
    page.evaluate("session.run({ epochs: 2 })")
    assert np.allclose(theta_of(page), twin(2).theta, atol=1e-5)
    for view in ("digits", "tables", "inside", "out", "playground"):
        page.goto(f"{address}#{view}")
        page.until("!document.querySelector('main [role=alert]')")
    assert page.evaluate("fetch('start.json').then((response) => response.json())")["engine"] is None
    page.problems.clear()  # what the browser says of offline.js, which it looks for


def test_data_of_the_first_visit_are_kept(page, site, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n")
    write_site(tmp_path / "site", opening_of(table), data=False)
    with plain_files(tmp_path / "site") as address:
        page.goto(address)
        read = "fetch('data/opened-table.csv').then((response) => response.text())"
        page.evaluate(read)
        page.until(READY)
        page.until("caches.match('data/opened-table.csv')")
    assert page.evaluate(read) == "a,b\n1,2\n"
    page.problems.clear()


def test_a_new_version_takes_over_at_the_next_visit(page, folder):
    with plain_files(folder) as address:
        page.goto(address)
        page.until(READY)
        page.goto("about:blank")
        change(folder)
        page.goto(address)
        page.until("navigator.serviceWorker.getRegistration().then((one) => one.waiting)", seconds=30)
        page.goto(address)
        page.until("document.title && document.documentElement.outerHTML.includes('<!-- new -->')")
        assert len(page.evaluate("caches.keys()")) <= 2


def change(folder):
    """Another version of the built page in the folder."""
    index, worker = folder / "index.html", folder / "offline.js"
    index.write_text(index.read_text().replace("<body>", "<body><!-- new -->"))
    worker.write_text(re.sub(r'"[0-9a-f]{16}"', '"another version"', worker.read_text()))


def test_a_page_of_the_server_is_not_kept(page, play_server):
    page.goto(play_server)
    page.wait_for_timeout(500)
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


def test_two_sites_of_one_host_do_not_share(page, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "both" / "one")
    shutil.copytree(folder, tmp_path / "both" / "two")
    change(tmp_path / "both" / "two")
    with plain_files(tmp_path / "both") as address:
        for name in ("one", "two"):
            page.goto(f"{address}{name}/")
            page.until(READY)
        assert len([name for name in page.evaluate("caches.keys()") if not name.endswith(" read")]) == 2
