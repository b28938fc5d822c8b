"""docs/how-to/tables.md: its first run prints what the page shows, and its table is the one that lies in examples."""

import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "how-to" / "tables.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the sources without their pages")
NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?!\w)")
LEARNED = re.compile(r"^trained|half of the loss")  # lines whose numbers depend on the machine


def first_run():
    """The commands of the page, each with what it prints."""
    for block in re.findall(r"```text\n\$ (.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        command, _, printed = block.partition("\n")
        yield command.split(), printed


def numbers(line):
    return [float(found.replace(",", "")) for found in NUMBER.findall(line)]


def check(shown, printed, exactly):
    assert len(shown) == len(printed), "\n".join(printed)
    for expected, line in zip(shown, printed):
        if exactly:
            assert line == expected
            continue
        assert NUMBER.sub("#", line) == NUMBER.sub("#", expected)
        if not LEARNED.search(line):
            assert numbers(line) == pytest.approx(numbers(expected), rel=0.35, abs=0.05), line


def test_the_first_run(run, tmp_path, undrawn):
    for name in ("homes.csv", "new-homes.csv"):
        shutil.copy(ROOT / "examples" / name, tmp_path)
    seen = []
    for command, shown in first_run():
        seen.append(command[1])
        if command[0] == "cat":
            check(shown.splitlines(), (tmp_path / command[1]).read_text(encoding="utf-8").splitlines(), False)
            continue
        result = run(*command[1:])
        assert result.exit_code == 0
        # a terminal shows both streams, in the order in which they come: notes first
        printed, shown = (result.stderr + result.stdout).splitlines(), shown.splitlines()
        if command[1] == "train":
            printed, shown = without_columns(printed), without_columns(shown)
        check(shown, printed, exactly=command[1] == "look")
    assert seen == ["look", "train", "evaluate", "report", "predict", "answers.csv"]
    assert "Worst rows" in (tmp_path / "homes.html").read_text(encoding="utf-8")


def without_columns(lines):
    """Leave out the columns that matter least, whose order hangs on the last digits; the first two are far apart."""
    columns = [line for line in lines if line.startswith("  ")]
    assert [line.split()[0] for line in columns[:2]] == ["town", "size"]
    return [line for line in lines if line not in columns[2:]]


def test_the_page_names_every_option_and_kind():
    from typer.main import get_command

    from layerwise.app.cli.app import app
    from layerwise.data.tables.kinds import INPUTS

    page = PAGE.read_text(encoding="utf-8")
    for kind in INPUTS:
        assert f"| {kind} |" in page
    for option in get_command(app).commands["look"].params:
        if option.name not in ("file", "plot", "json", "help"):
            assert option.opts[0] in page, option.opts[0]
