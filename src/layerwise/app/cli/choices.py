"""Options that replace parts of a recipe.

Hidden layers are written as a list, first to last: `512,256` is two dense layers, each followed by the activation of
--activation; `tanh:64` brings its own; `dropout:0.2` drops a fifth of what comes before it; `none` is no hidden layer.
The output layer follows from the data and the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import typer

from layerwise.app.recipes import Recipe
from layerwise.errors import UnknownNameError
from layerwise.parts import endings
from layerwise.parts.description import resolve
from layerwise.parts.layers import (
    ACTIVATIONS,
    SELU,
    Activation,
    Dense,
    Dropout,
    Layer,
    Linear,
    Sigmoid,
    Softmax,
    Tanh,
)
from layerwise.parts.losses import Loss, as_loss
from layerwise.parts.optimizers import Optimizer, as_optimizer
from layerwise.parts.penalties import L1, L2, Penalty
from layerwise.parts.scaling import as_scaler

Number = TypeVar("Number", int, float)


@contextmanager
def usage_error(option: str) -> Iterator[None]:
    """Turn the error of a value that a part of the network refuses into one of that option."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


@dataclass(frozen=True)
class Choices:
    """What was asked for, each None where nothing was; names as on the command line."""

    layers: str | None = None
    activation: str | None = None
    loss: str | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    momentum: float | None = None
    decay: float | None = None
    l1: float | None = None
    l2: float | None = None
    batch_size: int | None = None
    epochs: int | None = None
    scaling: str | None = None
    dtype: str | None = None

    def leave_the_network(self) -> bool:
        """Return whether nothing was asked for but perhaps the epochs."""
        return replace(self, epochs=None) == Choices()

    def apply(self, recipe: Recipe, classes: int | None) -> Recipe:
        """Return the recipe with these parts replaced, for data of so many classes (None: a number)."""
        loss = recipe.loss
        if self.loss is not None:
            with usage_error("--loss"):
                loss = as_loss(self.loss)
        if self.scaling is not None:
            with usage_error("--scaling"):
                _check_scaling(self.scaling)
        return replace(
            recipe,
            layers=self._layers(recipe, loss, classes),
            loss=loss,
            optimizer=self._optimizer(recipe.optimizer),
            penalty=self._penalty(recipe.penalty),
            batch_size=recipe.batch_size if self.batch_size is None else self.batch_size,
            epochs=recipe.epochs if self.epochs is None else self.epochs,
            scaling=recipe.scaling if self.scaling is None else None if self.scaling == "none" else self.scaling,
            dtype=self.dtype or recipe.dtype,
        )

    def _layers(self, recipe: Recipe, loss: Loss, classes: int | None) -> tuple[Layer, ...]:
        answers = ("regression", 1) if classes is None else ("classification", classes)
        if self.layers is None and self.activation is None:
            kept = endings.keeps(loss, recipe.layers[-1], *answers)
            return recipe.layers if kept else (*recipe.layers[:-1], endings.ending(loss, *answers))
        units = [str(layer.units) for layer in recipe.layers[:-2] if isinstance(layer, Dense)]
        with usage_error("--activation"):
            activation = resolve("activation", self.activation or "relu", Activation, ACTIVATIONS)
        with usage_error("--layers"):
            hidden = parse_layers((",".join(units) or "none") if self.layers is None else self.layers, activation)
        return (*hidden, Dense(answers[1]), endings.ending(loss, *answers))

    def _optimizer(self, given: Optimizer) -> Optimizer:
        if self.optimizer is not None:
            with usage_error("--optimizer"):
                given = as_optimizer(self.optimizer)
        asked = {"learning_rate": self.learning_rate, "momentum": self.momentum, "decay": self.decay}
        config = given.config()
        for name, value in asked.items():
            if value is None:
                continue
            with usage_error(f"--{name.replace('_', '-')}"):
                if name not in config:
                    raise ValueError(f"{type(given).__name__} has no {name}; --optimizer sgd has")
                config[name] = value
                given = type(given)(**config)
        return given

    def _penalty(self, given: tuple[Penalty, ...]) -> tuple[Penalty, ...]:
        for kind, value in ((L1, self.l1), (L2, self.l2)):
            if value is not None:
                with usage_error(f"--{kind.__name__.lower()}"):
                    rest = tuple(penalty for penalty in given if not isinstance(penalty, kind))
                    given = (*rest, kind(value)) if value else rest
        return given


def _check_scaling(name: str) -> None:
    try:
        as_scaler(None if name == "none" else name)
    except UnknownNameError:
        raise UnknownNameError(f"scaling {name!r} is not known; there are standard, min_max, range and none") from None


def parse_layers(text: str, activation: Activation) -> tuple[Layer, ...]:
    """Hidden layers from their list.

    Examples
    --------
    >>> from layerwise.parts.layers import ReLU
    >>> parse_layers("512,dropout:0.2,tanh:64", ReLU())
    (Dense(512, weights=HeNormal()), ReLU(), Dropout(0.2), Dense(64), Tanh())
    >>> parse_layers("none", ReLU())
    ()
    """
    layers: list[Layer] = []
    for part in [] if text.strip().lower() == "none" else text.split(","):
        name, _, value = part.strip().rpartition(":")
        if name == "dropout":
            layers.append(Dropout(_number(float, value, part)))
        else:
            own = resolve("activation", name, Activation, ACTIVATIONS) if name else activation
            layers += [dense(_number(int, value, part), own), own]
    return tuple(layers)


def _number(kind: type[Number], value: str, part: str) -> Number:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(
            f"{part.strip()!r} is no layer; write a number of units (512), an activation with one (tanh:64) or "
            "dropout:0.2, with commas between, or none"
        ) from None


def dense(units: int, activation: Activation) -> Dense:
    """Return a dense layer whose first weights suit the activation after it."""
    if isinstance(activation, SELU):
        return Dense(units, weights="lecun_normal")
    saturates = isinstance(activation, (Sigmoid, Tanh, Softmax, Linear))
    return Dense(units) if saturates else Dense(units, weights="he_normal")
