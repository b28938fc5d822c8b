"""Presets: published settings for a kind of data, in place of the parameters that are at their defaults."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def apply(settings: SimpleNamespace, estimator: Any) -> SimpleNamespace:
    """The settings with those of the preset."""
    return settings
