"""A network as C99: one file and its header, without malloc, for anything from a server to a microcontroller.

    x ─► NAME_outputs(x, y) ─► NAME_probabilities(x, p), NAME_predict(x)
    x is a NAME_row where the model takes a table: NAME_encode(x, inputs)

Weights are constants: float, or double for a float64 network, or int8 with a scale for each unit. Activations are
floats in any case, in at most two buffers on the stack. The weights of an input, one for each unit, are padded to whole
vectors, so that a compiler makes vector instructions of the loop over them without being told about the machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.exchange.export.c_constants import constant, constants_of, is_dense, lengths, sizes, written
from layerwise.exchange.export.c_formulas import FORMULAS, dense, grouped, in_double
from layerwise.exchange.export.elementwise import C_HELPERS, operations
from layerwise.exchange.export.literals import wrapped
from layerwise.exchange.export.program import GROUPED, Program, program_of
from layerwise.exchange.export.tables.c import Encoding, encoding
from layerwise.formula import C
from layerwise.formula.quoting import c_comment, c_identifier, c_include, c_number, c_text, c_whole, shell
from layerwise.typing import Array

FRAMES = 512  # bytes of stack for what the functions keep besides the buffers


@dataclass(frozen=True)
class CSource:
    """A network in C.

    Attributes
    ----------
    code, header : str
        What goes into NAME.c and NAME.h.
    constants : int
        Bytes of weights and other numbers.
    stack : int
        Bytes of stack that a prediction needs, at most, besides those of the C library.
    """

    code: str
    header: str
    constants: int
    stack: int


def to_c(model: Any, name: str, weights: str = "float32") -> CSource:
    """Return the code and the header for a network or a fitted estimator.

    Parameters
    ----------
    model : Network, MLPClassifier or MLPRegressor
        What is written.
    name : str
        The name of both files, without their endings.
    weights : {"float32", "int8"}
        How the weights of dense layers are kept. The numbers of a float64 network are double in the first case.
    """
    program = program_of(model, "C", FORMULAS)
    head = program.head(name)
    header, prefix = c_include(f"{name}.h"), c_identifier(name)
    body, numbers = _outputs(program, prefix, weights)
    arrays = [constants_of(call, weights) for call in program.calls]
    constants = sum(array.nbytes for found in arrays for array in found.values())
    table = None if program.table is None else encoding(program.table, prefix, program.dtype == np.float64)
    if table is not None:
        constants, numbers = constants + table.constants, numbers + 2 * program.n_in
    stack = numbers * program.dtype.itemsize + FRAMES
    code = [sizes(program, weights)]
    code += [
        constant(call, key, array)
        for call, found in zip(program.calls, arrays, strict=True)
        for key, array in found.items()
    ]
    own = program.elementwise
    used = operations(own.values(), C)
    code += [text.lstrip() for operation, text in C_HELPERS.items() if operation in used]
    formulas = {**FORMULAS, "dense": dense(weights), GROUPED: grouped(weights)}
    formulas |= {name: each.in_c() for name, each in own.items()}
    called = dict.fromkeys(name for own in program.functions for name in (*(["dense"] if own == GROUPED else []), own))
    code += [formulas[function].replace("NAME", function).lstrip() for function in called]
    answers = [*_probabilities(program, prefix), *_predict(program, prefix)]
    code, declarations = [*code, body], _declarations(program, prefix)
    if program.dtype == np.float64:
        code, answers, declarations = ([*map(in_double, texts)] for texts in (code, answers, declarations))
    code = [*code, *([] if table is None else table.code), *answers]
    facts = f"""
{constants:,} bytes of constants; at most {stack:,} bytes of stack for a prediction.
Nothing is allocated, and nothing kept between two calls, which may run at the same time.
{"The inputs must be finite." if table is None else "Numbers must be finite, or NAN where they are missing."}

    cc -std=c99 -O3 -c {shell(f"{name}.c")}        and -lm where it is linked
"""
    opening = f"""{_comment(head + facts)}
#include {header}
"""
    needed = {
        "float.h": r"(FLT|DBL)_MIN",
        "math.h": r"\b(exp|expm1|fabs|log|log1p|sqrt|tanh|sin|cos|atan|floor|pow)f?\(|\bisnan\(|INFINITY|NAN",
        "string.h": r"\bstrcmp\(",
    }
    headers = [f"#include <{file}>\n" for file, word in needed.items() if any(re.search(word, text) for text in code)]
    classes = [] if program.classes is None else [_class_array(program.classes, prefix)]
    return CSource(
        code="\n".join(part for part in [opening, *headers, *classes, *code] if part),
        header=_HEADER.format(
            comment=_comment(head), upper=prefix.upper(), declarations=_declared(declarations, program, table, prefix)
        ),
        constants=constants,
        stack=stack,
    )


def _comment(text: str) -> str:
    lines = c_comment(text.strip()).split("\n")
    return "\n".join(f"   {line}".rstrip() for line in lines).replace("   ", "/* ", 1) + " */\n"


def _outputs(program: Program, prefix: str, weights: str) -> tuple[str, int]:
    """Return the function of the outputs, and how many numbers its buffers hold.

    A dense layer reads one buffer and writes the other; all else is done in place.
    """
    buffers: dict[str, int] = {}
    lines, source, size = [], "x", f"{prefix.upper()}_INPUTS"
    for call in program.calls:
        if is_dense(call):
            target = "b" if source == "a" else "a"
            buffers[target] = max(buffers.get(target, 0), written(call, weights))
        elif call is program.calls[-1]:
            target = "y"
        else:
            target = "a" if source == "x" else source
            buffers[target] = max(buffers.get(target, 0), call.n_out)
        arrays = [f"{key}_{call.label}" for key in constants_of(call, weights)]
        single = program.dtype != np.float64
        own = [c_number(value, single=single) for value in call.numbers.values() if call.function != GROUPED]
        arguments = [source, size, *arrays, *own, *(length for length, _ in lengths(call, weights)), target]
        lines.append(f"    apply_{call.function}({', '.join(arguments)});\n")
        source, size = target, size if call.n_out == call.n_in and not is_dense(call) else f"UNITS_{call.label}"
    if source != "y":
        lines.append(f"    for (i = 0; i < {prefix.upper()}_OUTPUTS; i++)\n        y[i] = {source}[i];\n")
    names = ", ".join(f"{key}[{n}]" for key, n in sorted(buffers.items()))
    declared = (f"    float {names};\n" if names else "") + ("    size_t i;\n" if source != "y" else "")
    body = f"{declared}\n{''.join(lines)}" if declared else "".join(lines)
    name = f"void {prefix}_outputs" if program.table is None else "static void apply_network"
    return f"{name}(const float *x, float *y)\n{{\n{body}}}\n", sum(buffers.values()) + program.n_out


def _sample(program: Program, prefix: str) -> str:
    """Return what a sample is, as an argument."""
    return "const float *x" if program.table is None else f"const {prefix}_row *x"


def _probabilities(program: Program, prefix: str) -> list[str]:
    n = f"{prefix.upper()}_OUTPUTS"
    if program.probabilities is None:
        return []
    body = f"    {prefix}_outputs(x, p);\n"
    if program.probabilities == "yes":
        body = f"""    float y[{n}];

    {prefix}_outputs(x, y);
    p[0] = 1.0f - y[0];
    p[1] = y[0];
"""
    elif program.probabilities == "shares":
        body = f"""    float total = 0.0f;
    size_t i;

    {prefix}_outputs(x, p);
    for (i = 0; i < {n}; i++)
        total += p[i];
    for (i = 0; i < {n}; i++)
        p[i] /= total < FLT_MIN ? FLT_MIN : total;
"""
    return [f"void {prefix}_probabilities({_sample(program, prefix)}, float *p)\n{{\n{body}}}\n"]


def _predict(program: Program, prefix: str) -> list[str]:
    n, sample = f"{prefix.upper()}_OUTPUTS", _sample(program, prefix)
    begin = f"    float y[{n}];\n    size_t i;\n\n    {prefix}_outputs(x, y);\n"
    if program.units is not None:
        return _in_units(program.units, program.flat, prefix, sample)
    if program.kind == "regression":
        if program.flat:
            body = f"    float y[{n}];\n\n    {prefix}_outputs(x, y);\n    return y[0];\n"
            return [f"float {prefix}_predict({sample})\n{{\n{body}}}\n"]
        return [f"void {prefix}_predict({sample}, float *y)\n{{\n    {prefix}_outputs(x, y);\n}}\n"]
    threshold = c_number(program.threshold, single=True)
    if program.kind == "multilabel":
        loop = f"    for (i = 0; i < {n}; i++)\n        answers[i] = y[i] > {threshold};\n"
        return [f"void {prefix}_predict({sample}, unsigned char *answers)\n{{\n{begin}{loop}}}\n"]
    if program.n_out == 1:
        choice = f"    float y[{n}];\n\n    {prefix}_outputs(x, y);\n    return y[0] > {threshold};\n"
    else:
        search = f"    for (i = 1; i < {n}; i++)\n        if (y[i] > y[best])\n            best = i;\n"
        choice = f"{begin.replace('i;', 'i, best = 0;', 1)}{search}    return best;\n"
    assert program.classes is not None
    kind, _ = _labels(program.classes)
    answer = f"    return {prefix}_classes[{prefix}_class(x)];\n"
    return [
        f"size_t {prefix}_class({sample})\n{{\n{choice}}}\n",
        f"{kind}{prefix}_predict({sample})\n{{\n{answer}}}\n",
    ]


def _in_units(units: tuple[Array, Array], flat: bool, prefix: str, sample: str) -> list[str]:
    """Return the function that gives numbers learned standardized in their own units, in double."""
    size = f"{prefix.upper()}_OUTPUTS"
    scale, mean = (", ".join(c_number(float(v), single=False) for v in numbers) for numbers in units)
    if flat:
        body = f"    float y[{size}];\n\n    {prefix}_outputs(x, y);\n    return (double)y[0] * {scale} + {mean};\n"
        return [f"double {prefix}_predict({sample})\n{{\n{body}}}\n"]
    body = f"""    static const double scale[{size}] = {{{scale}}}, mean[{size}] = {{{mean}}};
    float outputs[{size}];
    size_t i;

    {prefix}_outputs(x, outputs);
    for (i = 0; i < {size}; i++)
        y[i] = (double)outputs[i] * scale[i] + mean[i];
"""
    return [f"void {prefix}_predict({sample}, double *y)\n{{\n{body}}}\n"]


def _labels(classes: list[Any]) -> tuple[str, list[str]]:
    """Return the type of the labels, and each of them."""
    if all(isinstance(label, str) for label in classes):
        return "const char *", [c_text(label) for label in classes]
    if any(isinstance(label, float) for label in classes):
        return "double ", [c_number(label, single=False) for label in classes]
    if all(-(2**31) < label < 2**31 for label in classes):
        return "int32_t ", [c_whole(int(label)) for label in classes]
    return "int64_t ", [c_whole(label) for label in classes]


def _class_array(classes: list[Any], prefix: str) -> str:
    kind, labels = _labels(classes)
    constant = "const char *const " if kind.startswith("const") else f"const {kind}"
    return f"{constant}{prefix}_classes[{prefix.upper()}_CLASSES] = {{\n{wrapped(labels)}\n}};\n"


def _declared(lines: list[str], program: Program, table: Encoding | None, prefix: str) -> str:
    """Return the header's declarations, with the row of a table after the sizes."""
    if table is None:
        return "\n".join(lines)
    encode = [
        f"/* inputs gets the {program.n_in} inputs that the network takes for the row x. */",
        f"void {prefix}_encode(const {prefix}_row *x, float *inputs);\n",
    ]
    return "\n".join([lines[0], table.struct, *encode, *lines[1:]])


def _declarations(program: Program, prefix: str) -> list[str]:
    """Return what the header declares, the sizes first."""
    sample = _sample(program, prefix)
    upper = prefix.upper()
    n_classes = 0 if program.classes is None else len(program.classes)
    sizes = f"{upper}_INPUTS = {program.n_in}, {upper}_OUTPUTS = {program.n_out}"
    sizes += f", {upper}_CLASSES = {n_classes}" if n_classes else ""
    x = f"x has {program.n_in} numbers in the units of the training data"
    if program.table is not None:
        x = "x is a row of the table"
    lines = [
        f"enum {{ {sizes} }};\n",
        f"/* {x}; y gets the {program.n_out} outputs, and may not overlap x. */",
        f"void {prefix}_outputs({sample}, float *y);\n",
    ]
    if program.probabilities is not None:
        of = "of each class" if program.probabilities != "yes" else "of no and yes"
        lines += [
            f"/* p gets {program.n_probabilities} probabilities, {of}. */",
            f"void {prefix}_probabilities({sample}, float *p);\n",
        ]
    if program.classes is not None:
        kind, _ = _labels(program.classes)
        constant = "const char *const " if kind.startswith("const") else f"const {kind}"
        lines += [
            f"/* The labels; the place among them of the label of x; and the label. */\n"
            f"extern {constant}{prefix}_classes[{upper}_CLASSES];",
            f"size_t {prefix}_class({sample});",
            f"{kind}{prefix}_predict({sample});",
        ]
    elif program.kind == "multilabel":
        lines += [
            f"/* answers gets {program.n_out} numbers, 1 for yes and 0 for no. */",
            f"void {prefix}_predict({sample}, unsigned char *answers);",
        ]
    else:
        real = "float" if program.units is None else "double"
        if program.flat:
            lines += ["/* The predicted number. */", f"{real} {prefix}_predict({sample});"]
        else:
            lines += [
                f"/* y gets the {program.n_out} predicted numbers. */",
                f"void {prefix}_predict({sample}, {real} *y);",
            ]
    return lines


_HEADER = """{comment}
#ifndef {upper}_H
#define {upper}_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{declarations}

#ifdef __cplusplus
}}
#endif

#endif
"""
