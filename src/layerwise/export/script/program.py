"""A trained network as the program that trains it: from scratch, in plain NumPy, with what this network uses only.

    docstring   numbers   layers   first weights   scaling, targets   loss   optimizer, schedule   train   main

Run with the same data, it repeats the network's training to the last bit, as the NumPy executor makes it.
"""

from __future__ import annotations

from typing import Any

from layerwise.description import Description
from layerwise.errors import ExportError
from layerwise.export.script import beginning, layers, rules
from layerwise.layers import ReLU, Softmax
from layerwise.losses import Loss
from layerwise.network import Network
from layerwise.optimizers import Optimizer
from layerwise.penalties import Penalty
from layerwise.plan import Plan, compile_training
from layerwise.targets import Task

KNOWN: dict[type[Any], Any] = {
    **layers.LAYERS,
    **rules.LOSSES,
    **rules.PENALTIES,
    **rules.OPTIMIZERS,
    **rules.SCHEDULES,
    **beginning.EXPRESSIONS,
    **beginning.FITS,
}


def to_training_script(network: Network) -> str:
    """The program, in plain NumPy, that trains this network anew: ``python script.py data.npz``.

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
        Something else than a network came.
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
    if not isinstance(network, Network):
        raise TypeError(f"to_training_script takes a Network; {type(network).__name__} came")
    return _Program(network).text()


class _Program:
    """The program of one network, put together from the texts of its parts."""

    def __init__(self, network: Network) -> None:
        fit = network.last_fit
        if not fit or network.loss is None or network.optimizer is None or network.task is None:
            raise ExportError(
                "training script: the network has not been trained, and the script repeats a training: call fit first"
            )
        plan, parameters = network.built()
        self.network, self.fit = network, fit
        self.loss: Loss = network.loss
        self.optimizer: Optimizer = network.optimizer
        self.task: Task = network.task
        self.plan: Plan = compile_training(plan, parameters, network.loss, network.penalties)
        self.fused = self.plan.stages[-1].layer if self.plan.fused else None
        self._check()
        # The arrays that are learned, in the order in which the script lists them.
        self.arrays = [
            (stage, name)
            for stage in plan.stages
            for name in stage.layer.parameter_shapes(stage.n_in)
            if name not in stage.layer.statistics
        ]
        self.slices = parameters.slices
        self.counts = self.task.kind != "regression"  # answers are right or wrong
        rates = [stage.layer.rates(stage.n_in).get(name, 1.0) for stage, name in self.arrays]
        self.shares = rates if any(rate != 1 for rate in rates) else []

    # ---------------------------------------------------------------- what can be written

    def _check(self) -> None:
        fit = self.fit
        problems = [f"{where} is no part of layerwise" for where, part in self._parts() if type(part) not in KNOWN]
        problems += [f"it was trained with {name}" for name in fit["others"]]
        if fit["first_step"]:
            problems.append(f"its last fit went on from step {fit['first_step']}")
        elif not problems and self._begins_otherwise():
            problems.append("its last fit began with other weights than its seed draws, or after another fit")
        if problems:
            raise ExportError(
                f"training script: {'; '.join(problems)}. The script can repeat one whole fit of layerwise's own parts "
                "that begins with the seed's weights: make such a network with Network(layers, random_state=...), and "
                "train it with a single fit, without these"
            )

    def _parts(self) -> list[tuple[str, Description]]:
        """Every part that needs a text, and what to call it."""
        network, schedule = self.network, self.fit["schedule"]
        found: list[tuple[str, Description | None]] = []
        for stage in self.plan.stages:
            found.append((str(stage), stage.layer))
            for name in ("weights", "biases"):
                found.append((f"{stage}: {name}", getattr(stage.layer, name, None)))
        found += [(f"the penalty {term.penalty!r}", term.penalty) for term in self.plan.penalties]
        for kind, part in (("loss", self.loss), ("optimizer", self.optimizer), ("schedule", schedule)):
            found.append((f"the {kind} {part!r}", part))
        found.append((f"the scaler {network.scaling!r}", network.scaling))
        return [(where, part) for where, part in found if part is not None]

    def _begins_otherwise(self) -> bool:
        network = self.network
        fresh = Network(network.layers, random_state=network.seed, dtype=network.dtype).build(self.plan.n_in)
        return bool(fresh.fingerprint != self.fit["start"])

    # ---------------------------------------------------------------- the text

    def text(self) -> str:
        """The whole program."""
        fused = None if self.fused is None else type(self.fused).__name__
        parts = [self._numbers(), *self._shared(), *self._layers(), *self._first_weights()]
        if self.network.scaling is not None:
            parts.append(beginning.scaling_text(self.network.scaling, self.network.dtype))
        parts += [
            beginning.targets_text(self.task, self.plan.n_out, self.loss),
            rules.loss_text(self.loss, fused, self.network.dtype),
            rules.OPTIMIZERS[type(self.optimizer)](self.optimizer),
        ]
        if self.fit["schedule"] is not None:
            parts.append(rules.schedule_text(self.fit["schedule"]))
        parts += [*([self._right()] if self.counts else []), self._outputs(), self._train(), MAIN]
        body = "\n\n\n".join(part.strip("\n") for part in parts)
        imports = ["import argparse", *(["import math"] if "math." in body else [])]
        return "\n".join([self._docstring(), *imports, "", "import numpy as np", "", body, ""])

    def _docstring(self) -> str:
        network, plan, fit = self.network, self.plan, self.fit
        stack = "\n".join(f"    {layer!r}" for layer in network.layers)
        penalties = "".join(f", {penalty!r}" for penalty in network.penalties)
        made = MNIST if (plan.n_in, plan.n_out) == (784, 10) else NPZ
        inputs, outputs = (f"{n} {word}{'s' * (n > 1)}" for n, word in ((plan.n_in, "input"), (plan.n_out, "output")))
        return f'''"""A neural network from scratch: {inputs}, {outputs}.

{stack}

It learns with {self.loss!r}{penalties} and {self.optimizer!r}.

    python script.py data.npz                trains for {fit["epochs"]} epoch{"s" * (fit["epochs"] > 1)}
    python script.py data.npz --steps 100    or for 100 steps

data.npz has X ({fit["rows"]}, {plan.n_in}) and y, and may have X_test and y_test:

{made}
"""
'''

    def _numbers(self) -> str:
        fit, optimizer = self.fit, self.optimizer
        lines = [
            f"DTYPE = np.{self.network.dtype.name}",
            f"SEED = {self.network.seed}",
            f"EPOCHS, BATCH_SIZE = {fit['epochs']}, {fit['batch_size']}",
            f"LEARNING_RATE = {optimizer.learning_rate}",
        ]
        if optimizer.decay:
            lines.append(f"DECAY = {optimizer.decay}")
        if fit["clip_norm"] is not None:
            lines.append(f"CLIP_NORM = {fit['clip_norm']}  # a longer gradient is shortened")
        if self.shares:
            lines.append(f"SHARES = {self.shares}  # how much of the optimizer's steps each array makes")
        return "\n".join(lines)

    # ---------------------------------------------------------------- layers and first weights

    def _kinds(self) -> set[str]:
        return {type(stage.layer).__name__ for stage in self.plan.stages}

    def _shared(self) -> list[str]:
        """The base of the layers, and the functions that several of them call."""
        kinds, base = self._kinds(), BASE.rstrip("\n")
        if self._clips_beside_statistics():
            base += "\n    still = ()  # arrays of zeros, for what has no gradient"
        if self._predicts_otherwise():
            base += "\n" + PREDICT.rstrip("\n")
        sums = kinds & {"Dense", "Scale", "LayerNorm", "BatchNorm"}
        return [base, *([layers.COLUMN_SUMS] if sums else []), *([layers.UNIFORM] if "Dropout" in kinds else [])]

    def _predicts_otherwise(self) -> bool:
        """Whether some layer's prediction is not its forward in training."""
        return any(stage.layer.draws or stage.layer.statistics for stage in self.plan.stages)

    def _layers(self) -> list[str]:
        """The classes of the layers that there are, each once."""
        found: dict[str, str] = {}
        for stage in self.plan.stages:
            found.setdefault(type(stage.layer).__name__, layers.LAYERS[type(stage.layer)])
        if any(isinstance(stage.layer, ReLU) and stage.layer.slope != 1 for stage in self.plan.stages):
            found["ReLU"] = layers.SLOPED_RELU
        learned = self.plan.stages[:-1] if self.fused else self.plan.stages
        if any(isinstance(stage.layer, Softmax) for stage in learned):
            found["Softmax"] = found["Softmax"].rstrip("\n") + "\n" + layers.SOFTMAX_BACKWARD
        if self._clips_beside_statistics():
            found["BatchNorm"] = found["BatchNorm"].replace(layers.BATCH_NORM_PARAMETERS, layers.BATCH_NORM_STILL)
        return list(found.values())

    def _first_weights(self) -> list[str]:
        used = [type(getattr(stage.layer, name, None)) for stage in self.plan.stages for name in ("weights", "biases")]
        calls = "\n".join(f"        {beginning.construction(stage)}," for stage in self.plan.stages)
        return [
            *(text for kind, text in beginning.FUNCTIONS.items() if kind in used),
            f'''
def network(rng):
    """The layers; their first weights are drawn in this order."""
    return [
{calls}
    ]
''',
        ]

    # ---------------------------------------------------------------- training

    def _right(self) -> str:
        if self.task.kind == "classification" and self.plan.n_out > 1:
            return RIGHT_CLASS
        return RIGHT_ANSWERS

    def _outputs(self) -> str:
        name = "predict" if self._predicts_otherwise() else "forward"
        return f'''
def outputs(layers, x):
    """What the layers make of x, each of what the one before it gives."""
    for layer in layers:
        x = layer.{name}(x)
    return x
'''

    def _train(self) -> str:
        """The loop over epochs and batches."""
        fit, scaler = self.fit, self.network.scaling
        shuffles = fit["shuffle"] and fit["rows"] > fit["batch_size"]
        scales, head = "scale({X})", []
        if scaler is None:
            scales = "{X}.astype(DTYPE)"
        elif scaler.learns:
            scales, head = "scale({X}, *scaling)", ["    scaling = fit_scaling(X)"]
        rows = "order[start : start + BATCH_SIZE]" if shuffles else "slice(start, start + BATCH_SIZE)"
        right = ["right += right_answers(y, t)"] if self.counts else []
        shown = ", accuracy {right / len(X):.4f}" if self.counts else ""
        tested = "right_answers(y, t) / len(y):.4f" if self.counts else "loss(y, t).mean():.6f"
        return "\n".join(
            [
                '@np.errstate(all="ignore")  # an eˣ may overflow, rightly; a loss may not',
                "def train(X, y, steps=None, test=None):",
                '    """All epochs, or so many steps. Returns the mean loss of each step, and the layers."""',
                "    seeds = np.random.SeedSequence(SEED).spawn(2)",
                "    layers = network(np.random.default_rng(seeds[0]))",
                *(["    shuffle = np.random.default_rng(seeds[1])"] if shuffles else []),
                "    parameters = [w for layer in layers for w in layer.parameters]",
                f"    optimizer = {type(self.optimizer).__name__}(parameters)",
                "    X = np.ascontiguousarray(X)",
                *head,
                f"    X, T = {scales.format(X='X')}, targets(y)",
                "    history = []",
                "    for epoch in range(EPOCHS):",
                *(["        order = shuffle.permutation(len(X))"] if shuffles else []),
                *self._rates(),
                f"        losses{', right = [], 0' if self.counts else ' = []'}",
                "        for start in range(0, len(X), BATCH_SIZE):",
                "            if len(history) == steps:",
                "                return history, layers",
                f"            rows = {rows}",
                *self._forward(),
                "            losses.append(loss(y, t))",
                "            if not np.isfinite(losses[-1]).all():",
                '                raise ArithmeticError(f"the loss of step {len(history)} is not finite")',
                "            dy = loss_gradient(y, t)",
                f"            for layer in reversed(layers{'[:-1]' if self.fused else ''}):",
                "                dy = layer.backward(dy)",
                *(f"            {line}" for line in (*self._gradients(), *self._step(), *right)),
                "            history.append(float(losses[-1].mean()))",
                "        mean = np.concatenate(losses).astype(np.float64).mean()",
                f'        print(f"epoch {{epoch + 1}}: loss {{mean:.6f}}{shown}")',
                "        if test is not None:",
                f"            y, t = outputs(layers, {scales.format(X='test[0]')}), targets(test[1])",
                f'            print(f"    test {"accuracy" if self.counts else "loss"} {{{tested}}}")',
                "    return history, layers",
            ]
        )

    def _forward(self) -> list[str]:
        """The outputs and targets of the batch."""
        if not self._predicts_otherwise():
            return ["            y, t = outputs(layers, X[rows]), T[rows]"]
        return [
            "            y, t = X[rows], T[rows]",
            "            for layer in layers:",
            "                y = layer.forward(y)",
        ]

    def _rates(self) -> list[str]:
        """The learning rates of an epoch's steps, where a schedule moves them."""
        if self.fit["schedule"] is None:
            return []
        return [
            "        batches = -(-len(X) // BATCH_SIZE)",
            "        moments = np.arange(epoch * batches, (epoch + 1) * batches) / batches",
            "        rates = LEARNING_RATE * schedule(moments, EPOCHS)",
        ]

    def _gradients(self) -> list[str]:
        """The gradients, with what the penalties add, and not longer than they may be."""
        lines = ["gradients = [g for layer in layers for g in layer.gradients]"]
        for terms, indices in self._penalties().items():
            formula = " + ".join(rules.PENALTIES[kind][0] for kind, *_ in terms)
            lines.append(f"for i in {indices}:  # the penalty {formula}, beside the loss")
            for kind, strength, per_batch in terms:
                factor = f"({strength} * (1 / len(y)))" if per_batch else f"{strength}"
                lines.append(f"    gradients[i] += {rules.PENALTIES[kind][1].format(w='parameters[i]')} * {factor}")
        if self.fit["clip_norm"] is None:
            return lines
        lines += [f"gradients[{i}][...] = 0" for i, share in enumerate(self.shares) if not share]
        pieces = "g.ravel() for g in gradients"
        if self._clips_beside_statistics():
            pieces = "g.ravel() for layer in layers for g in (*layer.gradients, *layer.still)"
        return [
            *lines,
            f"flat = np.concatenate([{pieces}])",
            "length = math.sqrt(flat.dot(flat))",
            "if length > CLIP_NORM:",
            "    gradients = [g * (CLIP_NORM / length) for g in gradients]",
        ]

    def _penalties(self) -> dict[tuple[tuple[type[Penalty], float, bool], ...], list[int]]:
        """The arrays, by their places among the parameters, that have the same penalties."""
        found: dict[tuple[tuple[type[Penalty], float, bool], ...], list[int]] = {}
        for i, (stage, name) in enumerate(self.arrays):
            part = self.slices[stage.index][name]
            terms = [term for term in self.plan.penalties if term.part == part]
            if terms:
                key = tuple((type(term.penalty), term.strength, term.penalty.per_batch) for term in terms)
                found.setdefault(key, []).append(i)
        return found

    def _step(self) -> list[str]:
        """The optimizer's step."""
        rate = "LEARNING_RATE"
        if self.fit["schedule"] is not None:
            rate = "float(rates[start // BATCH_SIZE])"
        if self.optimizer.decay:
            rate += " / (1 + DECAY * len(history))"
        if not self.shares:
            return [f"optimizer.step(gradients, {rate})"]
        return [
            "before = [w.copy() for w in parameters]",
            f"optimizer.step(gradients, {rate})",
            "for w, start_of_step, share in zip(parameters, before, SHARES):",
            "    if share != 1:",
            "        w[...] = (w - start_of_step) * share + start_of_step",
        ]

    def _clips_beside_statistics(self) -> bool:
        return self.fit["clip_norm"] is not None and any(stage.layer.statistics for stage in self.plan.stages)


# ---------------------------------------------------------------- texts that are the same in every script

NPZ = '    np.savez("data.npz", X=X, y=y)'

MNIST = """    import numpy as np, layerwise as lw
    (X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
    np.savez("data.npz", X=X, y=y, X_test=X_test, y_test=y_test)"""

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
