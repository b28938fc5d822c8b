"""`layerwise predict --label` and `--undo`: the user's own copy of a model learns what the pictures are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from layerwise.app.cli import console
from layerwise.app.cli.answering import Answer, files_of
from layerwise.app.cli.default_model import OWN, SHIPPED, TRAINED
from layerwise.app.cli.predict_digits import DigitReader, reads_digits, sure
from layerwise.errors import DataError, LayerwiseError
from layerwise.exchange.loading import load
from layerwise.handwriting import Digit, Reading, correct, corrections_of, undo
from layerwise.handwriting.reading import is_familiar
from layerwise.handwriting.shipped import shipped_network
from layerwise.network.network import Network


@dataclass(frozen=True)
class Copy:
    """The user's own copy of a network.

    Attributes
    ----------
    path : Path
        The file; the first correction makes it.
    base : Network
        The network that it was made from, which stays as it is.
    base_name : str
        What the user calls that.
    network : Network
        What reads now: the copy, or the base where there is none yet.
    """

    path: Path
    base: Network
    base_name: str
    network: Network


def copy_of(model: Path | None) -> Copy:
    """Return the copy to be corrected.

    Parameters
    ----------
    model : Path, optional
        A copy, or a name for one; or the network that one is made from. By default my-digits.safetensors, made from
        mnist.safetensors of the folder, or else from the network that comes with layerwise.
    """
    path, candidates = Path(OWN), []
    if model is not None:
        network = _digits(model) if model.exists() else None
        if network is None or corrections_of(network) is not None:
            path = model
        else:
            candidates.append((network, str(model)))
    if not candidates:
        if Path(TRAINED).is_file():
            candidates.append((_digits(Path(TRAINED)), TRAINED))
        candidates.append((shipped_network(), SHIPPED))
    if not path.exists():
        return Copy(path, *candidates[0], candidates[0][0])
    network = _digits(path)
    held = corrections_of(network)
    fitting = [one for one in candidates if held is not None and held.is_of(one[0])]
    return Copy(path, *(fitting or candidates)[0], network)


def _digits(path: Path) -> Network:
    try:
        network = load(path)
    except LayerwiseError as problem:
        raise DataError(f"{problem}; delete {path} to begin anew, or name another file with --model") from None
    if not isinstance(network, Network) or not reads_digits(network):
        raise DataError(f"{path} does not read digits: corrections are for models of the ten digits, of 28x28 pixels")
    return network


def label_pictures(copy: Copy, paths: Sequence[Path], label: str, single: bool, json: bool) -> int:
    """Learn what the digits of pictures are, and return the exit code.

    Parameters
    ----------
    copy : Copy
        What learns.
    paths : sequence of Path
        Pictures, or folders of them; each shows the label.
    label : str
        A digit, or those of a picture from left to right, row by row.
    single : bool
        Whether all ink of a picture is one digit.
    json : bool
        Whether JSON is printed.
    """
    reader = DigitReader(copy.network, "", single)
    answers, digits, failed = [], [], False
    for path in paths:
        try:
            files = files_of(path)
        except (LayerwiseError, OSError) as error:
            files, failed = [], True
            answers.append(_failed(path, error))
        for file in files:
            try:
                reading = reader.read(file)
                digits += _labelled(file, reading, label, copy.network)
                answers.append({"file": str(file), "label": label, "before": _said(reading)})
            except (LayerwiseError, OSError) as error:
                failed = True
                answers.append(_failed(file, error))
    if digits:
        X, y = np.stack([digit.image for digit, _ in digits]), [int(what) for _, what in digits]
        corrected = correct(copy.path, copy.base, X, y)
        after = DigitReader(corrected, "", single)
        for answer in answers:
            if "error" not in answer:
                answer["after"] = _said(after.read(Path(answer["file"])))
        _show(copy, corrected, answers, json)
    if json:
        console.show_json(answers)
    if failed:
        return console.ERROR
    is_learned = all(answer["after"]["answer"] == label for answer in answers)
    return console.OK if is_learned else console.NOT_SURE


def take_back(copy: Copy, json: bool) -> None:
    """Take the newest correction back, and say what is left."""
    left = undo(copy.path, copy.base)
    count = 0 if left is None else len(corrections_of(left) or ())
    if json:
        console.show_json([{"model": str(copy.path) if left is not None else copy.base_name, "corrections": count}])
    elif left is None:
        console.show(f"{copy.path} is removed with its only correction; model: {copy.base_name}")
    else:
        console.show(f"{copy.path}: the newest correction is taken back, {_counted(count)} left")


def _labelled(file: Path, reading: Reading, label: str, network: Network) -> list[tuple[Digit, str]]:
    """Return each digit with what it is; refuse a picture that shows none, or another number of them."""
    digits = reading.digits
    if not digits:
        raise DataError(f"{file}: nothing is learned from it: {reading.reason}")
    if len(digits) != len(label):
        found = "1 digit was" if len(digits) == 1 else f"{len(digits)} digits were"
        hint = "--single takes all ink for one" if len(label) == 1 else "crop the picture, or give the label of each"
        raise DataError(f"{file}: {found} found, but the label {label} is of {len(label)}; {hint}")
    if not all(is_familiar(network, digit.image) for digit in digits):
        raise DataError(f"{file}: nothing is learned from it: {reading.reason or 'it does not look like a digit'}")
    return list(zip(digits, label, strict=True))


def _said(reading: Reading) -> Answer:
    """Return what a model says, without line breaks, as a label is given."""
    answer = None if reading.answer is None else reading.answer.replace("\n", "")
    return {"answer": answer, "guess": "".join(d.guess for d in reading.digits), "confidence": reading.confidence}


def _show(copy: Copy, corrected: Network, answers: Sequence[Answer], json: bool) -> None:
    """Say what was answered before and after."""
    count = len(corrections_of(corrected) or ())
    for answer in answers:
        if "error" not in answer:
            answer |= {"model": str(copy.path), "corrections": count}
            if not json:
                before, after = (_words(answer[when]) for when in ("before", "after"))
                learned = answer["after"]["answer"] == answer["label"]
                console.show(f"{answer['file']}: was {before}, is {after}", "bold" if learned else "yellow")
    if not json:
        made = f" (made from {copy.base_name})" if count == len(answers) else ""
        console.show(f"model: {copy.path}{made}, {_counted(count)}; --undo takes the newest back")


def _words(said: Answer) -> str:
    found = f"({sure(said['confidence'])})"
    return f"{said['answer']} {found}" if said["answer"] is not None else f"not sure, perhaps {said['guess']} {found}"


def _counted(count: int) -> str:
    return "1 correction" if count == 1 else f"{count:,} corrections"


def _failed(path: Path, error: Exception) -> Answer:
    console.warn(f"error: {error}")
    return {"file": str(path), "error": str(error)}
