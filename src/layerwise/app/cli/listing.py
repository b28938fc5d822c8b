"""What there is to train: data sets and recipes."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from layerwise.app.cli.arguments import Json
from layerwise.app.cli.console import show_json
from layerwise.app.cli.data_sets import DATA_SETS
from layerwise.app.recipes import RECIPES


def list_datasets(json: Json = False) -> None:
    """List the data sets with their sizes; any other table is given as FILE.csv."""
    rows = [
        {
            "name": entry.name,
            "rows": dict(zip(("train", "validation", "test"), entry.rows, strict=True)),
            "features": entry.features,
            "classes": entry.classes,
            "recipe": entry.recipe,
            "description": entry.description,
        }
        for entry in DATA_SETS.values()
    ]
    _show(rows, json)


def list_recipes(json: Json = False) -> None:
    """List the recipes: whole trainings by name, for `layerwise train --recipe NAME`.

    *published* is the accuracy in per cent that the source gives for this training.
    """
    rows = []
    for recipe in RECIPES:
        published = recipe.published
        best = published and next((x for x in (published.best, published.last) if x is not None), None)
        rows.append(
            {
                "name": recipe.name,
                "data": recipe.data[0],
                "epochs": recipe.epochs,
                "published": best,
                "description": recipe.description,
            }
        )
    _show(rows, json)


def _show(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        show_json(rows)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200  # a pipe has no edge to wrap at
    table = Table(box=None, pad_edge=False)
    for name, value in rows[0].items():
        is_text = isinstance(value, str | dict)
        table.add_column(name, justify="left" if is_text else "right", no_wrap=name != "description")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return " + ".join(f"{part:,}" for part in value.values() if part)
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
