"""pictures.md: its Python runs as it stands, its pictures are there and small, and it names every picture."""

import re
from pathlib import Path

import pytest

from layerwise import plots

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "pictures.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the sources without their pages")


def text():
    return PAGE.read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(tmp_path, monkeypatch, capsys):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(matplotlib.rcParams, "figure.max_open_warning", 0)
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", text(), re.DOTALL):
        exec(block, namespace)
    assert len(pyplot.get_fignums()) > 20
    pyplot.close("all")
    assert {path.name for path in tmp_path.iterdir()} == {"confusion.png", "net.svg", "net.tex"}
    assert namespace["net"].evaluate(namespace["X_test"], namespace["y_test"])["accuracy"] > 0.8
    assert capsys.readouterr().out.startswith(r"\definecolor")


def test_every_picture_has_its_call():
    for name in set(plots.__all__) - {"picture_format", "save_learning_curves"}:
        assert f"lw.plots.{name}(" in text(), name


def test_its_images_are_there_and_small_and_each_is_shown_somewhere():
    docs = PAGE.parent.parent
    there = {path.name: path.stat().st_size for path in (docs / "images").iterdir() if path.is_file()}
    assert set(re.findall(r"\]\(\.\./images/([^)]+)\)", text())) <= set(there)
    files = [docs.parent / "README.md", *(path for path in docs.rglob("*.md") if "_build" not in path.parts)]
    pages = [path.read_text(encoding="utf-8") for path in files]
    assert [name for name in there if not any(f"images/{name}" in page for page in pages)] == []
    assert all(size < (700_000 if name.endswith(".webp") else 150_000) for name, size in there.items())
