// The optimizers' formulas, as parts/optimizers has them: one pass over part of theta, its gradient and its state.
// Custom ones are run by the interpreter (formulas.cpp).
#pragma once

#include "activations.h"
#include "functions.h"
#include "plan.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace lw {
namespace LW_ISA {

// The numbers of one step.
template <class T>
struct Step {
    OptimizerKind kind = OptimizerKind::None;
    T rate = 0, momentum = 0, beta_1 = 0, rest_1 = 0, beta_2 = 0, rest_2 = 0, epsilon = 0, keep = 1;
    const Code* rule = nullptr;  // of a custom one, and the slots that the step does not change
    const T* fixed = nullptr;
    int states = 0;

    Step() = default;
    Step(const Optimizer& o, double learning_rate, std::int64_t iterations) : kind(o.kind) {
        const double eta = learning_rate / (1 + o.decay * double(iterations));
        rate = T(eta);
        momentum = T(o.momentum);
        beta_1 = T(o.beta_1), rest_1 = T(1 - o.beta_1);
        beta_2 = T(o.beta_2), rest_2 = T(1 - o.beta_2);
        epsilon = T(o.epsilon);
        keep = T(1 - eta * o.weight_decay);
        rule = &o.rule, states = o.states;
        if (kind == OptimizerKind::Adam || kind == OptimizerKind::AdamW) {
            const double t = double(iterations + 1), root = __builtin_sqrt(1 - __builtin_pow(o.beta_2, t));
            rate = T(eta * root / (1 - __builtin_pow(o.beta_1, t)));
            epsilon = T(o.epsilon_hat ? o.epsilon : o.epsilon * root);
        }
    }

    // Whether it changes parameters or states whose gradient is 0.
    bool moves_without_gradient() const {
        const bool fades = kind != OptimizerKind::None && kind != OptimizerKind::SGD && kind != OptimizerKind::Adagrad;
        return fades || keep != 1;
    }
};

// m / (sqrt v + epsilon)
template <class T>
inline Vector<T> over_root(Vector<T> m, Vector<T> v, T epsilon) {
    Vector<T> root;
#pragma GCC unroll 16
    for (int j = 0; j < WIDTH<T>; ++j) root[j] = square_root(v[j]);
    return m / (root + epsilon);
}

#if defined(__AVX512F__)
// The processor's own root and quotient of 16 numbers take four times as long as its estimates of 1 / sqrt and 1 / x,
// good to 14 bits, with a step of Newton's each, which leave an error of at most 2 units in the last place.
template <>
inline Vector<float> over_root<float>(Vector<float> m, Vector<float> v, float epsilon) {
    const __m512 x = (__m512)v, half = _mm512_set1_ps(0.5f);
    const __mmask16 some = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    const __mmask16 finite = _mm512_cmp_ps_mask(x, _mm512_set1_ps(__builtin_inff()), _CMP_NEQ_UQ);
    const __m512 y = _mm512_maskz_rsqrt14_ps(some, x);
    const __m512 near = _mm512_mul_ps(x, y);  // to sqrt v
    const __m512 root = _mm512_fmadd_ps(near, _mm512_fnmadd_ps(near, _mm512_mul_ps(half, y), half), near);
    const __m512 divisor = _mm512_add_ps(root, _mm512_set1_ps(epsilon)), r = _mm512_maskz_rcp14_ps(finite, divisor);
    const __m512 inverse = _mm512_maskz_fmadd_ps(finite, r, _mm512_fnmadd_ps(divisor, r, _mm512_set1_ps(1)), r);
    return m * (Vector<float>)inverse;
}
#endif

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
    using V = Vector<T>;
    T *s = states.at[0], *u = states.at[1];
    const T eta = step.rate, mu = step.momentum, epsilon = step.epsilon, keep = step.keep;
    const T beta_1 = step.beta_1, rest_1 = step.rest_1, beta_2 = step.beta_2, rest_2 = step.rest_2;
    const auto each_vector = [&](auto f) {
        for (index i = 0; i < n; i += WIDTH<T>) f(i, load(g + i));
    };
    const bool decays = keep != 1;
    const auto add = [&](index i, V x) {
        const V old = load(theta + i), kept = decays ? keep * old : old;
        store(theta + i, kept + x);
    };
    switch (step.kind) {
        case OptimizerKind::None: return;
        case OptimizerKind::Custom: return follow<T>(*step.rule, step.fixed, theta, g, states.at, step.states, n);
        case OptimizerKind::SGD: return each_vector([&](index i, V g) { add(i, -eta * g); });
        case OptimizerKind::Momentum:
            return each_vector([&](index i, V g) {
                const V v = mu * load(s + i) - eta * g;
                store(s + i, v), add(i, v);
            });
        case OptimizerKind::Nesterov:
            return each_vector([&](index i, V g) {
                const V v = mu * load(s + i) - eta * g;
                store(s + i, v), add(i, mu * v - eta * g);
            });
        case OptimizerKind::Adagrad:
            return each_vector([&](index i, V g) {
                const V v = load(s + i) + g * g;
                store(s + i, v), add(i, -eta * over_root(g, v, epsilon));
            });
        case OptimizerKind::RMSprop:
            return each_vector([&](index i, V g) {
                const V v = beta_2 * load(s + i) + rest_2 * (g * g);
                store(s + i, v), add(i, -eta * over_root(g, v, epsilon));
            });
        case OptimizerKind::Adam:
        case OptimizerKind::AdamW:
            return each_vector([&](index i, V g) {
                const V m = beta_1 * load(s + i) + rest_1 * g, v = beta_2 * load(u + i) + rest_2 * (g * g);
                store(s + i, m), store(u + i, v), add(i, -eta * over_root(m, v, epsilon));
            });
    }
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
