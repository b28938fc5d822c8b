"""Read the digits in a picture: where they are, what they say, how sure that is, and why there may be no answer."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from layerwise.datasets.images.form import cut, standard
from layerwise.datasets.images.ink import Ink, inks
from layerwise.datasets.images.parting import MOST, pieces_of
from layerwise.datasets.images.reading import Picture, picture_of
from layerwise.errors import DataError
from layerwise.handwriting.refusal import of_blank, of_digits, of_picture
from layerwise.handwriting.segments import HOPELESS, Segment, read_row
from layerwise.typing import Array, ArrayLike

if TYPE_CHECKING:
    from layerwise.network.network import Network

SURE = 0.8  # no other way is tried once all digits are read so surely
LATER = 0.15  # what each further way must be better by, in the logarithm of the probability
MANY = 12  # marks, if they are no digits, are not looked at in other ways
LEAST_CONFIDENCE = 0.6  # of an answer, where the model's file says nothing
PIXELS = 784


@dataclass(frozen=True)
class Digit:
    """A digit in an image, found by `read_digits`.

    Attributes
    ----------
    answer : str or None
        The digit, or None if the network abstains.
    confidence : float
        The probability of the most likely digit, from 0 to 1.
    place : (left, top, width, height)
        The bounding box of its ink, in pixels of the image.
    guess : str
        The most likely digit, even if the network abstains.
    image : ndarray of uint8, of shape (784,)
        The input of the network.
    probabilities : ndarray of shape (n_classes,)
        The probability of each class.
    """

    answer: str | None
    confidence: float
    place: tuple[int, int, int, int]
    guess: str
    image: Array = field(repr=False)
    probabilities: Array = field(repr=False)


@dataclass(frozen=True)
class Reading:
    """The result of `read_digits`.

    Attributes
    ----------
    answer : str or None
        The digits, row by row and from left to right, with a line break between rows. None if the network abstains.
    confidence : float
        The product of the confidences of all digits; 0 if there are none.
    reason : str or None
        The reason for abstaining. None if there is an answer.
    rows : tuple of tuple of Digit
        The digits of each row. Empty if the image as a whole is rejected: it is blank, a photo, or a page of text.
    size : (width, height)
        The size of the image in pixels, after EXIF rotation.
    """

    answer: str | None
    confidence: float
    reason: str | None
    rows: tuple[tuple[Digit, ...], ...] = ()
    size: tuple[int, int] = (0, 0)

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits, in the order of the answer."""
        return tuple(digit for row in self.rows for digit in row)


def read_digits(
    image: str | os.PathLike[str] | ArrayLike,
    model: Network | str | os.PathLike[str] | None = None,
    *,
    single: bool = False,
    least_confidence: float | None = None,
) -> Reading:
    """Read the handwritten digits in an image: one digit, a number, or several rows.

    Parameters
    ----------
    image : str, path-like, PIL image or array-like
        A PNG, JPEG, BMP, GIF (its first frame) or WebP file; or grey values of shape (height, width) or colours of
        shape (height, width, 3 or 4), from 0 to 255, or from 0 to 1 for floats up to 1. Dark on light or light on dark.
    model : Network, str or path-like, optional
        A network for MNIST's images, or its file. By default the network in the package.
    single : bool, default=False
        Read all of the ink as one digit.
    least_confidence : float, optional
        Abstain for digits whose probability is below this. By default the value in the model file, or 0.6.

    Returns
    -------
    Reading
        The digits with their confidence and place, or the reason for abstaining.

    Raises
    ------
    DataError
        The file is missing, is not an image, is damaged or too large; or the model is not for 28x28 images. A readable
        image without digits is not an error: then `answer` is None.
    MissingDependencyError
        Pillow is not installed.

    See Also
    --------
    layerwise.plots.digits : Draw the image with the digits found.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> X_test = lw.datasets.load_mnist()[2][0]
    >>> page = np.hstack([row.reshape(28, 28) for row in X_test[:4]])
    >>> lw.read_digits(page).answer
    '7210'
    """
    from layerwise.handwriting.shipped import reader_of

    network = reader_of(model)
    picture = picture_of(image)
    if least_confidence is None:
        least_confidence = float(network.notes.get("least_confidence", LEAST_CONFIDENCE))
    if not 0 <= least_confidence <= 1:
        raise DataError(f"least_confidence: expected a probability, from 0 to 1, got {least_confidence!r}")
    return read_picture(picture, network, single, least_confidence)


def read_picture(picture: Picture, network: Network, single: bool, least: float) -> Reading:
    """Return what a picture says; see `read_digits`."""
    try:
        best = _best(picture, network, single)
    except DataError as problem:
        return Reading(None, 0.0, of_blank(picture.grey, str(problem)), size=picture.size)
    if best is None:
        return Reading(None, 0.0, of_picture(picture.grey, None), size=picture.size)
    ink, pieces, segments = best
    rows = tuple(
        tuple(_digit(ink, pieces, segment, network, least, picture.size) for segment in row) for row in segments
    )
    digits = [digit for row in rows for digit in row]
    confidence = math.prod(digit.confidence for digit in digits)
    refused = [digit for digit in digits if digit.answer is None]
    if refused:
        if (reason := of_picture(picture.grey, ink)) is not None:
            return Reading(None, 0.0, reason, size=picture.size)
        return Reading(None, confidence, of_digits(digits, refused, least), rows, picture.size)
    answer = "\n".join("".join(digit.answer or "" for digit in row) for row in rows)
    return Reading(answer, confidence, None, rows, picture.size)


Found = tuple[Ink, Array, list[list[Segment]]]


def _best(picture: Picture, network: Network, single: bool) -> Found | None:
    """Return the reading of the ink, of those that are tried, in which the network is surest of the digits."""
    best: Found | None = None
    cropped: Found | None = None
    best_score = -math.inf
    for rank, found in enumerate(_readings(picture, network, single)):
        if found[0].thin and best is not None and (best_score > math.log(HOPELESS) or sum(map(len, best[2])) == 1):
            break  # that would cut a mark where fat strokes meet
        sure = [float(segment.probabilities.max()) for row in found[2] for segment in row]
        score = float(np.mean(np.log(np.maximum(sure, 1e-6)))) - LATER * rank
        if score > best_score and cropped is None:
            best, best_score = found, score
        if len(sure) > MANY and score < math.log(HOPELESS):
            break
        if min(sure) >= SURE:
            if cropped is not None and len(sure) > sum(map(len, cropped[2])):
                return found  # the desk was paper in a shadow: there are digits on it too
            if cropped is None and found[0].cropped:
                cropped = found
                continue
            break
        if cropped is not None and not found[0].cropped:
            break
    return best


def _readings(picture: Picture, network: Network, single: bool) -> Iterator[Found]:
    for ink in inks(picture.grey, picture.scale):
        outside = None
        for keep_edges in (False, True):
            pieces, rows = pieces_of(ink, keep_edges)
            count = sum(map(len, rows))
            if count > MOST:
                return
            if count == 0 or (keep_edges and count == outside):
                continue
            outside = count
            if single:
                mask = np.asarray(pieces > 0, np.intp)
                image = standard(cut(ink, mask > 0))
                yield ink, mask, [[Segment(0, 1, (1,), image, network.predict_proba(image[None])[0], 1.0)]]
            else:
                segments = [read_row(ink, pieces, row, network.predict_proba) for row in rows]
                if any(segments):
                    yield ink, pieces, [row for row in segments if row]


def _digit(ink: Ink, pieces: Array, segment: Segment, network: Network, least: float, size: tuple[int, int]) -> Digit:
    """Return a segment as a digit, with its place in the picture."""
    y, x = np.nonzero(np.isin(pieces, segment.numbers))
    step = ink.factor * ink.scale
    left, top = x.min() * step + ink.origin[1], y.min() * step + ink.origin[0]
    right, bottom = (x.max() + 1) * step + ink.origin[1], (y.max() + 1) * step + ink.origin[0]
    left, right = (min(max(round(float(edge)), 0), size[0]) for edge in (left, right))
    top, bottom = (min(max(round(float(edge)), 0), size[1]) for edge in (top, bottom))
    confidence = min(float(segment.probabilities.max()), 1.0)  # rounding may leave a little more
    guess = str(_classes(network)[int(segment.probabilities.argmax())])
    answer = guess if confidence >= least and is_familiar(network, segment.image) else None
    return Digit(answer, confidence, (left, top, right - left, bottom - top), guess, segment.image,
                 segment.probabilities)  # fmt: skip


def _classes(network: Network) -> Sequence[object]:
    assert network.task is not None
    classes = network.task.classes
    return range(10) if classes is None else list(classes)


def is_familiar(network: Network, image: Array) -> bool:
    """Return whether a digit looks like the training data; one that learned what is no digit says so by itself."""
    if network.novelty is None or network.notes.get("refuses_by_confidence"):
        return True
    return not bool(network.is_novel(image[None])[0])
