r"""Formulas are written once, in a little of LaTeX, and read in two ways: typeset, and as a line of Unicode.

    \frac{1}{1 + e^{-1.124}}      ──► plain ──►      1 / (1 + e^(-1.124))

The little is what `_WORDS` and `_Reader` know: fractions, roots, sub- and superscripts, accents, text, and \dd{z_{1}},
the gradient ∂C/∂z₁. A line of numbers in Unicode can be worked out as it stands.
"""

from __future__ import annotations

import re

from layerwise.formula import quoting

_WORDS = {
    "cdot": "·", "odot": "⊙", "partial": "∂", "sum": "Σ", "leftarrow": "←", "ldots": "…", "max": "max", "min": "min",
    "tanh": "tanh", "ln": "ln", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η",
    "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "theta": "θ", "Delta": "Δ", "ell": "ℓ", "quad": "  ",
    "left": "", "right": "", ",": "", " ": " ", "times": "×", "sin": "sin", "cos": "cos", "arctan": "arctan", "ge": "≥",
    "ne": "≠", "lfloor": "⌊", "rfloor": "⌋",
}  # fmt: skip
_ACCENTS = {"hat": "\N{COMBINING CIRCUMFLEX ACCENT}", "tilde": "\N{COMBINING TILDE}"}
_SUBSCRIPTS = dict(zip("0123456789+-ijkn", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙ"))
_SUPERSCRIPTS = dict(zip("0123456789+-T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ"))
_GREEK = {"gamma": r"\gamma", "beta": r"\beta", "mean": r"\mu", "var": r"{\sigma^{2}}"}
_USUAL = re.compile(r"[^\\_^{]+")
_WORD = re.compile(r"[A-Za-z]+|.")
_MARKS = re.compile("[^A-Za-z ]")  # what `words` keeps as a number
_NESTED = r"((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)"


class Numbers:
    """How numbers are written.

    Parameters
    ----------
    digits : int, str or None
        Significant digits, a format such as ``".8f"``, or None for every digit that tells it from its neighbours.

    Examples
    --------
    >>> Numbers(3)(0.98765), Numbers(".1f")(2), Numbers(None)(0.1)
    ('0.988', '2', '0.1')
    """

    def __init__(self, digits: int | str | None) -> None:
        self.digits = digits
        self._format = digits if isinstance(digits, str) else "" if digits is None else f".{digits}g"
        format(0.5, self._format)

    def __call__(self, value: float) -> str:
        """Return the number."""
        if not self._format:
            text = str(value)
            return text.removesuffix(".0")
        text = format(float(value), self._format)
        if self._format.endswith("f") and "." in text:
            text = text.rstrip("0").rstrip(".")
        return text.removeprefix("-") if float(text) == 0 else text

    def factor(self, value: float) -> str:
        """Return the number where something multiplies it: in parentheses if it is negative."""
        return enclosed(self(value))

    def added(self, value: float) -> str:
        """Return the number where it is added: `` + 0.5`` or `` - 0.5``."""
        return plus(self(value))


in_full = Numbers(None)  # for what is given, such as a learning rate


def enclosed(term: str) -> str:
    """Return a term as a factor: in parentheses if it has a sign or is a sum."""
    return f"({term})" if term.startswith("-") or re.search(" [+-] ", outside(term)) else term


def outside(term: str) -> str:
    """Return what stands outside all brackets.

    Examples
    --------
    >>> outside("1 + f(x - 1)")
    '1 + f'
    """
    depth, found = 0, []
    for letter in term:
        depth -= letter in ")}"
        if not depth and letter not in "(){}":
            found.append(letter)
        depth += letter in "({"
    return "".join(found)


def negative(term: str) -> str:
    """Return the negative of a number or a symbol."""
    return term[1:] if term.startswith("-") else f"-{term}"


def plus(term: str) -> str:
    """Return what is added: `` + 0.5``, or `` - 0.5`` for -0.5."""
    return f" - {term[1:]}" if term.startswith("-") else f" + {term}"


def symbol(name: str, index: str = "") -> str:
    r"""Return a quantity's name in LaTeX: ``"z1"`` is z_{1}, ``"gamma2"`` \gamma_{2}; an index follows in brackets.

    Examples
    --------
    >>> symbol("z1"), symbol("gamma2", "0"), symbol("h1~")
    ('z_{1}', '\\gamma_{2}[0]', '\\tilde{h}_{1}')
    """
    found = re.fullmatch(r"([A-Za-z_]+)(\d*)(~*)", name)
    if found is None:
        return words(name)
    base, number, tildes = found.groups()
    base = _GREEK.get(base, base if len(base) == 1 else words(base.replace("_", " ")))
    base = r"\tilde{" * len(tildes) + base + "}" * len(tildes)
    return base + (f"_{{{number}}}" if number else "") + (f"[{index}]" if index else "")


def words(text: str) -> str:
    r"""Return text in a formula; what is no letter is kept as ``<code>``, so that no part of it is read as a formula.

    Examples
    --------
    >>> words("dead_units {"), plain(words("dead_units {"))
    ('\\text{dead<5f>units <7b>}', 'dead_units {')
    """
    return rf"\text{{{_MARKS.sub(lambda found: f'<{ord(found[0]):x}>', text)}}}"


def _unmarked(text: str) -> str:
    """Return what `words` was given."""
    return re.sub("<([0-9a-f]+)>", lambda found: chr(int(found[1], 16)), text)


def delta(name: str) -> str:
    r"""Return the gradient by what a dense layer gives: δ₁ for ``"z1"``, and ∂C/∂h₁ for other names."""
    return symbol(name).replace("z", r"\delta", 1) if name.startswith("z") else gradient(symbol(name))


def gradient(name: str) -> str:
    r"""∂C/∂z₁ for ``z_{1}``."""
    return rf"\dd{{{name}}}"


def _power_of_ten(found: re.Match[str]) -> str:
    number = rf"{found[1]}\cdot 10^{{{int(found[2])}}}"
    return f"({number})^" if found[3] else number


def latex(formula: str, *, on_a_line: bool = False) -> str:
    """Return the formula as LaTeX and amsmath know it; `on_a_line` writes gradients with a slash."""
    form = r"\\partial C/\\partial \1" if on_a_line else r"\\frac{\\partial C}{\\partial \1}"
    gradients = rf"\\dd\{{{_NESTED}\}}"
    formula = re.sub(gradients + r"(?=\^)", rf"\\left({form}\\right)", formula)
    formula = re.sub(gradients, form, formula)
    parts = re.split(r"(\\text\{[^{}]*\})", formula)
    return "".join(_latex_text(part) if i % 2 else _latex_formula(part) for i, part in enumerate(parts))


def _latex_formula(part: str) -> str:
    part = re.sub(r"(\d[\d.]*)e([+-]\d+)(\^?)", _power_of_ten, part)
    return part.replace("[", "{[").replace("]", "]}")  # a bracket after \\ would be taken for a length


def _latex_text(part: str) -> str:
    return rf"\text{{{quoting.latex(_unmarked(part[6:-1]))}}}"


def plain(formula: str) -> str:
    r"""Return the formula as a line of Unicode.

    Examples
    --------
    >>> plain(r"\frac{1}{1 + e^{-z_{1}}}")
    '1 / (1 + e^(-z₁))'
    >>> plain(r"\dd{W_{2}} = a_{1}^{T} \cdot \dd{z_{2}}")
    '∂C/∂W₂ = a₁ᵀ·∂C/∂z₂'
    >>> plain(r"\dd{w}^{2}"), latex(r"\dd{w}^{2}")
    ('(∂C/∂w)²', '\\left(\\frac{\\partial C}{\\partial w}\\right)^{2}')
    >>> plain(r"\sqrt{0.25} + \frac{(0.2 - 1)^{2}}{2}")
    '√0.25 + (0.2 - 1)² / 2'
    """
    return re.sub(r" *· *", "·", _Reader(formula).read())


class _Reader:
    """Reads a formula from left to right."""

    def __init__(self, formula: str) -> None:
        self.formula, self.place = formula, 0

    def read(self) -> str:
        found = []
        while self.place < len(self.formula):
            found.append(self._next())
        return "".join(found)

    def _next(self) -> str:
        usual = _USUAL.match(self.formula, self.place)
        if usual:
            self.place = usual.end()
            return usual[0]
        letter = self.formula[self.place]
        self.place += 1
        if letter == "\\":
            return self._word()
        if letter == "_":
            return self._small(self._group(), _SUBSCRIPTS, "_")
        if letter == "^":
            return self._small(self._group(), _SUPERSCRIPTS, "^")
        self.place -= 1
        return plain(self._group())

    def _word(self) -> str:
        found = _WORD.match(self.formula, self.place)
        assert found is not None
        before, word, self.place = self.formula[: self.place - 1].rstrip(), found[0], found.end()
        if word == "frac":
            text = f"{_whole(plain(self._group()))} / {_whole(plain(self._group()))}"
            is_factor = before.endswith("cdot") or self.formula[self.place :].lstrip().startswith("\\cdot")
            return f"({text})" if is_factor else text
        if word == "sqrt":
            return "√" + _whole(plain(self._group()))
        if word == "dd":
            text = f"∂C/∂{plain(self._group())}"
            return f"({text})" if self.formula.startswith("^", self.place) else text
        if word in _ACCENTS:
            return plain(self._group()) + _ACCENTS[word]
        if word == "text":
            return _unmarked(self._group())
        return _WORDS[word]

    def _group(self) -> str:
        """Return what is in braces here, or the one letter."""
        depth, start = 0, self.place
        for end in range(start, len(self.formula)):
            depth += {"{": 1, "}": -1}.get(self.formula[end], 0)
            if depth == 0:
                self.place = end + 1
                inner = self.formula[start : end + 1]
                return inner[1:-1] if inner.startswith("{") else inner
        raise ValueError(f"a brace is not closed: {self.formula}")

    def _small(self, group: str, letters: dict[str, str], mark: str) -> str:
        if all(letter in letters for letter in group):
            return "".join(letters[letter] for letter in group)
        return mark + _whole(plain(group), signed=True)


def _whole(text: str, signed: bool = False) -> str:
    """In parentheses, unless it is one number, symbol, call or power."""
    is_one = not re.search(r"[\s·/]", outside(text)) and not (signed and text.startswith("-"))
    return text if is_one else f"({text})"
