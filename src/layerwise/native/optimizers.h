// The optimizers' formulas, as optimizers.py has them: one pass over part of theta, its gradient and its state.
#pragma once

#include "functions.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

// The numbers of one step.
template <class T>
struct Step {
    OptimizerKind kind = OptimizerKind::None;
    T rate = 0, momentum = 0, beta_1 = 0, rest_1 = 0, beta_2 = 0, rest_2 = 0, epsilon = 0, keep = 1;

    Step() = default;
    Step(const Optimizer& o, std::int64_t iterations) : kind(o.kind) {
        const double eta = o.learning_rate / (1 + o.decay * double(iterations));
        rate = T(eta);
        momentum = T(o.momentum);
        beta_1 = T(o.beta_1), rest_1 = T(1 - o.beta_1);
        beta_2 = T(o.beta_2), rest_2 = T(1 - o.beta_2);
        epsilon = T(o.epsilon);
        if (kind == OptimizerKind::Adam || kind == OptimizerKind::AdamW) {
            const double t = double(iterations + 1), root = __builtin_sqrt(1 - __builtin_pow(o.beta_2, t));
            rate = T(eta * root / (1 - __builtin_pow(o.beta_1, t)));
            epsilon = T(o.epsilon * root);
            keep = T(1 - eta * o.weight_decay);
        }
    }
};

// theta, g, and the states s and u are lines; n numbers each.
template <class T>
void update(const Step<T>& step, T* theta, const T* g, T* s, T* u, index n) {
    const T eta = step.rate, mu = step.momentum, epsilon = step.epsilon, keep = step.keep;
    const T beta_1 = step.beta_1, rest_1 = step.rest_1, beta_2 = step.beta_2, rest_2 = step.rest_2;
    switch (step.kind) {
        case OptimizerKind::None: return;
        case OptimizerKind::SGD:
#pragma GCC ivdep
            for (index i = 0; i < n; ++i) theta[i] = theta[i] - eta * g[i];
            return;
        case OptimizerKind::Momentum:
#pragma GCC ivdep
            for (index i = 0; i < n; ++i) {
                s[i] = mu * s[i] - eta * g[i];
                theta[i] = theta[i] + s[i];
            }
            return;
        case OptimizerKind::Nesterov:
#pragma GCC ivdep
            for (index i = 0; i < n; ++i) {
                T v = mu * s[i] - eta * g[i];
                s[i] = v;
                theta[i] = theta[i] - eta * g[i] + mu * v;
            }
            return;
        case OptimizerKind::Adagrad:
#pragma GCC ivdep
            for (index i = 0; i < n; ++i) {
                s[i] = s[i] + g[i] * g[i];
                theta[i] = theta[i] - eta * (g[i] / (square_root(s[i]) + epsilon));
            }
            return;
        case OptimizerKind::RMSprop:
#pragma GCC ivdep
            for (index i = 0; i < n; ++i) {
                s[i] = beta_2 * s[i] + rest_2 * (g[i] * g[i]);
                theta[i] = theta[i] - eta * (g[i] / (square_root(s[i]) + epsilon));
            }
            return;
        case OptimizerKind::Adam:
#pragma GCC ivdep
            for (index i = 0; i < n; ++i) {
                T m = beta_1 * s[i] + rest_1 * g[i], v = beta_2 * u[i] + rest_2 * (g[i] * g[i]);
                s[i] = m, u[i] = v;
                theta[i] = theta[i] - eta * (m / (square_root(v) + epsilon));
            }
            return;
        case OptimizerKind::AdamW:
#pragma GCC ivdep
            for (index i = 0; i < n; ++i) {
                T m = beta_1 * s[i] + rest_1 * g[i], v = beta_2 * u[i] + rest_2 * (g[i] * g[i]);
                s[i] = m, u[i] = v;
                theta[i] = keep * theta[i] - eta * (m / (square_root(v) + epsilon));
            }
            return;
    }
}

}  // namespace LW_ISA
}  // namespace lw
