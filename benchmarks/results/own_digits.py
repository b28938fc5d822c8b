"""Digits that people drew, and pictures that are none, read by the model that comes with the package and by recipes.

python benchmarks/results own-digits      the folder `own-digits` has the pictures and labels.csv

Models are kept, with what their training reported, in the folder `own-digits-models`, and not trained again.

labels.csv has the columns path, label and kind; a label is the digits as text, rows apart by "/", empty for a picture
of something else. The pictures belong to others and are not part of this project; any folder of this form will do.
Each picture is read once, by `layerwise predict --json` in one process. A digit is right if it is the whole answer,
refused or not; the threshold for refusal is then set so that 97% of the digits are answered.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ANSWERED = 0.97  # of the pictures of one digit
BINS = 10
RECIPES = ("mnist", "own-digits")
KEPT = Path("own-digits-models")


def lines(folder: Path, seeds: Sequence[int]) -> Iterator[str]:
    """Yield the tables of the page: all models together, and each kind of picture."""
    rows = list(csv.DictReader((folder / "labels.csv").open()))
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    kinds: dict[str, dict[str, str]] = {}
    for name, model, report in _models(seeds):
        answers, seconds = _read(folder, rows, model)
        found[name].append(_figures(rows, answers, seconds, report))
        kinds.setdefault(name, dict(_by_kind(rows, answers)))
    yield (
        "| model | MNIST's test | one digit | several | others refused | calibration error | training, s "
        "| 100 pictures, s of processor |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name, runs in found.items():
        cells = [_mean(runs, key, form) for key, form in (
            ("mnist", "{:.2%}"), ("digits", "{:.1%}"), ("several", "{:.1f} of {n}"), ("refused", "{:.1%}"),
            ("calibration", "{:.1%}"), ("training", "{:.0f}"),
            ("seconds", "{:.1f}"),
        )]  # fmt: skip
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield f"| kind of picture | {' | '.join(kinds)} |"
    yield "|---" * (1 + len(kinds)) + "|"
    for kind in dict.fromkeys(row["kind"] for row in rows):
        yield f"| {kind} | {' | '.join(column[kind] for column in kinds.values())} |"


def _models(seeds: Sequence[int]) -> Iterator[tuple[str, Path | None, dict[str, float]]]:
    """Yield each model's name, its file, its accuracy on MNIST's test and the seconds that its training took."""
    yield "comes with the package", None, {}
    KEPT.mkdir(exist_ok=True)
    for recipe in RECIPES:
        for seed in seeds:
            model = KEPT / f"{recipe}-{seed}.safetensors"
            report = model.with_suffix(".json")
            if not report.exists():
                words = ["--recipe", recipe, "--seed", str(seed), "--json", "--no-plot", "--checkpoint", "never"]
                report.write_text(_layerwise("train", "mnist", *words, "-o", str(model)))
            done = json.loads(report.read_text())
            yield f"`--recipe {recipe}`", model, {"mnist": done["test"]["accuracy"], "training": done["seconds"]}


def _read(folder: Path, rows: list[dict[str, str]], model: Path | None) -> tuple[list[dict[str, Any]], float]:
    """Return what the command says of each picture, and the processor's seconds for 100 of one digit."""
    options = [] if model is None else ["--model", str(model)]
    answers: dict[str, dict[str, Any]] = {}
    seconds = 0.0
    for single in (True, False):
        paths = [str(folder / row["path"]) for row in rows if row["path"].startswith("digits") == single]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answers |= {answer["file"]: answer for answer in json.loads(_layerwise("predict", "--json", *options, *paths))}
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if single:
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            seconds = 100 * spent / len(paths)
    return [answers[str(folder / row["path"])] for row in rows], seconds


def _layerwise(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "layerwise", *words], capture_output=True, text=True)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    return done.stdout


def _guess(answer: dict[str, Any]) -> str:
    """Return what a picture is most like, refused or not, with "/" between rows."""
    return "/".join((answer.get("guess") or "").split("\n"))


def _surest(answer: dict[str, Any]) -> float:
    """Return the confidence in the least sure digit; 0 where there is none."""
    return min((digit["confidence"] for digit in answer["digits"]), default=0.0)


def _figures(
    rows: list[dict[str, str]],
    answers: list[dict[str, Any]],
    seconds: float,
    report: dict[str, float],
) -> dict[str, float]:
    single = [i for i, row in enumerate(rows) if len(row["label"]) == 1]
    several = [i for i, row in enumerate(rows) if len(row["label"]) > 1]
    others = [i for i, row in enumerate(rows) if not row["label"]]
    right = np.array([_guess(answers[i]) == rows[i]["label"] for i in single])
    sure = np.array([_surest(answers[i]) for i in single])
    threshold = np.sort(sure)[int((1 - ANSWERED) * len(sure))]
    return {
        "mnist": report.get("mnist", float("nan")),
        "digits": float(right.mean()),
        "several": sum(_guess(answers[i]) == rows[i]["label"] for i in several),
        "n": len(several),
        "refused": float(np.mean([_surest(answers[i]) < threshold for i in others])),
        "calibration": _calibration_error(sure, right),
        "training": report.get("training", float("nan")),
        "seconds": seconds,
    }


def _calibration_error(sure: np.ndarray, right: np.ndarray) -> float:
    """Return the mean distance of the confidence from the share that is right, in ten bins (Guo et al. 2017)."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    parts = [bins == i for i in range(BINS) if (bins == i).any()]
    return float(sum(part.mean() * abs(sure[part].mean() - right[part].mean()) for part in parts))


def _by_kind(rows: list[dict[str, str]], answers: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each kind, and how many of its pictures are read right, or refused as the model's own threshold says."""
    for kind in dict.fromkeys(row["kind"] for row in rows):
        chosen = [i for i, row in enumerate(rows) if row["kind"] == kind]
        if rows[chosen[0]]["label"]:
            right = sum(_guess(answers[i]) == rows[i]["label"] for i in chosen)
            yield kind, f"{right} of {len(chosen)}"
        else:
            yield kind, f"{sum(answers[i]['answer'] is None for i in chosen)} of {len(chosen)} refused"


def _mean(runs: list[dict[str, float]], key: str, form: str) -> str:
    values = [run[key] for run in runs]
    return "" if np.isnan(values).any() else form.format(float(np.mean(values)), n=int(runs[0]["n"]))
