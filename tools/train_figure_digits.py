"""Train the network of the figure `digits` and write docs/_static/digits/network.js: the network and some images.

$ python tools/train_figure_digits.py

The network has one hidden layer of 30 units, as Nielsen's first one, and reads drawings: it is trained on MNIST's
images and on paths of pens drawn as images, moved, turned and slanted a little. The file holds the model file (weights
in int8) and two of MNIST's test images of each digit, in base64.
"""

import base64
import json
import tempfile
from pathlib import Path

import numpy as np

import layerwise as lw
from layerwise.handwriting.examples import digits_of_people

TARGET = Path(__file__).parent.parent / "docs/_static/digits/network.js"
EPOCHS, BATCH_SIZE, RATE = 40, 64, 0.003
EACH = 2  # images of each digit


def train(images, labels, validation):
    """Return the network, trained."""
    network = lw.Network([lw.Dense(30), lw.Sigmoid(), lw.Dense(10), lw.Softmax()], random_state=0)
    network.fit(
        images, labels, loss=lw.CategoricalCrossEntropy(), optimizer=lw.Adam(RATE), penalty=lw.L2(2e-5),
        schedule=lw.schedules.Cosine(), batch_size=BATCH_SIZE, epochs=EPOCHS, validation_data=validation,
        augmentation=lw.Augmentation(shift=1.5, rotation=6, scale=0.08, shear=6),
    )  # fmt: skip
    return network


def chosen(network, images, labels):
    """Return the places of images that the network is sure of."""
    found: list[int] = []
    probabilities = network.predict_proba(images)
    for digit in range(10):
        sure = np.flatnonzero((labels == digit) & (probabilities.argmax(1) == digit) & (probabilities.max(1) > 0.9))
        found += [int(place) for place in sure[:EACH]]
    return sorted(found, key=lambda place: (labels[place], place))


def write(network, images, labels):
    """Write the script that hands the network and the images to the figure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.safetensors"
        network.history = None  # which the file need not carry
        network.save(path, weights="int8")
        model = path.read_bytes()
    places = chosen(network, images, labels)
    given = {
        "model": base64.b64encode(model).decode(),
        "images": base64.b64encode(images[places].tobytes()).decode(),
        "labels": labels[places].tolist(),
    }
    text = f"globalThis.layerwiseDigits = {json.dumps(given)};\n"
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8", newline="\n")
    print(f"{TARGET.name}: {len(text):,} bytes")


def main():
    """Train, say how well it reads MNIST's test images, and write."""
    (X, y), validation, (X_test, y_test) = lw.datasets.load_mnist()
    images, targets = digits_of_people(X, y)
    digits = targets.max(axis=1) == 1  # the rest is no digit
    network = train(images[digits], targets[digits].argmax(axis=1), validation)
    print(f"test accuracy: {network.evaluate(X_test, y_test)['accuracy']:.4f}")
    write(network, X_test, y_test)


if __name__ == "__main__":
    main()
