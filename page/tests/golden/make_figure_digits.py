"""Writes figure-digits.json: what Python answers with the figure's network for the figure's images.

$ python page/tests/golden/make_figure_digits.py
"""

import base64
import json
import tempfile
from pathlib import Path

import numpy as np

import layerwise as lw

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "docs/_static/digits/network.js"


def given():
    """Return what the script gives to the figure."""
    text = SCRIPT.read_text(encoding="utf-8")
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def network():
    """Return the figure's network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.safetensors"
        path.write_bytes(base64.b64decode(given()["model"]))
        return lw.load(path)


def images():
    """Return the figure's images, a row each, and what they show."""
    found = given()
    return np.frombuffer(base64.b64decode(found["images"]), np.uint8).reshape(-1, 784), np.array(found["labels"])


def answers():
    """Return the activations of the hidden layer and the probabilities, rounded to seven digits."""
    found = network().activations(images()[0])
    return {name: np.round(found[layer], 7).tolist() for name, layer in (("hidden", 1), ("probabilities", 3))}


if __name__ == "__main__":
    target = Path(__file__).with_name("figure-digits.json")
    target.write_text(json.dumps(answers()) + "\n", encoding="utf-8", newline="\n")
