"""Every link within the site leads somewhere; the check finds those that do not."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def broken_links():
    path = ROOT / "tools" / "check_links.py"
    specification = importlib.util.spec_from_file_location("check_links", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.broken_links


def test_the_check_finds_broken_links(broken_links, tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here"><a href="#there"><a href="b.html"><a href="sub/c.html#x%20y"><a href="sub/">'
        '<a href="https://example.org/none"><img src="none.png"><script src="sub/c.html?v=1"></script>'
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.html").write_text('<p id="x y"><a href="../a.html#nowhere">')
    (tmp_path / "sub" / "index.html").write_text("")
    assert [line.split(": ")[0:2] for line in broken_links(tmp_path)] == [
        ["a.html:1", "#there"],
        ["a.html:1", "b.html"],
        ["a.html:1", "none.png"],
        ["sub/c.html:1", "../a.html#nowhere"],
    ]


def test_links_within_the_site(docs_site, broken_links):
    assert broken_links(docs_site) == []
