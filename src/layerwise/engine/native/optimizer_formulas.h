// Made by tools/native_formulas.py from the formulas in Python: not to be edited by hand.
// A step of each optimizer on n numbers of theta, grad and the states, whole vectors. c: scalars.
#pragma once

#include "vector_functions.h"

namespace lw {
namespace LW_ISA {

template <class T>
void SGD_0(const T* c, T* theta, const T* grad, T* const*, index n) {
    using V = Vector<T>;
    const T c0 = c[0];  // rate
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i);
        store(theta + i, w - c0 * g);
    }
}

template <class T>
void SGD_1(const T* c, T* theta, const T* grad, T* const*, index n) {
    using V = Vector<T>;
    const T c0 = c[0];  // 1 - rate * weight_decay
    const T c1 = c[1];  // rate
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i);
        store(theta + i, w * c0 - c1 * g);
    }
}

template <class T>
void SGD_2(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const velocity_at = states[0];
    const T c0 = c[0];  // momentum
    const T c1 = c[1];  // rate
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), velocity = load(velocity_at + i);
        const V t1 = c0 * velocity - c1 * g;
        store(velocity_at + i, t1);
        store(theta + i, w + t1);
    }
}

template <class T>
void SGD_3(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const velocity_at = states[0];
    const T c0 = c[0];  // momentum
    const T c1 = c[1];  // rate
    const T c2 = c[2];  // 1 - rate * weight_decay
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), velocity = load(velocity_at + i);
        const V t1 = c0 * velocity - c1 * g;
        store(velocity_at + i, t1);
        store(theta + i, w * c2 + t1);
    }
}

template <class T>
void SGD_4(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const velocity_at = states[0];
    const T c0 = c[0];  // momentum
    const T c1 = c[1];  // rate
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), velocity = load(velocity_at + i);
        const V t1 = c1 * g;
        const V t2 = c0 * velocity - t1;
        store(velocity_at + i, t2);
        store(theta + i, w - t1 + c0 * t2);
    }
}

template <class T>
void SGD_5(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const velocity_at = states[0];
    const T c0 = c[0];  // momentum
    const T c1 = c[1];  // rate
    const T c2 = c[2];  // 1 - rate * weight_decay
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), velocity = load(velocity_at + i);
        const V t1 = c1 * g;
        const V t2 = c0 * velocity - t1;
        store(velocity_at + i, t2);
        store(theta + i, w * c2 - t1 + c0 * t2);
    }
}

template <class T>
void Adagrad_0(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const cache_at = states[0];
    const T c0 = c[0];  // epsilon
    const T c1 = c[1];  // rate
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), cache = load(cache_at + i);
        const V t1 = cache + square(g);
        store(cache_at + i, t1);
        store(theta + i, w - over_root<T>(g, t1, c0) * c1);
    }
}

template <class T>
void RMSprop_0(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const cache_at = states[0];
    const T c0 = c[0];  // rho
    const T c1 = c[1];  // 1 - rho
    const T c2 = c[2];  // epsilon
    const T c3 = c[3];  // rate
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), cache = load(cache_at + i);
        const V t1 = c0 * cache + c1 * square(g);
        store(cache_at + i, t1);
        store(theta + i, w - over_root<T>(g, t1, c2) * c3);
    }
}

template <class T>
void Adam_0(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const m_at = states[0], *const v_at = states[1];
    const T c0 = c[0];  // beta_1
    const T c1 = c[1];  // 1 - beta_1
    const T c2 = c[2];  // beta_2
    const T c3 = c[3];  // 1 - beta_2
    const T c4 = c[4];  // epsilon * sqrt(1 - power(beta_2, t))
    const T c5 = c[5];  // rate * sqrt(1 - power(beta_2, t)) / (1 - power(beta_1, t))
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), m = load(m_at + i), v = load(v_at + i);
        const V t1 = c0 * m + c1 * g;
        const V t2 = c2 * v + c3 * square(g);
        store(m_at + i, t1);
        store(v_at + i, t2);
        store(theta + i, w - over_root<T>(t1, t2, c4) * c5);
    }
}

template <class T>
void AdamW_0(const T* c, T* theta, const T* grad, T* const* states, index n) {
    using V = Vector<T>;
    T *const m_at = states[0], *const v_at = states[1];
    const T c0 = c[0];  // beta_1
    const T c1 = c[1];  // 1 - beta_1
    const T c2 = c[2];  // beta_2
    const T c3 = c[3];  // 1 - beta_2
    const T c4 = c[4];  // 1 - rate * weight_decay
    const T c5 = c[5];  // epsilon * sqrt(1 - power(beta_2, t))
    const T c6 = c[6];  // rate * sqrt(1 - power(beta_2, t)) / (1 - power(beta_1, t))
    for (index i = 0; i < n; i += WIDTH<T>) {
        const V w = load(theta + i), g = load(grad + i), m = load(m_at + i), v = load(v_at + i);
        const V t1 = c0 * m + c1 * g;
        const V t2 = c2 * v + c3 * square(g);
        store(m_at + i, t1);
        store(v_at + i, t2);
        store(theta + i, w * c4 - over_root<T>(t1, t2, c5) * c6);
    }
}

template <class T>
constexpr void (*OPTIMIZERS[])(const T* c, T* theta, const T* grad, T* const* states, index n) = {
    SGD_0<T>, SGD_1<T>, SGD_2<T>, SGD_3<T>, SGD_4<T>, SGD_5<T>, Adagrad_0<T>, RMSprop_0<T>, Adam_0<T>, AdamW_0<T>,
};

}  // namespace LW_ISA
}  // namespace lw
