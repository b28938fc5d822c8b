// Made by tools/native_formulas.py from the formulas in Python: not to be edited by hand.
#pragma once

namespace lw {

// An optimizer's formula, and how many states and scalars it has.
struct OptimizerFacts {
    const char* name;
    int states, scalars;
};
constexpr OptimizerFacts OPTIMIZER_FACTS[] = {
    {"w = w - c0 * g",
     0, 1},
    {"w = w * c0 - c1 * g",
     0, 2},
    {"s0 = c0 * s0 - c1 * g; w = w + (c0 * s0 - c1 * g)",
     1, 2},
    {"s0 = c0 * s0 - c1 * g; w = w * c2 + (c0 * s0 - c1 * g)",
     1, 3},
    {"s0 = c0 * s0 - c1 * g; w = w - c1 * g + c0 * (c0 * s0 - c1 * g)",
     1, 2},
    {"s0 = c0 * s0 - c1 * g; w = w * c2 - c1 * g + c0 * (c0 * s0 - c1 * g)",
     1, 3},
    {"s0 = s0 + square(g); w = w - g / (sqrt(s0 + square(g)) + c0) * c1",
     1, 2},
    {"s0 = c0 * s0 + c1 * square(g); w = w - g / (sqrt(c0 * s0 + c1 * square(g)) + c2) * c3",
     1, 4},
    {"s0 = c0 * s0 + c1 * g; s1 = c2 * s1 + c3 * square(g); w = w - (c0 * s0 + c1 * g) / (sqrt(c2 * s1 + c3 * square(g)) + c4) * c5",
     2, 6},
    {"s0 = c0 * s0 + c1 * g; s1 = c2 * s1 + c3 * square(g); w = w * c4 - (c0 * s0 + c1 * g) / (sqrt(c2 * s1 + c3 * square(g)) + c5) * c6",
     2, 7},
};
constexpr int COMPILED_OPTIMIZERS = 10;

}  // namespace lw
