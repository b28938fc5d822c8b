"""What stands in two places because tools ask for it there is the same in both."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOOKS = ROOT / ".pre-commit-config.yaml"


@pytest.mark.skipif(not HOOKS.is_file(), reason="the hooks are not in this copy of the sources")
@pytest.mark.parametrize(("tool", "hook"), [("ruff", "ruff-pre-commit"), ("clang-format", "mirrors-clang-format")])
def test_a_tool_before_a_commit_is_that_of_ci(tool, hook):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pinned,) = [word for word in project["optional-dependencies"]["lint"] if word.startswith(f"{tool}==")]
    found = re.findall(rf"{hook}\n +rev: v(\S+)", HOOKS.read_text(encoding="utf-8"))
    assert found == [pinned.removeprefix(f"{tool}==")]
