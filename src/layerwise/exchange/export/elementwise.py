"""The functions of activations in an exported program, made from their formulas.

Each language has one form of a function that is computed number by number; what stands in it is the formula's own text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from layerwise.formula import JAVASCRIPT, NUMPY, PYTHON, WORDS, C, Language, Tree

MOST_WORDS = 110  # letters of a formula in a comment


@dataclass(frozen=True)
class Elementwise:
    """A function that is computed number by number.

    Attributes
    ----------
    name : str
        Of the function.
    tree : Tree
        Its formula, from x and the arguments.
    arguments : tuple of str
        Its numbers besides x.
    """

    name: str
    tree: Tree
    arguments: tuple[str, ...]

    @property
    def words(self) -> str:
        """The formula on a line, for a comment."""
        return in_words(self.tree)

    def in_c(self) -> str:
        """Return the function in C."""
        lines, value = C.statements(self.tree, {"x": "x[i]"})
        arguments = "".join(f"float {name}, " for name in self.arguments)
        body = f"        y[i] = {value};"
        if lines:
            inner = "".join(f"        {line}\n" for line in lines)
            body = f"    {{\n{inner}\n{body}\n    }}".replace("    {", "{", 1)
        loop = "    for (i = 0; i < n; i++)" + (f" {body}" if lines else f"\n{body}")
        unread = "".join(f"    (void){name};\n" for name in ("x", *self.arguments) if name not in self.tree.symbols)
        return (
            f"\n/* {self.words} */\nstatic void apply_{self.name}(const float *x, size_t n, {arguments}float *y)\n"
            f"{{\n    size_t i;\n\n{unread}{loop}\n}}\n"
        )

    def in_javascript(self) -> str:
        """Return the function in JavaScript."""
        lines, value = JAVASCRIPT.statements(self.tree)
        body = f"({value})" if value.startswith("{") else value
        if lines:
            inner = "".join(f"    {line}\n" for line in lines)
            body = f"{{\n{inner}    return {value};\n  }}"
        arguments = ", ".join(["x", *self.arguments])
        inner = body if "x" in self.tree.symbols else value
        return (
            f"\n/** {self.words} */\nfunction {self.name}({arguments.replace('x', 'values', 1)}) {{\n"
            f"  return values.map((x) => {inner});\n}}\n"
        )

    def in_python(self) -> str:
        """Return the function in Python, on a list."""
        lines, value = PYTHON.statements(self.tree)
        head = f'\ndef {self.name}({", ".join(["values", *self.arguments])}):\n    """{self.words}"""\n'
        if not lines:
            return f"{head}    return [{value} for x in values]\n"
        inner = "".join(f"        {line}\n" for line in lines)
        return f"{head}    y = []\n    for x in values:\n{inner}        y.append({value})\n    return y\n"

    def in_numpy(self) -> str:
        """Return the function in NumPy, on an array."""
        lines, value = NUMPY.statements(self.tree)
        inner = "".join(f"    {line}\n" for line in lines)
        if "x" not in self.tree.symbols:
            value = f"np.full_like(x, {value})"
        head = f'\ndef {self.name}({", ".join(["x", *self.arguments])}):\n    """{self.words}"""\n'
        return f"{head}{inner}    return {value}\n"


def in_words(tree: Tree) -> str:
    """Return a formula on a line, what stands in it more than once by a name; of a long one, how long it is."""
    lines, value = WORDS.statements(tree)
    text = f"{value}, {', '.join(lines)}" if lines else value
    return text if len(text) <= MOST_WORDS else f"a formula of {tree.operations} operations"


def operations(functions: Iterable[Elementwise], language: Language) -> set[str]:
    """Return all operations that stand in the functions, as the language calls them."""
    return {language.op(part) for function in functions for part in function.tree.parts() if not part.is_leaf}


C_HELPERS = {
    "maximum": """
/* The greater of two numbers; NaN if one is. */
static float maximumf(float a, float b)
{
    return a < b || b != b ? b : a;
}
""",
    "minimum": """
/* The lesser of two numbers; NaN if one is. */
static float minimumf(float a, float b)
{
    return a > b || b != b ? b : a;
}
""",
    "square": """
/* a * a */
static float squaref(float a)
{
    return a * a;
}
""",
    "sign": """
/* 1, 0 or -1; NaN for NaN */
static float signf(float a)
{
    return a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : a;
}
""",
}

PYTHON_HELPERS = {
    "exp": '''
def exp(x):
    """e^x; infinity where it is too large for a number"""
    return math.exp(x) if x < 709.78 else x if x != x else math.inf
''',
    "expm1": '''
def expm1(x):
    """e^x - 1; infinity where it is too large for a number"""
    return math.expm1(x) if x < 709.78 else x if x != x else math.inf
''',
    "log": '''
def log(x):
    """the natural logarithm; minus infinity for 0, NaN below"""
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan
''',
    "log1p": '''
def log1p(x):
    """log(1 + x); minus infinity for -1, NaN below"""
    return math.log1p(x) if x > -1 else -math.inf if x == -1 else math.nan
''',
    "sqrt": '''
def sqrt(x):
    """the square root; NaN below 0"""
    return math.sqrt(x) if x >= 0 else math.nan
''',
    "sin": '''
def sin(x):
    """sin x; NaN for infinity"""
    return math.sin(x) if abs(x) < math.inf else math.nan
''',
    "cos": '''
def cos(x):
    """cos x; NaN for infinity"""
    return math.cos(x) if abs(x) < math.inf else math.nan
''',
    "floor": '''
def floor(x):
    """the greatest whole number that is not above x"""
    return float(math.floor(x)) if abs(x) < math.inf else x
''',
    "square": '''
def square(x):
    """x * x"""
    return x * x
''',
    "sign": '''
def sign(x):
    """1, 0 or -1"""
    return (x > 0) - (x < 0)
''',
    "power": '''
def power(x, exponent):
    """x to that power; infinity where it is too large, NaN where it is no real number"""
    try:
        return math.pow(x, exponent)
    except OverflowError:
        return -math.inf if x < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if x == 0 else math.nan
''',
    "checked_divide": '''
def divide(a, b):
    """a / b; infinity or NaN where b is 0"""
    if b:
        return a / b
    return math.nan if not a or a != a else math.copysign(math.inf, a) * math.copysign(1, b)
''',
}
