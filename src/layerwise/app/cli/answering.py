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
    files: Iterable[Path],
    answer: Callable[[Path], list[Answer]],
    json: bool,
    is_enough: Callable[[Answer], bool] = itemgetter("sure"),
) -> int:
    """Answer each file, and return the exit code.

    Parameters
    ----------
    files : iterable of Path
        Pictures, tables, or folders of pictures.
    answer : function of a Path
        Prints the answers for one file, unless `json`, and returns them.
    json : bool
        Whether all answers are printed at the end as JSON.
    is_enough : function of an answer
        Whether it is as sure as is asked for; by default what it says itself.
    """
    answers: list[Answer] = []
    for file in files:
        try:
            answers += answer(file)
        except (LayerwiseError, OSError) as error:
            console.warn(f"error: {error}")
            answers.append({"file": str(file), "error": str(error), "sure": False})
    if json:
        console.show_json(answers)
    if any("error" in answer for answer in answers):
        return console.ERROR
    return console.OK if all(map(is_enough, answers)) else console.NOT_SURE
