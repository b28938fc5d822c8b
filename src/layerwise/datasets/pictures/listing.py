"""Which pictures a folder holds, by class: a folder each, perhaps within folders to train, validate and test."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from layerwise.errors import DataError

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp"))
LITTER = frozenset(("thumbs.db", "desktop.ini", "__macosx"))  # left by systems; what begins with a dot is hidden
PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test",
         "val": "validation", "valid": "validation", "validation": "validation"}  # fmt: skip
EXAMPLE = "put the pictures of each class into a folder of its name, such as {folder}/a and {folder}/b"


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder.

    Attributes
    ----------
    folder : Path
        Where the names of the files begin.
    files, labels : list
        The pictures in order, and the class of each.
    left_out : list of Path
        Other files that were there.
    """

    folder: Path
    files: list[Path] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    left_out: list[Path] = field(default_factory=list)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in order."""
        return tuple(sorted(set(self.labels)))

    def and_those_of(self, other: Listing) -> Listing:
        """Return these pictures and those of another listing after them."""
        return Listing(
            self.folder,
            [*self.files, *other.files],
            [*self.labels, *other.labels],
            [*self.left_out, *other.left_out],
        )

    def name(self, file: Path) -> str:
        """Return the name of a file in this folder, the same on all systems."""
        return file.relative_to(self.folder).as_posix()

    def notes(self) -> list[str]:
        """Return a sentence on the files that are no pictures."""
        if not self.left_out:
            return []
        one = len(self.left_out) == 1
        count = "1 file is" if one else f"{len(self.left_out):,} files are"
        names = listed([self.name(file) for file in self.left_out])
        return [f"{count} left out, no picture in the folder of a class: {names}"]


def files_in(folder: Path) -> list[Path]:
    """Return all pictures in a folder and below it, in order.

    Raises
    ------
    DataError
        There is none, or the folder cannot be read.
    """
    folders, files = _entries(folder)
    found = [file for file in files if _is_picture(file)]
    for inner in folders:
        found += files_in(inner) if _holds_pictures(inner) else []
    if not found:
        raise DataError(f"{folder} holds no pictures; they end in {', '.join(sorted(SUFFIXES))}")
    return found


def list_classes(folder: Path, within: Path | None = None) -> Listing:
    """Return the pictures of a folder whose folders are the classes.

    Parameters
    ----------
    folder : Path
        That folder.
    within : Path, optional
        The folder from which files are named, by default the same.

    Raises
    ------
    DataError
        There are no classes, or one alone, or one without pictures; or the folder is laid out in another way.
    """
    folders, files = _entries(folder)
    found = Listing(within or folder)
    if not folders:
        pictures = [file for file in files if _is_picture(file)]
        what = f"{len(pictures):,} loose pictures" if pictures else "no folders and no pictures"
        raise DataError(f"{folder} holds {what}: {EXAMPLE.format(folder=folder)}")
    _check_nesting(folder, folders)
    found.left_out.extend(files)
    for inner in folders:
        deeper, files = _entries(inner)
        if deep := [one for one in deeper if _holds_pictures(one)]:
            raise DataError(
                f"{inner} holds folders with pictures: {listed([one.name for one in deep])}; the folder of a class "
                "holds its pictures themselves: move them there, or give a folder whose folders are the classes"
            )
        pictures = [file for file in files if _is_picture(file)]
        if not pictures:
            raise DataError(f"{inner} holds no pictures{_of_other_kinds(files)}; add some, or remove the folder")
        found.files.extend(pictures)
        found.labels.extend([unicodedata.normalize("NFC", inner.name)] * len(pictures))
        found.left_out.extend(file for file in files if not _is_picture(file))
    return found


def check_several(listing: Listing, folder: Path) -> None:
    """Refuse one class alone.

    Raises
    ------
    DataError
        The folder holds one class alone.
    """
    if len(listing.class_names) == 1:
        only = listing.class_names[0]
        raise DataError(
            f"{folder} holds one class alone, {only!r} ({len(listing.files):,} pictures); at least two are needed: "
            f"{EXAMPLE.format(folder=folder)}"
        )


def parts_of(folder: Path) -> dict[str, Path]:
    """Return the folders of what to train, validate and test, where there are such; otherwise none.

    They are known by their names (train, training, val, valid, validation, test, testing), and by the folders in
    train: where it holds pictures, it is a class.

    Raises
    ------
    DataError
        Other folders with pictures are beside them, two have one meaning, or there is none to train.
    """
    folders, _ = _entries(folder)
    found: dict[str, Path] = {}
    rest = []
    for inner in folders:
        meaning = PARTS.get(inner.name.lower())
        if meaning is None or not any(map(_holds_pictures, _entries(inner)[0])):
            rest.append(inner)
        elif meaning in found:
            raise DataError(f"{folder} holds both {found[meaning].name} and {inner.name}; keep one of them")
        else:
            found[meaning] = inner
    if found and (beside := [inner.name for inner in rest if _holds_pictures(inner)]):
        names = listed([inner.name for inner in found.values()])
        raise DataError(f"{folder} holds {names}, and beside them {listed(beside)}; move these into them, or away")
    if found and "train" not in found:
        names = listed([inner.name for inner in found.values()])
        raise DataError(f"{folder} holds {names}, but no folder train to learn from; add one")
    return found


def listed(names: list[str], most: int = 5) -> str:
    """Return the first names with commas between, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files in a folder, by name, without hidden ones and litter."""
    try:
        entries = sorted(
            one for one in folder.iterdir() if not one.name.startswith(".") and one.name.lower() not in LITTER
        )
    except OSError as problem:
        raise DataError(f"{folder} cannot be read ({problem.strerror or problem}); check the path") from None
    return [one for one in entries if one.is_dir()], [one for one in entries if not one.is_dir()]


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES


def _holds_pictures(folder: Path) -> bool:
    """Return whether there is a picture in a folder or below it."""
    folders, files = _entries(folder)
    return any(map(_is_picture, files)) or any(map(_holds_pictures, folders))


def _check_nesting(folder: Path, folders: list[Path]) -> None:
    """Refuse a folder with one alone in it that holds the classes, as archives are unpacked."""
    if len(folders) == 1:
        inner = [one.name for one in _entries(folders[0])[0] if _holds_pictures(one)]
        if inner:
            raise DataError(
                f"{folder} holds one folder alone, {folders[0].name}, whose folders have pictures: {listed(inner)}; "
                f"give {folders[0]}"
            )


def _of_other_kinds(files: list[Path]) -> str:
    if not files:
        return ""
    kinds = ", ".join(sorted(SUFFIXES))
    return (
        f", but {len(files):,} files of other kinds ({listed([file.name for file in files], 3)}): save them as {kinds}"
    )
