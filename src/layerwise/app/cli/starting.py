"""Ctrl-C while the command `layerwise` starts: a line and the exit code, where Python would show a traceback.

Most of the start is the import of this package, before any function of the command runs, so this module is imported
first, and acts when it is. In any other program nothing is done.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from itertools import pairwise
from typing import Any

from layerwise.app.cli.launcher import launched

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def is_command() -> bool:
    """Return whether this process is the command: the script of that name, or ``python -m layerwise``."""
    script = os.path.splitext(os.path.basename(sys.argv[0]))[0] if getattr(sys, "argv", None) else ""
    return script == "layerwise" or (script in ("-m", "__main__") and ("-m", "layerwise") in pairwise(sys.orig_argv))


def end_at_ctrl_c() -> None:
    """End the process at Ctrl-C, until `started` is called."""
    mine = threading.current_thread() is threading.main_thread()
    if mine and is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def started() -> None:
    """Let Ctrl-C be a KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: Any) -> None:
    if (launched() or (0, 1))[0] == 0:  # of several processes one says it
        os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)  # an import that is cut off may take KeyboardInterrupt for an error of its own


end_at_ctrl_c()
