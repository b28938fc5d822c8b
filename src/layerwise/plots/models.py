"""What a picture asks of a model, which may be a `Network`, an `Ensemble` or an estimator, in one form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from layerwise.datasets.pictures import PictureForm, form_of
from layerwise.engine.plan import Stage
from layerwise.errors import DataError, ShapeError
from layerwise.formula.quoting import matplotlib_text
from layerwise.network.models import network_in
from layerwise.parts.masked import unmasked
from layerwise.typing import Array, ArrayLike

Shape = tuple[int, ...]  # of an image: (height, width), or (height, width, 3) with colours

LONGEST = 24  # letters of a class's name: more would leave no room for the picture


def inputs_of(owner: str, model: Any, wanted: int, instead: str) -> None:
    """Refuse a model that takes another number of inputs than can be drawn, and say what to draw instead."""
    first = model.networks[0] if hasattr(model, "networks") else model
    network = network_in(first)
    n_in = network.built()[0].n_in if network is not None else getattr(model, "n_features_in_", wanted)
    if n_in != wanted:
        raise ShapeError(
            f"{owner} draws models of {wanted} input{'s' if wanted > 1 else ''}; this one takes {n_in}: use {instead}"
        )


def chosen_by(model: Any, shares: Array) -> Array:
    """Return the column of each row's answer (n,): of the greatest probability, or, of two, by the threshold."""
    first = model.networks[0] if hasattr(model, "networks") else model
    network = network_in(first)
    task = None if network is None else network.task
    if network is not None and task is not None and task.says_yes_or_no(network.built()[0].n_out):
        return (shares[:, 1] > network.threshold).astype(np.intp)
    greatest: Array = shares.argmax(axis=1)
    return greatest


def probabilities_of(owner: str, model: Any, X: ArrayLike) -> tuple[Array, Array]:
    """Return the classes (k,) and the probability of each (n, k).

    Raises
    ------
    DataError
        The model does not tell one class from others.
    """
    first = model.networks[0] if hasattr(model, "networks") else model
    task = getattr(first, "task", None)
    if not hasattr(model, "predict_proba"):
        raise DataError(f"{owner} needs classes and their probabilities; {type(model).__name__} has no predict_proba")
    if task is not None and task.kind != "classification":
        raise DataError(f"{owner} needs one class a sample; the network was trained for {task.kind}")
    shares = model.predict_proba(X)
    if not isinstance(shares, np.ndarray) or shares.ndim != 2:
        raise DataError(f"{owner} needs one class a sample; the model answers several questions at once")
    classes = getattr(model, "classes_", None if task is None else task.classes)
    if classes is None:
        classes = np.arange(shares.shape[1])
    if len(classes) != shares.shape[1]:
        raise DataError(f"{owner} needs one class a sample; the model answers several questions at once")
    return np.asarray(classes), shares


def labels_of(owner: str, y: ArrayLike, samples: int) -> Array:
    """Return the labels as an array (samples,): one-hot rows become whole numbers.

    Raises
    ------
    ShapeError
        There is not one label a sample.
    """
    labels = unmasked(y, "y")
    if labels.ndim == 2 and labels.shape[1] > 1 and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
        labels = labels.argmax(axis=1)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (samples,):
        raise ShapeError(f"{owner}: y must be one label a sample, ({samples},); its shape is {np.shape(y)}")
    return labels


def names_of(owner: str, classes: Array, labels: Sequence[object] | None) -> list[str]:
    """Return what each class is called, as matplotlib takes it: itself, if no labels are given.

    Raises
    ------
    ShapeError
        There are not as many names as classes.
    """
    if labels is not None and len(labels) != len(classes):
        raise ShapeError(f"{owner}: labels must name {len(classes)} classes; got {len(labels)}")
    return [matplotlib_text(name, most=LONGEST) for name in (classes.tolist() if labels is None else labels)]


def shape_of(model: Any, shape: Shape | None) -> Shape | None:
    """Return the shape that was asked for, or that of the pictures that the model was trained on, if it says so."""
    form = _form(model)
    return shape if shape is not None or form is None else form.shape


def as_seen(model: Any, pictures: Array) -> Array:
    """Return grey pictures (n, height, width) of a folder as colours, for they are no ink on paper, light on 0."""
    form = _form(model)
    is_ink = form is None or form.drawing or pictures.ndim == 4
    return pictures if is_ink else np.repeat(pictures[..., np.newaxis], 3, axis=3)


def _form(model: Any) -> PictureForm | None:
    network = network_in(model.networks[0] if hasattr(model, "networks") else model)
    return None if network is None else form_of(network.notes)


def rows_of_images(owner: str, X: ArrayLike, shape: Shape | None) -> tuple[Array, Shape]:
    """Return images as rows (n, numbers), and their shape: a square's where none is given.

    Raises
    ------
    ShapeError
        The numbers of a row make no such image.
    """
    images = unmasked(X, "X")
    if images.ndim in (3, 4) and shape is None:
        shape = images.shape[1:]
    if images.ndim in (3, 4):
        images = images.reshape(len(images), -1)
    if images.ndim != 2 or not len(images):
        raise ShapeError(
            f"{owner}: X must be images, a row each (n, pixels) and n at least 1; its shape is {np.shape(X)}"
        )
    return images, sides(owner, images.shape[1], shape)


def sides(owner: str, numbers: int, shape: Shape | None) -> Shape:
    """Return the shape of an image of so many numbers: (height, width), or (height, width, 3) with colours.

    Raises
    ------
    ShapeError
        They make no such image, or, if no shape is given, no square.
    """
    side = round(numbers**0.5)
    found = (side, side) if shape is None else tuple(shape)
    if math.prod(found) != numbers or not (len(found) == 2 or (len(found) == 3 and found[2] == 3)):
        hint = (
            "they make no square: say shape=(height, width), or (height, width, 3) with colours"
            if shape is None
            else f"shape={shape} does not fit"
        )
        raise ShapeError(f"{owner}: a row has {numbers} numbers, and {hint}")
    return found


def name_of(stages: tuple[Stage, ...]) -> str:
    """Return a group of stages in a few words: "Dense 30, Sigmoid"."""
    names = [matplotlib_text(type(stage.layer).__name__) for stage in stages]
    return ", ".join([f"{names[0]} {stages[0].n_out}", *names[1:]])
