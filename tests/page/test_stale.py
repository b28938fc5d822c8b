"""The built page is of the sources that are here: sources.json, which the build writes, has their digests."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL, BUILT = ROOT / "tools/build_page.py", ROOT / "src/layerwise/app/play/site/sources.json"
FIGURES = ROOT / "docs/_static/figures/sources.json"


def build_page():
    specification = importlib.util.spec_from_file_location("build_page", TOOL)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    return tool


@pytest.mark.skipif(not (TOOL.exists() and (ROOT / "page").exists()), reason="the page's sources are not here")
@pytest.mark.skipif(not BUILT.exists(), reason="the page is not built: python tools/build_page.py")
def test_the_built_page_is_of_these_sources():
    tool = build_page()
    built, here = json.loads(BUILT.read_text("utf-8")), tool.digests(tool.sources())
    changed = sorted(name for name in {*built, *here} if built.get(name) != here.get(name))
    assert not changed, f"the built page is not of {', '.join(changed)} as they are now: run python tools/build_page.py"


@pytest.mark.skipif(not (TOOL.exists() and FIGURES.exists()), reason="the documentation's sources are not here")
def test_the_built_figures_are_of_these_sources():
    built = json.loads(FIGURES.read_text("utf-8"))
    assert "page/src/figures/main.ts" in built
    here = build_page().digests(ROOT / name for name in built if (ROOT / name).exists())
    changed = sorted(name for name in built if built[name] != here.get(name))
    assert not changed, f"the figures are not of {', '.join(changed)}: run python tools/build_page.py --figures"
