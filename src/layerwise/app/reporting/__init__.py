"""A report of a trained network as one page of HTML, which needs no other file and no network.

network, X, y ─► Subject (what it says of X, once) ─► sections.py: one by one ─► page.py: the page

    tables.py, table_sections.py  the rows of a table as its file has them, and what is said of them
    trials.py                     folds of a cross-validation, and settings that a search has tried
    pictures.py  drawn with layerwise.plots, light and dark, inside the page
    again.py     how to come to the same network again
"""

from __future__ import annotations

import os
from pathlib import Path

from layerwise.app.reporting import page, sections
from layerwise.app.reporting.subject import Subject
from layerwise.app.reporting.tables import Table
from layerwise.data.writing import check_writable, write_whole
from layerwise.errors import DataError
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.plots.style import need
from layerwise.typing import ArrayLike

__all__ = ["Table", "report"]


def report(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    table: Table | None = None,
) -> Path:
    """Write a page on a trained network: its figures on held-out rows, in numbers and pictures.

    The layers; the training and its curves; confusion matrix and worst mistakes, or how numbers compare; whether its
    confidence can be believed; a diagnosis; the machine, and how to come to the same network again. The page is one
    file, light or dark as the reader's system is.

    Parameters
    ----------
    network : Network
        Trained.
    X : array (n, n_in)
        Rows that it has not learned from.
    y : array
        What they are.
    path : path
        The HTML file: written whole or not at all; one that is there is replaced.
    title : str, optional
        Of the page; by default the file's name.
    table : Table, optional
        The rows before an encoder made X of them (``layerwise.app.reporting.Table``); by default each named input is a
        column. Of a table, the measures stand beside those of the same answer for every row, and the page has the
        worst rows, how much each column matters, and how the answer changes with the main ones. Where there are many
        rows, the last two are measured on some of them, and the page says so.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    DataError
        The network was never trained, or X and y are not for it.
    MissingDependencyError
        matplotlib is not installed.
    OSError
        The path cannot be written to.
    """
    check_network("report", network)
    if network.task is None:
        raise DataError("report: the network was never trained; call fit(X, y) first")
    check_writable(path)
    need("a report")
    subject = Subject.of(network, X, y, table)
    name = Path(path).stem if title is None else title
    write_whole(Path(path), page.write(name, sections.facts(subject), sections.all_of(subject)).encode())
    return Path(path)
