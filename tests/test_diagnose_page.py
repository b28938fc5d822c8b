"""diagnose.md: its Python runs as it stands, its table is that of the ill networks, and shows what is printed."""

import contextlib
import importlib.util
import io
import re
import sys
from pathlib import Path

import pytest

import layerwise as lw

ROOT = Path(__file__).parent.parent
PAGE, EXAMPLE = ROOT / "docs" / "how-to" / "diagnose.md", ROOT / "examples" / "ill_networks.py"
pytestmark = pytest.mark.skipif(not (PAGE.exists() and EXAMPLE.exists()), reason="the sources without their pages")
NUMBER = re.compile(r"-?\d[\d,.]*(e[+-]?\d+)?%?")


def words(text):
    """The text without its numbers, whose last digits depend on the engine, and without the widths of columns."""
    return re.sub(r" +", " ", NUMBER.sub("#", text))


def test_the_python_of_the_page_runs_and_prints_what_it_shows():
    namespace, printed = {}, io.StringIO()
    text = PAGE.read_text(encoding="utf-8")
    with contextlib.redirect_stdout(printed):
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(block, namespace)
    [shown] = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert words(printed.getvalue()) == words(shown)
    assert namespace["watcher"].findings == []


@pytest.mark.slow
def test_the_table_is_that_of_the_example():
    spec = importlib.util.spec_from_file_location("ill_networks_of_the_page", EXAMPLE)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        module.main()
    assert words(printed.getvalue()) in words(PAGE.read_text(encoding="utf-8"))
    assert len(printed.getvalue().splitlines()) == 2 + len(module.ILL)


def test_every_column_of_the_table_is_explained():
    X, y = lw.datasets.make_spiral()
    net = lw.Network([lw.Dense(3), lw.Softmax()], random_state=0)
    text = PAGE.read_text(encoding="utf-8")
    explained = {name for row in re.findall(r"^\| ([a-z, /]+) \|", text, re.MULTILINE) for name in row.split(", ")}
    assert set(lw.diagnose(net, X, y).table()[0][1:]) <= explained
