"""Learning a few digits of one hand without forgetting those of others: a short further training, from a given network.

    corrected digits ─► many distorted copies, their labels ──┐
    MNIST, pen paths ─► rows to rehearse, their labels and ───┴─► a few hundred steps ─► weights W₁
                        the answers of the network as it was [1]_
    W₀ + α (W₁ - W₀), α the largest that leaves MNIST's validation images read as well as before [2]_

References
----------
.. [1] Z. Li, D. Hoiem, "Learning without forgetting", ECCV 2016.
.. [2] M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
"""

from __future__ import annotations

import numpy as np

from layerwise.data.augmentation import Augmentation
from layerwise.datasets import draw_strokes, load_mnist, load_pendigits
from layerwise.errors import DataError, ShapeError
from layerwise.handwriting.shipped import PIXELS, reader_of
from layerwise.network.network import Network
from layerwise.parts.losses import CategoricalCrossEntropy
from layerwise.parts.optimizers import Adam
from layerwise.typing import Array, ArrayLike

STEPS, BATCH_SIZE, LEARNING_RATE = 250, 128, 4e-4
SHARE = 0.1  # of a batch are corrected digits
SMOOTHING = 0.1  # of their labels
REMEMBERED = 0.4  # of the targets of rehearsed rows are the answers of the network as it was
DISTORTIONS = Augmentation(shift=1.5, rotation=8, scale=0.1, shear=8, elastic_alpha=20, elastic_sigma=4)
IMAGES, PATHS = 20_000, 4_000  # of MNIST and of pendigits, that rows to rehearse are drawn from
PATHS_SHARE = 0.2  # of the rehearsed rows
UNSURE_SHARE = 0.3  # of them are drawn by how unsure the network is of them, the others alike
PEN = (1.5, 3.5)  # widths of the line that a path is drawn with, in pixels
ALPHAS = (0.85, 0.8, 0.75, 0.7, 0.65, 0.6)  # how much of the way, the largest first
LARGEST_FALL, WATCHED = 0.0008, 2_000  # of all validation images; the least sure of them, which answers change for


def learn_digits(network: Network, X: ArrayLike, y: ArrayLike, *, random_state: int = 0) -> Network:
    """Return a copy of a network for digits that has learned a few more, and still reads those of others.

    Its answers for images like MNIST's stay nearly as they are. It takes a few seconds. What looks novel to the
    network stays so.

    Parameters
    ----------
    network : Network
        For MNIST's images: 784 inputs, and a softmax over the ten digits. It stays as it is.
    X : array (n, 784) of uint8
        Images of MNIST's form, 0 is paper: as `Digit.image` or `to_mnist` gives them. One is enough.
    y : array (n,)
        What they are, as the network's classes are.
    random_state : int, default 0
        Draws the distortions, and the rows that are rehearsed.

    Returns
    -------
    Network
        Without history; a further training begins with a new optimizer.

    Raises
    ------
    DataError
        A network for other things, labels that are none of its classes, or images that are blank or of ink on 255.
    ShapeError
        X and y do not fit together or are not of that shape.

    Examples
    --------
    >>> import layerwise as lw
    >>> (X, y), _, _ = lw.datasets.load_mnist()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    >>> _ = net.fit(X[:5000], y[:5000], epochs=3, verbose=False)
    >>> wrong = [5003]  # an image that it takes for something else
    >>> learned = learn_digits(net, X[wrong], y[wrong])
    >>> bool(learned.predict(X[wrong])[0] == y[wrong][0])
    True
    """
    images, columns = check_digits(network, X, y)
    rng = np.random.default_rng([random_state, len(images)])
    new = rng.permutation(np.resize(np.arange(len(images)), round(STEPS * BATCH_SIZE * SHARE)))
    copies = DISTORTIONS(images[new], random_state=random_state)
    labels = np.full((len(new), len(digit_columns(network))), SMOOTHING / 10, np.float32)
    labels[np.arange(len(new)), columns[new]] += 1 - SMOOTHING
    rehearsed, remembered = _rehearsal(network, STEPS * BATCH_SIZE - len(new), rng)
    learned = _fresh_copy(network)
    learned.fit(
        np.concatenate([copies, rehearsed]),
        np.concatenate([labels, remembered]),
        loss=CategoricalCrossEntropy(),
        optimizer=Adam(LEARNING_RATE),
        schedule="cosine",
        epochs=1,
        batch_size=BATCH_SIZE,
        verbose=False,
    )
    learned.history = None  # its seconds are others each time
    learned.last_fit["others"] = [*learned.last_fit["others"], "weights on the way to those of the fit"]
    _go_part_of_the_way(network, learned)
    return learned


def check_digits(network: Network, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return images (n, 784) and the number of the output of each label (n,).

    Raises
    ------
    DataError, ShapeError
        As `learn_digits`.
    """
    columns = digit_columns(network)
    images, labels = np.asarray(X), np.asarray(y)
    if images.ndim != 2 or images.shape[1] != PIXELS or images.dtype != np.uint8 or not len(images):
        raise ShapeError(
            f"X: expected images of uint8, shape (n, {PIXELS}); got {images.dtype} of shape {images.shape}"
        )
    if labels.shape != (len(images),):
        raise ShapeError(f"y: expected a label for each of {len(images)} images; got the shape {labels.shape}")
    for row, label in enumerate(labels.tolist()):
        if str(label) not in columns:
            raise DataError(f"y: row {row}: the label must be one of the digits 0 to 9; got {label!r}")
    for row, image in enumerate(images):
        if image.max() == image.min():
            raise DataError(f"X: row {row} is blank: there is no digit to be learned")
        if np.median(image) > 127:
            raise DataError(f"X: row {row} is dark on light; MNIST's form has paper at 0 and ink up to 255: to_mnist")
    return images, np.array([columns[str(label)] for label in labels.tolist()])


def digit_columns(network: Network) -> dict[str, int]:
    """Return the number of the output for each digit.

    Raises
    ------
    DataError
        The network is not for MNIST's images of the ten digits, or ends with no softmax.
    """
    reader_of(network)  # refuses what does not take 784 pixels, or was trained for something else
    assert network.task is not None
    classes = [] if network.task.classes is None else [str(name) for name in network.task.classes.tolist()]
    if sorted(classes) != [str(digit) for digit in range(10)]:
        raise DataError(f"expected a network for the digits 0 to 9; its classes are {', '.join(classes[:12])}")
    if not network.ends_in_softmax:
        raise DataError("expected a network that ends with Softmax(), whose answers are probabilities")
    return {name: column for column, name in enumerate(classes)}


def _fresh_copy(network: Network) -> Network:
    """Return a copy with no more of the network's training than its weights tell."""
    copy = network.copy()
    copy.notes = {name: value for name, value in network.notes.items() if name not in ("command", "temperature")}
    copy.optimizer = None
    return copy


def _rehearsal(network: Network, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return rows (count, 784) of digits of many hands, and the shares (count, 10) that the network shall give them.

    Of the paths of pens only those that it reads rightly: it shall forget nothing, and is not taught new hands.
    """
    (X, y), *_ = load_mnist()
    (paths, of_paths), _ = load_pendigits()
    drawn = draw_strokes(paths[:PATHS], pen=rng.uniform(*PEN, PATHS))
    rows, labels = np.concatenate([X[:IMAGES], drawn]), np.concatenate([y[:IMAGES], of_paths[:PATHS]])
    columns = digit_columns(network)
    places = np.array([columns[str(digit)] for digit in range(10)])[labels]
    answers = network.predict_proba(rows)
    of_images = np.arange(len(rows)) < IMAGES
    usable = of_images | (answers.argmax(axis=1) == places)
    unsure = usable * (1 - answers[np.arange(len(rows)), places].astype(np.float64))
    weights = np.zeros(len(rows))
    for share, part in ((1 - PATHS_SHARE, of_images), (PATHS_SHARE, usable & ~of_images)):
        weights[part] += share * (1 - UNSURE_SHARE) / max(part.sum(), 1)
        weights[part] += share * UNSURE_SHARE * unsure[part] / max(unsure[part].sum(), 1e-12)
    chosen = rng.choice(len(rows), count, p=weights / weights.sum())
    targets = REMEMBERED * answers[chosen].astype(np.float32)
    targets[np.arange(count), places[chosen]] += 1 - REMEMBERED
    return rows[chosen], targets


def _go_part_of_the_way(before: Network, learned: Network) -> None:
    """Move the weights back towards those from before until they read MNIST's validation images nearly as well."""
    _, (X, y), _ = load_mnist()
    columns = digit_columns(before)
    places = np.array([columns[str(digit)] for digit in range(10)])[y]
    answers = before.predict_proba(X)
    watched = np.argsort(answers.max(axis=1), kind="stable")[:WATCHED]
    allowed = np.count_nonzero(answers[watched].argmax(axis=1) != places[watched]) + LARGEST_FALL * len(X)
    start, way = before.theta.copy(), learned.theta - before.theta
    for alpha in ALPHAS:
        learned.theta = start + before.dtype.type(alpha) * way
        if np.count_nonzero(learned.predict_proba(X[watched]).argmax(axis=1) != places[watched]) <= allowed:
            return
