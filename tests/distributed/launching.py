"""Where mpiexec is: beside the interpreter or the packages, where the package index puts it; else the system's."""

import shutil
import sys
import sysconfig
from pathlib import Path


def _found():
    folders = [
        sysconfig.get_path("scripts"),
        *(Path(path).parents[2] / "bin" for path in sys.path if "site-packages" in path),
    ]
    found = (shutil.which("mpiexec", path=str(folder)) for folder in folders)
    return next((path for path in found if path), None) or shutil.which("mpiexec")


MPIEXEC = _found()
