"""The pages that explain: their Python runs and prints what they show, and what they say of files and figures is so."""

import contextlib
import importlib.util
import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from layerwise.engine import native_engine

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "explanation"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the sources without their pages")
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)


def text(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def run(name):
    """Run the blocks of a page in one namespace; return what each printed, and what the page shows below it."""
    namespace, printed = {}, []
    for block, shown in BLOCK.findall(text(name)):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(block, namespace)
        printed.append((out.getvalue(), shown))
    return namespace, printed


def test_one_formula_prints_what_it_shows():
    _, printed = run("one-formula")
    assert len(printed) > 7
    for got, shown in printed:
        assert got == shown


def test_the_same_bits():
    _, printed = run("same-bits")
    assert [got for got, _ in printed] == ["True\nTrue\n", "1.0 0.0\n", "True\n"]


def test_the_engines_of_the_page_on_speed():
    namespace, _ = run("speed")
    assert namespace["net"].steps == 3 * 5 * 5


@pytest.fixture(scope="module")
def roofline():
    path = ROOT / "benchmarks" / "roofline.py"
    spec = importlib.util.spec_from_file_location("roofline", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["roofline"] = module  # a dataclass looks for its module
    spec.loader.exec_module(module)
    return module


def test_the_roofline_is_of_the_benchmarks(roofline):
    found = {work.letter: work for work in roofline.works(text("benchmarks"))}
    assert list(found) == ["A", "B", "C", "D", "E", "S"]
    a, c = found["A"], found["C"]
    assert a.rate("layerwise") == pytest.approx(95.88)  # 958,800 in 10 µs
    assert a.memory_bytes == 31_360  # ten rows of 784 float32
    assert c.memory_bytes == 128 * 784 * 4 + 2 * 3 * 4 * 669_706  # 785·512 + 513·512 + 513·10, with Adam's two states
    for work in found.values():
        assert work.rate("layerwise") < min(roofline.BOTH_CORES, 2 * roofline.MEMORY * work.intensity)
        assert work.rate("layerwise") > max(work.rate("PyTorch"), work.rate("plain NumPy"))
        assert work.intensity > roofline.BOTH_CORES / (2 * roofline.MEMORY)  # "none of these is limited by memory"
    rates = [work.rate("layerwise") for work in found.values()]
    assert (round(min(rates)), round(max(rates))) == (45, 309)  # as the picture's description says


def test_the_limits_are_those_of_the_page_on_architecture(roofline):
    page = text("architecture")
    for figure in (roofline.ONE_CORE, roofline.BOTH_CORES, roofline.MEMORY):
        assert re.search(rf"\b{figure:.0f}\b", page)
        assert re.search(rf"\b{figure:.0f}\b", text("speed"))


def test_the_committed_roofline_has_all_its_works(roofline):
    for name in ("roofline.svg", "roofline-dark.svg"):
        picture = (PAGES / name).read_text(encoding="utf-8")
        for word in (*"ABCDES", *roofline.PEERS, "both cores: 451 GFLOP/s"):
            assert f">{word}</text>" in picture


def test_every_page_is_in_the_index():
    index = text("index")
    for path in PAGES.glob("*.md"):
        if path.stem != "index":
            assert f"]({path.name})" in index
            assert re.search(rf"^{path.stem}$", index, re.MULTILINE)


def test_the_widths_at_which_pytorch_is_faster():
    page = text("benchmarks")
    widths = page[page.index("### With width") : page.index("### With depth")]
    rows = {
        cells[0]: [float(cell.replace(",", "")) for cell in cells[1:]]
        for line in widths.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 6
        and cells[0] in ("layerwise", "PyTorch")
    }
    faster = np.array(rows["layerwise"]) < rows["PyTorch"]
    assert faster.tolist() == [True, True, True, False, False]
    for figure in ("2.6 ms", "4.4 ms", "8.7 against 15.9 ms"):
        assert figure in text("limits")


SOURCE = ROOT / "src" / "layerwise"


def test_every_file_that_the_page_on_architecture_names_exists():
    page = text("architecture")
    known = {path.name for folder in (SOURCE, ROOT / "page", ROOT / "tools", ROOT / "tests", ROOT / "benchmarks")
             for path in folder.rglob("*") if "node_modules" not in path.parts}  # fmt: skip
    known |= {path.name for path in (ROOT / "docs").rglob("*.md")} | {path.name for path in (SOURCE).iterdir()}
    named = set(re.findall(r"[\w/-]+\.(?:py|h|cpp|ts|md|svelte)\b", page))
    assert len(named) > 150
    lost = {name for name in named if name.rpartition("/")[2] not in known}
    assert lost == set()
    for path in (name for name in named if name.startswith(("tests/", "tools/", "src/", "benchmarks/", "docs/"))):
        assert (ROOT / path).is_file(), path


def test_every_room_has_its_row():
    page = text("architecture")
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    listed = set(re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE))
    assert rooms - listed == set()


def test_the_versions_of_the_page_on_architecture():
    from layerwise.files import container

    [said] = re.findall(r"`format_version` \((\d+)\)", text("architecture"))
    assert int(said) == container.FORMAT_VERSION


@pytest.mark.skipif(native_engine._native is None, reason="no native engine")
def test_every_header_of_the_native_engine_is_named():
    page = text("architecture")
    native = SOURCE / "engine" / "native"
    for path in native.glob("*.h"):
        assert f"`{path.name}`" in page, path.name
