// The formulas of layers/scale.py and layers/normalization.py, on lines of LANES units: x, y, the normalized x, dy and
// dx have a line for each row; gamma, beta, s and the batch's statistics are a line for each panel.
//
// What pads the last line of a panel is 0 in gamma, beta, s and dy, and comes out as 0 in y and dx.
#pragma once

#include "functions.h"

namespace lw {
namespace LW_ISA {

// The sum of f(i, r) over lines i, for each vector r of a line; four at a time, so that none waits for another.
template <class T, class F>
inline void sum_over_lines(index n, bool add, T* to, F f) {
    for (int r = 0; r < LANES<T>; r += WIDTH<T>) {
        Vector<T> sums[4] = {};
        index i = 0;
        for (; i + 4 <= n; i += 4)
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k) sums[k] += f(i + k, r);
        for (; i < n; ++i) sums[0] += f(i, r);
        const Vector<T> sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        store(to + r, add ? load(to + r) + sum : sum);
    }
}

template <class T>
void sum_lines(const T* from, index n, bool add, T* to) {
    sum_over_lines<T>(n, add, to, [from](index i, int r) { return load(from + i * LANES<T> + r); });
}

template <class T>
void sum_products(const T* a, const T* b, index n, T* to) {
    sum_over_lines<T>(n, false, to,
                      [a, b](index i, int r) { return load(a + i * LANES<T> + r) * load(b + i * LANES<T> + r); });
}

// y = (x - center) factor + beta; center and beta may be null.
template <class T>
void move_lines(const T* x, index n, const T* center, const T* factor, const T* beta, T* y) {
    constexpr int L = LANES<T>;
    for (int r = 0; r < L; r += WIDTH<T>) {
        const Vector<T> c = center ? load(center + r) : Vector<T>{}, f = load(factor + r),
                        b = beta ? load(beta + r) : Vector<T>{};
        for (index i = 0; i < n; ++i) store(y + i * L + r, (load(x + i * L + r) - c) * f + b);
    }
}

// One panel of a batch. Its mean, its variance and 1 / sqrt(var + epsilon) are kept, as is the normalized x.
template <class T>
void batch_norm(const T* x, index n, T epsilon, const T* gamma, const T* beta, T* mean, T* var, T* inverse, T* normal,
                T* y) {
    constexpr int L = LANES<T>;
    sum_lines(x, n, false, mean);
    for (int j = 0; j < L; ++j) mean[j] /= T(n);
    sum_over_lines<T>(n, false, var, [x, mean](index i, int r) {
        const Vector<T> d = load(x + i * L + r) - load(mean + r);
        return d * d;
    });
    for (int j = 0; j < L; ++j) var[j] /= T(n), inverse[j] = 1 / square_root(var[j] + epsilon);
    move_lines<T>(x, n, mean, inverse, nullptr, normal);
    move_lines<T>(normal, n, nullptr, gamma, beta, y);
}

// dx = gamma / sqrt(var + epsilon) (dy - (sum dy + normal sum(dy normal)) / n)
template <class T>
void batch_norm_back(const T* dy, const T* normal, index n, const T* gamma, const T* inverse, T* dx) {
    constexpr int L = LANES<T>;
    alignas(LINE) T of_gamma[L], of_beta[L];
    sum_products(dy, normal, n, of_gamma), sum_lines(dy, n, false, of_beta);
    for (int r = 0; r < L; r += WIDTH<T>) {
        const Vector<T> g = load(of_gamma + r) / T(n), b = load(of_beta + r) / T(n),
                        factor = load(gamma + r) * load(inverse + r);
        for (index i = 0; i < n; ++i)
            store(dx + i * L + r, factor * (load(dy + i * L + r) - load(normal + i * L + r) * g - b));
    }
}

// running <- momentum running + (1 - momentum) factor batch
template <class T>
void adapt(T momentum, T factor, const T* batch, T* running) {
    for (int j = 0; j < LANES<T>; ++j) running[j] = momentum * running[j] + (1 - momentum) * factor * batch[j];
}

// One row of n numbers, whose lines lie `stride` apart: f(where, unit, ones) for each vector of it, `where` in the row,
// `unit` in gamma; ones is 0 for what pads the last line.
template <class T, class F>
inline void each_vector_of_row(index n, index stride, F f) {
    constexpr int L = LANES<T>;
    const index full = n / L * L;
    index at = 0;
    for (index j = 0; j < full; j += L, at += stride)
        for (int r = 0; r < L; r += WIDTH<T>) f(at + r, j + r, r, broadcast(T(1)));
    if (full == n) return;
    alignas(LINE) T ones[L];
    for (int j = 0; j < L; ++j) ones[j] = j < n - full ? T(1) : T(0);
    for (int r = 0; r < L; r += WIDTH<T>) f(at + r, full + r, r, load(ones + r));
}

// The mean over a row of f at each vector.
template <class T, class F>
inline T mean_of_row(index n, index stride, F f) {
    alignas(LINE) T sum[LANES<T>] = {};
    each_vector_of_row<T>(n, stride, [&](index at, index unit, int r, Vector<T> ones) {
        store(sum + r, load(sum + r) + f(at, unit, ones));
    });
    return sum_line(sum) / T(n);
}

// One row. 1 / sqrt(var + epsilon) and the normalized x are kept, unless `normal` is null.
template <class T>
void layer_norm(const T* x, index stride, index n, T epsilon, const T* gamma, const T* beta, T* inverse, T* normal,
                T* y) {
    const T mean = mean_of_row<T>(n, stride, [x](index at, index, Vector<T> ones) { return load(x + at) * ones; });
    const T var = mean_of_row<T>(n, stride, [x, mean](index at, index, Vector<T> ones) {
        const Vector<T> d = (load(x + at) - mean) * ones;
        return d * d;
    });
    const T scale = 1 / square_root(var + epsilon);
    if (normal) *inverse = scale;
    each_vector_of_row<T>(n, stride, [&](index at, index unit, int, Vector<T> ones) {
        const Vector<T> v = (load(x + at) - mean) * (scale * ones);
        if (normal) store(normal + at, v);
        store(y + at, load(gamma + unit) * v + load(beta + unit));
    });
}

// With d = dy gamma: dx = (d - mean d - normal mean(d normal)) / sqrt(var + epsilon)
template <class T>
void layer_norm_back(const T* dy, const T* normal, index stride, index n, const T* gamma, T inverse, T* dx) {
    const T mean =
        mean_of_row<T>(n, stride, [=](index at, index unit, Vector<T>) { return load(dy + at) * load(gamma + unit); });
    const T slope = mean_of_row<T>(n, stride, [=](index at, index unit, Vector<T>) {
        return load(dy + at) * load(gamma + unit) * load(normal + at);
    });
    each_vector_of_row<T>(n, stride, [=](index at, index unit, int, Vector<T> ones) {
        const Vector<T> d = load(dy + at) * load(gamma + unit);
        store(dx + at, (d - mean - load(normal + at) * slope) * (inverse * ones));
    });
}

}  // namespace LW_ISA
}  // namespace lw
