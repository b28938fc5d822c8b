"""Data to learn from: what comes with the package, what can be made or downloaded, and one's own files.

Every loader gives arrays whose rows are samples: `X` holds the features, `y` the labels or targets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from layerwise.datasets.fashion import load_fashion_mnist
    from layerwise.datasets.handwriting import load_optdigits, load_pendigits, load_semeion
    from layerwise.datasets.idx import read_idx
    from layerwise.datasets.iris import load_iris
    from layerwise.datasets.mnist import load_mnist
    from layerwise.datasets.pictures import read_folder
    from layerwise.datasets.splitting import batches, one_hot, train_validation_split
    from layerwise.datasets.strokes import draw_strokes
    from layerwise.datasets.synthetic import make_sine, make_spiral, make_vertical
    from layerwise.datasets.table import read_csv

_NAMES = {  # where each name is; it is loaded when it is first asked for
    "fashion": "load_fashion_mnist",
    "handwriting": "load_optdigits load_pendigits load_semeion",
    "idx": "read_idx",
    "iris": "load_iris",
    "mnist": "load_mnist",
    "pictures": "read_folder",
    "splitting": "batches one_hot train_validation_split",
    "strokes": "draw_strokes",
    "synthetic": "make_sine make_spiral make_vertical",
    "table": "read_csv",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = [
    "batches",
    "draw_strokes",
    "load_fashion_mnist",
    "load_iris",
    "load_mnist",
    "load_optdigits",
    "load_pendigits",
    "load_semeion",
    "make_sine",
    "make_spiral",
    "make_vertical",
    "one_hot",
    "read_csv",
    "read_folder",
    "read_idx",
    "train_validation_split",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
