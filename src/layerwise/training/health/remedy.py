"""What to change, as data: a program can follow it (explain/cures.py), and its words and its call are read from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Each call runs as it stands where net, X, y and lw are known; X_val and y_val are held-out data.
# change: (words, call); {0} is the value, {1} the name beside it
_SAID = {
    "learning_rate": (
        "make steps of {0:g}, or let the finder suggest a rate",
        "net.fit(X, y, optimizer=lw.{1}({0:g}))",
    ),
    "scaling": ("let the network scale its inputs", 'net = lw.Network(net.layers, scaling="{0}")'),
    "targets": (
        "divide them by their standard deviation, after taking their mean away",
        "net.fit(X, (y - y.mean(axis=0)) / y.std(axis=0))",
    ),
    "weights": (
        "draw the weights at random, in the size that the activations need, and begin with biases of 0",
        'net = lw.Network([lw.Dense(layer.units, weights="{0}") if isinstance(layer, lw.Dense) else layer '
        "for layer in net.layers], scaling=net.scaling)",
    ),
    "activation": (
        "take {0} as the hidden activation, with weights drawn for it",
        'net = lw.Network([lw.Dense(layer.units, weights="{1}") if isinstance(layer, lw.Dense) '
        "else lw.{0}() if isinstance(layer, (lw.ReLU, lw.Sigmoid, lw.Tanh)) else layer "
        "for layer in net.layers[:-1]] + [*net.layers[-1:]], scaling=net.scaling)",
    ),
    "ending": (
        "end with Dense alone, whose outputs have no bounds",
        "net = lw.Network(net.layers[:-1], scaling=net.scaling)",
    ),
    "batch_size": ("take larger batches, and none of a single row", "net.fit(X, y, batch_size={0})"),
    "clip_norm": ("cut gradients to a length of {0:g}", "net.fit(X, y, clip_norm={0:g})"),
    "optimizer": ("let the optimizer be {1}", "net.fit(X, y, optimizer=lw.{1})"),
    "schedule": ("keep the learning rate, or let it fall more slowly", "net.fit(X, y, schedule=None)"),
    "penalty": ("weaken the penalty: {0:g} times what it is", "net.fit(X, y, penalty={1})"),
    "layer_penalty": (
        "take the layers' penalty away, or make it far smaller",
        "net = lw.Network([lw.Dense(layer.units, layer.weights, layer.biases) if isinstance(layer, lw.Dense) else "
        "layer for layer in net.layers], scaling=net.scaling)",
    ),
    "dropout": (
        "drop {0:.0%} at most",
        "net = lw.Network([lw.Dropout(min(layer.rate, {0:g})) if isinstance(layer, lw.Dropout) else layer "
        "for layer in net.layers], scaling=net.scaling)",
    ),
    "ending_alone": (
        "leave the activation before the last one out",
        "net = lw.Network([*net.layers[:-{0} - 1], net.layers[-1]], scaling=net.scaling)",
    ),
    "pos_weight": ("let yes and no count the same", "net.fit(X, y, loss=lw.{1})"),
    "normalize": (
        "normalize between the layers",
        "net = lw.Network([part for layer in net.layers[:-2] for part in "
        "([layer, lw.{0}()] if isinstance(layer, lw.Dense) else [layer])] + [*net.layers[-2:]], scaling=net.scaling)",
    ),
    "class_weight": (
        "let each class count the same, and look at more than the accuracy",
        'net.fit(X, y, class_weight="{0}")',
    ),
    "patience": (
        "stop when the validation is at its best; more rows, dropout, a penalty or fewer units may help more",
        "net.fit(X, y, validation_data=(X_val, y_val), patience={0})",
    ),
    "epochs": ("train for longer", "net.fit(X, y, epochs={0})"),
    "units": (
        "take more units or layers, and less dropout and penalty, or better columns",
        "net = lw.Network([lw.Dense({0}), lw.ReLU(), *net.layers], scaling=net.scaling)",
    ),
    "restart": (
        "begin anew: a network of the same layers, whose weights are drawn anew and all of which learn",
        "net = lw.Network(net.layers, scaling=net.scaling)",
    ),
    "columns": ("leave {1} out", "X = np.delete(X, {0}, axis=1)"),
}


@dataclass(frozen=True)
class Remedy:
    """One change of a training.

    Attributes
    ----------
    change : str
        What is changed: ``"learning_rate"``, ``"scaling"``, ``"weights"``, …
    value : object
        To what: a number, a name, or a list of columns.
    name : str
        What the words need besides: the optimizer's class, the activation's initializer.
    """

    change: str
    value: Any
    name: str = ""

    @property
    def words(self) -> str:
        """The change in words."""
        return _SAID[self.change][0].format(self.value, self.name)

    @property
    def first(self) -> str:
        """The line of Python that does it before another cure is followed."""
        return "y = (y - y.mean(axis=0)) / y.std(axis=0)" if self.change == "targets" else self.call

    @property
    def call(self) -> str:
        """The line of Python that makes it."""
        return _SAID[self.change][1].format(self.value, self.name)

    def to_dict(self) -> dict[str, Any]:
        """The remedy as plain data, for JSON."""
        return {"change": self.change, "value": self.value, "name": self.name}
