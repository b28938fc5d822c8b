"""How long a trial is, and which rows it has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layerwise.explain.cures import Setup
from layerwise.training.health import some_rows
from layerwise.typing import Array

ROWS = 512  # of the training data
# Rows are held out to see what is learned of others: HELD_OUT of many. Few are held out in turn, in FOLDS trainings; of
# fewer than FEWEST none are, for they are too few to tell.
HELD_OUT, FOLDS, FEWEST = 256, 4, 40
# Steps of a trial: as many as the training's own, up to these; fewer for large networks, so that a trial makes about
# WORK products of two numbers, and some epochs where batches are small.
STEPS, LEAST_STEPS, LEAST_EPOCHS, WORK = 600, 20, 6, 3e9


def folds(n: int, batch_size: int) -> list[tuple[Array, Array]]:
    """Return places of rows to train on and of rows held out, of n, for each training.

    The last batch of each is a single row where that of all rows is one.
    """
    if n < FEWEST:
        return []
    chosen = np.random.default_rng(1).permutation(some_rows(n, ROWS + HELD_OUT))
    parts = np.array_split(chosen, FOLDS) if n < ROWS + HELD_OUT else [chosen[:HELD_OUT]]
    pairs = []
    for part in parts:
        train = chosen[~np.isin(chosen, part)][:ROWS]
        while len(train) > 1 and (len(train) % batch_size == 1) != (n % batch_size == 1):
            train = train[:-1]
        pairs.append((np.sort(train), np.sort(part)))
    return pairs


def shortened(setups: Sequence[Setup], rows: int, parameters: int) -> list[Setup]:
    """Return trainings with fewer epochs, for trials on some of the rows.

    Parameters
    ----------
    setups : sequence of Setup
        On the rows of the trials: the first on all of them, the others, if any, on as many each.
    rows : int
        How many the whole training has.
    parameters : int
        How many the network has.
    """
    return [_shorter(setups[0], rows, parameters), *_alike(setups[1:], rows, parameters)]


def _alike(setups: Sequence[Setup], rows: int, parameters: int) -> list[Setup]:
    """As many epochs in each, though one may have a row more."""
    if not setups:
        return []
    epochs = _shorter(setups[0], rows, parameters).arguments["epochs"]
    return [replace(setup, arguments={**setup.arguments, "epochs": epochs}) for setup in setups]


def _shorter(setup: Setup, rows: int, parameters: int) -> Setup:
    batch, epochs = min(setup.arguments["batch_size"], rows), setup.arguments["epochs"]
    own = epochs * math.ceil(rows / batch)
    most = max(LEAST_STEPS, min(STEPS, int(WORK / (6 * parameters * batch))))
    per_epoch = math.ceil(setup.X.shape[0] / batch)
    least = min(epochs, LEAST_EPOCHS) if parameters * batch * per_epoch < WORK / 50 else 1
    few = max(least, round(min(own, most) / per_epoch))
    return replace(setup, arguments={**setup.arguments, "epochs": few})
