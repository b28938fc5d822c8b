"""Write what the native engine has of formulas: tools/native_formulas.py

The formulas of layerwise's activations as C++, and the names and facts that go with them, are made from
parts/layers/activations.py. They are kept in the repository; a test fails where they are not those of the code.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

import layerwise as lw
from layerwise.formula import Tree, number, symbol
from layerwise.formula.lowering import INSTRUCTIONS, MOST_SLOTS, cpp
from layerwise.parts.layers import LAYERS, Activation

NATIVE = Path(lw.__file__).parent / "engine" / "native"
MADE = "// Made by tools/native_formulas.py from the formulas in Python: not to be edited by hand.\n"


def activations() -> list[Activation]:
    """Return one of each kind of activation that is a formula."""
    made = [kind() for kind in LAYERS if issubclass(kind, Activation)]
    return [activation for activation in made if activation.has_formula]


def facts() -> str:
    """Return formula_list.h."""
    kinds = [type(activation).__name__ for activation in activations()]
    lines = []
    for activation in activations():
        found = activation.formulas()
        names = ", ".join(f'"{name}"' for name in found.names)
        reads = ", ".join("true" if letter in found.reads else "false" for letter in "xy")
        lines.append(f'    {{"{type(activation).__name__}", {{{names}}}, {reads}}},\n')
    operations = wrapped(f"{name}," for name in INSTRUCTIONS)
    return f"""{MADE}#pragma once

namespace lw {{

enum class Formula {{
    Custom = -1,
{wrapped(f"{kind}," for kind in kinds)}}};

// Its name; what its numbers are called in Python; and what its derivative is computed from.
struct FormulaFacts {{
    const char* name;
    const char* numbers[4];
    bool reads_x, reads_y;
}};
constexpr FormulaFacts FORMULAS[] = {{
{"".join(lines)}}};

// The operations of the interpreter.
enum class Operation : unsigned char {{
{operations}}};
constexpr int OPERATIONS = {len(INSTRUCTIONS)}, MOST_SLOTS = {MOST_SLOTS};

}}  // namespace lw
"""


def functions() -> str:
    """Return formulas.h."""
    bodies, table = [], []
    for activation in activations():
        found, name = activation.formulas(), type(activation).__name__
        numbers = {key: f"p[{i}]" for i, key in enumerate(found.names)}
        pair = []
        for part, tree, store in (("f", found.f, "out[i] = {};"), ("slope", found.slope, "out[i] *= {};")):
            is_left_out = tree == (symbol("x") if part == "f" else number(1))
            pair.append("nullptr" if is_left_out else f"{name}_{part}<T>")
            if not is_left_out:
                bodies.append(_function(f"{name}_{part}", tree, numbers, store))
        table.append(f"    {{{', '.join(pair)}}},\n")
    return f"""{MADE}// Of each activation y = f(x), and dy *= f' from x or y, whichever it reads; p are its numbers.
#pragma once

#include "functions.h"

namespace lw {{
namespace LW_ISA {{

{"".join(bodies)}// nullptr: the same as x, or times 1.
template <class T>
struct FormulaFunctions {{
    void (*f)(const T* p, const T* x, T* y, index n);
    void (*slope)(const T* p, const T* from, T* dy, index n);
}};
template <class T>
constexpr FormulaFunctions<T> FORMULA_FUNCTIONS[] = {{
{"".join(table)}}};

}}  // namespace LW_ISA
}}  // namespace lw
"""


def _function(name: str, tree: Tree, numbers: dict[str, str], store: str) -> str:
    read = next((letter for letter in "xy" if letter in tree.symbols), None)
    own = {key: place for key, place in numbers.items() if key in tree.symbols}
    lines, value = cpp(tree, {})
    begin = "".join(f"    const T {key} = {place};\n" for key, place in own.items())
    inner = [*([f"const T {read} = from[i];"] if read else []), *lines, store.format(value)]
    body = "".join(f"        {line}\n" for line in inner)
    arguments = f"const T*{' p' if own else ''}, const T*{' from' if read else ''}, T* out, index n"
    loop = f"    LW_INDEPENDENT\n    for (index i = 0; i < n; ++i) {{\n{body}    }}\n"
    return f"template <class T>\nvoid {name}({arguments}) {{\n{begin}{loop}}}\n\n"


def wrapped(words: Iterable[str]) -> str:
    """Return the words in lines of code."""
    return textwrap.fill(" ".join(words), 118, initial_indent="    ", subsequent_indent="    ") + "\n"


def write() -> None:
    """Write both headers."""
    (NATIVE / "formula_list.h").write_text(facts())
    (NATIVE / "formulas.h").write_text(functions())


if __name__ == "__main__":
    write()
