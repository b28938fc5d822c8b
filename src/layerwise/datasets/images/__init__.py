"""Pictures of a user's handwritten digits: read from a file, brought to MNIST's form, shown in a terminal."""

from layerwise.datasets.images.form import to_mnist
from layerwise.datasets.images.reading import read_digit
from layerwise.datasets.images.rendering import render

__all__ = ["read_digit", "render", "to_mnist"]
