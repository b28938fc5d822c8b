"""The training of `layerwise train`: its recipe, what is said meanwhile, and a model file however it ends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from layerwise.app.cli import console
from layerwise.app.cli.choices import Choices
from layerwise.app.cli.data_sets import Data
from layerwise.app.cli.score import score
from layerwise.app.cli.standardize import Standardization
from layerwise.app.recipes import Recipe, find, for_table
from layerwise.datasets.pictures import form_of
from layerwise.engine.plan import compile_layers
from layerwise.errors import ChangedError, DataError, DivergenceError, WriteError
from layerwise.network.network import Network
from layerwise.network.summary import brief
from layerwise.training.callbacks import Callback, History
from layerwise.trust.calibration import LEAST_ROWS, calibrate
from layerwise.trust.novelty import learn_novelty
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.training.loop import Training

LEAST_ERRORS = 5  # on the rows to validate: fewer do not tell how sure to be
MOST_WEIGHTS = 2**37  # half a terabyte, before any gradient


class SayStopping(Callback):
    """A line as soon as Ctrl-C has stopped the steps: the evaluation of the epoch may take a while."""

    only_looks = True

    def on_interrupt(self, run: Training) -> None:
        """Say so, unless something else stopped it."""
        if run.stopping == "interrupt":
            console.warn(f"stopping in epoch {run.epoch}", "yellow")


@dataclass
class Work:
    """A network in training, and how its file is written."""

    network: Network
    standard: Standardization | None
    output: Path

    def save(self) -> None:
        """Write the model file, in the units of the data."""
        if self.standard is not None:
            self.standard.fold(self.network)
            self.standard = None
        self.network.save(self.output)


@contextmanager
def told_where(output: Path) -> Iterator[None]:
    """End, at a Ctrl-C after the training, with a line that says where the model is."""
    try:
        yield
    except KeyboardInterrupt:
        console.warn(f"interrupted: the model is saved in {output}", "yellow")
        raise typer.Exit(console.INTERRUPTED) from None


def train_and_save(
    data: Data,
    chosen: Recipe | None,
    choices: Choices,
    seed: int,
    execution: dict[str, Any],
    output: Path,
    quiet: bool,
    json: bool,
) -> tuple[dict[str, Any], History]:
    """Train, test and save; what there is to report, and the history."""
    base = chosen or (for_table(data.classes) if data.recipe == "table" else find(data.recipe))
    recipe = choices.apply(base, data.classes)
    if not choices.leave_the_network():
        recipe = recipe.of_data_alone()
    _check_size(recipe, data.train[0].shape[1])
    network = recipe.network(seed)
    network.notes = data.notes
    if recipe.least_confidence is not None:
        network.notes |= {"least_confidence": recipe.least_confidence, "refuses_by_confidence": True}
    network.columns = [{"name": name, "kind": "number"} for name in data.columns] or None
    standard = Standardization.of(data, recipe)
    learned = data if standard is None else standard.apply(data)
    if not json:
        _show_plan(data, recipe, standard)
    work = Work(network, standard, output)
    callbacks = [*execution["callbacks"], *([] if quiet or json else [SayStopping()])]
    unwritten: WriteError | None = None
    try:
        history = _fit(work, recipe, learned, execution | {"callbacks": callbacks}, verbose=not (quiet or json))
    except WriteError as error:  # of a checkpoint; the network is trained
        assert network.history is not None
        unwritten, history = error, network.history
    work.save()
    with told_where(output):
        if history.stopped_by == "interrupt":
            if not json:
                words = f"interrupted in epoch {history.epochs}: the weights so far are kept in {output}"
                console.warn(f"{words}; --resume goes on", "yellow")
        else:
            _learn_trust(work, recipe, learned, quiet or json)
        if unwritten is not None:
            raise WriteError(f"{unwritten} The model is saved in {output}") from None
        assert network.task is not None
        report = {
            "data": data.name,
            "recipe": base.name,
            "seed": seed,
            "epochs": history.epochs,
            "stopped_by": history.stopped_by,
            "seconds": sum(history["seconds"]),
            "history": history.to_dict(),
            "standardized_target": standard and asdict(standard),
            "temperature": network.notes.get("temperature"),
            "test": score(network, network.task, *data.test),
            "model": str(output),
        }
    return report, history


def _fit(work: Work, recipe: Recipe, data: Data, execution: dict[str, Any], verbose: bool) -> History:
    """Train by the recipe; weights worth keeping are saved, whatever ends it."""
    network = work.network
    try:
        return recipe.fit(
            network,
            *data.train,
            task="regression" if data.classes is None else None,
            validation_data=data.validation,
            verbose=verbose,
            **execution,
        )
    except ChangedError as error:
        raise otherwise(error) from None
    except DivergenceError as error:
        if network.steps * recipe.batch_size <= len(data.train[1][: recipe.samples]):
            raise  # in the first epoch: there is nothing worth keeping
        work.save()
        raise DivergenceError(f"{error}. They are saved in {work.output}", error.step, error.layer) from None
    except KeyboardInterrupt:  # the second Ctrl-C
        if not network.steps:
            raise
        with told_where(work.output):
            work.save()
            raise


def _learn_trust(work: Work, recipe: Recipe, data: Data, silent: bool) -> None:
    """Learn how sure to be, and of images what the training data look like; save the network with it."""
    network, held_out = work.network, data.validation
    looks = data.train[0].dtype == np.uint8
    known = held_out if recipe.strangers is None else recipe.strangers(network.seed)
    if recipe.calibrated and known is not None and len(known[1]) >= LEAST_ROWS:
        try:
            _check_errors(network, *known)
            found = calibrate(network, *known)
        except DataError as error:
            if not silent:
                console.show(f"the probabilities are not calibrated: {error}", "dim")
        else:
            network.notes["temperature"] = found.temperature
            if not silent:
                after, before = (f"{error:.1%}" for error in (found.error_after, found.error_before))
                words = f"confidence is {after} off the share that is right, {before} before it"
                where = "the rows to validate" if recipe.strangers is None else "the digits of other writers"
                console.show(f"temperature {found.temperature:.3f}: on {where}, {words}", "dim")
    if looks:
        if not silent:
            console.show("learning what the training data look like, to tell what does not", "dim")
        try:
            learn_novelty(network, data.train[0][: recipe.samples], None if held_out is None else held_out[0])
        except DataError as error:  # few pictures, or large ones
            looks = False
            if not silent:
                console.show(f"what does not look like the training data will not be told: {error}", "dim")
    if looks or "temperature" in network.notes:
        work.save()


def _check_errors(network: Network, X: Array, y: Array) -> None:
    """Refuse rows on which nearly all answers are right: the temperature that fits them would be far too sure."""
    if (wrong := int((network.predict(X) != y).sum())) < LEAST_ERRORS:
        raise DataError(f"{wrong} of the {len(y)} answers on the rows to validate are wrong, too few to learn from")


def otherwise(error: ChangedError) -> DataError:
    """Return the error of a run that is not gone on with as it began, in the command's words."""
    meant = "".join(f" --change {name}" for name in error.names)
    on_purpose = f", say what is changed on purpose,{meant}," if meant else ""
    return DataError(f"--resume: {error.facts}. Give the command as then{on_purpose} or another --output")


def _show_plan(data: Data, recipe: Recipe, standard: Standardization | None) -> None:
    """Show the data, the recipe and the layers, a line each."""
    first = f" (the recipe takes the first {recipe.samples:,})" if recipe.samples else ""
    console.show(f"{data.name}: {data.sizes()}{first}")
    if (form := form_of(data.notes)) is not None:
        changed = "not changed" if recipe.augmentation is None else "changed a little in every epoch"
        console.show(f"pictures of {data.classes} classes, brought to {form}; {changed}")
    if recipe.augmentation is not None:
        console.show(repr(recipe.augmentation))
    console.show(f"{recipe.optimizer!r}, {recipe.loss!r}, batches of {recipe.batch_size}")
    console.show(" > ".join(map(brief, recipe.layers)))
    if standard is not None:
        target = data.notes["target"]
        words = f"({target} - {standard.mean:.6g}) / {standard.std:.6g}; the test's is not"
        console.show(f"the loss of the epochs is that of the standardized target, {words}")


def _check_size(recipe: Recipe, n_in: int) -> None:
    """Refuse what no memory holds while it is only a number: past some size, arrays fail in ways of their own."""
    stages = compile_layers(recipe.layers, n_in).stages
    weights = sum(math.prod(shape) for s in stages for shape in s.layer.parameter_shapes(s.n_in).values())
    if weights > MOST_WEIGHTS:
        raise MemoryError(f"the network would have {weights:,} weights")
