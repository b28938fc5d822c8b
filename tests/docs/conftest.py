"""Fixtures of the site's tests: the built site, a small one of the lesson beside this file, and pages of theirs.

docs_site   the folder of the built site: that of LAYERWISE_DOCS, or one that is built here
small_site  a site of `lessons/`, built twice; `faults` is what the first build said of `bad_lesson.md`
open_file   a function that opens a page of a site from its file; console errors and requests to elsewhere fail
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sites import DESKTOP

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
WITHOUT_SPHINX = ("test_explanation", "test_how_to", "test_parts", "test_reference")  # run with all other tests
collect_ignore_glob = [] if DOCS.is_dir() else ["test_*.py"]  # a copy of the sources without their pages


def pytest_collection_modifyitems(items):
    """What needs the extra `docs` alone is run with the main flows."""
    for item in items:
        here = HERE in item.path.parents and item.path.stem not in WITHOUT_SPHINX
        if here and not any(map(item.get_closest_marker, ("slow", "heavy", "browser"))):
            item.add_marker(pytest.mark.flow)


def build(source, target):
    """Build a site from a folder with the configuration of docs; return the finished process."""
    for package in ("sphinx", "myst_nb", "pydata_sphinx_theme", "numpydoc", "sphinx_design", "sphinx_copybutton"):
        pytest.importorskip(package)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-c", str(DOCS), str(source), str(target)]
    command += ["-t", "small"] if source != DOCS else []
    environment = {key: value for key, value in os.environ.items() if key != "LAYERWISE_EXECUTE"}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment)


@pytest.fixture(scope="session")
def docs_site(tmp_path_factory):
    if built := os.environ.get("LAYERWISE_DOCS"):
        assert (Path(built) / "index.html").is_file(), f"LAYERWISE_DOCS={built} holds no built site"
        return Path(built).resolve()
    target = tmp_path_factory.mktemp("docs") / "html"
    finished = build(DOCS, target)
    assert finished.returncode == 0, finished.stderr
    return target


@pytest.fixture(scope="session")
def small_site(tmp_path_factory):
    """Build with a bad lesson first, then without it and from what was kept."""
    folder = tmp_path_factory.mktemp("small")
    source = folder / "source"
    shutil.copytree(HERE / "lessons", source)
    index = (source / "index.md").read_text(encoding="utf-8")
    (source / "index.md").write_text(index.replace("\npage\n", "\npage\nbad_lesson\n"), encoding="utf-8")
    shutil.copy(HERE / "bad_lesson.md", source)
    faults = build(source, folder / "first" / "html")
    kept = (source / "_executed" / "lesson.ipynb").read_text(encoding="utf-8")
    (source / "bad_lesson.md").unlink()
    (source / "index.md").write_text(index, encoding="utf-8")
    again = build(source, folder / "second" / "html")
    return SimpleNamespace(source=source, html=folder / "second" / "html", faults=faults, again=again, kept=kept)


@pytest.fixture
def open_file(browser):
    """Return a function that opens a page from its file, at a size and in a scheme."""
    contexts, problems = [], []

    def open_it(path, size=DESKTOP, scheme="light", query="", **options):
        context = browser.new_context(viewport=size, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: None if _is_local(request.url) else problems.append(request.url))
        page.goto(f"{Path(path).as_uri()}{query}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not problems


def _is_local(address):
    return address.startswith(("file:", "data:", "blob:"))
