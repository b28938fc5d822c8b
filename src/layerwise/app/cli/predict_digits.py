"""Handwritten digits for `layerwise predict`: read from pictures, shown with how sure that is, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerwise.app.cli import console
from layerwise.app.cli.answering import Answer
from layerwise.datasets.images.reading import picture_of
from layerwise.handwriting.reading import LEAST_CONFIDENCE, PIXELS, Digit, Reading, read_picture
from layerwise.network.network import Network


@dataclass(frozen=True)
class DigitReader:
    """What reads pictures of digits, and how it shows them.

    Attributes
    ----------
    network : Network
        For MNIST's images.
    name : str
        What the user calls it.
    single : bool
        Whether all ink of a picture is one digit.
    shown : bool
        Whether each digit is shown as the network saw it.
    json : bool
        Whether nothing is printed.
    min_confidence : float, optional
        Below it an answer is 'not sure'; by default what the model's file says of each digit.
    plot : Path, optional
        A picture file for the digits that were found.
    """

    network: Network
    name: str
    single: bool = False
    shown: bool = False
    json: bool = False
    min_confidence: float | None = None
    plot: Path | None = None

    def answer(self, file: Path) -> list[Answer]:
        """Return the answer for one picture; print it, unless JSON is asked for."""
        reading = self.read(file)
        unsure = reading.answer is not None and reading.confidence < (self.min_confidence or 0)
        if not self.json:
            self._show(file, reading, unsure)
        if self.plot is not None:
            from layerwise import plots

            plots.save(plots.digits(file, reading), self.plot)
            if not self.json:
                console.show(f"picture: {self.plot}", "dim")
        guess = "\n".join("".join(digit.guess for digit in row) for row in reading.rows)
        return [
            {
                "file": str(file),
                "model": self.name,
                "answer": None if unsure else reading.answer,
                "confidence": reading.confidence,
                "reason": f"not sure (perhaps {guess}, {sure(reading.confidence)})" if unsure else reading.reason,
                "guess": guess or None,
                "sure": reading.answer is not None and not unsure,
                "size": list(reading.size),
                "digits": [
                    _as_json(digit, row) for row, digits in enumerate(reading.rows, start=1) for digit in digits
                ],
            }
        ]

    def read(self, file: Path) -> Reading:
        """Return what a picture says."""
        least = float(self.network.notes.get("least_confidence", LEAST_CONFIDENCE))
        if self.min_confidence is not None:
            least = min(least, self.min_confidence)
        return read_picture(picture_of(file), self.network, self.single, least)

    def introduce(self) -> None:
        """Say which model reads."""
        if not self.json:
            console.show(f"model: {self.name}", "dim")

    def _show(self, file: Path, reading: Reading, unsure: bool) -> None:
        """Print the answer, or why there is none; and the digits one by one where there are several."""
        if self.shown:
            for digit in reading.digits:
                console.show_image(digit.image)
                console.show(f"{digit.guess}, {sure(digit.confidence)}, at {_where(digit)}", "dim")
        if reading.answer is None:
            console.show(f"{file}: no answer: {reading.reason}", "yellow")
            return
        said = reading.answer if len(reading.rows) == 1 else f"{len(reading.rows)} rows"
        found = f"perhaps {said}, {sure(reading.confidence)}" if unsure else sure(reading.confidence)
        console.show(f"{file}: {'not sure' if unsure else said} ({found})", "yellow" if unsure else "bold")
        if len(reading.digits) > 1:
            for row, whole in zip(reading.rows, reading.answer.split("\n")):
                each = "  ".join(f"{digit.guess} {_percent(digit.confidence)}" for digit in row)
                console.show(f"  {each}" if len(reading.rows) == 1 else f"  {whole}    {each}")


def reads_digits(network: Network) -> bool:
    """Return whether a network tells the ten digits in images of MNIST's form."""
    task = network.task
    if task is None or task.kind != "classification" or network.notes.get("pictures") is not None:
        return False
    plan = network.built()[0]
    names = [str(i) for i in range(10)] if task.classes is None else [str(name) for name in task.classes.tolist()]
    return plan.n_in == PIXELS and plan.n_out == 10 and names == [str(i) for i in range(10)]


def sure(confidence: float) -> str:
    """Return a probability as words; never that of certainty."""
    return f"{_percent(confidence)} sure".replace(">", "over ")


def _percent(confidence: float) -> str:
    return ">99%" if confidence > 0.99 else f"{confidence:.0%}"


def _where(digit: Digit) -> str:
    left, top, width, height = digit.place
    return f"left {left}, top {top}, {width}x{height} pixels"


def _as_json(digit: Digit, row: int) -> dict[str, Any]:
    return {
        "answer": digit.answer, "confidence": digit.confidence, "guess": digit.guess, "place": list(digit.place),
        "row": row,
    }  # fmt: skip
