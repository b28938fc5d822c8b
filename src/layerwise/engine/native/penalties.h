// The penalties' formulas, as penalties.py has them: l1 sum |w| + l2 sum w^2, and its gradient.
#pragma once

#include "functions.h"

namespace lw {
namespace LW_ISA {

// Adds the gradient to g; returns the value. n is whole lines; what lies beyond the parameters is 0 and adds nothing.
template <class T>
double penalize(T l1, T l2, const T* w, T* g, index n) {
    constexpr int L = LANES<T>;
    double total = 0;
    for (index i = 0; i < n; i += L) {
        T part[L];
        for (int j = 0; j < L; ++j) {
            T x = w[i + j];
            part[j] = l1 * absolute(x) + l2 * x * x;
            g[i + j] += l1 * (T(x > 0) - T(x < 0)) + 2 * l2 * x;
        }
        total += double(sum_line(part));
    }
    return total;
}

}  // namespace LW_ISA
}  // namespace lw
