// The activations: y = f(x), and dx = dy * f'(x), number by number, on whole lines.
//
// formulas.h has the formulas of layerwise's own, made from Python; custom ones are run by the interpreter
// (formulas.cpp). Both are compiled apart from the rest, without joining a product and a sum into one operation, so
// that a formula has the same bits whichever way it is computed.
#pragma once

#include "plan.h"
#include "simd.h"

namespace lw {
namespace LW_ISA {

constexpr index FORMULA_BLOCK = 8 * LINE;  // bytes of a slot: an instruction's start is then small beside its work

template <class T>
class Activation {
public:
    Activation() = default;
    explicit Activation(const Layer& layer)
        : formula_(layer.formula), f_(&layer.f), slope_(&layer.slope), reads_x_(layer.reads_x) {
        for (int i = 0; i < MOST_NUMBERS; ++i) p_[i] = T(layer.numbers[i]);
    }

    bool reads_x() const { return reads_x_; }

    void forward(const T* x, T* y, index n) const;

    // from: x or y, whichever it reads; d: dy before, dx after.
    void backward(const T* from, T* d, index n) const;

private:
    Formula formula_ = Formula::Identity;
    T p_[MOST_NUMBERS] = {};
    const Code *f_ = nullptr, *slope_ = nullptr;  // of a custom one, in the plan
    bool reads_x_ = false;
};

// A custom formula of one input or two: out = f(a, b).
template <class T>
void compute(const Code& code, const T* a, const T* b, T* out, index n);

// A custom penalty on lines whose first `columns` lanes are parameters: adds its gradient to g; returns the value.
template <class T>
double penalize_custom(const Penalty& penalty, T factor, const T* w, T* g, index n, index columns);

// An optimizer's scalars for a step, from those before and from its own numbers.
void find_scalars(const Code& scalars, const double* given, double* found);

// The slots that are the same all over theta where the interpreter makes the step: room for them, and their numbers.
template <class T>
constexpr index FIXED_LENGTH = index(MOST_SLOTS) * FORMULA_BLOCK / index(sizeof(T));
template <class T>
void fix(const Code& formula, const T* scalars, index scalar_count, T* fixed);

// Its step, on n numbers of theta, g and each state.
template <class T>
void follow(const Code& formula, const T* fixed, T* theta, const T* g, T* const* states, int state_count, index n);

template <class T, class F>
inline void each(index n, const T* x, T* y, F f) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) y[i] = f(x[i]);
}

}  // namespace LW_ISA
}  // namespace lw
