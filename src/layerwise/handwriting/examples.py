"""Images to learn people's own digits from: MNIST with other pens, other hands, drawn digits, and what is no digit.

    MNIST ── other pens, coarser pictures ─────────────────────────┐
    optdigits, semeion ── MNIST's form ── other pens ──────────────┤
    pendigits ── smoothed, drawn with any pen ─────────────────────┼──► X, and targets: 1 for the digit
    glyphs of digits ── shaken, slanted, drawn with any pen ───────┘
    letters, signs, scribbles, two digits at once, blots, digits in a mirror ────► X, and targets: 0.1 for every digit

A network that shall be equally unsure of all digits where there is none [1]_ can be asked how sure it is.

References
----------
.. [1] D. Hendrycks, M. Mazeika, T. Dietterich, "Deep anomaly detection with outlier exposure", ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from layerwise.datasets.handwriting import load_optdigits, load_pendigits, load_semeion
from layerwise.datasets.images.form import centred
from layerwise.datasets.strokes import draw_strokes
from layerwise.handwriting.glyphs import DIGITS, SIGNS
from layerwise.typing import Array

SIDE, CLASSES = 28, 10
PENS = (1.1, 4.2)  # widths that are drawn, in pixels of MNIST's form
SPREAD = 0.55  # of a glyph's points, on its grid of ten, at most
LIFT = 22.0  # of 100: a pen that moves up so far within a 4, 5 or 7 was mostly lifted
ON_THEIR_SIDE, IN_A_MIRROR = (2, 3, 4, 5, 7), (3, 4, 6, 7, 9)  # these are no digits then
PART = 1000  # images that are changed together
TURNS = 3  # points between two of a path that is smoothed


def digits_of_people(X: Array, y: Array, *, random_state: int = 0, thorough: bool = False) -> tuple[Array, Array]:
    """Return images to train on, and what the network shall answer.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, 784)
        MNIST's training images.
    y : ndarray of int, shape (n,)
        Their digits.
    random_state : int, default=0
        Seed of all that is drawn.
    thorough : bool, default=False
        Several times as many, for a long training.

    Returns
    -------
    images : ndarray of uint8, shape (m, 784)
        MNIST's come first.
    targets : ndarray of float32, shape (m, 10)
        Probabilities: 1 for the digit; 0.1 for each where there is none.
    """
    rng = np.random.default_rng(random_state)
    parts = list(_digits(X, y, rng, thorough))
    parts.append((_others(26_000 if thorough else 7000, X, y, rng), None))
    images = np.empty((sum(len(rows) for rows, _ in parts), SIDE * SIDE), np.uint8)
    targets = np.full((len(images), CLASSES), 1 / CLASSES, np.float32)
    at = len(images)
    while parts:  # the largest is the first, and is freed last
        rows, labels = parts.pop()
        at -= len(rows)
        images[at : at + len(rows)] = rows
        if labels is not None:
            targets[at : at + len(rows)] = labels[:, np.newaxis] == np.arange(CLASSES)
    return images, targets


def _digits(X: Array, y: Array, rng: np.random.Generator, thorough: bool) -> Iterator[tuple[Array, Array | None]]:
    """Yield images of digits with their labels."""
    copies = 3 if thorough else 1
    changed = with_other_pens(X, rng, thin=0.25, thick=0.3, coarse=0.2)
    if thorough:
        yield X, y
    else:
        as_it_was = rng.random(len(X)) < 0.5
        changed[as_it_was] = X[as_it_was]
    yield changed, y
    for bitmaps, labels, side in _bitmaps():
        forms = np.stack([centred(row.reshape(side, side) / np.float32(255)) for row in bitmaps])
        for _ in range(copies + thorough):
            yield with_other_pens(forms, rng, thin=0.4, thick=0.2, coarse=0.3), labels
    (strokes, labels), _ = load_pendigits()
    for _ in range(copies):
        yield _drawn(_smooth_digits(strokes, labels, rng), rng), labels
    yield _drawn_digits(9000 if thorough else 4000, rng)


def digits_of_strangers(random_state: int = 0) -> tuple[Array, Array]:
    """Return digits (n, 784) of writers of whom `digits_of_people` has none, drawn with any pen, and their labels.

    A network is less sure of them, and less often right, than of MNIST's: they tell its temperature for people's own.
    """
    rng = np.random.default_rng(random_state)
    _, (strokes, labels) = load_pendigits()
    return _drawn(_smooth_digits(strokes, labels, rng), rng), labels


def _bitmaps() -> list[tuple[Array, Array, int]]:
    (X, y), _ = load_optdigits()
    return [(X, y, 32), (*load_semeion(), 16)]


# ---------------------------------------------------------------- pens and coarser pictures


def with_other_pens(X: Array, rng: np.random.Generator, *, thin: float, thick: float, coarse: float) -> Array:
    """Return images (n, 784) of which these shares are drawn with a thinner or thicker pen, or in coarser pixels.

    A stroke grows or shrinks by up to a pixel on each side: the image is mixed with the maximum, or the minimum, of
    each pixel and the four next to it.
    """
    found = np.empty((len(X), SIDE * SIDE), np.uint8)
    for start in range(0, len(X), PART):
        part = slice(start, start + PART)
        images = X[part].reshape(-1, SIDE, SIDE).astype(np.float32)
        found[part] = np.rint(_with_other_pens(images, rng, thin, thick, coarse)).reshape(len(images), -1)
    return found


def _with_other_pens(images: Array, rng: np.random.Generator, thin: float, thick: float, coarse: float) -> Array:
    chosen = rng.random(len(images))
    for rows, of_neighbours, most in (
        (np.flatnonzero(chosen < thin), np.minimum, 0.75),
        (np.flatnonzero(chosen > 1 - thick), np.maximum, 1.0),
    ):
        share = rng.uniform(0.1, most, (len(rows), 1, 1)).astype(np.float32)
        mixed = (1 - share) * images[rows] + share * _of_neighbours(images[rows], of_neighbours)
        images[rows] = np.minimum(mixed * (255 / np.maximum(mixed.max(axis=(1, 2), keepdims=True), 80)), 255)
    rows = np.flatnonzero(rng.random(len(images)) < coarse)
    sides = rng.integers(11, 22, len(rows))
    for side in range(11, 22):
        part = rows[sides == side]
        blur = _coarsely(side)
        coarser = blur @ images[part] @ blur.T
        images[part] = np.minimum(coarser * (255 / np.maximum(coarser.max(axis=(1, 2), keepdims=True), 60)), 255)
    return images


def _of_neighbours(images: Array, function: Callable[[Array, Array], Array]) -> Array:
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    found = images
    for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
        found = function(found, padded[:, down : down + SIDE, right : right + SIDE])
    return found


def _coarsely(side: int) -> Array:
    """Return the matrix (28, 28) that averages a line of pixels to `side` of them, and interpolates these again."""
    edges = np.linspace(0, SIDE, side + 1)
    pixels = np.arange(SIDE)
    shares = np.clip(np.minimum(edges[1:, np.newaxis], pixels + 1) - np.maximum(edges[:-1, np.newaxis], pixels), 0, 1)
    centres = (edges[1:] + edges[:-1]) / 2
    distance = abs(pixels[:, np.newaxis] + 0.5 - centres) / (SIDE / side)
    weights = np.maximum(1 - distance, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights @ (shares / shares.sum(axis=1, keepdims=True)), np.float32)


# ---------------------------------------------------------------- paths of a pen


def smoothed(paths: Array) -> Array:
    """Return paths (n, points, 2) with points between them on Catmull and Rom's splines (1974)."""
    padded = np.concatenate([paths[:, :1], paths, paths[:, -1:]], axis=1)
    before, at, after, beyond = (padded[:, i : padded.shape[1] - 3 + i, np.newaxis] for i in range(4))
    t = (np.arange(TURNS, dtype=np.float32) / TURNS)[:, np.newaxis]
    bent = 2 * before - 5 * at + 4 * after - beyond + t * (3 * (at - after) + beyond - before)
    between = at + t / 2 * (after - before + t * bent)
    return np.concatenate([between.reshape(len(paths), -1, 2), paths[:, -1:]], axis=1)


def _smooth_digits(strokes: Array, labels: Array, rng: np.random.Generator) -> Array:
    """Return pendigits' paths smoothed, with the pen lifted where it was likely lifted; the data do not say."""
    paths = strokes.astype(np.float32)
    up = np.diff(paths[..., 1], axis=1) > LIFT
    lifted = up & np.isin(labels, (4, 5, 7))[:, np.newaxis] & (np.arange(up.shape[1]) >= 3)
    lifted &= rng.random((len(paths), 1)) < 0.85
    smooth = smoothed(paths + rng.normal(0, 1.5, paths.shape).astype(np.float32))
    inner = smooth[:, :-1].reshape(len(paths), up.shape[1], TURNS, 2)
    inner[:, :, 1:][lifted] = np.nan
    inner[:, 1:, 0][lifted[:, 1:] & lifted[:, :-1]] = np.nan  # a point between two lifts would be a dot
    return np.concatenate([inner.reshape(len(paths), -1, 2), smooth[:, -1:]], axis=1)


def _drawn(paths: Array, rng: np.random.Generator) -> Array:
    """Return paths drawn, each with a pen of its own, in thirds with edges of their own softness."""
    pens = rng.uniform(*PENS, len(paths))
    images = np.empty((len(paths), SIDE * SIDE), np.uint8)
    for part, soft in zip(np.array_split(rng.permutation(len(paths)), 3), (1.0, 1.5, 2.0)):
        images[part] = draw_strokes(paths[part], pen=pens[part], soft=soft)
    return images


def _drawn_glyphs(glyphs: Sequence[str], counts: Sequence[int] | Array, rng: np.random.Generator) -> Array:
    """Return each glyph drawn so many times: shaken, squeezed and slanted, with any pen."""
    found = [_shaken(glyph, count, rng) for glyph, count in zip(glyphs, counts) if count]
    points = max(paths.shape[1] for paths in found)
    filled = [np.pad(paths, ((0, 0), (0, points - paths.shape[1]), (0, 0)), constant_values=np.nan) for paths in found]
    return _drawn(_slanted(np.concatenate(filled), rng), rng)


def _shaken(glyph: str, count: int, rng: np.random.Generator) -> Array:
    """Return a glyph's path `count` times (count, points, 2), its points moved at random, its strokes smoothed."""
    spread = rng.uniform(0.15, SPREAD, (count, 1, 1))
    lift = np.full((count, 1, 2), np.nan)
    parts: list[Array] = []
    for stroke in glyph.split("|"):
        points = np.array([[int(point[0]), int(point[1])] for point in stroke.split()], float)
        moved = points + spread * rng.normal(size=(count, *points.shape))
        parts += [smoothed(moved) if len(points) > 2 else moved, lift]
    return np.concatenate(parts[:-1], axis=1).astype(np.float32)


def _slanted(paths: Array, rng: np.random.Generator) -> Array:
    wide = rng.uniform(0.55, 1.15, (len(paths), 1)).astype(np.float32)
    slant = rng.normal(0.1, 0.18, (len(paths), 1)).astype(np.float32)
    return np.stack([wide * paths[..., 0] + slant * paths[..., 1], paths[..., 1]], axis=-1)


def _drawn_digits(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return digits drawn from glyphs, and their labels: of three, one is a 1 with a flag."""
    ones = count // 3
    labels = np.array([digit for digit, glyphs in DIGITS.items() for _ in glyphs])
    counts = rng.multinomial(count - ones, np.full(len(labels), 1 / len(labels)))
    images = _drawn_glyphs([glyph for glyphs in DIGITS.values() for glyph in glyphs], counts, rng)
    flagged = _drawn(_slanted(_flagged(ones, rng), rng), rng)
    return np.concatenate([images, flagged]), np.concatenate([np.repeat(labels, counts), np.ones(ones, labels.dtype)])


def _flagged(count: int, rng: np.random.Generator) -> Array:
    """Return the paths of 1s with a flag that falls by more than half its length, a third of them with a foot."""
    wide = rng.uniform(1, 4.2, count)
    falls = np.maximum(rng.uniform(0.6, 2.0, count) * wide, 1.2)
    foot = np.where(rng.random(count) < 0.35, rng.uniform(1.5, 3.5, count), np.nan)
    five, nine, zero, lift = np.full(count, 5.0), np.full(count, 9.0), np.zeros(count), np.full(count, np.nan)
    across = [5 - wide, five, 5 + rng.normal(0, 0.3, count), lift, 5 - foot, 5 + foot * rng.uniform(0.6, 1.2, count)]
    return np.stack([np.stack(across, axis=1), np.stack([9 - falls, nine, zero, lift, zero, zero], axis=1)], axis=-1)


# ---------------------------------------------------------------- what is no digit


def _others(count: int, X: Array, y: Array, rng: np.random.Generator) -> Array:
    """Return images of what is no digit: half of them letters and signs."""
    tenth = count // 10
    signs = _drawn_glyphs(SIGNS, rng.multinomial(count - 6 * tenth, np.full(len(SIGNS), 1 / len(SIGNS))), rng)
    scribbles = _drawn(_scribbles(tenth, rng), rng)
    lying = np.rot90(_some(X, y, ON_THEIR_SIDE, tenth, rng), 1, axes=(1, 2)).copy()
    lying[::2] = lying[::2, ::-1, ::-1]
    mirrored = _some(X, y, IN_A_MIRROR, tenth, rng)[..., ::-1]
    turned = np.concatenate([lying, mirrored]).reshape(-1, SIDE * SIDE)
    return np.concatenate([signs, scribbles, _side_by_side(2 * tenth, X, rng), _blots(tenth, rng), turned])


def _some(X: Array, y: Array, digits: Sequence[int], count: int, rng: np.random.Generator) -> Array:
    """Return images (count, 28, 28) of some digits."""
    rows = np.flatnonzero(np.isin(y, digits))
    return np.asarray(X[rng.choice(rows, count)].reshape(-1, SIDE, SIDE))


def _scribbles(count: int, rng: np.random.Generator) -> Array:
    paths = smoothed(rng.uniform(0, 9, (count, 8, 2)).astype(np.float32))
    ends = TURNS * rng.integers(5, 8, count)
    paths[np.arange(paths.shape[1]) > ends[:, np.newaxis]] = np.nan
    return paths


def _side_by_side(count: int, X: Array, rng: np.random.Generator) -> Array:
    """Return two digits or three next to each other, touching or not, as one image."""
    found = np.empty((count, SIDE * SIDE), np.uint8)
    for i in range(count):
        line, at, gap = np.zeros((SIDE, 4 * SIDE), np.float32), 0, int(rng.integers(-3, 5))
        for image in X[rng.integers(len(X), size=2 + (rng.random() < 0.2))].reshape(-1, SIDE, SIDE):
            columns = np.flatnonzero(image.max(axis=0) > 30)
            digit = image[:, columns[0] : columns[-1] + 1] / np.float32(255)
            window = line[:, max(at, 0) : max(at, 0) + digit.shape[1]]
            np.maximum(window, digit, out=window)
            at = max(at, 0) + digit.shape[1] + gap
        found[i] = centred(line)
    return found


def _blots(count: int, rng: np.random.Generator) -> Array:
    """Return random fields, smooth and cut off at a level, within a square or a disc, some of them noisy."""
    middle = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    disc = np.hypot(middle[:, np.newaxis], middle) < 10.5
    square = np.maximum(abs(middle[:, np.newaxis]), abs(middle)) < 10
    found = np.empty((count, SIDE, SIDE), np.float32)
    for i in range(count):
        side = int(rng.integers(3, 9))
        smooth = _coarsely(side) @ rng.normal(size=(SIDE, SIDE)).astype(np.float32) @ _coarsely(side).T
        ink = np.clip((smooth / smooth.std() - rng.uniform(-0.5, 0.8)) * rng.uniform(1, 6) + 0.2, 0, 1)
        noise = rng.normal(0, 0.15, ink.shape) if rng.random() < 0.3 else 0
        found[i] = np.clip((ink + noise * (ink > 0)) * (square if rng.random() < 0.6 else disc), 0, 1)
    return np.rint(255 * found).astype(np.uint8).reshape(count, -1)
