"""The text of what a training script begins with: first weights, scaling of the data, and targets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.data.targets import Task
from layerwise.engine.plan import Stage
from layerwise.exchange.export.literals import WIDTH, wrapped
from layerwise.exchange.export.program import argument_name
from layerwise.formula.quoting import python_number, python_value, whole
from layerwise.parts import initializers, scaling
from layerwise.parts.layers import Activation, Dense, Dropout, PiecewiseLinear, Softmax
from layerwise.parts.losses import Loss
from layerwise.parts.scaling import Scaler

# ---------------------------------------------------------------- initializers: (expression, function that it calls)


def _call(name: str, shape: tuple[int, ...], *more: str) -> str:
    """Return a call of a function of (rng, n_in, n_out); a bias vector counts as one input."""
    n_in, n_out = shape if len(shape) == 2 else (1, shape[0])
    return f"{name}({', '.join(['rng', whole(n_in), whole(n_out), *more])})" + ("[0]" if len(shape) == 1 else "")


def _size(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(whole, shape))})" if len(shape) > 1 else whole(shape[0])


def _normal(initializer: Any, shape: tuple[int, ...]) -> str:
    scale = "" if initializer.scale == 1 else f"{python_number(initializer.scale)} * "
    return f"{scale}rng.standard_normal({_size(shape)})"


def _uniform(initializer: Any, shape: tuple[int, ...]) -> str:
    limit = python_number(initializer.limit)
    return f"rng.uniform(-{limit}, {limit}, {_size(shape)})"


def _named(name: str) -> Callable[[Any, tuple[int, ...]], str]:
    return lambda initializer, shape: _call(name, shape)


EXPRESSIONS: dict[type[initializers.Initializer], Callable[[Any, tuple[int, ...]], str]] = {
    initializers.Zeros: lambda initializer, shape: f"np.zeros({_size(shape)})",
    initializers.Normal: _normal,
    initializers.Uniform: _uniform,
    initializers.LecunNormal: _named("lecun_normal"),
    initializers.LecunUniform: _named("lecun_uniform"),
    initializers.GlorotNormal: _named("glorot_normal"),
    initializers.GlorotUniform: _named("glorot_uniform"),
    initializers.HeNormal: _named("he_normal"),
    initializers.HeUniform: _named("he_uniform"),
    initializers.Orthogonal: lambda i, shape: _call("orthogonal", shape, python_number(i.gain)),
    initializers.Given: lambda i, shape: f"np.array({python_value(i.values.tolist())})",
}


def _normal_function(name: str, words: str, scaled: str) -> str:
    return f'''
def {name}(rng, n_in, n_out):
    """{words}"""
    return rng.standard_normal((n_in, n_out)) {scaled}
'''


def _uniform_function(name: str, words: str, limit: str) -> str:
    return f'''
def {name}(rng, n_in, n_out):
    """{words}"""
    limit = math.sqrt({limit})
    return rng.uniform(-limit, limit, (n_in, n_out))
'''


FUNCTIONS: dict[type[initializers.Initializer], str] = {
    initializers.LecunNormal: _normal_function(
        "lecun_normal", "N(0, 1) / √n_in (LeCun, Bottou, Orr, Müller 1998).", "/ math.sqrt(n_in)"
    ),
    initializers.LecunUniform: _uniform_function("lecun_uniform", "Uniform, with the variance 1 / n_in.", "3 / n_in"),
    initializers.GlorotNormal: _normal_function(
        "glorot_normal", "N(0, 2 / (n_in + n_out)) (Glorot and Bengio 2010).", "* math.sqrt(2 / (n_in + n_out))"
    ),
    initializers.GlorotUniform: _uniform_function(
        "glorot_uniform", "Uniform, with the variance 2 / (n_in + n_out) (Glorot and Bengio 2010).",
        "6 / (n_in + n_out)",
    ),
    initializers.HeNormal: _normal_function(
        "he_normal", "N(0, 2 / n_in), for ReLU (He, Zhang, Ren, Sun 2015).", "* math.sqrt(2 / n_in)"
    ),
    initializers.HeUniform: _uniform_function("he_uniform", "Uniform, with the variance 2 / n_in.", "6 / n_in"),
    initializers.Orthogonal: '''
def orthogonal(rng, n_in, n_out, gain):
    """Orthonormal rows or columns (Saxe, McClelland, Ganguli 2014), each as likely as any other (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((max(n_in, n_out), min(n_in, n_out))))
    q = q * np.sign(np.diag(r))
    return gain * (q if n_in >= n_out else q.T.copy())
''',
}  # fmt: skip


def construction(stage: Stage, numbered: bool, name: str) -> str:
    """Return the call that makes the layer, of class `name`; `numbered` activations are given their numbers."""
    layer = stage.layer
    config: dict[str, Any] = layer.config()
    if type(layer) is Dense:
        shapes = layer.parameter_shapes(stage.n_in)
        drawn = [_weights(layer, shapes["W"]), EXPRESSIONS[type(layer.biases)](layer.biases, shapes["b"])]
        arguments = _drawn_by(stage.index, drawn)
        if layer.groups == 1:
            return f"{name}({', '.join(arguments)})"
        arguments = [*arguments, whole(layer.groups)]
        return f"{name}({''.join(f'{chr(10)}            {argument},' for argument in arguments)}\n        )"
    if type(layer) is Dropout:
        return f"Dropout({python_number(config['rate'])}, layer={whole(stage.index)})"
    if type(layer) is PiecewiseLinear:
        return f"{name}({_knots(layer.knots)})"
    if isinstance(layer, Activation) and layer.has_formula:
        own = layer.numbers().items() if numbered else ()
        return f"{name}({', '.join(f'{argument_name(layer, key)}={python_number(value)}' for key, value in own)})"
    sizes = [whole(stage.n_in)] if layer.parameter_shapes(stage.n_in) else []
    numbers = [f"{key}={python_number(value)}" for key, value in config.items() if key not in ("penalty", "rate")]
    return f"{name}({', '.join(sizes + numbers)})"


def _weights(layer: Dense, shape: tuple[int, ...]) -> str:
    """Return how the weights are drawn: those of each group apart."""
    express = EXPRESSIONS[type(layer.weights)]
    if layer.groups == 1 or type(layer.weights) in (initializers.Given, initializers.Zeros):
        return express(layer.weights, shape)
    one = re.sub(r"\brng\b", "r", express(layer.weights, (shape[0], shape[1] // layer.groups)))
    return f"in_groups({whole(layer.groups)}, rng, lambda r: {one})"


def _knots(knots: list[list[float]]) -> str:
    """Return the knots as lists; long ones in lines, one input after the other."""
    text = python_value(knots)
    if len(text) < WIDTH // 2:
        return text
    rows = [f"[\n{wrapped(map(python_number, each), 16)}\n            ]" if each else "[]" for each in knots]
    return f"[\n{''.join(f'            {row},' + chr(10) for row in rows)}        ]"


def _drawn_by(index: int, calls: list[str]) -> list[str]:
    """Calls with a layer's generator in place of `rng`; where several draw, they do so one after the other."""
    draws = [call for call in calls if re.search(r"\brng\b", call)]
    made = f"generator(WEIGHTS, {whole(index)})"
    first = made if len(draws) < 2 else f"(rng := {made})"
    return [re.sub(r"\brng\b", lambda _: first, call) if draws and call is draws[0] else call for call in calls]


# ---------------------------------------------------------------- scaling

FITS: dict[type[Scaler], Callable[[Any], str]] = {
    scaling.RangeScaler: lambda s: "",  # the ranges are given
    scaling.MinMaxScaler: lambda s: (
        f'''
def fit_scaling(X):
    """Each column's least value becomes {python_number(s.to_low)}, its greatest {python_number(s.to_high)}."""
    low, high = X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64)
    factor = ({python_number(s.to_high)} - {python_number(s.to_low)}) / np.where(high > low, high - low, 1)
    return low - {python_number(s.to_low)} / factor, factor
'''
    ),
    scaling.StandardScaler: lambda s: (
        '''
def fit_scaling(X):
    """Each column gets the mean 0 and the standard deviation 1; a constant column becomes 0."""
    mean = X.mean(axis=0, dtype=np.float64)
    square = np.zeros(X.shape[1])
    for start in range(0, len(X), 4096):
        rest = X[start : start + 4096] - mean
        square += np.einsum("ij,ij->j", rest, rest)
    deviation = np.sqrt(square / len(X))
    same = X.min(axis=0) == X.max(axis=0)
    constant = same | (deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean))
    return np.where(same, X[0], mean), 1 / np.where(constant, 1, deviation)
'''
    ),
}


def scaling_text(scaler: Scaler, dtype: np.dtype[np.floating]) -> str:
    """Return the functions that scale X; `scale(X)` where the numbers are given, else `scale(X, *fit_scaling(X))`."""
    fit = FITS[type(scaler)](scaler)
    widens = dtype == np.float32
    kind = "kind" if widens else "DTYPE"
    choice = "    kind = DTYPE if X.dtype.itemsize < 3 or X.dtype == DTYPE else np.float64\n" if widens else ""
    words = "; in float64 where X has more digits than the network" if widens else ""
    end = ".astype(DTYPE)" if widens else ""
    if fit:
        return f'''{fit}

def scale(X, offset, factor):
    """(x - offset) · factor{words}."""
{choice}    return ((X.astype({kind}) - offset.astype({kind})) * factor.astype({kind})){end}
'''
    assert scaler.offset is not None
    assert scaler.factor is not None
    offset, factor = float(scaler.offset), float(scaler.factor)
    number = "1 / 255" if factor == 1 / 255 else python_number(factor)
    middle = python_number(offset)
    shifted = f"X.astype({kind})" if not offset else f"(X.astype({kind}) - {middle})"
    formula = f"x · ({number})" if not offset else f"(x - {middle}) · ({number})"
    return f'''
def scale(X):
    """{formula}{words}."""
{choice}    return {f"({shifted} * ({number}))" if widens else f"{shifted} * ({number})"}{end}
'''


# ---------------------------------------------------------------- targets


def targets_text(task: Task, n_out: int, loss: Loss) -> str:
    """Return the function that turns y into what the outputs should be."""
    classes, outputs = task.classes, whole(n_out)
    counted = classes is None or np.array_equal(classes, np.arange(len(classes)))
    names = None if classes is None or counted else python_value(classes.tolist())

    def label(y: str) -> str:
        if classes is None or names is None:
            return f"{y}.astype(int)"
        plain = f"{y}.astype(str)" if classes.dtype.kind == "U" else y
        if classes.dtype.kind == "U" and classes.tolist() == np.unique(classes).tolist():
            return f"np.searchsorted({names}, {plain})"
        return f"({plain}[:, None] == np.array({names})).argmax(axis=1)"

    def one_hot(y: str) -> str:
        return f"np.eye({outputs}, dtype=DTYPE)[{label(y)}]"

    if task.kind != "classification":
        words, body = f"The numbers that the {outputs} outputs should be", "y.reshape(len(y), -1).astype(DTYPE)"
    elif n_out == 1:
        words, body = "1 for yes, 0 for no", f"{'y' if names is None else label('y')}.reshape(-1, 1).astype(DTYPE)"
    elif task.flat:
        words, body = f"A row of {outputs} for each label: 1 at its place, else 0", one_hot("y")
    else:
        words = f"A row of {outputs} for each sample, 1 at its class; or the rows, if y has such"
        body = f"y.astype(DTYPE) if y.shape[1] > 1 else {one_hot('y[:, 0]')}"
    lines = [f"return {body}"]
    if loss.label_smoothing:
        share, spread = python_number(loss.label_smoothing), outputs if loss.fuses_with is Softmax else "2"
        lines = [f"t = {body}", f"return t * (1 - {share}) + {share} / {spread}  # a share is spread evenly"]
    text = "\n".join(f"    {line}" for line in lines)
    return f'''
def targets(y):
    """{words}."""
{text}
'''
