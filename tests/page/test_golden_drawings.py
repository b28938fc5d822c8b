"""What the page's reading of drawings is held to is what Python gives."""

import base64
import gzip
import json

import numpy as np
import pytest

pytest.importorskip("PIL")

from layerwise.datasets.images.form import to_mnist
from page.golden_drawings import FILE, greys


def bytes_of(text):
    return np.frombuffer(base64.b64decode(text), np.uint8).astype(int)


@pytest.fixture(scope="module")
def kept():
    if not FILE.exists():
        pytest.skip("the page's sources are not here")
    return {picture["name"]: picture for picture in json.loads(gzip.decompress(FILE.read_bytes()))["pictures"]}


def test_every_drawing_is_there(kept):
    assert [name for name, _ in greys()] == list(kept)
    assert FILE.stat().st_size < 200_000


def test_drawings_have_these_784_bytes(kept):
    compared = 0
    for name, grey in greys():
        if not kept[name]["mnist"].startswith("the picture"):
            difference = abs(to_mnist(bytes_of(kept[name]["grey"]).reshape(grey.shape)) - bytes_of(kept[name]["mnist"]))
            assert difference.max() <= 1, name  # other versions of Pillow round otherwise
            compared += 1
    assert compared > 35
