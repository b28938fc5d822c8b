"""Where the data files of the installed package are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from layerwise.errors import DataError


@contextmanager
def packaged_files(*names: str) -> Iterator[list[Path]]:
    """Paths of data files of the package; an error over one of them says how to restore it."""
    folder = files("layerwise.datasets") / "files"
    try:
        with ExitStack() as stack:
            yield [stack.enter_context(as_file(folder / name)) for name in names]
    except (DataError, OSError) as error:
        raise DataError(
            f"a data file of this installation cannot be used: {error}. To restore it: "
            "pip install --force-reinstall --no-deps layerwise"
        ) from error
