"""A look at the pictures of a data set, to decide on the form that all are brought to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from layerwise.datasets.pictures.drawn import Ink
from layerwise.datasets.pictures.form import PictureForm, in_mode, reduced
from layerwise.datasets.pictures.opening import opened
from layerwise.errors import DataError
from layerwise.typing import Array

MOST_LOOKED_AT = 300  # pictures, spread over all
MOST_KEPT = 64  # pixels: the sides of pictures of one size that are left as they are
GREY_SIDE, COLOR_SIDE = 28, 32
COLORED = 32  # of 255, between the channels of a pixel
DRAWN_SHARE = 0.8  # of the pictures look like drawings
ONE_INK = 0.95  # how long the mean of the inks' directions from paper is: 1 where all have one colour


@dataclass(frozen=True)
class Look:
    """What one picture looks like: size, whether it has colours, and, of a drawing, the colours of its ink."""

    size: tuple[int, int]
    is_colored: bool
    ink: Array | None


def choose_form(
    files: Sequence[Path],
    size: tuple[int, int] | None = None,
    color: bool | None = None,
    drawing: bool | None = None,
) -> PictureForm:
    """Return the form for these pictures; what is None, the pictures decide.

    Raises
    ------
    DataError
        None of the pictures that were looked at can be read; or a drawing shall have colours.
    """
    looks = _looks(files)
    colored = any(look.is_colored for look in looks) if color is None else color
    if drawing is None:
        drawing = color is not True and _are_drawings(looks, colored)
    if drawing:
        return PictureForm(*(size or (GREY_SIDE, GREY_SIDE)), color=bool(color), drawing=True)
    if size is None:
        sizes = {look.size for look in looks}
        kept = len(sizes) == 1 and max(looks[0].size) <= MOST_KEPT
        side = COLOR_SIDE if colored else GREY_SIDE
        size = looks[0].size if kept else (side, side)
    return PictureForm(*size, color=colored)


def _looks(files: Sequence[Path]) -> list[Look]:
    places = np.unique(np.linspace(0, len(files) - 1, min(len(files), MOST_LOOKED_AT)).astype(int))
    looks, problem = [], None
    for place in places:
        try:
            looks.append(_look(files[place]))
        except DataError as error:
            problem = problem or error
    if not looks:
        raise DataError(f"none of the pictures can be read, such as: {problem}")
    return looks


def _look(file: Path) -> Look:
    with opened(file, 2 * MOST_KEPT) as picture:
        size = picture.height, picture.width
        is_grey = picture.mode in ("1", "L", "LA") or picture.mode.startswith("I")
        channels = None if is_grey else reduced(in_mode(picture, color=True))
        grey = reduced(in_mode(picture, color=False))
    colored = False
    if channels is not None:
        spread = np.ptp(channels.reshape(-1, 3).astype(np.int16), axis=1)
        colored = bool((spread > COLORED).mean() > 0.002)
    try:
        ink = Ink.of(grey)
    except DataError:
        return Look(size, colored, None)
    if not ink.is_drawing():
        return Look(size, colored, None)
    return Look(size, colored, _direction(channels, ink) if channels is not None else np.full(3, 3**-0.5))


def _direction(channels: Array, ink: Ink) -> Array:
    """Return the mean of the directions from the colour of the paper to those of the ink, each of length 1."""
    away = channels[ink.strokes] - np.median(channels[~ink.strokes], axis=0)
    if away.sum() < 0:
        away = -away  # dark ink on light paper and the reverse are alike
    return np.asarray((away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)).mean(axis=0))


def _are_drawings(looks: Sequence[Look], colored: bool) -> bool:
    """Return whether most are drawings, and, if there are colours, all with one ink, so that colour says nothing."""
    inks = [look.ink for look in looks if look.ink is not None]
    if len(inks) < DRAWN_SHARE * len(looks):
        return False
    return not colored or float(np.linalg.norm(np.mean(inks, axis=0))) > ONE_INK
