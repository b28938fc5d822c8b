// The losses' formulas, as losses.py has them: a sample's loss, and its gradient by the outputs.
//
// A row's lines lie `stride` apart. t has the form of y, its lines one after the other. What lies beyond the n outputs
// takes no part in the loss, and its gradient is 0.
#pragma once

#include "functions.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

constexpr double EPSILON = 1e-7;  // the least probability whose logarithm is taken

template <class T, class F>
inline T sum_over(const T* y, const T* t, index n, index stride, F f) {
    constexpr int L = LANES<T>;
    T part[L] = {};
    for (index p = 0; p * L < n; ++p)
        for (int j = 0; j < L; ++j) {
            T term = f(y[p * stride + j], t[p * L + j]);
            part[j] += p * L + j < n ? term : T(0);
        }
    return sum_line(part);
}

template <class T, class F>
inline void gradient_over(const T* y, const T* t, T* d, index n, index stride, T scale, F f) {
    constexpr int L = LANES<T>;
    for (index p = 0; p * L < n; ++p)
        for (int j = 0; j < L; ++j) {
            T value = f(y[p * stride + j], t[p * L + j]);
            d[p * stride + j] = p * L + j < n ? scale * value : T(0);
        }
}

template <class T>
inline T sign(T x) {
    return T(x > 0) - T(x < 0);
}

// The loss of one row.
template <class T>
T loss_row(const Loss& loss, const T* y, const T* t, index n, index stride) {
    const T a = T(loss.a);
    auto sum = [&](auto f) { return sum_over(y, t, n, stride, f); };
    switch (loss.kind) {
        case LossKind::MeanSquaredError: return sum([](T y, T t) { return (y - t) * (y - t); }) / T(n);
        case LossKind::QuadraticCost: return sum([](T y, T t) { return (y - t) * (y - t); }) / 2;
        case LossKind::MeanAbsoluteError: return sum([](T y, T t) { return absolute(y - t); }) / T(n);
        case LossKind::Huber:
            return sum([a](T y, T t) {
                       T e = absolute(y - t), c = at_most(e, a);
                       return c * (2 * e - c);
                   }) / (2 * T(n));
        case LossKind::Quantile:
            return sum([a](T y, T t) {
                       T e = t - y;
                       return at_least(a * e, (a - 1) * e);
                   }) / T(n);
        case LossKind::Poisson:
            return sum([](T y, T t) { return y - t * log(at_least(y, T(EPSILON))); }) / T(n);
        case LossKind::CategoricalCrossEntropy:
            return -sum([](T y, T t) { return t * log(at_least(y, T(EPSILON))); });
        case LossKind::BinaryCrossEntropy: {
            T total = sum([](T y, T t) {
                T rest = log(at_least(1 - y, T(EPSILON)));
                return rest + t * (log(at_least(y, T(EPSILON))) - rest);
            });
            return loss.mean ? -total / T(n) : -total;
        }
    }
    return 0;
}

// Its gradient by y, or, where the loss is fused with what comes before, by that layer's input; times `scale`.
template <class T>
void loss_row_back(const Loss& loss, const T* y, const T* t, T* d, index n, index stride, T scale) {
    const T a = T(loss.a), mean = scale / T(n);
    auto write = [&](T scale, auto f) { gradient_over(y, t, d, n, stride, scale, f); };
    switch (loss.kind) {
        case LossKind::MeanSquaredError: return write(2 * mean, [](T y, T t) { return y - t; });
        case LossKind::QuadraticCost: return write(scale, [](T y, T t) { return y - t; });
        case LossKind::MeanAbsoluteError: return write(mean, [](T y, T t) { return sign(y - t); });
        case LossKind::Huber: return write(mean, [a](T y, T t) { return at_least(at_most(y - t, a), -a); });
        case LossKind::Quantile:
            return write(mean, [a](T y, T t) { return T(0.5) * sign(y - t) + (T(0.5) - a); });
        case LossKind::Poisson: return write(mean, [](T y, T t) { return 1 - t / at_least(y, T(EPSILON)); });
        case LossKind::CategoricalCrossEntropy:
            if (loss.fused) return write(scale, [](T y, T t) { return y - t; });
            return write(scale, [](T y, T t) { return -t / at_least(y, T(EPSILON)); });
        case LossKind::BinaryCrossEntropy:
            if (loss.fused) return write(loss.mean ? mean : scale, [](T y, T t) { return y - t; });
            return write(loss.mean ? mean : scale, [](T y, T t) { return (y - t) / at_least(y * (1 - y), T(EPSILON)); });
    }
}

}  // namespace LW_ISA
}  // namespace lw
