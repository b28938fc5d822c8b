"""The arguments that several commands take, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file that `train` wrote.")]
Rows = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="A data set (its test rows), FILE.csv (all its rows) or a FOLDER of pictures. A model that was trained on "
        "a table or a folder needs it; by default, the data set that the model was trained on.",
    ),
]
Target = Annotated[
    str | None, typer.Option("--target", help="The column of FILE.csv to be predicted; by default the model's.")
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", help="Between two cells of FILE.csv; by default a comma, or as the header tells."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
