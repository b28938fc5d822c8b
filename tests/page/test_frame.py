"""A frame that Python makes and page/tests/server.test.ts reads."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from layerwise.app.play.protocol import pack, unpack

FILE = Path(__file__).parents[2] / "page" / "tests" / "golden" / "frame.json"
MESSAGE = {
    "id": 3,
    "with": {
        "X": np.arange(5, dtype=np.float32),
        "y": [np.array([1, 2], np.int32), {"z": np.array([1.5])}],
        "b": np.arange(3, dtype=np.uint8),
        "name": "é",
    },
    "none": None,
}


def test_the_golden_frame_is_this_one():
    """Written anew by: python tests/page/test_frame.py"""
    if not FILE.exists():
        pytest.skip("the page's sources are not here")
    assert json.loads(FILE.read_text())["frame"] == base64.b64encode(pack(MESSAGE)).decode()


def test_back_and_forth():
    found = unpack(pack(MESSAGE))
    assert np.array_equal(found["with"]["X"], MESSAGE["with"]["X"])
    assert found["with"]["y"][1]["z"].tolist() == [1.5]
    assert found["with"]["name"] == "é"
    assert unpack(pack({"a": [np.nan, np.float32(2), np.inf, np.empty(0, np.uint8)]}))["a"][:3] == [None, 2, None]


if __name__ == "__main__":
    FILE.write_text(json.dumps({"frame": base64.b64encode(pack(MESSAGE)).decode()}) + "\n")
