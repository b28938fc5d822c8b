// The activations: y = f(x), and dx = dy * f'(x), number by number, on whole lines.
//
// formulas.h has the formulas of layerwise's own, made from Python; custom ones are run by the interpreter (formulas.cpp).
// Both are compiled apart from the rest, without joining a product and a sum into one operation, so that a formula has
// the same bits whichever way it is computed.
#pragma once

#include "plan.h"
#include "simd.h"

namespace lw {
namespace LW_ISA {

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

template <class T, class F>
inline void each(index n, const T* x, T* y, F f) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) y[i] = f(x[i]);
}

}  // namespace LW_ISA
}  // namespace lw
