"""Write what Python makes of small tables, for the page's tests: `python page/tests/tables/golden.py`.

tests/fixtures/tables, files ─► read_raw ─► understand ─► split_rows ─► TableEncoder ─► golden.json
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

import layerwise as lw
from layerwise.data.tables.deciding import understand
from layerwise.data.tables.splitting import split_rows
from layerwise.data.tabular import TableEncoder
from layerwise.datasets.reading import read_raw
from layerwise.errors import LayerwiseError

HERE = Path(__file__).parent
FOLDERS = (HERE.parents[2] / "tests/fixtures/tables", HERE / "files")
TEXT = (".csv", ".txt", ".tsv", ".dat")
MOST = 240  # numbers of a matrix that are kept
OPTIONS: dict[str, list[dict[str, Any]]] = json.loads((HERE / "options.json").read_text())


def made_of(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return what Python makes of a table: its columns, its notes, and the numbers a network is given."""
    try:
        raw = read_raw(str(path))
        raw.source = path.name
        found = understand(raw, options.get("target"), **{k: v for k, v in options.items() if k != "target"})
    except LayerwiseError as error:
        return {"options": options, "error": str(error).replace(str(path), path.name)}
    made: dict[str, Any] = {
        "options": options,
        "table": found.to_dict(),
        "notes": [note.replace(str(path), path.name) for note in found.notes],
        "n_rows": found.n_rows,
        "kept": None if len(found.kept) == found.n_rows else found.kept.tolist(),
        "lines": raw.lines.tolist()[:20],
    }
    if "na" not in options:
        del made["table"]["missing"]
    y = found.answers()
    if len(y) < 10:
        return made
    try:
        parts = split_rows(len(y), test=0.2, validation=0.2, seed=42, classes=y if found.is_classification else None)
        encoder = TableEncoder(**found.encoder_arguments())
        X = encoder.fit_transform(found.features().take(parts.train), y[parts.train])
    except LayerwiseError as error:
        return made | {"encoding_error": str(error)}
    held = encoder.transform(found.features().take(parts.test))
    return made | {
        "parts": [parts.train.tolist(), parts.validation.tolist(), parts.test.tolist()],
        "encoder": encoder.to_dict(),
        "outputs": encoder.output_names,
        "answers": y[parts.train][:20].tolist(),
        "train": packed(X),
        "test": packed(held),
    }


def packed(X: np.ndarray) -> dict[str, Any]:
    """Return the first rows of a matrix of float32."""
    rows = X[: max(1, MOST // X.shape[1])]
    return {"shape": list(X.shape), "rows": len(rows), "float32": base64.b64encode(rows.tobytes()).decode()}


NETWORKS = {
    "customers": (
        "customers.csv",
        "churned",
        [lw.Dense(8), lw.ReLU(), lw.Dense(2), lw.Softmax()],
        "categorical_cross_entropy",
    ),
    "single": ("customers.csv", "vip", [lw.Dense(6), lw.Tanh(), lw.Dense(1), lw.Sigmoid()], None),
    "turnover": ("german_excel.csv", "Umsatz", [lw.Dense(8), lw.Tanh(), lw.Dense(1)], None),
}


def train(name: str) -> None:
    """Write a network that has learned a table's encoded rows, as the page's engine saves one."""
    file, target, layers, loss = NETWORKS[name]
    found = understand(read_raw(str(HERE / "files" / file)), target)
    y = found.answers()
    parts = split_rows(len(y), test=0.2, validation=0, seed=42, classes=y if found.is_classification else None)
    encoder = TableEncoder(**found.encoder_arguments())
    X, y = encoder.fit_transform(found.features().take(parts.train), y[parts.train]), y[parts.train]
    network = lw.Network(layers, random_state=0)
    network.fit(X, y if found.is_classification else (y - y.mean()) / y.std(), loss=loss, epochs=3, verbose=False)
    network.save(HERE / "models" / f"{name}.network.safetensors")


def main() -> None:
    """Write one file of JSON, a table a line."""
    (HERE / "golden.jsonl").write_text(golden(), encoding="utf-8")
    for name in NETWORKS:
        train(name)


def golden() -> str:
    """Return what Python makes of all tables, a table a line."""
    lines = []
    paths = [path for folder in FOLDERS for path in sorted(folder.iterdir()) if path.suffix in TEXT]
    for path in paths:
        for options in OPTIONS.get(path.name, [{}]):
            lines.append(json.dumps([path.name, made_of(path, options)], ensure_ascii=False))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
