// The activations' formulas, as layers/activations.py has them: y = f(x), and dx = dy * f'(x).
//
// Each works on whole lines. `a` and `b` are the layer's parameters. What backward reads, x or y, is told by reads_x
// and reads_y; the other may have been overwritten.
#pragma once

#include "functions.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

constexpr double SELU_ALPHA = 1.6732632423543772, SELU_LAMBDA = 1.0507009873554805;
constexpr double ROOT_2_PI = 0.79788456080286535588;  // sqrt(2 / pi)

inline bool reads_x(LayerKind kind) {
    return kind == LayerKind::LeakyReLU || kind == LayerKind::GELU || kind == LayerKind::SiLU || kind == LayerKind::Mish;
}
inline bool reads_y(LayerKind kind) {
    return kind == LayerKind::Sigmoid || kind == LayerKind::Tanh || kind == LayerKind::ReLU ||
           kind == LayerKind::ELU || kind == LayerKind::SELU || kind == LayerKind::Softplus ||
           kind == LayerKind::Exp || kind == LayerKind::Softmax;
}

template <class T>
inline T sigmoid(T x) {
    return 1 / (1 + exp(-x));
}

template <class T>
inline T elu(T x, T alpha) {
    return x > 0 ? x : alpha * expm1(at_most(x, T(0)));
}

// tanh(sqrt(2/pi) (x + 0.044715 x^3))
template <class T>
inline T gelu_tanh(T x) {
    return tanh(T(ROOT_2_PI) * x * (1 + T(0.044715) * x * x));
}

// tanh(softplus x) = n / (n + 2), n = e (e + 2), e = e^min(x, 20)
template <class T>
inline T mish_tanh(T e) {
    T n = e * (e + 2);
    return n / (n + 2);
}

template <class T, class F>
inline void each(index n, const T* x, T* y, F f) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) y[i] = f(x[i]);
}

template <class T>
void activate(LayerKind kind, T a, T b, const T* x, T* y, index n) {
    switch (kind) {
        case LayerKind::Step: return each(n, x, y, [a](T x) { return x > a ? T(1) : T(0); });
        case LayerKind::Linear: return each(n, x, y, [a](T x) { return a * x; });
        case LayerKind::Identity: return x == y ? void() : each(n, x, y, [](T x) { return x; });
        case LayerKind::Sigmoid: return each(n, x, y, [](T x) { return sigmoid(x); });
        case LayerKind::Tanh: return each(n, x, y, [](T x) { return tanh(x); });
        case LayerKind::ReLU: return each(n, x, y, [a](T x) { return a * at_least(x, T(0)); });
        case LayerKind::LeakyReLU: return each(n, x, y, [a, b](T x) { return x * (x > 0 ? a : b); });
        case LayerKind::ELU: return each(n, x, y, [a](T x) { return elu(x, a); });
        case LayerKind::SELU: return each(n, x, y, [](T x) { return T(SELU_LAMBDA) * elu(x, T(SELU_ALPHA)); });
        case LayerKind::GELU: return each(n, x, y, [](T x) { return T(0.5) * x * (1 + gelu_tanh(x)); });
        case LayerKind::SiLU: return each(n, x, y, [](T x) { return x * sigmoid(x); });
        case LayerKind::Mish: return each(n, x, y, [](T x) { return x * mish_tanh(exp(at_most(x, T(20)))); });
        case LayerKind::Softplus:
            return each(n, x, y, [](T x) { return at_least(x, T(0)) + log1p_unit(exp(-absolute(x))); });
        case LayerKind::Exp: return each(n, x, y, [](T x) { return exp(x); });
        default: return;
    }
}

// from: x or y, whichever the layer reads; d: dy before, dx after.
template <class T, class F>
inline void each_slope(index n, const T* from, T* d, F f) {
    LW_INDEPENDENT
    for (index i = 0; i < n; ++i) d[i] *= f(from[i]);
}

template <class T>
void activate_back(LayerKind kind, T a, T b, const T* from, T* d, index n) {
    switch (kind) {
        case LayerKind::Step: return each_slope(n, d, d, [](T) { return T(0); });
        case LayerKind::Linear: return each_slope(n, d, d, [a](T) { return a; });
        case LayerKind::Identity: return;
        case LayerKind::Sigmoid: return each_slope(n, from, d, [](T y) { return y * (1 - y); });
        case LayerKind::Tanh: return each_slope(n, from, d, [](T y) { return 1 - y * y; });
        case LayerKind::ReLU: return each_slope(n, from, d, [a](T y) { return y > 0 ? a : T(0); });
        case LayerKind::LeakyReLU: return each_slope(n, from, d, [a, b](T x) { return x > 0 ? a : b; });
        case LayerKind::ELU: return each_slope(n, from, d, [a](T y) { return y > 0 ? T(1) : y + a; });
        case LayerKind::SELU:
            return each_slope(n, from, d, [](T y) { return y > 0 ? T(SELU_LAMBDA) : y + T(SELU_LAMBDA * SELU_ALPHA); });
        case LayerKind::GELU:
            return each_slope(n, from, d, [](T x) {
                T t = gelu_tanh(x), inner = T(ROOT_2_PI) * (1 + T(3 * 0.044715) * x * x);
                return T(0.5) * (1 + t + x * (1 - t * t) * inner);
            });
        case LayerKind::SiLU:
            return each_slope(n, from, d, [](T x) {
                T s = sigmoid(x);
                return s + x * s * (1 - s);
            });
        case LayerKind::Mish:
            return each_slope(n, from, d, [](T x) {
                T e = exp(at_most(x, T(20))), t = mish_tanh(e);
                return t + x * (1 - t * t) * (e / (1 + e));
            });
        case LayerKind::Softplus: return each_slope(n, from, d, [](T y) { return -expm1(-y); });
        case LayerKind::Exp: return each_slope(n, from, d, [](T y) { return y; });
        default: return;
    }
}

}  // namespace LW_ISA
}  // namespace lw
