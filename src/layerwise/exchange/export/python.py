"""A network as a Python module that imports nothing but math: for one sample, in plain lists.

x ─► outputs(x) ─► probabilities(x), predict(x)        x is a row where the model takes a table: encode(x)
"""

from __future__ import annotations

from typing import Any

from layerwise.exchange.export.elementwise import PYTHON_HELPERS, operations
from layerwise.exchange.export.literals import decimals, wrapped
from layerwise.exchange.export.program import GROUPED, RESCALE, RESCALE_COLUMNS, Call, Program, program_of
from layerwise.exchange.export.tables import python as table_source
from layerwise.formula import PYTHON
from layerwise.formula.quoting import python_docstring, python_number, python_value

FORMULAS = {
    RESCALE: '''
def rescale(x, offset, factor):
    """(x - offset) * factor"""
    return [(x_i - offset) * factor for x_i in x]
''',
    RESCALE_COLUMNS: '''
def rescale_columns(x, offset, factor):
    """(x - offset) * factor, with an offset and a factor for each input"""
    return [(x_i - o) * f for x_i, o, f in zip(x, offset, factor)]
''',
    "dense": '''
def dense(x, W, b):
    """y_j = sum of x_i W_ij over i, plus b_j; W is kept as a list for each unit j"""
    return [sum([x_i * w_i for x_i, w_i in zip(x, w)]) + b_j for w, b_j in zip(W, b)]
''',
    GROUPED: '''
def grouped_dense(x, W, b, groups):
    """dense, where inputs and units are parted into groups, and each unit reads the inputs of its own group"""
    inputs, units = len(x) // groups, len(b) // groups
    parts = [x[q * inputs : (q + 1) * inputs] for q in range(groups)]
    return [sum([x_i * w_i for x_i, w_i in zip(parts[j // units], w)]) + b_j for j, (w, b_j) in enumerate(zip(W, b))]
''',
    "piecewise_linear": '''
def piecewise_linear(x, column, low, factor):
    """x, and how far x has come through each interval, from 0 to 1; of which input, where it begins, and 1 / length"""
    return x + [min(max((x[c] - a) * f, 0.0), 1.0) for c, a, f in zip(column, low, factor)]
''',
    "scale": '''
def scale(x, s):
    """x * s, with a factor for each input"""
    return [x_i * s_i for x_i, s_i in zip(x, s)]
''',
    "batch_norm": '''
def batch_norm(x, mean, factor, beta):
    """gamma (x - mean) / sqrt(var + epsilon) + beta, with the training's mean and var; factor = gamma / sqrt(...)"""
    return [(x_i - m) * f + b for x_i, m, f, b in zip(x, mean, factor, beta)]
''',
    "layer_norm": '''
def layer_norm(x, gamma, beta, epsilon):
    """gamma (x - mean) / sqrt(var + epsilon) + beta, with mean and var over the numbers of x"""
    mean = sum(x) / len(x)
    var = sum([(x_i - mean) ** 2 for x_i in x]) / len(x)
    deviation = math.sqrt(var + epsilon)
    return [g * (x_i - mean) / deviation + b for x_i, g, b in zip(x, gamma, beta)]
''',
    "softmax": '''
def softmax(x):
    """e^x / sum of e^x; the largest x is subtracted first, which changes nothing and keeps exponents small"""
    largest = max(x)
    e = [math.exp(x_i - largest) for x_i in x]
    total = sum(e)
    return [e_i / total for e_i in e]
''',
}

_PROBABILITIES = {
    "outputs": '''    """The probability of each class for a sample."""
    return outputs(x)''',
    "yes": '''    """The probabilities of no and yes for a sample."""
    (y,) = outputs(x)
    return [1 - y, y]''',
    "shares": '''    """The probability of each class for a sample: its output's share of all."""
    y = outputs(x)
    total = max(sum(y), 1e-300)
    return [y_j / total for y_j in y]''',
}


def to_python(model: Any, name: str) -> str:
    """Return the source of a module of this name for a network or a fitted estimator."""
    program = program_of(model, "Python", FORMULAS)
    parts = [f'"""{python_docstring(program.head(name))}"""\n\n{table_source.imports(program.table)}']
    parts += [_constants(call) for call in program.calls if call.arrays]
    if program.classes is not None:
        parts.append(f"classes = [\n{wrapped(map(python_value, program.classes))}\n]\n")
    own = program.elementwise
    used = operations(own.values(), PYTHON)
    parts += [text for operation, text in PYTHON_HELPERS.items() if operation in used]
    formulas = FORMULAS | {name: each.in_python() for name, each in own.items()}
    parts += [formulas[function] for function in program.functions]
    if program.units is not None:
        parts += [
            f"{name} = {python_value(a.tolist())}\n" for name, a in zip(("target_scale", "target_mean"), program.units)
        ]
    parts += [] if program.table is None else table_source.parts(program.table)
    parts += [_outputs(program), _probabilities(program), _predict(program), _MAIN if program.table is None else ""]
    return "\n".join(part for part in parts if part)


def _constants(call: Call) -> str:
    """Return the arrays of a call, W transposed: a list for each unit."""
    lines = []
    for name, array in call.arrays.items():
        if array.ndim == 2:
            rows = (f"    [\n{wrapped(decimals(row), 8)}\n    ],\n" for row in array.T)
            lines.append(f"{name}_{call.label} = [\n{''.join(rows)}]\n")
        else:
            lines.append(f"{name}_{call.label} = [\n{wrapped(decimals(array))}\n]\n")
    return "".join(lines)


def _outputs(program: Program) -> str:
    lines = [f"    x = {_expression(call, program)}\n" for call in program.calls]
    if program.table is not None:
        return f'''
def outputs(x):
    """The {program.n_out} outputs for a sample x, a row as encode takes it."""
    x = encode(x)
{"".join(lines)}    return x
'''
    return f'''
def outputs(x):
    """The outputs for a sample x, a list of {program.n_in} numbers in the units of the training data."""
    if len(x) != {program.n_in}:
        raise ValueError(f"a sample has {program.n_in} numbers; got {{len(x)}}")
    x = [float(x_i) for x_i in x]
{"".join(lines)}    return x
'''


def _expression(call: Call, program: Program) -> str:
    arrays = [f"{name}_{call.label}" for name in call.arrays]
    numbers = [f"{name}={python_number(value)}" for name, value in call.numbers.items()]
    return f"{call.function}({', '.join(['x', *arrays, *numbers])})"


def _probabilities(program: Program) -> str:
    if program.probabilities is None:
        return ""
    return f"\ndef probabilities(x):\n{_PROBABILITIES[program.probabilities]}\n"


def _predict(program: Program) -> str:
    threshold = python_number(program.threshold)
    if program.kind == "multilabel":
        what, answer = "The answers for a sample, 1 for yes and 0 for no.", f"[int(y_j > {threshold}) for y_j in y]"
    elif program.kind == "regression":
        what = "The predicted number for a sample." if program.flat else "The predicted numbers for a sample."
        answer = "y[0]" if program.flat else "y"
        if program.units is not None:
            in_units = "y[0] * target_scale[0] + target_mean[0]"
            answer = in_units if program.flat else "[v * s + m for v, s, m in zip(y, target_scale, target_mean)]"
    else:
        what = "The label of a sample."
        answer = f"classes[int(y[0] > {threshold})]" if program.n_out == 1 else "classes[y.index(max(y))]"
    return f'''
def predict(x):
    """{what}"""
    y = outputs(x)
    return {answer}
'''


_MAIN = """
if __name__ == "__main__":  # a sample a line on the standard input, its answer on the standard output
    for line in open(0):
        if line.strip():
            print(predict(line.replace(",", " ").split()))
"""
