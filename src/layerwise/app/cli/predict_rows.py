"""Rows and images for `layerwise predict`: what a model says of each, with its confidence or an interval."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.app.cli import console
from layerwise.app.cli.answering import Answer
from layerwise.app.cli.data import encoded, read_table, rows_to_predict
from layerwise.app.cli.model import Trained
from layerwise.app.cli.predicted import columns_of_answers, write_answers
from layerwise.app.measures import COVERAGE, usable_intervals
from layerwise.datasets.pictures import form_of
from layerwise.datasets.reading import read_raw
from layerwise.errors import DataError
from layerwise.formula.quoting import legible
from layerwise.typing import Array

SIDE = 28  # of an image where the model's file says no other
PIXELS = SIDE**2
STRANGE = "this does not look like the training data"


@dataclass(frozen=True)
class Predictor:
    """A model for tables or for images, and how its answers are shown.

    Attributes
    ----------
    model : Trained
        The model.
    threshold : float, optional
        Of yes or no: above what probability it is a yes.
    min_confidence : float
        Below it an answer is 'not sure'.
    delimiter : str, optional
        Between two cells of a table.
    output : Path, optional
        A CSV file for a table's columns with the answers.
    shown : bool
        Whether an image is shown as the network saw it.
    json : bool
        Whether nothing is printed.
    """

    model: Trained
    threshold: float | None = None
    min_confidence: float = 0.0
    delimiter: str | None = None
    output: Path | None = None
    shown: bool = False
    json: bool = False

    def answer_table(self, file: Path) -> list[Answer]:
        """Return an answer for each row of a table; print them, or write them to the output.

        A table that is read in blocks is written block by block, and none is returned.
        """
        from layerwise.app.cli.long_training import answers_in_blocks, in_blocks

        if in_blocks(str(file), self.model):
            if self.output is None:
                raise DataError(f"{file} is read in blocks: write the answers to a file, -o OUT.csv")
            n = answers_in_blocks(str(file), self.model, lambda X: _answers(self.model, X, self.threshold), self.output)
            if not self.json:
                console.show(f"{self.output}: {n:,} rows of {file} with the answers")
            return []
        answers = _rows(self.model, file, self.delimiter, self.threshold, self.output)
        self._judge(answers, shown=self.output is None)
        if self.output is not None and not self.json:
            novel = sum(not answer.get("familiar", True) for answer in answers)
            unlike = f"; {novel:,} of them do not look like the training data" if novel else ""
            console.show(f"{self.output}: {len(answers):,} rows of {file} with the answers{unlike}")
        return answers

    def answer_image(self, file: Path) -> list[Answer]:
        """Return the answer for one image; print it, unless JSON is asked for."""
        pixels = self._image(file)
        answers = [{"file": str(file), **_answers(self.model, pixels[np.newaxis], self.threshold)[0]}]
        self._judge(answers, shown=True)
        return answers

    def _image(self, file: Path) -> Array:
        """Return a picture as a row of what the model was trained on; show it if that is asked for."""
        from layerwise.datasets.images import read_digit

        network = self.model.network
        form, n_in = form_of(network.notes), network.built()[0].n_in
        if (expected := PIXELS if form is None else form.n_in) != n_in:
            raise DataError(f"{file}: the model takes {n_in} inputs, not a picture's {expected}; give rows as FILE.csv")
        pixels = read_digit(file) if form is None else form.read(file)
        if self.shown and not self.json:
            image = pixels.reshape((SIDE, SIDE) if form is None else form.shape)
            grey = image.mean(axis=2) if image.ndim == 3 else image
            console.show_image(np.pad(grey, [(0, max(grey.shape) - side) for side in grey.shape]))
        return pixels

    def is_enough(self, answer: Answer) -> bool:
        """Return whether an answer is as sure as is asked for; a file of answers says itself what is unfamiliar."""
        return bool(answer["sure"] if self.output is None else answer.get("confidence", 1.0) >= self.min_confidence)

    def _judge(self, answers: list[Answer], shown: bool) -> None:
        """Add to each answer whether it is sure, and print it."""
        for answer in answers:
            answer["sure"] = answer.get("familiar", True) and answer.get("confidence", 1.0) >= self.min_confidence
            if shown and not self.json:
                console.show(_line(answer), "bold" if answer["sure"] else "yellow")


def _rows(
    model: Trained, path: Path, delimiter: str | None, threshold: float | None, output: Path | None
) -> list[Answer]:
    """Return an answer for each row, and write them to `output`, if there is one."""
    if output is None:
        raw, X = None, rows_to_predict(str(path), model, delimiter)
    elif model.encoder is not None:
        raw = read_table(str(path), model, delimiter)
        X = encoded(raw, model)
    else:
        raw, X = read_raw(path, delimiter=delimiter), rows_to_predict(str(path), model, delimiter)
    answers = _answers(model, X, threshold)
    if output is not None and raw is not None:
        write_answers(output, raw, columns_of_answers(model, X, answers))
    return [{"file": str(path), "row": row, **answer} for row, answer in enumerate(answers, start=1)]


def _answers(model: Trained, X: Array, threshold: float | None) -> list[dict[str, Any]]:
    """Return the answer for each row, with its confidence and the runner-up where there are classes."""
    network, task = model.network, model.task
    answers = model.in_units(network.predict(X, threshold=threshold))
    known = (
        [{}] * len(X)
        if network.novelty is None
        else [{"familiar": not novel} for novel in network.is_novel(X).tolist()]
    )
    if task.kind != "classification" or task.classes is None:
        between = _intervals(model, X)
        return [
            {"answer": answer, **interval, **familiar}
            for answer, interval, familiar in zip(answers.tolist(), between, known, strict=True)
        ]
    probabilities = network.predict_proba(X)
    ranking = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    chosen = task.classes[ranking[:, 0]] == answers
    ranking = np.where(chosen[:, np.newaxis], ranking, ranking[:, ::-1])  # where a threshold chose the less likely one
    names = task.classes[ranking].tolist()
    shares = np.take_along_axis(probabilities, ranking, axis=1).tolist()
    return [
        {"answer": name[0], "confidence": share[0], "runner_up": name[1], "runner_up_confidence": share[1], **familiar}
        for name, share, familiar in zip(names, shares, known, strict=True)
    ]


def _intervals(model: Trained, X: Array) -> list[dict[str, Any]]:
    """Return the ends between which each number lies with a probability of 90%, where the network has learned them."""
    if usable_intervals(model.network) is None:
        return [{}] * len(X)
    ends = model.network.predict_interval(X, COVERAGE)
    low, high = (model.in_units(ends[..., i]).tolist() for i in (0, 1))
    return [{"low": a, "high": b, "coverage": COVERAGE} for a, b in zip(low, high, strict=True)]


def _line(answer: dict[str, Any]) -> str:
    where = answer["file"] + (f", row {answer['row']}" if "row" in answer else "")
    if "confidence" not in answer:
        value = answer["answer"]
        words = f"{where}: {value:.6g}" if isinstance(value, float) else f"{where}: {value}"
        if isinstance(answer.get("low"), float):
            words += f", {COVERAGE:.0%} between {answer['low']:.6g} and {answer['high']:.6g}"
        return words if answer["sure"] else f"{words}; {STRANGE}"
    found = f"{legible(answer['answer'])}, confidence {answer['confidence']:.1%}"
    rest = f"runner-up {legible(answer['runner_up'])}, {answer['runner_up_confidence']:.1%}"
    if not answer.get("familiar", True):
        return f"{where}: {STRANGE} (if it does, {found}; {rest})"
    return f"{where}: {found}; {rest}" if answer["sure"] else f"{where}: not sure (perhaps {found}; {rest})"
