"""What each stage of reading gives of small pictures is kept in files, for ports to be held to: it has not changed."""

import json

import numpy as np
import pytest

pytest.importorskip("PIL")

import layerwise as lw
from handwriting.golden_pictures import FOLDER, as_json, pictures


def test_every_picture_has_its_file():
    names = set(pictures())
    assert {path.stem for path in FOLDER.glob("*.png")} == {path.stem for path in FOLDER.glob("*.json")} == names
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 150_000


@pytest.mark.parametrize("name", pictures())
def test_stages(name):
    kept = json.loads((FOLDER / f"{name}.json").read_text())
    found = as_json(lw.read_digits(FOLDER / f"{name}.png"))
    assert (found["size"], found["answer"]) == (kept["size"], kept["answer"])
    assert (found["reason"] is None) == (kept["reason"] is None)
    for one, other in zip(found["digits"], kept["digits"], strict=True):
        assert (one["row"], one["answer"]) == (other["row"], other["answer"])
        assert abs(np.subtract(one["place"], other["place"])).max() <= 1
        images = [np.frombuffer(bytes.fromhex(digit["image"]), np.uint8).astype(int) for digit in (one, other)]
        assert abs(images[0] - images[1]).max() <= 3  # other versions of Pillow round otherwise
        if found["network"] == kept["network"]:
            assert one["confidence"] == pytest.approx(other["confidence"], abs=0.01)
