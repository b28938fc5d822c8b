"""The README: its Python runs, its commands exist, and its figures are those of the pages that it names."""

import re
from pathlib import Path

import pytest

import layerwise as lw
from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
with_docs = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the sources without their pages")


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    """With one epoch instead of five: it prints the accuracy."""
    monkeypatch.chdir(tmp_path)
    [block] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(block.strip().splitlines()) <= 6
    namespace = {}
    exec(block.replace("epochs=5", "epochs=1, verbose=False"), namespace)
    assert float(capsys.readouterr().out) > 0.93
    assert namespace["net"].steps > 0


def test_its_commands_exist():
    typer = pytest.importorskip("typer")
    from layerwise.app.cli.app import app

    commands = set(typer.main.get_command(app).commands)
    named = set(re.findall(r"\.venv/bin/layerwise (\w+)", TEXT))
    assert named == {"predict", "train", "play"}
    assert named <= commands


def test_the_test_command_is_the_one_that_the_ci_reads():
    assert len(re.findall(r"^python3 -m venv .* pytest ", TEXT, re.MULTILINE)) == 1


def test_its_extras_are_those_of_the_package():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = {name for names in re.findall(r"install .*?\.\[([a-z,]+)\]", TEXT) for name in names.split(",")}
    assert {"all", "cli", "play", "test"} == named
    assert named <= set(extras)


@with_docs
def test_its_speeds_are_those_of_the_benchmarks():
    rows = {}
    for line in page("explanation/benchmarks.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.match(r"[A-S]: ", cells[0]) and len(cells) > 7:
            rows[re.search(r"[\d-]+-[\d-]+", cells[0])[0]] = cells
    found = re.findall(
        r"training ([\d-]+)[ ,].*?\| ([\d.]+) times as fast as scikit-learn, ([\d.]+) as PyTorch, ([\d.]+) as JAX", TEXT
    )
    assert len(found) == 3
    for network, *ratios in found:
        for ratio, measured in zip(ratios, rows[network][3:6], strict=True):
            assert float(ratio) == pytest.approx(float(measured), abs=0.051), network


@with_docs
def test_its_results_are_those_of_the_results():
    results = page("explanation/results.md")
    for network, published, median in (
        ("784-800-10", "1.6", "1.25"),
        ("784-800-10, elastic distortions", "0.7", "0.66"),
    ):
        row = next(line for line in results.splitlines() if line.startswith(f"| {network} |"))
        assert f"| {published}, LeCun" in row
        assert f"**{median}**" in row
        assert f"{median}% (published: {published}%)" in TEXT
    row = next(line for line in results.splitlines() if line.startswith("| comes with the package | "))
    for figure in ("97.5%", "92.5%"):
        assert f"| {figure} |" in row
        assert figure in TEXT


@with_docs
def test_what_it_links_to_is_there():
    targets = re.findall(r"\]\(([^)#:]+)\)|(?:src|srcset)=\"([^\"]+)\"", TEXT)
    assert len(targets) > 10
    for target in (first or second for first, second in targets):
        assert (ROOT / target).exists(), target
    for scheme in ("light", "dark"):
        assert 50_000 < (ROOT / "docs" / "images" / f"page-{scheme}.webp").stat().st_size < 700_000


@with_docs
def test_every_public_name_of_its_kind_is_in_the_overview():
    table = page("reference/overview.md")
    for kinds in (LAYERS, LOSSES, PENALTIES, OPTIMIZERS):
        for kind in kinds:
            assert f"`{kind.__name__}`" in table, kind


@with_docs
def test_the_page_on_installing(monkeypatch):
    import tomllib

    text = page("how-to/install.md")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for name in set(extras) - {"files", "test", "browser", "heavy", "docs", "coverage", "lint"}:
        assert re.search(rf"^\|.*`{name}`.*\|", text, re.MULTILINE), name
    [block] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    namespace = {}
    exec(block.replace('engine="native"', 'engine="auto"'), namespace)
    assert isinstance(namespace["net"], lw.Network)
