// An optimizer's step: one pass over part of theta, its gradient and its state. optimizer_formulas.h has the formulas of
// layerwise's own, made from Python; others are run by the interpreter (formulas.cpp).
#pragma once

#include "activations.h"
#include "optimizer_formulas.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

// What is the same for all parameters in a step.
template <class T>
struct Step {
    const Rule* rule = nullptr;  // null: nothing is changed
    T scalars[MOST_SLOTS];
    const T* fixed = nullptr;  // the interpreter's slots that the step does not change
    bool leaves_zeros = true;  // where w, g and the states are 0
};

// Where an optimizer's states lie beside part of theta; null where there are none.
template <class T>
struct States {
    T* at[MOST_STATES] = {};

    States from(index i) const {
        States moved;
        for (int k = 0; k < MOST_STATES; ++k) moved.at[k] = at[k] ? at[k] + i : nullptr;
        return moved;
    }
};

// theta, g, and the states are lines; n numbers each.
template <class T>
void update(const Step<T>& step, T* theta, const T* g, const States<T>& states, index n) {
    const Rule* rule = step.rule;
    if (!rule) return;
    if (rule->compiled >= 0) return OPTIMIZERS<T>[rule->compiled](step.scalars, theta, g, states.at, n);
    follow<T>(rule->formula, step.fixed, theta, g, states.at, rule->states, n);
}

// Its scalars for the step after `iterations`; where the interpreter makes it, `fixed` is room for its slots.
template <class T>
void begin_step(const Optimizer& optimizer, double learning_rate, std::int64_t iterations, T* fixed, Step<T>& step) {
    const Rule& rule = optimizer.rule;
    double given[MOST_SLOTS], found[MOST_SLOTS];
    given[0] = learning_rate / (1 + optimizer.decay * double(iterations));
    given[1] = double(iterations + 1), given[2] = learning_rate;
    for (std::size_t k = 0; k < optimizer.numbers.size(); ++k) given[3 + k] = optimizer.numbers[k];
    find_scalars(rule.scalars, given, found);
    for (int k = 0; k < rule.scalar_count(); ++k) step.scalars[k] = T(found[k]);
    step.rule = &rule, step.fixed = fixed;
    if (fixed) fix<T>(rule.formula, step.scalars, rule.scalar_count(), fixed);
    alignas(LINE) T zeros[2 + MOST_STATES][LANES<T>] = {};
    States<T> states;
    for (int k = 0; k < rule.states; ++k) states.at[k] = zeros[2 + k];
    update(step, zeros[0], zeros[1], states, LANES<T>);
    step.leaves_zeros = true;
    for (const T* line : zeros) step.leaves_zeros &= line[0] == 0;
}

// A step of which theta makes a share: theta + factor (the theta that the step gives - theta); at most LANES lines.
template <class T>
void update_in_part(T factor, const Step<T>& step, T* theta, const T* g, const States<T>& states, index n) {
    alignas(LINE) T moved[LANES<T> * LANES<T>];
    std::memcpy(moved, theta, std::size_t(n) * sizeof(T));
    update(step, moved, g, states, n);
    if (factor == 0) return;
    for (index i = 0; i < n; i += WIDTH<T>) {
        const Vector<T> before = load(theta + i);
        store(theta + i, before + factor * (load(moved + i) - before));
    }
}

// The sum of the squares of whole lines, in a fixed order.
template <class T>
double sum_of_squares(const T* x, index n) {
    constexpr int PARTS = 16;
    double parts[PARTS] = {};
    for (index i = 0; i < n; i += LANES<T>)
        for (int j = 0; j < LANES<T>; ++j) parts[j % PARTS] += double(x[i + j]) * double(x[i + j]);
    for (int half = PARTS / 2; half; half /= 2)
        for (int j = 0; j < half; ++j) parts[j] += parts[j + half];
    return parts[0];
}

}  // namespace LW_ISA
}  // namespace lw
