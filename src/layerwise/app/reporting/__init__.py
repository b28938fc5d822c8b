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
    """Write an HTML report on a trained network, evaluated on held-out data.

    It shows the layers, the learning curves, the confusion matrix and the worst mistakes or the errors of a regression,
    the calibration, a diagnosis, the machine, and how to train the same network again. The page is one file, with a
    light and a dark theme.

    Parameters
    ----------
    network : Network
        A trained network.
    X : array-like of shape (n, n_in)
        Samples that were not trained on.
    y : array-like of shape (n,) or (n, n_out)
        Their labels or targets.
    path : str or path-like
        The HTML file. It is written completely or not at all; an existing file is replaced.
    title : str, optional
        The title of the page. By default the file's name.
    table : Table, optional
        The rows before they were encoded as X (``layerwise.app.reporting.Table``). By default each named input is a
        column. For a table the report also compares with a constant prediction, and shows the worst rows, the
        importance of each column and the partial dependence on the main ones. If there are many rows, the last two are
        measured on some of them, and the page says so.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    DataError
        The network is not trained, or X and y do not fit it.
    MissingDependencyError
        Matplotlib is not installed.
    OSError
        The path cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X[::2], y[::2], epochs=2, verbose=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = lw.report(net, X[1::2], y[1::2], f"{folder}/spiral.html")
    >>> path.name
    'spiral.html'
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
