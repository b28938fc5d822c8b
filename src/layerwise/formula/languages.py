"""A tree as text of a programming language: an expression, after statements for what stands in it more than once.

1 / (1 + e⁻ˣ)  ──►  1.0f / (1.0f + expf(-x))         in C
──►  1 / (1 + Math.exp(-x))           in JavaScript
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from layerwise.formula.signs import never_zero
from layerwise.formula.tree import COMPARISONS, MOST_SHOWN, OPERATIONS, Tree, symbol

_SIGNS = {
    "add": ("+", 1), "subtract": ("-", 1), "multiply": ("*", 2), "divide": ("/", 2), "greater": (">", 0),
    "greater_equal": (">=", 0),
}  # fmt: skip
_NEGATIVE, _ATOM = 3, 4
LONGEST = 70  # letters of an expression in a program, which has more beside it in a line


@dataclass(frozen=True)
class Language:
    """How operations are written.

    Attributes
    ----------
    functions : dict
        For operations without a sign of their own: a name, or a form with the places ``{0}``, ``{1}``.
    number : callable
        Writes a number.
    where : str
        The form of a choice, with the places condition, yes and no.
    where_numbers : str, optional
        The same where x stands in neither.
    truth : str
        The form of a condition where a number is wanted.
    assign : str
        The form of a statement that gives a part a name.
    longest : int, optional
        How many letters an expression has at most: parts of a longer one get names.
    """

    functions: Mapping[str, str]
    number: Callable[[float], str]
    where: str = "({0} ? {1} : {2})"
    where_numbers: str | None = None
    truth: str = "({0} ? 1 : 0)"
    assign: str = "{0} = {1}"
    longest: int | None = None

    def expression(self, tree: Tree, names: Mapping[str, str] | None = None) -> str:
        """Return the tree as one expression; `names` says what symbols are called."""
        return self._text(tree, names or {}, 0)

    def statements(
        self, tree: Tree, names: Mapping[str, str] | None = None, prefix: str = "t"
    ) -> tuple[list[str], str]:
        """Return the statements for what stands in the tree more than once, and the expression that is left."""
        found, [value] = self.all_statements([tree], names, prefix=prefix)
        return found, value

    def all_statements(
        self,
        trees: Sequence[Tree],
        names: Mapping[str, str] | None = None,
        called: Mapping[Tree, str] | None = None,
        prefix: str = "t",
    ) -> tuple[list[str], list[str]]:
        """Return the same for several trees, with an expression for each; `called` says what parts are called."""
        places = dict(names or {})
        found: list[str] = []
        short: dict[Tree, Tree] = {}
        taken = {*places, *places.values(), *(name for tree in trees for name in tree.symbols)}
        free = (name for i in count(1) if (name := f"{prefix}{i}") not in taken)

        def named(part: Tree, text: str) -> Tree:
            name = (called or {}).get(part) or next(free)
            found.append(self.assign.format(name, text))
            return symbol(name)

        for part, is_shared in _with_shares(trees):
            if part.is_leaf:
                short[part] = part
                continue
            operands = {a: short[a] for a in part.args}
            made = Tree(self.op(part), *(operands[a] for a in part.args))
            while self.longest is not None and made.size > 5 and len(self._text(made, places, 0)) > self.longest:
                texts = {a: self._text(own, places, 0) for a, own in operands.items() if _may_be_named(own)}
                if not texts:
                    break
                longest = max(texts, key=lambda a: len(texts[a]))
                short[longest] = operands[longest] = named(longest, texts[longest])
                made = Tree(made.op, *(operands[a] for a in part.args))
            short[part] = named(part, self._text(made, places, 0)) if is_shared else made
        return found, [self._text(short[tree], places, 0) for tree in trees]

    def op(self, part: Tree) -> str:
        """Return the operation of a part as this language has it."""
        return "checked_divide" if part.op == "divide" and self.divides_checked(part.args[1]) else part.op

    def divides_checked(self, divisor: Tree) -> bool:
        """Whether a division by this goes through a function, since it may be 0 and the sign would fail."""
        return "checked_divide" in self.functions and not never_zero(divisor)

    def _text(self, t: Tree, names: Mapping[str, str], above: int) -> str:
        if t.op == "symbol":
            return names.get(t.args[0], t.args[0])
        if t.op == "number":
            text = self.number(t.args[0])
            return f"({text})" if text.startswith("-") and above else text
        if t.op in COMPARISONS:
            return self.truth.format(self._condition(t, names))
        if t.op in _SIGNS:
            sign, own = _SIGNS[t.op]
            right = self._text(t.args[1], names, own + 1)  # in the order of the tree, which a rounded sum keeps
            text = f"{self._text(t.args[0], names, own)} {sign} {right}"
            return f"({text})" if own < above else text
        if t.op == "negative":
            text = f"-{self._text(t.args[0], names, _NEGATIVE)}"
            return f"({text})" if above >= 2 else text
        if t.op == "where":
            form = self.where_numbers if "x" not in t.args[1].symbols | t.args[2].symbols else None
            return (form or self.where).format(
                self._condition(t.args[0], names), *(self._text(a, names, 1) for a in t.args[1:])
            )
        return self._call(self.functions[t.op], t, names)

    def _call(self, form: str, t: Tree, names: Mapping[str, str]) -> str:
        if "{" in form:
            return form.format(*(self._text(a, names, _ATOM) for a in t.args))
        return f"{form}({', '.join(self._text(a, names, 0) for a in t.args)})"

    def _condition(self, t: Tree, names: Mapping[str, str]) -> str:
        if t.op not in COMPARISONS:
            return f"{self._text(t, names, 1)} != {self.number(0.0)}"
        return f"{self._text(t.args[0], names, 1)} {_SIGNS[t.op][0]} {self._text(t.args[1], names, 1)}"


def _with_shares(trees: Sequence[Tree]) -> list[tuple[Tree, bool]]:
    """Return every part, and whether it is to be computed once for several places."""
    uses: dict[Tree, int] = {}
    for tree in trees:
        uses[tree] = uses.get(tree, 0) + 1
    parts = list(dict.fromkeys(part for tree in trees for part in tree.parts()))
    for part in parts:
        for operand in () if part.is_leaf else part.args:
            uses[operand] = uses.get(operand, 0) + 1
    return [(part, uses.get(part, 0) > 1 and not part.is_leaf and not _is_brief(part)) for part in parts]


def _may_be_named(part: Tree) -> bool:
    """Whether a part is a number that is computed, and no condition, which is not a number in every language."""
    return not part.is_leaf and part.op not in COMPARISONS


def _is_brief(part: Tree) -> bool:
    """Whether a part is as short as its name would be: a comparison with a number, or a sign."""
    return part.op in ("negative", *COMPARISONS) and all(a.is_leaf for a in part.args)


def whole(value: float) -> str:
    """Return a number without a point where it is whole."""
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _extreme(value: float, infinity: str, nan: str, write: Callable[[float], str]) -> str:
    if value != value:
        return nan
    return write(value) if abs(value) != float("inf") else infinity if value > 0 else f"-{infinity}"


def _names(prefix: str, suffix: str = "") -> dict[str, str]:
    usual = ("exp", "expm1", "log", "log1p", "tanh", "sqrt", "sin", "cos")
    return {name: f"{prefix}{name}{suffix}" for name in usual}


NUMPY = Language(
    {
        **_names("np."), "absolute": "np.abs", "sign": "np.sign", "arctan": "np.arctan", "floor": "np.floor",
        "maximum": "np.maximum",
        "minimum": "np.minimum", "square": "np.square", "power": "np.power",
    },
    number=lambda v: _extreme(v, "np.inf", "np.nan", whole),
    where="np.where({0}, {1}, {2})",
    where_numbers="np.where({0}, {1}, {2}).astype(x.dtype)",
    truth="({0}).astype(x.dtype)",
    longest=LONGEST,
)  # fmt: skip

# For comments and messages.
WORDS = Language(
    {name: form.removeprefix("np.") for name, form in NUMPY.functions.items()},
    number=lambda v: _extreme(v, "inf", "nan", whole),
    where="({1} if {0} else {2})",
    truth="({0})",
)


def shown(tree: Tree, names: Mapping[str, str] | None = None, most: int = MOST_SHOWN) -> str:
    """Return the tree on a line, for messages: of one of more than `most` letters, how many operations it has."""
    if tree.size <= MOST_SHOWN:
        text = WORDS.expression(tree, names)
        if len(text) <= most:
            return text
    return f"<formula of {tree.operations} operations>"


# exp, log and their like are functions of the module itself, which give infinity where Python's own raise.
PYTHON = Language(
    {
        **_names(""), "tanh": "math.tanh", "sin": "math.sin", "cos": "math.cos", "absolute": "abs", "sign": "sign",
        "arctan": "math.atan", "floor": "floor", "maximum": "max", "minimum": "min", "square": "square",
        "power": "power",
        "checked_divide": "divide",
    },
    number=lambda v: _extreme(v, "math.inf", "math.nan", whole),
    where="({1} if {0} else {2})",
    truth="float({0})",
    longest=LONGEST,
)  # fmt: skip

JAVASCRIPT = Language(
    {
        **_names("Math."), "absolute": "Math.abs", "sign": "Math.sign", "arctan": "Math.atan", "floor": "Math.floor",
        "maximum": "Math.max",
        "minimum": "Math.min", "square": "({0} ** 2)", "power": "({0} ** {1})",
    },
    number=lambda v: _extreme(v, "Infinity", "NaN", whole),
    assign="const {0} = {1};",
    longest=LONGEST,
)  # fmt: skip

# NaN passes through a comparison as it passes through NumPy's maximum and minimum.
C = Language(
    {
        **_names("", "f"), "absolute": "fabsf", "arctan": "atanf", "floor": "floorf", "sign": "signf",
        "square": "squaref",
        "power": "powf", "maximum": "maximumf", "minimum": "minimumf",
    },
    number=lambda v: _extreme(v, "INFINITY", "NAN", lambda w: f"{w!r}f"),
    truth="({0} ? 1.0f : 0.0f)",
    assign="const float {0} = {1};",
    longest=LONGEST,
)  # fmt: skip

CPP = Language(
    {
        **_names(""), "absolute": "absolute", "sign": "sign", "arctan": "arctan", "floor": "floor",
        "sqrt": "square_root",
        "square": "square", "power": "to_power", "maximum": "at_least", "minimum": "at_most",
        "log1p_unit": "log1p_unit",
    },
    number=lambda v: f"T({_extreme(v, 'INFINITY', 'NAN', whole)})",
    truth="({0} ? T(1) : T(0))",
    assign="const T {0} = {1};",
)  # fmt: skip


def _on_lanes(name: str, operands: int) -> str:
    letters = "abc"[:operands]
    places = ", ".join(f"{{{i}}}" for i in range(operands))
    function = f"[]({', '.join(f'T {letter}' for letter in letters)}) {{{{ return {name}({', '.join(letters)}); }}}}"
    return f"lanes<T>({function}, {places})"


# On vectors of numbers; over_root(a, b, c) is a / (sqrt(b) + c).
CPP_VECTORS = Language(
    {name: _on_lanes(form, OPERATIONS.get(name, 1)) for name, form in CPP.functions.items()}
    | {"square": "square", "over_root": "over_root<T>"},
    number=CPP.number,
    where="lanes<T>([](auto a, T b, T c) {{ return a != 0 ? b : c; }}, {0}, {1}, {2})",
    truth="lanes<T>([](auto a) {{ return a != 0 ? T(1) : T(0); }}, {0})",
    assign="const V {0} = {1};",
)
