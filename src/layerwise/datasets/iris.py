"""Fisher's iris: 150 flowers of three species, four lengths each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layerwise.datasets.packaged import packaged_files
from layerwise.datasets.table import Table, read_csv


def load_iris() -> Table:
    """Load the iris data: three species of flowers, 50 samples of each.

    Returns
    -------
    Table
        Unpacks as ``X, y``. `X` has shape (150, 4) and type float64: length and width of sepal and petal, in
        centimetres. `y` has shape (150,) and type int64: 0 setosa, 1 versicolor, 2 virginica. The attributes
        `feature_names` and `class_names` have the names.

    Raises
    ------
    DataError
        If the data file of the installed package is missing or damaged.

    Notes
    -----
    Measured by Edgar Anderson, published by R. A. Fisher, "The use of multiple measurements in taxonomic
    problems", Annals of Eugenics 7 (1936), 179–188. Flowers 35 and 38 are as in Fisher's paper; many copies have errors
    in them.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> X, y = lw.datasets.load_iris()
    >>> X.shape, np.bincount(y).tolist()
    ((150, 4), [50, 50, 50])
    >>> lw.datasets.load_iris().class_names
    ('setosa', 'versicolor', 'virginica')
    """
    with packaged_files("iris.csv") as [path]:
        named = read_csv(path, target="species")
    return replace(named, y=np.searchsorted(named.class_names, named.y).astype(np.int64))
