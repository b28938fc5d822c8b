"""Names of columns: known from the frame that a network was trained on, and compared with those of later ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from layerwise.errors import DataError

_MOST = 5  # names that an error lists of each kind


def names_of(X: Any) -> list[str] | None:
    """What the columns of a frame are called; None where X has no names, or none of them is text, as in scikit-learn.

    Raises
    ------
    DataError
        Some names are text and some are not.

    Examples
    --------
    >>> names_of([[1.0, 2.0]]) is None
    True
    """
    if type(X).__name__ == "LazyFrame":  # of Polars, which would have to be asked for them at some cost
        return None
    names = getattr(X, "columns", None)
    if not isinstance(names, Iterable):
        return None
    found = list(names)
    kinds = sorted({type(name).__name__ for name in found})
    texts = [isinstance(name, str) for name in found]
    if any(texts) and not all(texts):
        raise DataError(
            f"column names must all be text, or none of them; got names of the types {', '.join(kinds)}: give "
            "frame.rename(columns=str)"
        )
    return found if all(texts) and found else None


def target_names(y: Any) -> list[str] | None:
    """What the columns of a frame of targets are called; None of one column, which no other can be taken for.

    Examples
    --------
    >>> target_names([[1.0, 2.0]]) is None
    True
    """
    names = names_of(y)
    return names if names is not None and len(names) > 1 else None


def named_columns(names: Sequence[str] | None) -> list[dict[str, Any]] | None:
    """Names as `Network.columns` and the model file have them."""
    return None if names is None else [{"name": str(name), "kind": "number"} for name in names]


def check_names(names: Sequence[str], known: Sequence[str], title: str = "X") -> None:
    """Refuse columns that are not those of training, or are in another order.

    Raises
    ------
    DataError
        Names those that are new, those that are missing, or the first two that changed places.
    """
    if list(names) == list(known):
        return
    unseen, missing = sorted(set(names) - set(known)), sorted(set(known) - set(names))
    parts = [f"{title}: the column names should match those that were passed during fit."]
    if unseen:
        parts.append(f"Column names unseen at fit time: {_listed(unseen)}.")
    if missing:
        parts.append(f"Column names seen at fit time, yet now missing: {_listed(missing)}.")
    if not unseen and not missing:
        j = next((j for j, (a, b) in enumerate(zip(names, known)) if a != b), min(len(names), len(known)))
        was, now = (list_[j] if j < len(list_) else None for list_ in (known, names))
        parts.append(f"They must be in the same order as they were in fit: column {j} was {was!r}, and is {now!r} now.")
    wanted = f"columns {list(known)!r}" if len(known) <= _MOST else "columns of fit, by their names,"
    parts.append(f"Give the {wanted} in this order, or an array without names to have the columns taken as they are")
    raise DataError(" ".join(parts))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(map(repr, names[:_MOST])) + more
