"""The model that reads pictures where none was named: the user's own, else the one that comes with the package."""

from __future__ import annotations

from pathlib import Path

from layerwise.handwriting.shipped import NAME

OWN, TRAINED = "my-digits.safetensors", "mnist.safetensors"  # of the working directory, the first that is there
SHIPPED = f"{Path(NAME).stem}, which comes with layerwise"


def default_model() -> Path | None:
    """Return the model file to take; None for the network that comes with the package."""
    return next((path for path in map(Path, (OWN, TRAINED)) if path.is_file()), None)
