"""How to come to the same network again: the command or the Python that trained it, and where it ran."""

from __future__ import annotations

import os
import platform
import re
from itertools import chain

import numpy as np

import layerwise
from layerwise.formula.quoting import visible
from layerwise.network.network import Network
from layerwise.parts import initializers, schedules
from layerwise.parts.description import Description

_NEWLINE = "\n"


def lines(network: Network) -> str:
    """Return the command line if there was one, or else the call of `fit` in Python."""
    command = network.notes.get("command")
    if isinstance(command, str) and ("table" in network.notes or not _others(network)):
        return f"$ {visible(command)}"
    fit, remarks = network.last_fit, []
    if not fit:
        return "The network does not say how it was trained."
    arguments: dict[str, object] = {"loss": network.loss, "optimizer": network.optimizer}
    if network.penalties:
        arguments["penalty"] = list(network.penalties)
    arguments |= {name: fit[name] for name in ("epochs", "batch_size")}
    arguments |= {
        name: fit[name]
        for name in ("schedule", "clip_norm", "augmentation", "task", "classes")
        if fit.get(name) is not None
    }
    if not fit.get("shuffle", True):
        arguments["shuffle"] = False
    text = "\n".join(
        [
            f"network = {visible(repr(network), keep=_NEWLINE)}",
            "network.fit(",
            "    X, y,",
            *(f"    {name}={_source(value)}," for name, value in arguments.items()),
            ")",
        ]
    )
    if network.random_state is None:
        remarks.append(f"# its seed was drawn: random_state={network.seed}")
    if fit.get("first_step"):
        remarks.append(f"# the newest fit; it went on from step {fit['first_step']:,}")
    if _others(network):
        remarks.append(f"# beside it: {visible(', '.join(_others(network)))}")
    return "\n".join([*_imports(text), "", f"# X, y: the {fit['rows']:,} rows to train", *remarks, text])


def _others(network: Network) -> list[str]:
    """Return what was done besides, but for a temperature that the command itself folds in."""
    own = network.notes.get("temperature")
    further = [t for t in network.last_fit.get("temperatures", ()) if t != own or "command" not in network.notes]
    return [*network.last_fit.get("others", ()), *(f"lw.calibrate after it, temperature {t:.4g}" for t in further)]


def _source(value: object) -> str:
    return (
        " ".join(visible(repr(value), keep=_NEWLINE).split()) if isinstance(value, (Description, list)) else repr(value)
    )


def _imports(text: str) -> list[str]:
    """Return the imports of the names that are called in the text."""
    names, wanted = sorted(set(re.findall(r"\b([A-Z]\w*)\(", text))), []
    places = chain([("layerwise", layerwise)], ((m.__name__, m) for m in (initializers, schedules)))
    for place, module in places:
        found = [name for name in names if hasattr(module, name)]
        names = [name for name in names if name not in found]
        if found:
            wanted.append(f"from {place} import {', '.join(found)}")
    return wanted


def environment() -> list[tuple[str, str]]:
    """Return the versions and the machine that wrote the report: (name, value)."""
    return [
        ("layerwise", layerwise.__version__),
        ("NumPy", np.__version__),
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors"),
    ]
