"""`layerwise predict` file by file: one that cannot be read does not stop the others, and how the command ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any

from layerwise.app.cli import console
from layerwise.errors import LayerwiseError

Answer = dict[str, Any]  # as --json prints it


def answer_files(
    paths: Iterable[Path],
    answer: Callable[[Path], list[Answer]],
    json: bool,
    is_enough: Callable[[Answer], bool] = itemgetter("sure"),
) -> int:
    """Answer each file, and return the exit code.

    Parameters
    ----------
    paths : iterable of Path
        Pictures, folders of pictures, or tables.
    answer : function of a Path
        Prints the answers for one file, unless `json`, and returns them.
    json : bool
        Whether all answers are printed at the end as JSON.
    is_enough : function of an answer
        Whether it is as sure as is asked for; by default what it says itself.
    """
    answers: list[Answer] = []
    for path in paths:
        try:
            files = files_of(path)
        except (LayerwiseError, OSError) as error:
            files, answers = [], [*answers, _failed(path, error)]
        for file in files:
            try:
                answers += answer(file)
            except BrokenPipeError:
                raise  # nobody reads the answers any more
            except (LayerwiseError, OSError) as error:
                answers.append(_failed(file, error))
    if json:
        console.show_json(answers)
    if any("error" in answer for answer in answers):
        return console.ERROR
    return console.OK if all(map(is_enough, answers)) else console.NOT_SURE


def files_of(path: Path) -> list[Path]:
    """Return the pictures in a folder and below it, or the file itself."""
    if not path.is_dir():
        return [path]
    from layerwise.datasets.pictures import files_in
    from layerwise.datasets.reading.blocks import is_in_blocks

    if is_in_blocks(str(path)):  # of Parquet files
        return [path]
    return files_in(path)


def _failed(path: Path, error: Exception) -> Answer:
    console.warn(f"error: {error}")
    return {"file": str(path), "error": str(error), "sure": False}
