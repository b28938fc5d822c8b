"""Recipes: whole trainings by name, with the figures that were published for them.

A recipe is everything that a training is made of. The command line starts from one and lets every part of it be
replaced; `benchmarks/results` runs the published ones beside their figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from layerwise.data.augmentation import Augmentation
from layerwise.errors import UnknownNameError, nearest
from layerwise.handwriting.examples import digits_of_people, digits_of_strangers
from layerwise.network.network import Network
from layerwise.parts.initializers import Initializer, Normal
from layerwise.parts.layers import Dense, Dropout, Layer, Linear, ReLU, Sigmoid, Softmax
from layerwise.parts.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, MeanSquaredError, QuadraticCost
from layerwise.parts.optimizers import SGD, Adagrad, Adam, Optimizer, RMSprop
from layerwise.parts.penalties import L2, Penalty
from layerwise.parts.schedules import Cosine, Schedule
from layerwise.training.callbacks import Callback, ExponentialMovingAverage, History
from layerwise.typing import Array, ArrayLike

NIELSEN = "M. Nielsen, Neural Networks and Deep Learning (2015)"
KINSLEY = "H. Kinsley, D. Kukiela, Neural Networks from Scratch in Python (2020)"
PRIMER = "Nested Software, Neural Networks Primer (2019), a run of Nielsen's program"
FISHER = "a tutorial's network for Fisher's iris"


@dataclass(frozen=True)
class Published:
    """What was published for a training.

    Attributes
    ----------
    source : str
        Where.
    best : float, optional
        Accuracy in per cent at the best epoch of the best run.
    first, last : float, optional
        The same after the first and after the last epoch of a run.
    on : str
        The data that it was measured on: ``"test"``, ``"validation"`` or ``"train"``.
    """

    source: str
    best: float | None = None
    first: float | None = None
    last: float | None = None
    on: str = "test"


@dataclass(frozen=True)
class Recipe:
    """A training by name. Layers own no arrays, and `fit` copies the optimizer, so one recipe serves many runs.

    Attributes
    ----------
    name, description : str
        What it is called, and one line about it.
    data : tuple of str
        The data sets that it suits, the one that it was made for first.
    layers : tuple of Layer
        First to last.
    loss, optimizer, penalty, batch_size, epochs, augmentation, schedule
        As for `Network.fit`.
    samples : int, optional
        Train on so many rows only, the first ones.
    scaling : str, optional
        As for `Network`.
    dtype : str
        As for `Network`.
    published : Published, optional
        The figures to be met.
    examples : callable, optional
        Makes of X, y and a seed the rows to train on, and their targets. MNIST's recipes add other hands' digits.
    averaged : bool
        The weights are their moving average over the steps.
    least_confidence : float, optional
        What the model's file says of an answer that is to be given; see `layerwise.read_digits`.
    calibrated : bool
        `layerwise train` divides the scores by the temperature that fits the validation rows, once it has trained.
    strangers : callable, optional
        Makes of a seed the rows, and their labels, that the temperature is fitted to in their place.

    Examples
    --------
    >>> recipe = find("iris-4-10-5-3")
    >>> recipe.batch_size, recipe.network(random_state=0).layers[-1]
    (16, Softmax())
    """

    name: str
    description: str
    data: tuple[str, ...]
    layers: tuple[Layer, ...]
    loss: Loss
    optimizer: Optimizer
    penalty: tuple[Penalty, ...] = ()
    batch_size: int = 10
    epochs: int = 30
    samples: int | None = None
    scaling: str | None = None
    dtype: str = "float32"
    augmentation: Augmentation | None = None
    published: Published | None = None
    examples: Callable[[Array, Array, int], tuple[Array, Array]] | None = None
    schedule: Schedule | None = None
    averaged: bool = False
    least_confidence: float | None = None
    calibrated: bool = False
    strangers: Callable[[int], tuple[Array, Array]] | None = None

    def of_data_alone(self) -> Recipe:
        """Return the recipe without what it adds to MNIST, for other networks and other images."""
        if self.examples is None:
            return self
        return replace(self, examples=None, strangers=None, least_confidence=None, augmentation=None)

    def network(self, random_state: int | None = None) -> Network:
        """Return a new network, not trained yet."""
        return Network(self.layers, random_state=random_state, dtype=self.dtype, scaling=self.scaling)

    def fit(
        self,
        network: Network,
        X: Array,
        y: Array,
        *,
        task: str | None = None,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        callbacks: Sequence[Callback] = (),
        engine: str = "auto",
        n_threads: int | None = None,
        resume: bool | str | Sequence[str] = False,
        verbose: bool = True,
        fit: Callable[..., History] = Network.fit,
    ) -> History:
        """Train the network as the recipe says; the arguments are those of `Network.fit`, or of `fit` in its place."""
        X, y = X[: self.samples], y[: self.samples]
        if self.examples is not None:
            X, y = self.examples(X, y, network.seed)
        if self.averaged:
            callbacks = [*callbacks, ExponentialMovingAverage(0.999, steps=10)]
        return fit(
            network,
            X,
            y,
            task=task,
            loss=self.loss,
            optimizer=self.optimizer,
            penalty=self.penalty,
            batch_size=self.batch_size,
            epochs=self.epochs,
            schedule=self.schedule,
            augmentation=self.augmentation,
            validation_data=validation_data,
            callbacks=callbacks,
            engine=engine,
            n_threads=n_threads,
            resume=resume,
            verbose=verbose,
        )


def find(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises
    ------
    UnknownNameError
        There is none; the nearest name is suggested.
    """
    known = {recipe.name: recipe for recipe in RECIPES}
    if name not in known:
        raise UnknownNameError(f"recipe {name!r} is not known; {nearest(name, known)}")
    return known[name]


def for_table(classes: int | None) -> Recipe:
    """Return the recipe for a user's table: so many classes, or, if None, a number to be predicted."""
    hidden = (Dense(64, weights="he_normal"), ReLU(), Dense(64, weights="he_normal"), ReLU())
    output: tuple[Layer, ...] = (Dense(1), Linear()) if classes is None else (Dense(classes), Softmax())
    return Recipe(
        name="table",
        description="two hidden layers of 64 ReLU, Adam, standard scaling",
        data=("table",),
        layers=(*hidden, *output),
        loss=MeanSquaredError() if classes is None else CategoricalCrossEntropy(),
        optimizer=Adam(0.003),
        batch_size=32,
        epochs=60,
        scaling="standard",
    )


def for_pictures(classes: int, pictures: int, n_in: int, standard: bool) -> Recipe:
    """Return the recipe for a user's pictures.

    Parameters
    ----------
    classes, pictures, n_in : int
        How many classes, pictures to train and numbers of a picture there are. Few pictures are seen more often.
    standard : bool
        Whether the pixels are standardized, as suits photographs, or 0 where there is nothing, as in drawings.
    """
    units, batch_size = (256, 32) if pictures < 5_000 else (512, 128)
    epochs = min(max(2_000 * batch_size // pictures, 10), 200)
    return Recipe(
        name="pictures",
        description=f"{n_in}-{units}-{classes}, ReLU, dropout, softmax, Adam",
        data=("pictures",),
        layers=(Dense(units, weights="he_normal"), ReLU(), Dropout(0.2), Dense(classes), Softmax()),
        loss=CategoricalCrossEntropy(label_smoothing=0.05),
        optimizer=Adam(0.002, decay=1e-3),
        batch_size=batch_size,
        epochs=epochs,
        scaling="standard" if standard else None,
        calibrated=True,
    )


IMAGES = ("mnist", "fashion")
MOVED = Augmentation(shift=1, rotation=7, scale=0.09, shear=7)
BENT = Augmentation(shift=1.5, rotation=9, scale=0.12, shear=10, elastic_alpha=30, elastic_sigma=4)
LARGE = Normal(1.0)  # Nielsen's first program draws all weights, and all programs all biases, from N(0, 1)


def _some_digits(X: Array, y: Array, seed: int) -> tuple[Array, Array]:
    return digits_of_people(X, y, random_state=seed)


def _many_digits(X: Array, y: Array, seed: int) -> tuple[Array, Array]:
    return digits_of_people(X, y, random_state=seed, thorough=True)


def _sigmoids(*units: int, weights: Initializer = LARGE) -> tuple[Layer, ...]:
    """Nielsen's networks: every layer is a dense one and a sigmoid."""
    return tuple(part for n in units for part in (Dense(n, weights=weights, biases=LARGE), Sigmoid()))


def _quadratic(name: str, *units: int, published: Published) -> Recipe:
    """Nielsen, chapter 1: quadratic cost, learning rate 3."""
    shape = "-".join(map(str, (784, *units, 10)))
    return Recipe(
        name, f"{shape}, sigmoid, quadratic cost, SGD(3)", IMAGES, _sigmoids(*units, 10), QuadraticCost(), SGD(3.0),
        published=published,
    )  # fmt: skip


def _cross_entropy(
    name: str,
    hidden: int,
    published: Published,
    *,
    eta: float = 0.5,
    lambda_: float = 0.0,
    epochs: int = 30,
    samples: int | None = None,
) -> Recipe:
    """Nielsen, chapter 3: cross-entropy, and L2 in his form, λ / 2n Σ w²."""
    penalty = (L2(lambda_ / (2 * (samples or 50_000))),) if lambda_ else ()
    words = [f"784-{hidden}-10, sigmoid, cross-entropy, SGD({eta:g})"]
    words += [f"λ = {lambda_:g}"] if lambda_ else []
    words += [f"the first {samples:,} images"] if samples else []
    return Recipe(
        name, ", ".join(words), IMAGES, _sigmoids(hidden, 10), BinaryCrossEntropy(reduction="sum"), SGD(eta), penalty,
        epochs=epochs, samples=samples, published=published,
    )  # fmt: skip


def _spiral(name: str, words: str, optimizer: Optimizer, accuracy: float | None = None) -> Recipe:
    """Kinsley and Kukiela: 2-64-3 on 300 points, all of them in every step."""
    layers = (Dense(64, weights=Normal(0.01)), ReLU(), Dense(3, weights=Normal(0.01)), Softmax())
    return Recipe(
        name, f"2-64-3, ReLU, softmax, {words}, full batch", ("spiral", "vertical"), layers, CategoricalCrossEntropy(),
        optimizer, batch_size=300, epochs=10_000, published=Published(KINSLEY, last=accuracy, on="train"),
    )  # fmt: skip


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "mnist", "784-512-256-10, with other hands' digits, drawn ones, and what is none", ("mnist",),
        (Dense(512, weights="he_normal"), ReLU(), Dropout(0.1), Dense(256, weights="he_normal"), ReLU(), Dense(10),
         Softmax()),
        CategoricalCrossEntropy(), Adam(0.0015), batch_size=128, epochs=15, examples=_some_digits,
        augmentation=MOVED, schedule=Cosine(), averaged=True, least_confidence=0.8, calibrated=True,
    ),
    Recipe(
        "own-digits", "784-1024-512-10, trained longer, on more of the same", ("mnist",),
        (Dense(1024, weights="he_normal"), ReLU(), Dropout(0.1), Dense(512, weights="he_normal"), ReLU(), Dropout(0.1),
         Dense(10), Softmax()),
        CategoricalCrossEntropy(), Adam(0.001), batch_size=128, epochs=30, examples=_many_digits,
        augmentation=BENT, schedule=Cosine(), averaged=True, least_confidence=0.9, calibrated=True,
        strangers=digits_of_strangers,
    ),
    Recipe(
        "images", "784-512-10, ReLU, dropout, softmax, Adam", ("fashion", "mnist"),
        (Dense(512, weights="he_normal"), ReLU(), Dropout(0.2), Dense(10), Softmax()),
        CategoricalCrossEntropy(label_smoothing=0.05), Adam(0.002, decay=3e-3), batch_size=128, epochs=10,
        calibrated=True,
    ),
    Recipe(
        "bitmaps", "1024-512-10, ReLU, dropout, softmax, Adam", ("optdigits", "semeion"),
        (Dense(512, weights="he_normal"), ReLU(), Dropout(0.2), Dense(10), Softmax()),
        CategoricalCrossEntropy(label_smoothing=0.05), Adam(0.002, decay=3e-3), batch_size=32, calibrated=True,
    ),
    Recipe(
        "pendigits", "16-64-64-10, ReLU, softmax, Adam", ("pendigits",),
        (Dense(64, weights="he_normal"), ReLU(), Dense(64, weights="he_normal"), ReLU(), Dense(10), Softmax()),
        CategoricalCrossEntropy(), Adam(0.003), batch_size=32, scaling="standard", calibrated=True,
    ),
    _quadratic("nielsen-30", 30, published=Published(f"{PRIMER}; {NIELSEN}, ch. 1", 95.42, 90.32, 94.58)),
    _quadratic("nielsen-16-16", 16, 16, published=Published(PRIMER, None, 89.57, 93.85)),
    _quadratic("nielsen-0", published=Published(f"{PRIMER} (“about 75%”)", last=75.0)),
    _quadratic("nielsen-100", 100, published=Published(f"{NIELSEN}, ch. 1", 96.59)),
    _cross_entropy("nielsen-30-cross-entropy", 30, Published(f"{NIELSEN}, ch. 3", 95.49)),
    _cross_entropy("nielsen-100-cross-entropy", 100, Published(f"{NIELSEN}, ch. 3", 96.82)),
    _cross_entropy("nielsen-30-l2", 30, Published(f"{NIELSEN}, ch. 3", 96.49), lambda_=5.0),
    _cross_entropy("nielsen-100-l2", 100, Published(f"{NIELSEN}, ch. 3", 97.92, on="validation"), lambda_=5.0),
    _cross_entropy(
        "nielsen-100-l2-60", 100, Published(f"{NIELSEN}, ch. 3", 98.04, on="validation"), eta=0.1, lambda_=5.0,
        epochs=60,
    ),
    Recipe(
        "nielsen-100-softmax", "784-100-10, sigmoid, softmax, SGD(0.1)", IMAGES,
        (Dense(100, weights=Normal(0.1), biases=LARGE), Sigmoid(), Dense(10, weights="zeros"), Softmax()),
        CategoricalCrossEntropy(), SGD(0.1), epochs=60, published=Published(f"{NIELSEN}, ch. 6", 97.80),
    ),
    _cross_entropy("nielsen-1000", 30, Published(f"{NIELSEN}, ch. 3", 82.27), epochs=400, samples=1_000),
    _cross_entropy(
        "nielsen-1000-l2", 30, Published(f"{NIELSEN}, ch. 3", 87.1), lambda_=0.1, epochs=400, samples=1_000
    ),
    Recipe(
        "iris-4-10-5-3", "4-10-5-3, ReLU, softmax, Adam", ("iris",),
        (Dense(10, weights="he_normal"), ReLU(), Dense(5, weights="he_normal"), ReLU(), Dense(3), Softmax()),
        CategoricalCrossEntropy(), Adam(0.01), batch_size=16, epochs=100, scaling="standard",
        published=Published(FISHER, last=97.0),
    ),
    _spiral("spiral-sgd", "SGD(1)", SGD(1.0, decay=1e-3)),
    _spiral("spiral-momentum", "SGD(1), momentum 0.9", SGD(1.0, momentum=0.9, decay=1e-3)),
    _spiral("spiral-adagrad", "Adagrad(1)", Adagrad(1.0, decay=1e-4)),
    _spiral("spiral-rmsprop", "RMSprop(0.02)", RMSprop(0.02, rho=0.999, decay=1e-5)),
    _spiral("spiral-adam", "Adam(0.05)", Adam(0.05, decay=5e-7), 96.7),
    Recipe(
        "sine", "1-64-64-1, ReLU, linear, Adam", ("sine",),
        (Dense(64, weights="he_normal"), ReLU(), Dense(64, weights="he_normal"), ReLU(), Dense(1), Linear()),
        MeanSquaredError(), Adam(0.005, decay=1e-3), batch_size=100, epochs=200,
    ),
)  # fmt: skip
