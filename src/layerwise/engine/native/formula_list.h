// Made by tools/native_formulas.py from the formulas in Python: not to be edited by hand.
#pragma once

namespace lw {

enum class Formula {
    Custom = -1,
    Step, Linear, Identity, Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SELU, GELU, SiLU, Mish, Softplus, Exp,
};

// Its name; what its numbers are called in Python; and what its derivative is computed from.
struct FormulaFacts {
    const char* name;
    const char* numbers[4];
    bool reads_x, reads_y;
};
constexpr FormulaFacts FORMULAS[] = {
    {"Step", {"threshold"}, false, false},
    {"Linear", {"slope"}, false, false},
    {"Identity", {}, false, false},
    {"Sigmoid", {}, false, true},
    {"Tanh", {}, false, true},
    {"ReLU", {"slope"}, false, true},
    {"LeakyReLU", {"negative_slope", "slope"}, true, false},
    {"ELU", {"alpha"}, false, true},
    {"SELU", {}, false, true},
    {"GELU", {}, true, false},
    {"SiLU", {}, true, false},
    {"Mish", {}, true, false},
    {"Softplus", {}, false, true},
    {"Exp", {}, false, true},
};

// The operations of the interpreter.
enum class Operation : unsigned char {
    negative, square, exp, expm1, log, log1p, tanh, sqrt, absolute, sign, sin, cos, arctan, floor, add, subtract,
    multiply, divide, power, maximum, minimum, greater, greater_equal, where, log1p_unit,
};
constexpr int OPERATIONS = 25, MOST_SLOTS = 64;

}  // namespace lw
