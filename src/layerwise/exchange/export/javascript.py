"""A network as one ES module, for browsers and Node.js alike: for one sample, computed in double precision.

x ─► outputs(x) ─► probabilities(x), predict(x)        x is a row where the model takes a table: encode(x)
"""

from __future__ import annotations

from typing import Any

from layerwise.exchange.export.literals import base64_lines, decimals, is_packed, wrapped
from layerwise.exchange.export.program import GROUPED, RESCALE, RESCALE_COLUMNS, Call, Program, program_of
from layerwise.exchange.export.tables import javascript as table_source
from layerwise.formula.quoting import javascript_comment, javascript_number, javascript_value

FORMULAS = {
    RESCALE: """
/** (x - offset) * factor */
function rescale(x, offset, factor) {
  return x.map((v) => (v - offset) * factor);
}
""",
    RESCALE_COLUMNS: """
/** (x - offset) * factor, with an offset and a factor for each input */
function rescale_columns(x, offset, factor) {
  return x.map((v, i) => (v - offset[i]) * factor[i]);
}
""",
    "dense": """
/** y = x W + b; W has a row for each input, one after the other */
function dense(x, W, b) {
  const y = Float64Array.from(b);
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;
    for (let j = 0, w = i * y.length; j < y.length; j++, w++) y[j] += x[i] * W[w];
  }
  return y;
}
""",
    GROUPED: """
/** dense, where inputs and units are parted into groups, and each unit reads the inputs of its own group */
function grouped_dense(x, W, b, groups) {
  const y = Float64Array.from(b);
  const inputs = x.length / groups, units = y.length / groups;
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;
    const j = Math.floor(i / inputs) * units, w = (i % inputs) * y.length + j;
    for (let k = 0; k < units; k++) y[j + k] += x[i] * W[w + k];
  }
  return y;
}
""",
    "piecewise_linear": """
/** x, and how far x has come through each interval, from 0 to 1; of which input, where it begins, and 1 / length */
function piecewise_linear(x, column, low, factor) {
  const y = new Float64Array(x.length + column.length);
  y.set(x);
  for (let j = 0; j < column.length; j++) {
    y[x.length + j] = Math.min(Math.max((x[column[j]] - low[j]) * factor[j], 0), 1);
  }
  return y;
}
""",
    "scale": """
/** x * s, with a factor for each input */
function scale(x, s) {
  return x.map((v, i) => v * s[i]);
}
""",
    "batch_norm": """
/** gamma (x - mean) / sqrt(var + epsilon) + beta, with the training's mean and var; factor = gamma / sqrt(...) */
function batch_norm(x, mean, factor, beta) {
  return x.map((v, i) => (v - mean[i]) * factor[i] + beta[i]);
}
""",
    "layer_norm": """
/** gamma (x - mean) / sqrt(var + epsilon) + beta, with mean and var over the numbers of x */
function layer_norm(x, gamma, beta, epsilon) {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
  const deviation = Math.sqrt(variance + epsilon);
  return x.map((v, i) => (gamma[i] * (v - mean)) / deviation + beta[i]);
}
""",
    "softmax": """
/** e^x / sum of e^x; the largest x is subtracted first, which changes nothing and keeps exponents small */
function softmax(x) {
  const largest = x.reduce((a, b) => Math.max(a, b));
  const e = x.map((v) => Math.exp(v - largest));
  const total = e.reduce((sum, v) => sum + v, 0);
  return e.map((v) => v / total);
}
""",
}

_PROBABILITIES = {
    "outputs": """/** The probability of each class for a sample. */
export function probabilities(x) {
  return outputs(x);
}
""",
    "yes": """/** The probabilities of no and yes for a sample. */
export function probabilities(x) {
  const [y] = outputs(x);
  return [1 - y, y];
}
""",
    "shares": """/** The probability of each class for a sample: its output's share of all. */
export function probabilities(x) {
  const y = outputs(x);
  const total = Math.max(y.reduce((sum, v) => sum + v, 0), Number.MIN_VALUE);
  return y.map((v) => v / total);
}
""",
}


def to_javascript(model: Any, name: str) -> str:
    """Return the source of a module of this name for a network or a fitted estimator."""
    program = program_of(model, "JavaScript", FORMULAS)
    comment = "\n".join(f" * {line}".rstrip() for line in javascript_comment(program.head(name)).split("\n"))
    parts = [f"/**\n{comment}\n */\n"]
    kind = f"Float{program.dtype.itemsize * 8}Array"
    if any(is_packed(array) for call in program.calls for array in call.arrays.values()):
        parts.append(_UNPACK.format(bits=program.dtype.itemsize * 8, bytes=program.dtype.itemsize))
    parts += [_constants(call, kind) for call in program.calls if call.arrays]
    if program.classes is not None:
        parts.append(f"export const classes = [\n{wrapped(map(javascript_value, program.classes), 2)}\n];\n")
    formulas = FORMULAS | {name: each.in_javascript() for name, each in program.elementwise.items()}
    parts += [formulas[function].lstrip() for function in program.functions]
    if program.units is not None:
        parts += [
            f"const {name} = [{', '.join(map(javascript_number, array))}];\n"
            for name, array in zip(("target_scale", "target_mean"), program.units, strict=True)
        ]
    parts += [] if program.table is None else table_source.parts(program.table)
    parts.append(_outputs(program))
    if program.probabilities is not None:
        parts.append(_PROBABILITIES[program.probabilities])
    parts.append(_predict(program))
    return "\n".join(parts)


_UNPACK = """/** An array from the bytes of its numbers, the lowest of each first, in base64. */
function unpack(text) {{
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float{bits}Array.from({{ length: bytes.length / {bytes} }}, (_, i) => view.getFloat{bits}(i * {bytes}, true));
}}
"""


def _constants(call: Call, kind: str) -> str:
    lines = []
    for name, array in call.arrays.items():
        if is_packed(array):
            text = " +\n".join(f'    "{line}"' for line in base64_lines(array))
            value = f"unpack(\n{text},\n)"
        else:
            value = f"{kind if array.dtype.kind == 'f' else 'Uint32Array'}.of(\n{wrapped(decimals(array), 2)}\n)"
        lines.append(f"const {name}_{call.label} = {value};\n")
    return "".join(lines)


def _outputs(program: Program) -> str:
    lines = []
    for call in program.calls:
        arrays = [f"{name}_{call.label}" for name in call.arrays]
        numbers = [javascript_number(value) for value in call.numbers.values()]
        lines.append(f"  y = {call.function}({', '.join(['y', *arrays, *numbers])});\n")
    if program.table is not None:
        return f"""/** The {program.n_out} outputs for a sample x, a row as encode takes it. */
export function outputs(x) {{
  let y = Float64Array.from(encode(x));
{"".join(lines)}  return Array.from(y);
}}
"""
    return f"""/** The outputs for a sample x, {program.n_in} numbers in the units of the training data. */
export function outputs(x) {{
  if (x.length !== {program.n_in}) throw new RangeError(`a sample has {program.n_in} numbers; got ${{x.length}}`);
  let y = Float64Array.from(x);
{"".join(lines)}  return Array.from(y);
}}
"""


def _predict(program: Program) -> str:
    threshold = javascript_number(program.threshold)
    if program.kind == "multilabel":
        what, answer = "The answers for a sample, 1 for yes and 0 for no.", f"y.map((v) => (v > {threshold} ? 1 : 0))"
    elif program.kind == "regression":
        what = "The predicted number for a sample." if program.flat else "The predicted numbers for a sample."
        answer = "y[0]" if program.flat else "y"
        if program.units is not None:
            in_units = "y[0] * target_scale[0] + target_mean[0]"
            answer = in_units if program.flat else "y.map((v, i) => v * target_scale[i] + target_mean[i])"
    else:
        what = "The label of a sample."
        answer = (
            f"classes[y[0] > {threshold} ? 1 : 0]"
            if program.n_out == 1
            else "classes[y.indexOf(y.reduce((a, b) => Math.max(a, b)))]"
        )
    return f"""/** {what} */
export function predict(x) {{
  const y = outputs(x);
  return {answer};
}}
"""
