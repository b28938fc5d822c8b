"""What is written as a formula, in a training script: the same operations in the same order."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection
from dataclasses import replace

from layerwise.formula import NUMPY, Language, shown, symbol, with_parts
from layerwise.formula.languages import LONGEST
from layerwise.formula.quoting import python_docstring, python_number
from layerwise.parts.optimizers import OPTIMIZERS, Optimizer

IN_NUMPY = replace(
    NUMPY,
    where="np.where({0}, {1}, {2}).astype(DTYPE)",
    where_numbers=None,
    truth="({0}).astype(DTYPE)",
)
# What is the same for all parameters is computed on Python's own numbers, so that it does not decide an array's type.
_NUMBERS = Language(
    {
        **{op: f"float({form}({{0}}))" for op, form in NUMPY.functions.items() if "{" not in form},
        "maximum": "float(np.maximum({0}, {1}))",
        "minimum": "float(np.minimum({0}, {1}))",
        "sqrt": "math.sqrt({0})",
        "square": "({0} * {0})",
        "power": "({0} ** {1})",
    },
    number=NUMPY.number,
    where="({1} if {0} else {2})",
    truth="float({0})",
    longest=LONGEST,
)
_TAKEN = ("self", "rate", "np", "math", "zip", "float", "parameters", "gradients", "DTYPE")
_INLINE = 30  # letters of a number's formula that is written where it is used
SIMPLE = ("symbol", "number", "negative", "add", "subtract", "multiply", "divide")


def apart(name: str) -> str:
    """Return the name of a custom class as no function or constant of the script, and nothing of Python, is called.

    Examples
    --------
    >>> [apart(name) for name in ("Bent", "loss", "SEED", "_own", "ArithmeticError")]
    ['Bent', 'Loss', 'SEED_', '_own', 'ArithmeticError_']
    """
    name = name[:1].upper() + name[1:]
    return f"{name}_" if name.isupper() or hasattr(builtins, name) else name


def class_name(optimizer: Optimizer, taken: Collection[str]) -> str:
    """Return what the script calls the optimizer."""
    name = optimizer.name or type(optimizer).__name__
    name = name if type(optimizer) in OPTIMIZERS else apart(name)
    if not name.isidentifier() or keyword.iskeyword(name):
        return "Optimizer"
    return f"{name}Optimizer" if name in taken else name


def optimizer_text(optimizer: Optimizer, name: str) -> str:
    """Return the class of an optimizer."""
    states, (trees, scalars) = tuple(optimizer.formulas().states), optimizer.formulas().replaced()
    own = {key: python_number(value) for key, value in optimizer.numbers().items()}
    names = {state: _array(state, i) for i, state in enumerate(states)}
    arrays, first, scalar_names = list(names.values()), list[str](), list[str]()
    for key, tree in scalars.items():
        lines, text = _NUMBERS.statements(tree, own)
        if not lines and len(text) <= _INLINE and all(part.op in SIMPLE for part in tree.parts()):
            names[key] = text if tree.is_leaf and not text.startswith("-") else f"({text})"
        else:
            names[key] = f"number_{len(scalar_names) + 1}"
            scalar_names.append(names[key])
            first += [*lines, f"{names[key]} = {text}"]
    called = {trees[state]: f"new_{array}" for state, array in zip(states, arrays)}
    statements, values = IN_NUMPY.all_statements([*(trees[state] for state in states), trees["w"]], names, called)
    for array, value in zip(arrays, values):
        if value != f"new_{array}":
            statements.append(f"new_{array} = {value}{'.copy()' * (value in (*arrays, 'w', 'g'))}")
    statements.append(f"w[...] = {values[-1]}")
    if arrays:
        statements.append(f"{', '.join(f'{array}[...]' for array in arrays)} = {', '.join(f'new_{a}' for a in arrays)}")
    made = f"[{', '.join('np.zeros_like(w)' for _ in states)}]"
    loop = f"for w, g, ({', '.join(arrays)}{',' * (len(arrays) == 1)}) in zip(self.parameters, gradients, self.states):"
    if not states:
        loop = "for w, g in zip(self.parameters, gradients):"
    counted = any("t" in tree.symbols for tree in scalars.values())
    lines = [
        f"class {name}:",
        f'    """{_words(optimizer)}"""',
        "",
        "    def __init__(self, parameters):",
        f"        self.parameters{', self.t' * counted} = parameters{', 0' * counted}",
        *([f"        self.states = [{made} for w in parameters]  # {', '.join(states)}"] if states else []),
        "",
        "    def step(self, gradients, rate):",
        *(["        self.t += 1", "        t = self.t"] if counted else []),
        *(f"        {line}" for line in first),
        f"        {loop}",
        *(f"            {line}" for line in statements),
    ]
    return "\n".join(lines)


def _array(state: str, i: int) -> str:
    """Return what state i is called: by its name, where that is not the name of something else."""
    taken = keyword.iskeyword(state) or state in _TAKEN or state.startswith(("new_", "number_", "t")) or len(state) > 20
    return f"state_{i + 1}" if taken or not state.isascii() else state


def _words(optimizer: Optimizer) -> str:
    rule, values = optimizer.formulas(), {name: python_number(v) for name, v in optimizer.numbers().items()}
    known = {tree: symbol(f"{name}\N{PRIME}") for name, tree in rule.states.items() if not tree.is_leaf}
    texts = [f"{name} ← {shown(tree, values)}" for name, tree in rule.states.items()]
    formula = f"{',  '.join([*texts, f'w ← {shown(with_parts(rule.w, known), values)}'])}."
    words = "Each parameter by its formula, with what it keeps from step to step."
    if type(optimizer) in OPTIMIZERS:
        words = (type(optimizer).__doc__ or "").partition("\n")[0]
        formula = f"{re.split('[,:.]', words)[0]}: {formula}"  # the name alone: Stochastic gradient descent, Adam
    return python_docstring(formula if len(formula) <= 105 else words)
