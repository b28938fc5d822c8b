"""What may be done while a network trains, a file an idea; `base.py` has the hooks."""

from layerwise.callbacks.base import Callback, as_callbacks
from layerwise.callbacks.history import History
from layerwise.callbacks.progress import Progress

CALLBACKS: tuple[type[Callback], ...] = (Progress,)

__all__ = ["CALLBACKS", "Callback", "History", "Progress", "as_callbacks"]
