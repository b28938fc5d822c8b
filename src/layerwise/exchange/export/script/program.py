"""A trained network as the program that trains it: from scratch, in plain NumPy, with what this network uses only.

    docstring   numbers   layers   first weights   scaling, targets   loss   optimizer, schedule   train   main

Run with the same data, it repeats the network's training to the last bit, as the NumPy executor makes it.
"""

from __future__ import annotations

from layerwise.exchange.export.literals import wrapped_line
from layerwise.exchange.export.script import beginning, layers, losses, rules
from layerwise.exchange.export.script.custom import optimizer_text
from layerwise.exchange.export.script.loop import train_text
from layerwise.exchange.export.script.run import Run
from layerwise.formula.quoting import python_docstring, python_number, python_value, visible, whole
from layerwise.network.models import check_network
from layerwise.network.network import Network
from layerwise.parts.layers import Softmax


def to_training_script(network: Network) -> str:
    """Return the program, in plain NumPy, that trains this network anew: ``python script.py data.npz``.

    It begins with the weights that the seed draws and does what the last fit did, step for step, with the same bits as
    ``engine="numpy"``; where early stopping or Ctrl-C ended the fit, the program goes on. Its
    `train(X, y, steps=None)` gives the loss of each step, and the layers.

    Parameters
    ----------
    network : Network
        Trained in one fit, of layerwise's own parts.

    Returns
    -------
    str
        Python source that needs NumPy alone.

    Raises
    ------
    TypeError
        Something else than a network was given.
    ExportError
        The network was not trained, in several fits or with something that the script has no text for; says with what.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0, dtype="float64")
    >>> history = net.fit(X, y, epochs=2, engine="numpy", verbose=False)
    >>> program = {"__name__": "script"}
    >>> exec(to_training_script(net), program)
    >>> losses, trained = program["train"](X, y)  # doctest: +ELLIPSIS
    epoch 1: loss 1.1..., accuracy 0...
    epoch 2: loss 1.1..., accuracy 0...
    >>> bool((trained[2].W == net.get_parameters()[2]).all())
    True
    """
    check_network("to_training_script", network)
    return _Program(Run(network)).text()


class _Program:
    """The program of one run, put together from the texts of its parts."""

    def __init__(self, run: Run) -> None:
        self.run, self.network, self.plan, self.fit = run, run.network, run.plan, run.fit

    def text(self) -> str:
        """Return the whole program."""
        fused = None if self.run.fused is None else type(self.run.fused).__name__
        parts = [self._numbers(), *self._shared(), *self._layers(), *self._first_weights()]
        if self.network.scaling is not None:
            parts.append(beginning.scaling_text(self.network.scaling, self.network.dtype))
        parts += [
            beginning.targets_text(self.run.task, self.plan.n_out, self.run.loss),
            losses.loss_text(self.run.loss, fused, self.network.dtype),
            optimizer_text(self.run.optimizer, self.run.optimizer_name),
        ]
        if self.fit["schedule"] is not None:
            parts.append(rules.schedule_text(self.fit["schedule"]))
        parts += [*([self._right()] if self.run.counts else []), self._outputs(), train_text(self.run), MAIN]
        body = "\n\n\n".join(part.strip("\n") for part in parts)
        if "generator(" in body:
            body = body.replace("\n\n\n", f"\n\n\n{GENERATOR}\n\n\n", 1)
        imports = ["import argparse", *(["import math"] if "math." in body else [])]
        return "\n".join([self._docstring(), *imports, "", "import numpy as np", "", body, ""])

    def _docstring(self) -> str:
        network, plan, fit = self.network, self.plan, self.fit
        stack = "\n".join(wrapped_line(f"    {visible(repr(layer))}") for layer in network.layers)
        penalties = "".join(f", {penalty!r}" for penalty in network.penalties)
        parts = f"{self.run.loss!r}{penalties} and {self.run.optimizer!r}"
        made = MNIST if (plan.n_in, plan.n_out) == (784, 10) else NPZ
        inputs, outputs = (f"{n} {word}{'s' * (n > 1)}" for n, word in ((plan.n_in, "input"), (plan.n_out, "output")))
        text = f"""A neural network from scratch: {inputs}, {outputs}.

{stack}

{wrapped_line(f"It learns with {visible(parts)}.")}

    python script.py data.npz                trains for {whole(fit["epochs"])} epoch{"s" * (fit["epochs"] > 1)}
    python script.py data.npz --steps 100    or for 100 steps

data.npz has X ({whole(fit["rows"])}, {whole(plan.n_in)}) and y, and may have X_test and y_test:

{made}
"""
        return f'"""{python_docstring(text)}"""\n'

    def _numbers(self) -> str:
        fit, optimizer = self.fit, self.run.optimizer
        lines = [
            f"DTYPE = np.{self.network.dtype.name}",
            f"SEED = {whole(self.network.seed % 2**64)}",
            f"EPOCHS, BATCH_SIZE = {whole(fit['epochs'])}, {whole(fit['batch_size'])}",
            f"LEARNING_RATE = {python_number(optimizer.learning_rate)}",
        ]
        if optimizer.decay:
            lines.append(f"DECAY = {python_number(optimizer.decay)}")
        if fit["clip_norm"] is not None:
            lines.append(f"CLIP_NORM = {python_number(fit['clip_norm'])}  # a longer gradient is shortened")
        if self.run.calibrated is not None:
            numbers = python_value(list(fit["temperatures"]))
            lines.append(f"TEMPERATURES = {numbers}  # of the scores, learned on held-out rows after the training")
        if self.run.shares:
            lines.append(
                f"SHARES = {python_value(self.run.shares)}  # how much of the optimizer's steps each array makes"
            )
        return "\n".join(lines)

    # ---------------------------------------------------------------- layers and first weights

    def _kinds(self) -> set[str]:
        return {type(stage.layer).__name__ for stage in self.plan.stages if type(stage.layer) in layers.LAYERS}

    def _shared(self) -> list[str]:
        """Return the base of the layers, and the functions that several of them call."""
        kinds, base = self._kinds(), BASE.rstrip("\n")
        if self.run.clips_beside_statistics:
            base += "\n    still = ()  # arrays of zeros, for what has no gradient"
        if self.run.predicts_otherwise:
            base += "\n" + PREDICT.rstrip("\n")
        sums = kinds & {"Dense", "Scale", "LayerNorm", "BatchNorm"}
        return [base, *([layers.COLUMN_SUMS] if sums else []), *([layers.UNIFORM] if "Dropout" in kinds else [])]

    def _layers(self) -> list[str]:
        """Return the classes of the layers that there are, each once."""
        found: dict[str, str] = {}
        for stage, name in zip(self.plan.stages, self.run.names, strict=True):
            found.setdefault(name, layers.text_of(stage.layer, type(stage.layer) in self.run.numbered, name))
        learned = self.plan.stages[:-1] if self.run.fused else self.plan.stages
        if any(isinstance(stage.layer, Softmax) for stage in learned):
            found["Softmax"] = found["Softmax"].rstrip("\n") + "\n" + layers.SOFTMAX_BACKWARD
        if self.run.clips_beside_statistics:
            found["BatchNorm"] = found["BatchNorm"].replace(layers.BATCH_NORM_PARAMETERS, layers.BATCH_NORM_STILL)
        return list(found.values())

    def _first_weights(self) -> list[str]:
        used = [type(getattr(stage.layer, name, None)) for stage in self.plan.stages for name in ("weights", "biases")]
        numbered = self.run.numbered
        calls = "\n".join(
            f"        {beginning.construction(stage, type(stage.layer) in numbered, name)},"
            for stage, name in zip(self.plan.stages, self.run.names, strict=True)
        )
        return [
            *(text for kind, text in beginning.FUNCTIONS.items() if kind in used),
            f'''
def network():
    """The layers, with first weights drawn from the seed."""
    return [
{calls}
    ]
''',
        ]

    # ---------------------------------------------------------------- answers

    def _right(self) -> str:
        if self.run.task.kind == "classification" and self.plan.n_out > 1:
            return RIGHT_CLASS
        return RIGHT_ANSWERS

    def _outputs(self) -> str:
        name = "predict" if self.run.predicts_otherwise else "forward"
        return f'''
def outputs(layers, x):
    """What the layers make of x, each of what the one before it gives."""
    for layer in layers:
        x = layer.{name}(x)
    return x
'''


# ---------------------------------------------------------------- texts that are the same in every script

NPZ = '    np.savez("data.npz", X=X, y=y)'

MNIST = """    import numpy as np, layerwise as lw
    (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    np.savez("data.npz", X=X, y=y, X_test=X_test, y_test=y_test)"""

GENERATOR = '''
WEIGHTS, ORDER = 0, 1  # what is drawn


def generator(purpose, index):
    """Random numbers for the first weights of a layer, or for the order of the rows from a step on."""
    return np.random.Generator(np.random.Philox(key=[SEED, purpose * 2**60 + index]))
'''.strip()

BASE = '''
class Layer:
    """forward(x) gives y; backward(∂loss/∂y) gives ∂loss/∂x, and leaves ∂loss/∂parameters in `gradients`."""

    parameters = gradients = ()
'''

PREDICT = """
    def predict(self, x):
        return self.forward(x)
"""

RIGHT_CLASS = '''
def right_answers(y, t):
    """How many samples have their greatest output at their class."""
    return np.count_nonzero(y.argmax(axis=1) == t.argmax(axis=1))
'''

RIGHT_ANSWERS = '''
def right_answers(y, t):
    """How many samples have their outputs on the right side of ½, those with several in shares."""
    return ((y > 0.5) == (t > 0.5)).mean(axis=1).sum()
'''

MAIN = """
if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", help="an npz file with X and y, perhaps X_test and y_test")
    arguments.add_argument("--steps", type=int, help="how many steps; by default all epochs")
    options = arguments.parse_args()
    data = np.load(options.data)
    test = (data["X_test"], data["y_test"]) if "X_test" in data else None
    train(data["X"], data["y"], options.steps, test)
"""
