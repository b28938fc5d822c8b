"""A network as a Python module that imports nothing but NumPy: for batches, in the network's own precision.

X (n, inputs) ─► outputs(X) ─► probabilities(X), predict(X)        X is a table where the model takes one: encode(X)
"""

from __future__ import annotations

from typing import Any

from layerwise.exchange.export.literals import base64_lines, decimals, is_packed, wrapped
from layerwise.exchange.export.program import GROUPED, RESCALE, RESCALE_COLUMNS, Call, Program, program_of
from layerwise.exchange.export.tables import numpy_source as table_source
from layerwise.formula.quoting import python_docstring, python_number, python_value

FORMULAS = {
    RESCALE: '''
def rescale(x, offset, factor):
    """(x - offset) * factor"""
    return (x - offset) * factor
''',
    RESCALE_COLUMNS: '''
def rescale_columns(x, offset, factor):
    """(x - offset) * factor, with an offset and a factor for each input"""
    return (x - offset) * factor
''',
    "dense": '''
def dense(x, W, b):
    """y = x W + b"""
    return x @ W + b
''',
    GROUPED: '''
def grouped_dense(x, W, b, groups):
    """y = x W + b in groups of inputs and units; those of W lie side by side"""
    parts = zip(np.split(x, groups, axis=1), np.split(W, groups, axis=1))
    return np.hstack([x_q @ W_q for x_q, W_q in parts]) + b
''',
    "piecewise_linear": '''
def piecewise_linear(x, column, low, factor):
    """x, and how far x has come through each interval, from 0 to 1; of which input, where it begins, and 1 / length"""
    return np.hstack([x, np.clip((x[:, column] - low) * factor, 0, 1)])
''',
    "scale": '''
def scale(x, s):
    """x * s, with a factor for each input"""
    return x * s
''',
    "batch_norm": '''
def batch_norm(x, mean, factor, beta):
    """gamma (x - mean) / sqrt(var + epsilon) + beta, with the training's mean and var; factor = gamma / sqrt(...)"""
    return (x - mean) * factor + beta
''',
    "layer_norm": '''
def layer_norm(x, gamma, beta, epsilon):
    """gamma (x - mean) / sqrt(var + epsilon) + beta, with mean and var over the numbers of each sample"""
    d = x - x.mean(axis=1, keepdims=True)
    var = np.square(d).mean(axis=1, keepdims=True)
    return gamma * (d / np.sqrt(var + epsilon)) + beta
''',
    "softmax": '''
def softmax(x):
    """e^x / sum of e^x; the largest x is subtracted first, which changes nothing and keeps exponents small"""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
''',
}

_PROBABILITIES = {
    "outputs": '''    """The probability of each class (n, {n})."""
    return outputs(X)''',
    "yes": '''    """The probabilities of no and yes (n, 2)."""
    y = outputs(X)
    return np.hstack([1 - y, y])''',
    "shares": '''    """The probability of each class (n, {n}): its output's share of all."""
    y = outputs(X)
    return y / np.maximum(y.sum(axis=1, keepdims=True), np.finfo(y.dtype).tiny)''',
}


def to_numpy(model: Any, name: str) -> str:
    """Return the source of a module of this name for a network or a fitted estimator."""
    program = program_of(model, "NumPy", FORMULAS)
    packs = any(is_packed(array) for call in program.calls for array in call.arrays.values())
    parts = [
        f'"""{python_docstring(program.head(name))}"""\n',
        "import base64\n\nimport numpy as np\n" if packs else "import numpy as np\n",
    ]
    if packs:
        parts.append(_UNPACK.format(dtype=f"<f{program.dtype.itemsize}", name=program.dtype))
    parts += [_constants(call) for call in program.calls if call.arrays]
    if program.classes is not None:
        parts.append(f"classes = np.array([\n{wrapped(map(python_value, program.classes))}\n])\n")
    formulas = FORMULAS | {name: each.in_numpy() for name, each in program.elementwise.items()}
    parts += [formulas[function] for function in program.functions]
    if program.units is not None:
        parts += [
            f"{name} = np.array({python_value(a.tolist())})\n"
            for name, a in zip(("target_scale", "target_mean"), program.units)
        ]
    parts += [] if program.table is None else table_source.parts(program.table)
    parts.append(_outputs(program))
    if program.probabilities is not None:
        body = _PROBABILITIES[program.probabilities].format(n=program.n_out)
        parts.append(f"\ndef probabilities(X):\n{body}\n")
    parts += [_predict(program), _MAIN if program.table is None else ""]
    return "\n".join(parts)


_UNPACK = '''
def unpack(text, *shape):
    """An array from the bytes of its numbers, {name}, in base64."""
    return np.frombuffer(base64.b64decode(text), "{dtype}").reshape(shape)

'''


def _constants(call: Call) -> str:
    lines = []
    for name, array in call.arrays.items():
        if is_packed(array):
            text = "\n".join(f'    "{line}"' for line in base64_lines(array))
            value = f"unpack(\n{text},\n    {', '.join(map(str, array.shape))},\n)"
        else:
            shape = "" if array.ndim == 1 else f".reshape({', '.join(map(str, array.shape))})"
            value = f'np.array([\n{wrapped(decimals(array))}\n], "{array.dtype}"){shape}'
        lines.append(f"{name}_{call.label} = {value}\n")
    return "".join(lines)


def _outputs(program: Program) -> str:
    lines = []
    for call in program.calls:
        arrays = [f"{name}_{call.label}" for name in call.arrays]
        numbers = [f"{name}={python_number(value)}" for name, value in call.numbers.items()]
        lines.append(f"        x = {call.function}({', '.join(['x', *arrays, *numbers])})\n")
    lines = lines or ["        x = x.copy()\n"]
    if program.table is not None:
        return f'''
def outputs(X):
    """The outputs (n, {program.n_out}) for the rows of a table X, as encode takes it."""
    x = encode(X).astype("{program.dtype}")
    with np.errstate(over="ignore"):
{"".join(lines)}    return x
'''
    return f'''
def outputs(X):
    """The outputs (n, {program.n_out}) for samples X (n, {program.n_in}) in the units of the training data."""
    x = np.asarray(X, "{program.dtype}")
    if x.ndim != 2 or x.shape[1] != {program.n_in}:
        raise ValueError(f"X must have the shape (samples, {program.n_in}); got {{x.shape}}")
    with np.errstate(over="ignore"):
{"".join(lines)}    return x
'''


def _predict(program: Program) -> str:
    threshold = python_number(program.threshold)
    if program.kind == "multilabel":
        what, answer = f"The answers (n, {program.n_out}), 1 for yes and 0 for no.", f"(y > {threshold}).astype(int)"
    elif program.kind == "regression":
        shape = "(n,)" if program.flat else f"(n, {program.n_out})"
        what, answer = f"The predicted numbers {shape}.", "y[:, 0]" if program.flat else "y"
        if program.units is not None:
            answer = "y[:, 0] * target_scale[0] + target_mean[0]" if program.flat else "y * target_scale + target_mean"
    else:
        what = "The label of each sample (n,)."
        answer = f"classes[(y[:, 0] > {threshold}).astype(int)]" if program.n_out == 1 else "classes[y.argmax(axis=1)]"
    return f'''
def predict(X):
    """{what}"""
    y = outputs(X)
    return {answer}
'''


_MAIN = """
if __name__ == "__main__":  # a sample a line on the standard input, its answer on the standard output
    for line in open(0):
        if line.strip():
            (answer,) = predict([line.replace(",", " ").split()])
            print(answer.tolist())
"""
