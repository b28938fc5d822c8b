"""Numbers and classes of custom parts may have any name: none becomes another thing in an exported program."""

import numpy as np

import layerwise as lw
from layerwise.exchange.export.script import to_training_script
from running_exports import every_target, run

# Words of C and JavaScript, functions, and what the programs themselves call so.
NUMBERS = [
    "alpha", "beta", "delta", "lam", "mu", "sigma", "scale", "slope", "sharpness", "threshold", "n", "i", "y0", "j1",
    "t1", "t2", "t3", "size_t", "exp", "tanh", "expf", "tanhf", "double", "float", "int", "long", "register",
    "restrict", "const", "inline", "static", "NAN", "INFINITY", "NULL", "errno", "signed", "unsigned", "struct",
    "main", "var", "let", "function", "new", "delete", "this", "eval", "typeof", "Math", "math", "np", "W", "b",
    "b_0", "W_0", "in_0", "mean", "gamma", "x_", "apply", "gradients", "map", "zip", "len", "self", "DTYPE",
]  # fmt: skip
CLASSES = [
    "loss", "targets", "network", "zip", "np", "outputs", "train", "generator", "math", "DTYPE", "SEED", "float", "len",
    "print", "glorot_uniform", "column_sums", "b_0", "W_2", "var", "new", "function", "Layer", "Dense", "values",
    "ArithmeticError", "ORDER", "history", "dense", "softmax", "predict", "probabilities", "unpack", "scale",
]  # fmt: skip
X, Y = np.random.default_rng(0).normal(size=(6, 3)), np.random.default_rng(1).normal(size=(6, 2))


def with_number(word, value):
    """Return an activation with a number of that name; what stands in it twice gets names in the programs."""
    own, given = ("me", word) if word == "self" else ("self", word)
    space = {"lw": lw, "numpy": np}
    exec(
        f"class Custom(lw.Activation):\n"
        f"    def __init__({own}, {given}=0.0): {own}.{word} = {given}\n"
        f"    def f({own}, x):\n"
        f"        a = numpy.tanh({own}.{word} * x)\n"
        f"        return a + 0.5 * a**2 + 0.1 * {own}.{word} * numpy.exp(-x * x)",
        space,
    )
    return space["Custom"](value)


def trained(activations):
    layers = [part for activation in activations for part in (activation, lw.Scale())]
    net = lw.Network([lw.Dense(4), *layers, lw.Dense(2)], random_state=0, dtype="float64")
    net.fit(X, Y, epochs=2, verbose=False, engine="numpy", optimizer=lw.SGD(1e-4))
    return net


def same_script(net):
    script = {"__name__": "script"}
    exec(to_training_script(net), script)
    _, layers = script["train"](X, Y)
    for w, own in zip((w for layer in layers for w in layer.parameters), net.get_parameters(), strict=True):
        np.testing.assert_array_equal(w, own)


@every_target
def test_numbers_of_any_name(target, tmp_path):
    net = trained([with_number(word, 1 + i / 50) for i, word in enumerate(NUMBERS)])
    [found] = run(target, [net], [X], tmp_path)
    np.testing.assert_allclose(found.outputs, net.outputs(X), rtol=1e-5)


def test_numbers_of_any_name_in_a_training_script():
    for word in NUMBERS:
        one, other = with_number(word, 1.25), with_number(word, 0.75)
        other.__class__ = type(one)  # of one class, so that its numbers are arguments
        same_script(trained([one, other]))


def classes():
    return [
        type(name, (lw.Activation,), {"f": lambda self, x, k=1 + i / 50: np.tanh(k * x)})()
        for i, name in enumerate(CLASSES)
    ]


@every_target
def test_classes_of_any_name(target, tmp_path):
    net = trained(classes())
    [found] = run(target, [net], [X], tmp_path)
    np.testing.assert_allclose(found.outputs, net.outputs(X), rtol=1e-5)


def test_classes_of_any_name_in_a_training_script():
    same_script(trained(classes()))
    for name in CLASSES:
        rule = type(name, (lw.Optimizer,), {"f": lambda self, w, g, rate, t: w - rate * np.sign(g)})
        net = lw.Network([lw.Dense(4), lw.Tanh(), lw.Dense(2)], random_state=0, dtype="float64")
        net.fit(X, Y, epochs=2, verbose=False, engine="numpy", optimizer=rule(1e-3))
        same_script(net)
