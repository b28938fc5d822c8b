// What a penalty adds to the gradient of an array, and its value: the formulas are those of cost_formulas.h, or custom.
#pragma once

#include "activations.h"
#include "cost_formulas.h"

namespace lw {
namespace LW_ISA {

// Of lines whose first `columns` lanes are parameters: adds the gradient to g; returns the value.
template <class T, class Formula>
inline double penalize_by(const Formula formula, T factor, const T* w, T* g, index n, index columns) {
    constexpr int L = LANES<T>;
    double sums[L] = {}, total = 0;
    const auto line = [&](index i, index width) {
        LW_INDEPENDENT
        for (index j = 0; j < width; ++j) g[i + j] += factor * formula.slope(w[i + j]);
        LW_INDEPENDENT
        for (index j = 0; j < width; ++j) sums[j] += double(formula.f(w[i + j]));
    };
    if (columns == L)  // known to the compiler
        for (index i = 0; i < n; i += L) line(i, L);
    else
        for (index i = 0; i < n; i += L) line(i, columns);
    for (const double sum : sums) total += sum;
    return double(factor) * total;
}

template <class T>
double penalize(const Penalty& penalty, T factor, const T* w, T* g, index n, index columns) {
    if (penalty.kind == PenaltyKind::Custom) return penalize_custom(penalty, factor, w, g, n, columns);
    double value = 0;
    with_formula<T>(penalty.kind, penalty.numbers.data(),
                    [&](const auto& formula) { value = penalize_by(formula, factor, w, g, n, columns); });
    return value;
}

}  // namespace LW_ISA
}  // namespace lw
