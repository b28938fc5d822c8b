"""The README's Python is run as it stands, and its commands are those that exist."""

import re
from pathlib import Path

import pytest

from layerwise.parts.layers import LAYERS
from layerwise.parts.losses import LOSSES
from layerwise.parts.optimizers import OPTIMIZERS
from layerwise.parts.penalties import PENALTIES

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_there_are_blocks():
    assert len(BLOCKS) == 5


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    """With one epoch instead of thirty on the digits, all blocks in one namespace, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in BLOCKS:
        exec(block.replace("epochs=30", "epochs=1"), namespace)
    assert namespace["net"].steps > 0
    assert namespace["neuron"]([1.0, 2.0, 3.0, 2.5]) == pytest.approx(4.8)
    assert {path.name for path in tmp_path.iterdir()} == {"digits.safetensors", "own.safetensors"}


def test_every_public_name_of_its_kind_is_in_the_table():
    table = README.read_text(encoding="utf-8")
    for kinds in (LAYERS, LOSSES, PENALTIES, OPTIMIZERS):
        for kind in kinds:
            assert f"`{kind.__name__}`" in table, kind
