"""The formulas in C99: a function for each layer, from x and the layer's constants to y.

They are written for float; `in_double` makes double of it. y may be x, except in dense ones. In elementwise ones, a
comparison is chosen so that NaN passes through.
"""

from __future__ import annotations

import re

from layerwise.exchange.export.program import GROUPED, RESCALE, RESCALE_COLUMNS

LANES = {"float32": 4, "int8": 16}  # units that are computed together


def dense(weights: str) -> str:
    """Return the function of dense layers, for float or int8 weights."""
    is_int8 = weights == "int8"
    kind, cast, first = ("int8_t", "(float)", "0.0f") if is_int8 else ("float", "", "b[j]")
    formula, scale = ("(x W) * scale + b", "const float *restrict scale, ") if is_int8 else ("x W + b", "")
    end = "    for (j = 0; j < n_out; j++)\n        y[j] = y[j] * scale[j] + b[j];\n" if is_int8 else ""
    return f"""
/* y = {formula}. W has a row for each input, with a weight for each unit. The rows of four inputs that are not 0 are
   added at a time, so that y is read and written a quarter as often. */
static void apply_dense(const float *restrict x, size_t n, const {kind} *restrict W,
                        {scale}const float *restrict b, size_t n_out, float *restrict y)
{{
    size_t i = 0, j, l;

    for (j = 0; j < n_out; j++)
        y[j] = {first};
    while (i < n) {{
        const {kind} *w0, *w1, *w2, *w3, *rows[4] = {{W, W, W, W}};
        float v[4] = {{0.0f, 0.0f, 0.0f, 0.0f}};
        size_t k = 0;

        for (; i < n && k < 4; i++) {{
            if (x[i] != 0.0f) {{
                v[k] = x[i];
                rows[k++] = W + i * n_out;
            }}
        }}
        w0 = rows[0], w1 = rows[1], w2 = rows[2], w3 = rows[3];
        for (j = 0; j < n_out; j += {LANES[weights]})
            for (l = j; l < j + {LANES[weights]}; l++)
                y[l] += v[0] * {cast}w0[l] + v[1] * {cast}w1[l] + v[2] * {cast}w2[l] + v[3] * {cast}w3[l];
    }}
{end}}}
"""


def grouped(weights: str) -> str:
    """Return the function of dense layers in groups, which calls that of `dense`."""
    kind, scale, of_group = "float", "", ""
    if weights == "int8":
        kind, scale, of_group = "int8_t", "const float *restrict scale, ", "scale + q * columns, "
    return f"""
/* dense for each group of `inputs` inputs and `units` units; W has one group after the other, each padded to `columns`.
   What a group writes into the padding is written over by the next one. */
static void apply_{GROUPED}(const float *restrict x, size_t n, const {kind} *restrict W,
                                {scale}const float *restrict b, size_t groups, size_t units, size_t columns,
                                float *restrict y)
{{
    size_t inputs = n / groups, q;

    for (q = 0; q < groups; q++)
        apply_dense(x + q * inputs, inputs, W + q * inputs * columns, {of_group}b + q * columns, columns,
                    y + q * units);
}}
"""


def _each(formula: str, body: str, arguments: str = "") -> str:
    """Return a function that computes each y[i] from x[i] alone; its name takes the place of NAME."""
    return f"""
/* {formula} */
static void apply_NAME(const float *x, size_t n, {arguments}float *y)
{{
    size_t i;

    for (i = 0; i < n; i++)
        {body}
}}
"""


FORMULAS = {
    RESCALE: _each("(x - offset) * factor", "y[i] = (x[i] - offset) * factor;", "float offset, float factor, "),
    RESCALE_COLUMNS: _each(
        "(x - offset) * factor, with an offset and a factor for each input",
        "y[i] = (x[i] - offset[i]) * factor[i];",
        "const float *offset, const float *factor, ",
    ),
    "dense": dense("float32"),
    GROUPED: grouped("float32"),
    "piecewise_linear": """
/* x, and how far x has come through each interval, from 0 to 1; of which input, where it begins, and 1 / length */
static void apply_piecewise_linear(const float *x, size_t n, const uint32_t *column, const float *low,
                                   const float *factor, size_t intervals, float *y)
{
    size_t i;

    for (i = 0; i < n; i++)
        y[i] = x[i];
    for (i = 0; i < intervals; i++) {
        float t = (x[column[i]] - low[i]) * factor[i];

        y[n + i] = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
    }
}
""",
    "scale": _each("x * s, with a factor for each input", "y[i] = x[i] * s[i];", "const float *s, "),
    "batch_norm": _each(
        "gamma (x - mean) / sqrt(var + epsilon) + beta, with the training's mean and var; factor = gamma / sqrt(...)",
        "y[i] = (x[i] - mean[i]) * factor[i] + beta[i];",
        "const float *mean, const float *factor, const float *beta, ",
    ),
    "layer_norm": """
/* gamma (x - mean) / sqrt(var + epsilon) + beta, with mean and var over the numbers of x */
static void apply_layer_norm(const float *x, size_t n, const float *gamma, const float *beta, float epsilon, float *y)
{
    float mean = 0.0f, var = 0.0f;
    size_t i;

    for (i = 0; i < n; i++)
        mean += x[i];
    mean /= (float)n;
    for (i = 0; i < n; i++)
        var += (x[i] - mean) * (x[i] - mean);
    var /= (float)n;
    for (i = 0; i < n; i++)
        y[i] = gamma[i] * ((x[i] - mean) / sqrtf(var + epsilon)) + beta[i];
}
""",
    "softmax": """
/* e^x / sum of e^x; the largest x is subtracted first, which changes nothing and keeps exponents small */
static void apply_softmax(const float *x, size_t n, float *y)
{
    float largest = x[0], total = 0.0f;
    size_t i;

    for (i = 1; i < n; i++)
        if (x[i] > largest)
            largest = x[i];
    for (i = 0; i < n; i++)
        total += y[i] = expf(x[i] - largest);
    for (i = 0; i < n; i++)
        y[i] /= total;
}
""",
}


def in_double(code: str) -> str:
    """Return the same code with double for float, and the functions and numbers that belong to it.

    Examples
    --------
    >>> in_double("float y = 0.5f * expf(x);")
    'double y = 0.5 * exp(x);'
    """
    code = re.sub(r"\bfloat\b", "double", code).replace("FLT_MIN", "DBL_MIN")
    functions = "exp|expm1|fabs|log|log1p|sqrt|tanh|sin|cos|atan|floor|pow|maximum|minimum|square|sign"
    code = re.sub(rf"\b({functions})f\(", r"\1(", code)
    return re.sub(r"(?<=\d)f\b", "", code)
