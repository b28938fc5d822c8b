"""Folders of pictures for the commands: options, parts, and the rows that a model's pictures become."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from layerwise.app.cli import console
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.data_sets import DATA_SETS, SPLIT_SEED, Data, Rows
from layerwise.app.cli.held_out import found_again, remembered
from layerwise.app.cli.model import Trained
from layerwise.app.recipes import Recipe, for_pictures
from layerwise.data.augmentation import Augmentation
from layerwise.data.tables.splitting import split_rows
from layerwise.datasets.images import read_digit
from layerwise.datasets.pictures import PictureForm, form_of
from layerwise.datasets.pictures.folder import MEMORY, check_classes, check_size, unread
from layerwise.datasets.pictures.listing import Listing, check_several, list_classes, listed, parts_of
from layerwise.datasets.pictures.rows import Problems, read_rows
from layerwise.datasets.pictures.survey import choose_form
from layerwise.errors import DataError
from layerwise.typing import Array

_PANEL = "Pictures"
Size = Annotated[
    str | None,
    typer.Option("--size", metavar="PIXELS", help="Of the pictures of FOLDER: 28, or height x width: 48x32.",
                 rich_help_panel=_PANEL),
]  # fmt: skip
Color = Annotated[
    bool | None,
    typer.Option("--color/--grey", help="With colours or without; by default the pictures tell.",
                 rich_help_panel=_PANEL),
]  # fmt: skip
Drawing = Annotated[
    bool | None,
    typer.Option("--drawing/--whole", help="Only the ink counts, wherever it is and however large; by default the "
                 "pictures tell.", rich_help_panel=_PANEL),
]  # fmt: skip
Augment = Annotated[
    bool | None,
    typer.Option("--augment/--no-augment", help="Change the pictures a little in every epoch; by default where there "
                 "are fewer than 200 of a class.", rich_help_panel=_PANEL),
]  # fmt: skip
OF_FOLDERS = ("size", "color", "drawing", "augment")
FEW = 200  # pictures of a class, on the average: fewer are augmented
WORDS = {"train": "train", "validation": "validate", "test": "test"}
SHARE_TO_TEST, SHARE_TO_VALIDATE = 0.2, 0.15


def is_folder(name: str) -> bool:
    """Return whether it is the user's folder rather than a data set's name."""
    if name in DATA_SETS or not Path(name).is_dir():
        return False
    from layerwise.datasets.reading.blocks import is_in_blocks

    return not is_in_blocks(name)


def load_folder(
    name: str,
    chosen: Recipe | None,
    options: dict[str, Any],
    validation: float | None = None,
    test: float | None = None,
    memory: int = MEMORY,
) -> tuple[Data, Recipe]:
    """Load a folder of pictures to train on, and the recipe for it.

    Parameters
    ----------
    name : str
        The folder. Its folders are the classes, or it holds the folders train, test and validation with them.
    chosen : Recipe, optional
        In place of the one that the pictures suggest.
    options : dict
        Those of `OF_FOLDERS`.
    validation, test : float, optional
        The shares that are held out where there is no folder of them.
    memory : int
        Bytes of rows that are kept in memory.
    """
    folder = Path(name)
    listing, parts = _parts(folder, validation, test)
    with usage_error("--size"):
        size = check_size(_pixels(options["size"]))
    form = choose_form([listing.files[i] for i in np.sort(parts["train"])], size, options["color"], options["drawing"])
    order = np.concatenate(list(parts.values()))
    X, kept, problems = read_rows([listing.files[i] for i in order], form, memory)
    _tell(name, listing, problems)
    y = np.array([listing.labels[i] for i in order[kept]])
    ends = np.searchsorted(kept, np.cumsum([len(rows) for rows in parts.values()]))[:-1]
    rows = dict(zip(parts, zip(np.split(X, ends), np.split(y, ends), strict=True), strict=True))
    _check_parts(folder, listing, rows, problems)
    read = np.sort(order[kept])
    files = np.array([listing.name(listing.files[i]) for i in read])
    tested = np.flatnonzero(np.isin(read, parts["test"]))
    stem = folder.resolve().name
    notes = {"data": stem, "pictures": form.to_dict(), "held_out": remembered(files, tested)}
    classes, n = len(listing.class_names), len(rows["train"][1])
    recipe = chosen.of_data_alone() if chosen else for_pictures(classes, n, form.n_in, standard=not form.drawing)
    if options["augment"] or (options["augment"] is None and chosen is None and n < FEW * classes):
        recipe = replace(recipe, augmentation=augmentation(form, rows["train"][0]))
    return Data(stem, recipe.name, rows["train"], rows.get("validation"), rows["test"], classes, notes), recipe


def augmentation(form: PictureForm, X: Array) -> Augmentation:
    """Return the random changes that suit pictures of this form: small ones, and drawings are bent, too."""
    side = min(form.height, form.width)
    settings: dict[str, Any] = {"shape": form.shape, "shift": round(side / 28, 2), "rotation": 8, "scale": 0.1}
    settings |= {"shear": 8}
    if form.drawing:
        settings |= {"elastic_alpha": round(34 * (side / 28) ** 2, 1), "elastic_sigma": round(side / 7, 2)}
        return Augmentation(**settings)
    channels = 3 if form.color else 1
    edges = X[: min(len(X), 1000)].reshape(-1, form.height, form.width, channels)[:, [0, -1]]
    return Augmentation(**settings, fill=float(np.median(edges)))


def pictures_to_evaluate(name: str, model: Trained, unseen: bool = False) -> Rows:
    """Return the rows of the pictures in a folder, and their classes as the model knows them.

    Of a folder with train and test in it, those of test. Which pictures the model has learned from is said on stderr;
    with `unseen`, only the others are returned.
    """
    folder, notes = Path(name), model.network.notes
    form = _form(model)
    listing = list_classes(parts_of(folder).get("test", folder), folder)
    if model.task.classes is None:
        raise DataError(f"{name}: pictures in folders have classes, and the model answers with numbers")
    known = {str(label): label for label in model.task.classes.tolist()}
    if unknown := [label for label in listing.class_names if label not in known]:
        raise DataError(
            f"{name}: the model does not know the class {listed(unknown)}; its classes are {listed(list(known), 20)}"
        )
    X, kept, problems = read_rows(listing.files, form, MEMORY)
    _tell(name, listing, problems)
    if not len(kept):
        raise DataError(f"{name}: none of the {len(listing.files):,} pictures can be read")
    y = np.array([known[listing.labels[i]] for i in kept])
    files = np.array([listing.name(listing.files[i]) for i in kept])
    if (tested := found_again(notes, files)) is not None:
        learned = len(files) - len(tested)
        taken = "only they are taken" if unseen else "all are taken"
        words = f"{learned:,} of these {len(files):,} pictures were used in training; the others were not, and {taken}"
        console.warn(f"note: {words}", "yellow")
        if unseen:
            return X[tested], y[tested]
    return X, y


@dataclass(frozen=True)
class Digits:
    """The form of MNIST's digits, for a model that was trained on them."""

    n_in: int = 784

    def read(self, path: Path) -> Array:
        """Read one picture as a row."""
        return read_digit(path)


def _form(model: Trained) -> PictureForm | Digits:
    """Return the form of the pictures that a model takes."""
    n_in = model.network.built()[0].n_in
    form = form_of(model.network.notes) or Digits()
    if form.n_in != n_in or model.encoder is not None:
        raise DataError(f"the model takes {n_in} inputs, which are no pictures; give rows as FILE.csv")
    return form


def _pixels(text: str | None) -> int | tuple[int, int] | None:
    """Return the size that --size names."""
    if text is None:
        return None
    try:
        sides = [int(side) for side in text.lower().replace("×", "x").split("x")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2):
        raise ValueError(f"{text!r} is no size; write pixels (28) or height x width (48x32)")
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])


def _parts(folder: Path, validation: float | None, test: float | None) -> tuple[Listing, dict[str, Array]]:
    """Return all pictures, and the numbers of those to train (in a random order), to validate and to test."""
    folders = parts_of(folder)
    for part, share in (("validation", validation), ("test", test)):
        if part in folders and share is not None:
            raise typer.BadParameter(f"{folder} has a folder for it, {folders[part].name}", param_hint=f"--{part}")
    listing = list_classes(folders.get("train", folder), folder)
    check_several(listing, folder)
    if "test" not in folders and (single := [name for name, n in Counter(listing.labels).items() if n == 1]):
        raise DataError(
            f"{folder}: there is one picture alone of {listed(single)}; give at least 2, one of them to test"
        )
    train, parts = np.arange(len(listing.files)), {}
    for part in ("validation", "test"):
        if part in folders:
            begin, more = len(listing.files), list_classes(folders[part], folder)
            if unknown := sorted(set(more.labels) - set(listing.labels)):
                raise DataError(f"{folders[part]} holds the class {listed(unknown)}, which {folders['train']} does not")
            listing = listing.and_those_of(more)
            parts[part] = np.arange(begin, len(listing.files))
    classes = np.array(listing.labels)
    if "test" not in folders:
        train, parts["test"] = _without(train, classes, SHARE_TO_TEST if test is None else test, "--test")
    share = SHARE_TO_VALIDATE if validation is None else validation
    few = validation is None and round(share * len(train)) == 0
    if "validation" not in folders and share and not few:
        train, parts["validation"] = _without(train, classes, share, "--validation")
    order = np.random.default_rng(SPLIT_SEED).permutation(train)
    return listing, {"train": order, **parts}


def _without(rows: Array, classes: Array, share: float, option: str) -> tuple[Array, Array]:
    """Return pictures without that share, the same of each class as far as that goes, and the share."""
    try:
        split = split_rows(len(rows), test=share, validation=0, seed=SPLIT_SEED, classes=classes[rows])
    except DataError as problem:
        raise DataError(str(problem).replace("--test", option)) from None
    return rows[split.train], rows[split.test]


def _check_parts(folder: Path, listing: Listing, rows: dict[str, Rows], problems: Problems) -> None:
    """Refuse parts without pictures, and classes of which none is learned."""
    check_classes(listing, np.concatenate([y for _, y in rows.values()]).tolist(), problems)
    counts = Counter(rows["train"][1].tolist())
    if lost := [name for name in listing.class_names if not counts[name]]:
        raise DataError(
            f"{folder}: none of the pictures of the class {listed(lost)} is left to train; give more of them"
        )
    for part, (_, y) in rows.items():
        if not len(y):
            raise DataError(f"{folder}: none of the pictures to {WORDS[part]} can be read")


def _tell(name: str, listing: Listing, problems: Problems) -> None:
    """Print what was left out to stderr."""
    for note in (*listing.notes(), *unread(listing, problems)):
        console.warn(f"{name}: {note}", "yellow")
