// Softmax and the losses' formulas, as layers/activations.py and losses.py have them, for LANES rows at a time.
//
// The rows are turned: output j of all of them is one line, and n outputs are n lines, so that sums and maxima over the
// outputs run from line to line, and nothing but a row's own numbers takes part. What the lines of y, t and d hold for
// rows that are not there is never read.
#pragma once

#include "activations.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

constexpr double EPSILON = 1e-7;  // the least probability whose logarithm is taken

// Rows r0 ... r0 + rows - 1 of a panel-wise batch, turned; and back.
template <class T>
void turn(const T* from, index stride, index rows, index n, T* lines) {
    constexpr int L = LANES<T>;
    for (index j = 0; j < n; ++j) {
        const T* x = from + j / L * stride + j % L;
        for (index r = 0; r < rows; ++r) lines[j * L + r] = x[r * L];
    }
}
template <class T>
void turn_back(const T* lines, index rows, index n, T* to, index stride) {
    constexpr int L = LANES<T>;
    for (index j = 0; j < n; ++j) {
        T* x = to + j / L * stride + j % L;
        for (index r = 0; r < rows; ++r) x[r * L] = lines[j * L + r];
    }
}

// y_j = e^(y_j - max y) / sum_k e^(y_k - max y)
template <class T>
void softmax(T* y, index n) {
    constexpr int L = LANES<T>;
    T most[L], sum[L] = {};
    for (int r = 0; r < L; ++r) most[r] = y[r];
    for (index j = 1; j < n; ++j)
        for (int r = 0; r < L; ++r) most[r] = y[j * L + r] > most[r] ? y[j * L + r] : most[r];
    for (index j = 0; j < n; ++j)
        for (int r = 0; r < L; ++r) y[j * L + r] -= most[r];
    each(n * L, y, y, [](T x) { return exp(x); });
    for (index j = 0; j < n; ++j)
        for (int r = 0; r < L; ++r) sum[r] += y[j * L + r];
    for (int r = 0; r < L; ++r) sum[r] = 1 / sum[r];
    for (index j = 0; j < n; ++j)
        for (int r = 0; r < L; ++r) y[j * L + r] *= sum[r];
}

// d_j = y_j (d_j - sum_k d_k y_k): the whole Jacobian; d is dy before and dx after.
template <class T>
void softmax_back(const T* y, T* d, index n) {
    constexpr int L = LANES<T>;
    T sum[L] = {};
    for (index j = 0; j < n; ++j)
        for (int r = 0; r < L; ++r) sum[r] += d[j * L + r] * y[j * L + r];
    for (index j = 0; j < n; ++j)
        for (int r = 0; r < L; ++r) d[j * L + r] = y[j * L + r] * (d[j * L + r] - sum[r]);
}

template <class T>
inline T sign(T x) {
    return T(x > 0) - T(x < 0);
}

// d = f(y, t); one pass over all lines, which compilers make vector code of.
template <class T, class F>
inline void each_pair(index n, const T* y, const T* t, T* d, F f) {
#pragma GCC ivdep
    for (index i = 0; i < n * LANES<T>; ++i) d[i] = f(y[i], t[i]);
}

// out = scale * the sum of f over the outputs; d is room to work in.
template <class T, class F>
inline void sum_over(const T* y, const T* t, index n, T scale, T* d, T* out, F f) {
    constexpr int L = LANES<T>;
    each_pair(n, y, t, d, f);
    T sum[L] = {};
    for (index j = 0; j < n; ++j)
        for (int r = 0; r < L; ++r) sum[r] += d[j * L + r];
    for (int r = 0; r < L; ++r) out[r] = scale * sum[r];
}

// The loss of each row; d is room to work in. one_hot: of each row's targets one is 1 and all others are 0.
template <class T>
void losses(const Loss& loss, bool one_hot, const T* y, const T* t, index n, T* d, T* out) {
    const T a = T(loss.a), mean = 1 / T(n);
    auto sum = [&](T scale, auto f) { sum_over(y, t, n, scale, d, out, f); };
    switch (loss.kind) {
        case LossKind::MeanSquaredError: return sum(mean, [](T y, T t) { return (y - t) * (y - t); });
        case LossKind::QuadraticCost: return sum(T(0.5), [](T y, T t) { return (y - t) * (y - t); });
        case LossKind::MeanAbsoluteError: return sum(mean, [](T y, T t) { return absolute(y - t); });
        case LossKind::Huber:
            return sum(mean / 2, [a](T y, T t) {
                T e = absolute(y - t), c = at_most(e, a);
                return c * (2 * e - c);
            });
        case LossKind::Quantile:
            return sum(mean, [a](T y, T t) {
                T e = t - y;
                return at_least(a * e, (a - 1) * e);
            });
        case LossKind::Poisson: return sum(mean, [](T y, T t) { return y - t * log(at_least(y, T(EPSILON))); });
        case LossKind::CategoricalCrossEntropy:
            if (!one_hot) return sum(T(-1), [](T y, T t) { return t * log(at_least(y, T(EPSILON))); });
            sum(T(1), [](T y, T t) { return t * y; });  // one logarithm, that of the right class
            return each(LANES<T>, out, out, [](T y) { return -log(at_least(y, T(EPSILON))); });
        case LossKind::BinaryCrossEntropy:
            return sum(loss.mean ? -mean : T(-1), [](T y, T t) {
                T rest = log(at_least(1 - y, T(EPSILON)));
                return rest + t * (log(at_least(y, T(EPSILON))) - rest);
            });
    }
}

template <class T, class F>
inline void gradient_over(const T* y, const T* t, index n, T scale, const T* weights, T* d, F f) {
    constexpr int L = LANES<T>;
    T factor[L];
    for (int r = 0; r < L; ++r) factor[r] = scale * weights[r];
    each_pair(n, y, t, d, f);
    for (index j = 0; j < n; ++j)
        for (int r = 0; r < L; ++r) d[j * L + r] *= factor[r];
}

// Its gradient by y, or, where the loss is fused with what comes before, by that layer's input; each row's times its
// weight.
template <class T>
void losses_back(const Loss& loss, const T* y, const T* t, index n, const T* weights, T* d) {
    const T a = T(loss.a), mean = 1 / T(n);
    auto write = [&](T scale, auto f) { gradient_over(y, t, n, scale, weights, d, f); };
    switch (loss.kind) {
        case LossKind::MeanSquaredError: return write(2 * mean, [](T y, T t) { return y - t; });
        case LossKind::QuadraticCost: return write(T(1), [](T y, T t) { return y - t; });
        case LossKind::MeanAbsoluteError: return write(mean, [](T y, T t) { return sign(y - t); });
        case LossKind::Huber: return write(mean, [a](T y, T t) { return at_least(at_most(y - t, a), -a); });
        case LossKind::Quantile: return write(mean, [a](T y, T t) { return T(0.5) * sign(y - t) + (T(0.5) - a); });
        case LossKind::Poisson: return write(mean, [](T y, T t) { return 1 - t / at_least(y, T(EPSILON)); });
        case LossKind::CategoricalCrossEntropy:
            if (loss.fused) return write(T(1), [](T y, T t) { return y - t; });
            return write(T(1), [](T y, T t) { return -t / at_least(y, T(EPSILON)); });
        case LossKind::BinaryCrossEntropy:
            if (loss.fused) return write(loss.mean ? mean : T(1), [](T y, T t) { return y - t; });
            return write(loss.mean ? mean : T(1), [](T y, T t) { return (y - t) / at_least(y * (1 - y), T(EPSILON)); });
    }
}

// Which output is the greatest, the first of them where several are.
template <class T>
void greatest(const T* y, index n, T* which) {
    constexpr int L = LANES<T>;
    T most[L], at[L] = {};
    for (int r = 0; r < L; ++r) most[r] = y[r];
    for (index j = 1; j < n; ++j) {
        const T here = T(j);
        for (int r = 0; r < L; ++r) {
            const T value = y[j * L + r];
            at[r] = value > most[r] ? here : at[r];
            most[r] = value > most[r] ? value : most[r];
        }
    }
    for (int r = 0; r < L; ++r) which[r] = at[r];
}

// The share of each row's answers that are right, where each output is a yes or a no; d is room to work in.
template <class T>
void shares(const T* y, const T* t, index n, T* d, T* out) {
    sum_over(y, t, n, 1 / T(n), d, out, [](T y, T t) {
        const T said = y > T(0.5) ? T(1) : T(0), right = t > T(0.5) ? T(1) : T(0);
        return 1 - absolute(said - right);
    });
}

}  // namespace LW_ISA
}  // namespace lw
