"""Write what the native engine has of formulas: tools/native_formulas.py

The formulas of layerwise's activations, losses, penalties and optimizers as C++, and the names and facts that go with
them, are made from those of `layerwise.parts`. They are kept in the repository; a test fails where they are not those
of the code.
"""

from __future__ import annotations

import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import layerwise as lw
from layerwise.formula import WORDS, Tree, number, replace, symbol
from layerwise.formula.lowering import INSTRUCTIONS, MOST_SLOTS, cpp, cpp_vectors
from layerwise.parts.layers import LAYERS, Activation
from layerwise.parts.losses import LOSSES, Loss
from layerwise.parts.optimizers import OPTIMIZERS, Optimizer
from layerwise.parts.optimizers.base import Rule
from layerwise.parts.penalties import PENALTIES, Penalty

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


# ---------------------------------------------------------------- losses and penalties


def losses() -> dict[str, Loss]:
    """Return one of each kind of loss, and of each form of its formula, by the name that C++ has for it."""
    weighted = {"BinaryCrossEntropyWeighted": lw.BinaryCrossEntropy(pos_weight=2.0)}
    return {**{kind.__name__: kind() for kind in LOSSES}, **weighted}


def penalties() -> dict[str, Penalty]:
    """Return one of each kind of penalty by its name."""
    return {kind.__name__: kind(1.0) for kind in PENALTIES}


def _formulas_of(part: Loss | Penalty) -> dict[str, Tree]:
    f, slope = part.formulas()
    joint = part.joint() if isinstance(part, Loss) else None
    return {"f": f, "slope": slope, **({} if joint is None else {"joint": joint})}


def _numbers_of(part: Loss | Penalty) -> list[str]:
    found = {name for tree in _formulas_of(part).values() for name in tree.symbols}
    return [name for name in part.numbers() if name in found]


def cost_facts() -> str:
    """Return cost_list.h."""

    def quoted(part: Loss | Penalty) -> str:
        names = ", ".join(f'"{name}"' for name in _numbers_of(part))
        return f'"{type(part).__name__}", {{{names}}}'

    layers = {name: loss.fuses_with for name, loss in losses().items()}
    last = {name: "nullptr" if kind is None else f'"{kind.__name__}"' for name, kind in layers.items()}
    of_losses = "".join(f"    {{{quoted(loss)}, {last[name]}}},\n" for name, loss in losses().items())
    of_penalties = "".join(f"    {{{quoted(penalty)}}},\n" for penalty in penalties().values())
    return f"""{MADE}#pragma once

namespace lw {{

enum class LossKind {{
    Custom = -1,
{wrapped(f"{kind}," for kind in losses())}}};
enum class PenaltyKind {{
    Custom = -1,
{wrapped(f"{kind}," for kind in penalties())}}};

// Its name in Python, and what its numbers are called there; of a loss, the layer with which it is fused. Of several
// losses by one name it is the last whose numbers are all there.
struct LossFacts {{
    const char* name;
    const char* numbers[4];
    const char* fuses_with;
}};
constexpr LossFacts LOSSES[] = {{
{of_losses}}};
struct PenaltyFacts {{
    const char* name;
    const char* numbers[4];
}};
constexpr PenaltyFacts PENALTIES[] = {{
{of_penalties}}};

}}  // namespace lw
"""


def cost_functions() -> str:
    """Return cost_formulas.h."""
    structs = [_struct(name, loss, "yt") for name, loss in losses().items()]
    structs += [_struct(name, penalty, "w") for name, penalty in penalties().items()]
    return f"""{MADE}// Of each loss f of an output y with the target t, its slope by y, and its joint gradient with
// the last layer, where it has one; of each penalty f of a weight, and its slope.
#pragma once

#include "cost_list.h"
#include "functions.h"

namespace lw {{
namespace LW_ISA {{
namespace costs {{

{"".join(structs)}}}  // namespace costs

// use(formula) with the formula of this kind and these numbers; not for a custom one.
template <class T, class Use>
inline void with_formula(LossKind kind, const double* p, Use use) {{
    switch (kind) {{
        case LossKind::Custom: return;
{_cases("LossKind", losses())}    }}
}}
template <class T, class Use>
inline void with_formula(PenaltyKind kind, const double* p, Use use) {{
    (void)p;
    switch (kind) {{
        case PenaltyKind::Custom: return;
{_cases("PenaltyKind", penalties())}    }}
}}

}}  // namespace LW_ISA
}}  // namespace lw
"""


def _cases(kinds: str, parts: Mapping[str, Loss | Penalty]) -> str:
    def made(name: str, part: Loss | Penalty) -> str:
        return f"costs::{name}<T>{{{', '.join(f'T(p[{i}])' for i in range(len(_numbers_of(part))))}}}"

    return "".join(f"        case {kinds}::{name}: return use({made(name, part)});\n" for name, part in parts.items())


def _struct(name: str, part: Loss | Penalty, arguments: str) -> str:
    numbers, lines = _numbers_of(part), [f"template <class T>\nstruct {name} {{\n"]
    lines += [f"    T {', '.join(numbers)};\n"] if numbers else []
    formulas = _formulas_of(part)
    if isinstance(part, Loss):
        lines.append(f"    static constexpr bool fuses = {str('joint' in formulas).lower()};\n")
    for method, tree in formulas.items():
        given = ", ".join(f"T {letter}" if letter in tree.symbols else "T" for letter in arguments)
        statements, value = cpp(tree, {})
        body = "".join(f"        {line}\n" for line in [*statements, f"return {value};"])
        lines.append(f"    T {method}({given}) const {{\n{body}    }}\n")
    return f"{''.join(lines)}}};\n\n"


def wrapped(words: Iterable[str]) -> str:
    """Return the words in lines of code."""
    return textwrap.fill(" ".join(words), 118, initial_indent="    ", subsequent_indent="    ") + "\n"


# ---------------------------------------------------------------- optimizers


def rules() -> dict[str, Rule]:
    """Return the formulas that layerwise's optimizers have for any of their arguments, each once, by name."""
    found: dict[Rule, str] = {}
    for kind in OPTIMIZERS:
        names = list(inspect.signature(kind).parameters)
        values = {name: list(_values(kind, name)) for name in names}
        own: dict[str, Rule] = {}
        for chosen in itertools.product(*values.values()):
            rule = kind(**dict(zip(names, chosen))).formulas()
            own.setdefault(rule.text(), rule)
        for i, rule in enumerate(own.values()):
            found.setdefault(rule, f"{kind.__name__}_{i}")
    return {name: rule for rule, name in found.items()}


def _values(kind: type[Optimizer], name: str) -> Iterator[Any]:
    """Yield values of an argument on which the form of the formula may depend: yes and no, 0 and another number."""
    default = kind().config()[name]
    for value in (False, True) if isinstance(default, bool) else (0.0, 0.5):
        with suppress(ValueError):
            kind(**{name: value})
            yield value


def optimizer_facts() -> str:
    """Return optimizer_list.h."""
    lines = [
        f'    {{"{rule.text()}",\n     {len(rule.states)}, {len(rule.replaced()[1])}}},\n' for rule in rules().values()
    ]
    return f"""{MADE}#pragma once

namespace lw {{

// An optimizer's formula, and how many states and scalars it has.
struct OptimizerFacts {{
    const char* name;
    int states, scalars;
}};
constexpr OptimizerFacts OPTIMIZER_FACTS[] = {{
{"".join(lines)}}};
constexpr int COMPILED_OPTIMIZERS = {len(lines)};

}}  // namespace lw
"""


def optimizer_functions() -> str:
    """Return optimizer_formulas.h."""
    found = rules()
    bodies = "".join(_optimizer_function(name, rule) for name, rule in found.items())
    return f"""{MADE}// A step of each optimizer on n numbers of theta, grad and the states, whole vectors. c: scalars.
#pragma once

#include "vector_functions.h"

namespace lw {{
namespace LW_ISA {{

{bodies}template <class T>
constexpr void (*OPTIMIZERS[])(const T* c, T* theta, const T* grad, T* const* states, index n) = {{
{wrapped(f"{name}<T>," for name in found)}}};

}}  // namespace LW_ISA
}}  // namespace lw
"""


def _optimizer_function(name: str, rule: Rule) -> str:
    trees, scalars = rule.replaced()
    renamed = {scalar: symbol(f"c{i}") for i, scalar in enumerate(scalars)}
    lines, values = cpp_vectors([replace(tree, renamed) for tree in trees.values()])
    places = {"w": "theta", "g": "grad", **{state: f"{state}_at" for state in rule.states}}
    own = [f"{place} = states[{i}]" for i, place in enumerate(list(places.values())[2:])]
    begin = [f"T *const {', *const '.join(own)};"] if own else []
    begin += [f"const T c{i} = c[{i}];  // {WORDS.expression(part)}" for i, part in enumerate(scalars.values())]
    inner = [f"const V {', '.join(f'{key} = load({place} + i)' for key, place in places.items())};", *lines]
    inner += [f"store({places[key]} + i, {value});" for key, value in zip(trees, values)]
    arguments = f"const T* c, T* theta, const T* grad, T* const*{' states' if own else ''}, index n"
    before = "".join(f"    {line}\n" for line in ["using V = Vector<T>;", *begin])
    body = "".join(f"        {line}\n" for line in inner)
    loop = f"    for (index i = 0; i < n; i += WIDTH<T>) {{\n{body}    }}\n"
    return f"template <class T>\nvoid {name}({arguments}) {{\n{before}{loop}}}\n\n"


# ---------------------------------------------------------------- files

FILES: dict[str, Callable[[], str]] = {
    "formula_list.h": facts,
    "formulas.h": functions,
    "cost_list.h": cost_facts,
    "cost_formulas.h": cost_functions,
    "optimizer_list.h": optimizer_facts,
    "optimizer_formulas.h": optimizer_functions,
}


def write() -> None:
    """Write the headers."""
    for name, make in FILES.items():
        (NATIVE / name).write_text(make())


if __name__ == "__main__":
    write()
